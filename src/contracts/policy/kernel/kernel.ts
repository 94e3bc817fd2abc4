/**
 * The fast executor of a policy: the WebAssembly kernel behind the calls of the reference executor, admitted only
 * when it gives the digest of the reference (docs/spec/policy.md 3.14, docs/reference/kernel.md).
 */
import { fail } from '../../../base/errors.ts';
import { floorDiv } from '../../../base/fixed.ts';
import type { LoadedPolicy } from '../artifact.ts';
import type { PolicyPath } from '../execute.ts';
import { vec65536 } from '../vectors.ts';
import { availableKind, instantiateKernel, type KernelExports } from './engine.ts';
import { AT, CHUNK } from './layout.ts';
import { packPolicy, type KernelKind } from './pack.ts';
import { ReferenceKernel } from './referenceKernel.ts';
import { outputDigest } from './selfTest.ts';

export interface PolicyKernel {
  readonly policy: LoadedPolicy;
  /** What answers: SIMD, plain WebAssembly, or the reference executor where there is no WebAssembly. */
  readonly kind: KernelKind | 'reference';
  /** As `PolicyExecutor.run`. */
  run(raw: Int32Array, missingMask: number, out: Int32Array): PolicyPath;
  /** Network, head and envelopes, nothing missing. raw: i32 [inputs]; out: i32 [outputs], overwritten. */
  runNetwork(raw: Int32Array, out: Int32Array): void;
  /** 3.8, envelopes included. */
  runFallback(raw: Int32Array, missingMask: number, out: Int32Array): void;
  /** Many vectors, nothing missing. raw: i32 [n][inputs]; out: i32 [n][outputs], overwritten. */
  runBatch(raw: Int32Array, out: Int32Array): void;
  /**
   * One vector an asset. raw: i32 [n][inputs]; missingMasks: [n] as from `gatherInputs`; out: i32 [n][outputs];
   * paths: u8 [n], 1 where the fallback answered. The last two are overwritten.
   */
  runFleet(raw: Int32Array, missingMasks: Int32Array, out: Int32Array, paths: Uint8Array): void;
}

export interface KernelOptions {
  /** Default: the fastest the engine has. */
  readonly kind?: KernelKind | 'reference';
  /** As stated at registration. Left out, the reference executor computes it, which takes seconds for large networks. */
  readonly vec65536?: string;
}

/** Vectors behind `vec65536`. */
const ADMISSION_VECTORS = 65536;

/** Synchronous. @throws `policy.selfTest` when the kernel does not give `vec65536`. */
export function createKernel(policy: LoadedPolicy, options: KernelOptions = {}): PolicyKernel {
  const kind = options.kind ?? availableKind() ?? 'reference';
  if (kind === 'reference') return new ReferenceKernel(policy);
  const kernel = new WasmKernel(policy, kind, instantiateKernel(kind));
  assertKernel(kernel, options.vec65536 ?? vec65536(policy));
  return kernel;
}

/** @throws `policy.selfTest` when the kernel's `vec65536` is not the one expected. */
export function assertKernel(kernel: PolicyKernel, expected: string): void {
  const got = outputDigest(kernel, ADMISSION_VECTORS);
  if (got !== expected) throw fail('policy.selfTest', { expected, got });
}

/** A kernel that nobody has judged yet: see `createKernel`. */
export class WasmKernel implements PolicyKernel {
  readonly policy: LoadedPolicy;
  readonly kind: KernelKind;
  readonly #exports: KernelExports;
  readonly #inputs: number;
  readonly #outputs: number;
  readonly #raw: Int32Array;
  readonly #out: Int32Array;
  readonly #masks: Int32Array;
  readonly #flags: Uint8Array;

  constructor(policy: LoadedPolicy, kind: KernelKind, exports: KernelExports) {
    this.policy = policy;
    this.kind = kind;
    this.#exports = exports;
    this.#inputs = policy.interface.inputs.length;
    this.#outputs = policy.interface.outputs.length;
    const { buffer } = exports.memory;
    packPolicy(policy, kind, buffer);
    this.#raw = new Int32Array(buffer, AT.raw, CHUNK * this.#inputs);
    this.#out = new Int32Array(buffer, AT.out, CHUNK * this.#outputs);
    this.#masks = new Int32Array(buffer, AT.masks, CHUNK);
    this.#flags = new Uint8Array(buffer, AT.flags, CHUNK);
  }

  run(raw: Int32Array, missingMask: number, out: Int32Array): PolicyPath {
    if (missingMask !== 0) {
      this.runFallback(raw, missingMask, out);
      return 'fallback';
    }
    this.runNetwork(raw, out);
    return 'network';
  }

  runNetwork(raw: Int32Array, out: Int32Array): void {
    const held = this.#raw;
    for (let i = 0; i < this.#inputs; i++) held[i] = raw[i]!;
    this.#exports.single();
    const given = this.#out;
    for (let d = 0; d < this.#outputs; d++) out[d] = given[d]!;
  }

  runFallback(raw: Int32Array, missingMask: number, out: Int32Array): void {
    for (let i = 0; i < this.#inputs; i++) this.#raw[i] = raw[i]!;
    this.#exports.fallback(AT.raw, missingMask, AT.out);
    for (let d = 0; d < this.#outputs; d++) out[d] = this.#out[d]!;
  }

  runBatch(raw: Int32Array, out: Int32Array): void {
    this.#inChunks(raw, out, (_, count) => this.#exports.batch(count));
  }

  runFleet(raw: Int32Array, missingMasks: Int32Array, out: Int32Array, paths: Uint8Array): void {
    this.#inChunks(raw, out, (from, count) => {
      this.#masks.set(missingMasks.subarray(from, from + count));
      this.#exports.fleet(count);
      paths.set(this.#flags.subarray(0, count), from);
    });
  }

  #inChunks(raw: Int32Array, out: Int32Array, execute: (from: number, count: number) => void): void {
    const inputs = this.#inputs;
    const outputs = this.#outputs;
    const vectors = floorDiv(raw.length, inputs);
    for (let from = 0; from < vectors; from += CHUNK) {
      const count = Math.min(CHUNK, vectors - from);
      this.#raw.set(raw.subarray(from * inputs, (from + count) * inputs));
      execute(from, count);
      out.set(this.#out.subarray(0, count * outputs), from * outputs);
    }
  }
}
