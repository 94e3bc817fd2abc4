/**
 * Which tfjs backend computes gradients, chosen once and always reported.
 *
 * Policy: training asks for `wasm` by name, because a policy's CID is reproducible only on the backend that
 * made it (wasm, cpu and the native addon round differently) and wasm is the one every Node has. `auto` takes
 * the native addon where it loads (faster, not reproducible elsewhere), else wasm, else cpu. A backend asked
 * for by name is never silently replaced by another.
 *
 * The native addon is @tensorflow/tfjs-node of node_modules, or of the folder that GRIDPACT_TFJS_NODE names
 * (tools/nativeTfjs.sh makes one, docs/guide/native-backend.md).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { toHex } from '../base/bytes.ts';
import { fail } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';

export type Tf = typeof import('@tensorflow/tfjs-core');
export type BackendName = 'node' | 'wasm' | 'cpu';
export type BackendRequest = BackendName | 'auto';

export const BACKEND_NAMES: readonly BackendName[] = ['node', 'wasm', 'cpu'];
const DEFAULT_TRAINING_BACKEND: BackendName = 'wasm';

export interface BackendAttempt {
  readonly name: BackendName;
  readonly reason: string;
}

export interface Backend {
  readonly name: BackendName;
  /** tfjs-core's version. */
  readonly version: string;
  /** What else decides the bits: the wasm binary's variant and digest, or the package that registered the kernels. */
  readonly detail: string;
  /** All of SHA-256 over the wasm binary in use, hex; on wasm only. */
  readonly wasmSha256?: string;
  /** Backends tried before this one, and why each was not taken. */
  readonly tried: readonly BackendAttempt[];
  readonly tf: Tf;
}

export type Importer = (specifier: string) => Promise<unknown>;

const PACKAGES: Record<BackendName, { readonly specifier: string; readonly registeredAs: string }> = {
  node: { specifier: '@tensorflow/tfjs-node', registeredAs: 'tensorflow' },
  wasm: { specifier: '@tensorflow/tfjs-backend-wasm', registeredAs: 'wasm' },
  cpu: { specifier: '@tensorflow/tfjs-backend-cpu', registeredAs: 'cpu' },
};

/** import(), but the native addon from the folder of GRIDPACT_TFJS_NODE where that is set. */
const installedImport: Importer = (specifier) => {
  const folder = process.env['GRIDPACT_TFJS_NODE'] ?? '';
  if (specifier !== PACKAGES.node.specifier || folder === '') return import(specifier) as Promise<unknown>;
  const entry = createRequire(join(resolve(folder), 'package.json')).resolve(specifier);
  return import(pathToFileURL(entry).href) as Promise<unknown>;
};

/** @throws `agents.backend` when no backend of the request loads; `got` lists what was tried. */
export async function loadBackend(
  request: BackendRequest = DEFAULT_TRAINING_BACKEND,
  importer: Importer = installedImport,
): Promise<Backend> {
  const tf = await importCore();
  const tried: BackendAttempt[] = [];
  for (const name of candidates(request)) {
    try {
      const bits = await activate(tf, name, importer);
      return { name, version: tf.version_core, ...bits, tried, tf };
    } catch (error) {
      // Any error counts: a half-installed addon throws a plain Error without a code.
      tried.push({ name, reason: error instanceof Error ? firstLine(error.message) : String(error) });
    }
  }
  throw fail('agents.backend', { expected: request, got: tried });
}

/** One short text for log lines and records: `wasm tfjs-core 4.22.0 (simd sha256:0123456789abcdef)`. */
export function describeBackend(backend: Pick<Backend, 'name' | 'version' | 'detail'>): string {
  return `${backend.name} tfjs-core ${backend.version} (${backend.detail})`;
}

function candidates(request: BackendRequest): readonly BackendName[] {
  if (request === 'auto') return BACKEND_NAMES;
  if (!BACKEND_NAMES.includes(request))
    throw fail('agents.backend', { expected: ['auto', ...BACKEND_NAMES], got: request });
  return [request];
}

async function importCore(): Promise<Tf> {
  const tf = await import('@tensorflow/tfjs-core');
  // Gradients are registered by tfjs-layers; tfjs-core alone has none.
  await import('@tensorflow/tfjs-layers');
  // Skips shape re-checks and the greeting that the cpu backend prints.
  tf.env().set('PROD', true);
  return tf;
}

type Bits = Pick<Backend, 'detail' | 'wasmSha256'>;

async function activate(tf: Tf, name: BackendName, importer: Importer): Promise<Bits> {
  const { specifier, registeredAs } = PACKAGES[name];
  const module = await importer(specifier);
  if (name === 'wasm') locateWasm(module);
  if (!(await tf.setBackend(registeredAs))) throw new Error(`${specifier} is present but did not start`);
  await tf.ready();
  if (name === 'wasm') return wasmBits(tf);
  return { detail: name === 'node' ? nativeDetail(tf, specifier) : specifier };
}

/** The addon is only as reproducible as the library that it was linked with. */
function nativeDetail(tf: Tf, specifier: string): string {
  const { binding } = tf.backend() as { binding?: { TF_Version?: string } };
  return binding?.TF_Version === undefined ? specifier : `${specifier}, libtensorflow ${binding.TF_Version}`;
}

/** Absolute folder, so that it resolves alike under plain Node, a bundler and a test runner. */
function locateWasm(module: unknown): void {
  const { setWasmPaths } = module as { setWasmPaths?: (folder: string) => void };
  if (loadedWasm === undefined) setWasmPaths?.(wasmFolder());
}

let loadedWasm: Bits | undefined;

function wasmFolder(): string {
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  return entry.slice(0, Math.max(entry.lastIndexOf('/'), entry.lastIndexOf('\\')) + 1);
}

function wasmBits(tf: Tf): Bits {
  loadedWasm ??= describeWasm(tf.env().get('WASM_HAS_SIMD_SUPPORT') === true);
  return loadedWasm;
}

function describeWasm(simd: boolean): Bits {
  const file = simd ? 'tfjs-backend-wasm-simd.wasm' : 'tfjs-backend-wasm.wasm';
  const wasmSha256 = toHex(sha256(readFileSync(wasmFolder() + file)));
  return { detail: `${simd ? 'simd' : 'scalar'} sha256:${wasmSha256.slice(0, 16)}`, wasmSha256 };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
