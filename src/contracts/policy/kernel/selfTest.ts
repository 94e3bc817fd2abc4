/** Digests of what a kernel makes of the vectors of docs/spec/policy.md 3.14: once over many, or as a chain. */
import { toHex } from '../../../base/bytes.ts';
import { cidDigest } from '../../../base/cid.ts';
import { sha256 } from '../../../base/hash.ts';
import type { LoadedPolicy } from '../artifact.ts';
import { int32Bytes } from '../tensors.ts';
import { inputVectors } from '../vectors.ts';
import type { PolicyKernel } from './kernel.ts';

/** Vectors behind a link of the digest chain. */
export const CHAIN_CHUNK = 4096;

/** SHA-256 over the outputs (i32 LE, vector-major) of the first `vectors`, lower-case hex. */
export function outputDigest(kernel: PolicyKernel, vectors: number): string {
  const { inputs, outputs } = kernel.policy.interface;
  const next = vectorSource(kernel.policy);
  const raw = new Int32Array(CHAIN_CHUNK * inputs.length);
  const out = new Int32Array(vectors * outputs.length);
  for (let from = 0; from < vectors; from += CHAIN_CHUNK) {
    const given = raw.subarray(0, Math.min(CHAIN_CHUNK, vectors - from) * inputs.length);
    next(given);
    kernel.runBatch(given, out.subarray(from * outputs.length, (from + CHAIN_CHUNK) * outputs.length));
  }
  return toHex(sha256(littleEndian(out)));
}

/**
 * The digest chain, link by link: each call runs the next 4 096 vectors (or `vectors` of them, the last call) and
 * returns D_k = SHA-256(D_{k-1} | outputs), lower-case hex.
 */
export function digestChain(kernel: PolicyKernel): (vectors?: number) => string {
  const { inputs, outputs } = kernel.policy.interface;
  const next = vectorSource(kernel.policy);
  const raw = new Int32Array(CHAIN_CHUNK * inputs.length);
  const out = new Int32Array(CHAIN_CHUNK * outputs.length);
  let digest: Uint8Array = new Uint8Array(32);
  return (vectors = CHAIN_CHUNK) => {
    const given = raw.subarray(0, vectors * inputs.length);
    const made = out.subarray(0, vectors * outputs.length);
    next(given);
    kernel.runBatch(given, made);
    const link = new Uint8Array(32 + 4 * made.length);
    link.set(digest);
    link.set(littleEndian(made), 32);
    digest = sha256(link);
    return toHex(digest);
  };
}

/** Overwrites raw[n][inputs] with the next n vectors. */
function vectorSource(policy: LoadedPolicy): (raw: Int32Array) => void {
  return inputVectors(cidDigest(policy.cid), policy.interface.inputs);
}

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function littleEndian(values: Int32Array): Uint8Array {
  if (!HOST_IS_LITTLE_ENDIAN) return int32Bytes(values);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
