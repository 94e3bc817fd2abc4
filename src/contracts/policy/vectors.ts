/**
 * Self-test vectors (docs/spec/policy.md 3.14): raw inputs drawn from the artifact's own digest, biased to
 * the edges of its boxes, and the SHA-256 of what the executor makes of them.
 */
import { toHex } from '../../base/bytes.ts';
import { cidDigest } from '../../base/cid.ts';
import { fail } from '../../base/errors.ts';
import { clamp, floorDiv, I32_MAX, I32_MIN } from '../../base/fixed.ts';
import { sha256 } from '../../base/hash.ts';
import { RandomStream } from '../../base/random.ts';
import type { LoadedPolicy } from './artifact.ts';
import { createExecutor } from './execute.ts';

export interface Box {
  readonly lo: number;
  readonly hi: number;
}

/** Vectors behind `vec4096`, which a registration states and every node recomputes. */
export const SHORT_VECTORS = 4096;
/** Vectors behind `vec65536`, which admits a kernel. */
const LONG_VECTORS = 65536;

/** E of 3.14: the edges of a box and of i32. */
function edges({ lo, hi }: Box): readonly number[] {
  return [
    lo,
    hi,
    Math.max(lo - 1, I32_MIN),
    Math.min(hi + 1, I32_MAX),
    I32_MIN,
    I32_MAX,
    lo + floorDiv(hi - lo, 2),
    clamp(0, lo, hi),
  ];
}

/** Returns a function that overwrites raw[n][inputs] with the next n vectors. digest: 32 bytes. */
export function inputVectors(digest: Uint8Array, boxes: readonly Box[]): (raw: Int32Array) => void {
  const stream = RandomStream.fromDigest(digest);
  const table = boxes.flatMap(edges);
  const lows = boxes.map(({ lo }) => lo);
  const sizes = boxes.map(({ lo, hi }) => hi - lo + 1);
  let words = new Uint32Array(0);
  return (raw) => {
    if (words.length !== 2 * raw.length) words = new Uint32Array(2 * raw.length);
    stream.fill(words);
    for (let at = 0, i = 0; at < raw.length; at++) {
      const w = words[2 * at + 1]!;
      // lo + (w mod size)
      raw[at] =
        (words[2 * at]! & 7) === 0 ? table[8 * i + (w & 7)]! : lows[i]! + (w - sizes[i]! * floorDiv(w, sizes[i]!));
      i = i + 1 === boxes.length ? 0 : i + 1;
    }
  };
}

export interface VectorDigests {
  /** Lower-case hex SHA-256. */
  readonly vec4096: string;
  readonly vec65536: string;
}

export function vec4096(policy: LoadedPolicy): string {
  return toHex(sha256(outputBytes(policy, SHORT_VECTORS)));
}

export function vec65536(policy: LoadedPolicy): string {
  return toHex(sha256(outputBytes(policy, LONG_VECTORS)));
}

/** Both digests in one run. */
export function vectorDigests(policy: LoadedPolicy): VectorDigests {
  const bytes = outputBytes(policy, LONG_VECTORS);
  const short = bytes.subarray(0, 4 * SHORT_VECTORS * policy.interface.outputs.length);
  return { vec4096: toHex(sha256(short)), vec65536: toHex(sha256(bytes)) };
}

/** Local to a node (3.14). @throws `policy.selfTest` when its executor does not give the stated digest. */
export function assertSelfTest(policy: LoadedPolicy, expected: string): void {
  const got = vec4096(policy);
  if (got !== expected) throw fail('policy.selfTest', { expected, got });
}

/** i32 LE, vector-major. */
function outputBytes(policy: LoadedPolicy, count: number): Uint8Array {
  const { inputs, outputs } = policy.interface;
  const executor = createExecutor(policy);
  const next = inputVectors(cidDigest(policy.cid), inputs);
  const raw = new Int32Array(inputs.length);
  const out = new Int32Array(outputs.length);
  const bytes = new Uint8Array(4 * count * outputs.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (let n = 0; n < count; n++) {
    next(raw);
    executor.run(raw, 0, out);
    for (let d = 0; d < out.length; d++, at += 4) view.setInt32(at, out[d]!, true);
  }
  return bytes;
}
