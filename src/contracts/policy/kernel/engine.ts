/** The engine's WebAssembly, as far as the kernel uses it; absent where an engine is started without a compiler. */
import { toHex } from '../../../base/bytes.ts';
import { fail } from '../../../base/errors.ts';
import { sha256 } from '../../../base/hash.ts';
import { kernelModule, MODULE_SHA256 } from './module.ts';
import type { KernelKind } from './pack.ts';

/** What a kernel module exports. Addresses are those of layout.ts. */
export interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  single(): void;
  fallback(raw: number, missingMask: number, out: number): void;
  batch(count: number): void;
  fleet(count: number): void;
}

interface Engine {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: object };
}

declare const WebAssembly: Engine | undefined;

const BYTES = new Map<KernelKind, Uint8Array>();
const COMPILED = new Map<KernelKind, object>();
let best: KernelKind | undefined;

/** Assembled once a process. */
function bytesOf(kind: KernelKind): Uint8Array {
  const bytes = BYTES.get(kind) ?? kernelModule(kind);
  BYTES.set(kind, bytes);
  return bytes;
}

/** The best kind this engine takes; undefined: none, and the reference executor has to do. */
export function availableKind(): KernelKind | undefined {
  // Typed arrays over the memory take the byte order of the host, the memory is little-endian.
  if (typeof WebAssembly === 'undefined' || !isLittleEndian()) return undefined;
  best ??= WebAssembly.validate(bytesOf('simd')) ? 'simd' : 'scalar';
  return best;
}

/** Compiled once a process. @throws `policy.selfTest` when the bytes are not those pinned in module.ts. */
export function instantiateKernel(kind: KernelKind): KernelExports {
  const module = COMPILED.get(kind) ?? compileKernel(kind, bytesOf(kind));
  COMPILED.set(kind, module);
  return new WebAssembly!.Instance(module, {}).exports as KernelExports;
}

/** @throws `policy.selfTest` when `bytes` are not the module of this kind. */
export function compileKernel(kind: KernelKind, bytes: Uint8Array): object {
  const got = toHex(sha256(bytes));
  if (got !== MODULE_SHA256[kind]) throw fail('policy.selfTest', { expected: MODULE_SHA256[kind], got });
  return new WebAssembly!.Module(bytes);
}

function isLittleEndian(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
}
