/** Whole artifacts of every kind, with name, cost, digests and answers. */
import { toHex } from '../../src/base/bytes.ts';
import { cidDigest } from '../../src/base/cid.ts';
import { I32_MAX, I32_MIN } from '../../src/base/fixed.ts';
import { sha256 } from '../../src/base/hash.ts';
import { RandomStream } from '../../src/base/random.ts';
import type { LoadedPolicy } from '../../src/contracts/policy/artifact.ts';
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import { createExecutor } from '../../src/contracts/policy/execute.ts';
import { int32Bytes } from '../../src/contracts/policy/tensors.ts';
import { inputVectors } from '../../src/contracts/policy/vectors.ts';
import { oracleRun } from '../../test/contracts/policy/oracle.ts';
import { artifactSamples } from './samples.ts';
import { packBytes, type PackedBytes } from './packed.ts';

/** raw: null is a missing input. suspended: the fallback answers although nothing is missing. */
export interface Answer {
  readonly raw: readonly (number | null)[];
  readonly out: readonly number[];
  readonly suspended?: true;
}

export interface ArtifactCase {
  readonly name: string;
  readonly title: string;
  readonly bytes: PackedBytes;
  readonly cid: string;
  readonly gas: number;
  /** Number of vectors of 3.14 to SHA-256 of their outputs. */
  readonly digests: Readonly<Record<string, string>>;
  /** Answers with something missing, by the BigInt oracle as all answers are. */
  readonly rows: readonly Answer[];
}

/** Multiplications a digest may cost an executor without vectors of its own. */
const DIGEST_BUDGET = 4_500_000;

export function artifactCases(): ArtifactCase[] {
  return artifactSamples().map(({ name, title, parts }) => {
    const policy = buildPolicy(parts);
    const macs = policy.layers.reduce((sum, { weights }) => sum + weights.length, 0);
    const counts = [64, 4096].filter((count) => count === 64 || count * macs <= DIGEST_BUDGET);
    const digests = Object.fromEntries(counts.map((count) => [`${count}`, digestOf(policy, count)]));
    return {
      name,
      title,
      bytes: packBytes(policy.bytes),
      cid: policy.cid,
      gas: policy.gas,
      digests,
      rows: answers(policy),
    };
  });
}

/** 3.14 over the first `count` vectors. */
export function digestOf(policy: LoadedPolicy, count: number): string {
  const next = inputVectors(cidDigest(policy.cid), policy.interface.inputs);
  const executor = createExecutor(policy);
  const raw = new Int32Array(policy.interface.inputs.length);
  const width = policy.interface.outputs.length;
  const out = new Int32Array(width * count);
  for (let n = 0; n < count; n++) {
    next(raw);
    executor.run(raw, 0, out.subarray(n * width, (n + 1) * width));
  }
  return toHex(sha256(int32Bytes(out)));
}

/** Corners, middles and drawn points, each then with inputs missing and once suspended. */
function answers(policy: LoadedPolicy): Answer[] {
  const { inputs } = policy.interface;
  const stream = RandomStream.fromSeed(policy.cid, 'conformance');
  const points = [
    inputs.map(({ lo }) => lo),
    inputs.map(({ hi }) => hi),
    inputs.map(() => I32_MIN),
    inputs.map(() => I32_MAX),
    inputs.map(({ c }) => c),
    ...Array.from({ length: 4 }, () => inputs.map(({ lo, hi }) => lo + (stream.next() % (hi - lo + 1)))),
  ];
  const all = points.at(-1)!;
  const without = (...gone: readonly number[]): (number | null)[] => all.map((r, i) => (gone.includes(i) ? null : r));
  const missing = [
    without(0),
    without(inputs.length - 1),
    without(...inputs.keys()),
    without(stream.below(inputs.length)),
  ];
  return [
    ...[...points, ...missing].map((raw) => ({ raw, out: answer(policy, raw, false) })),
    { raw: all, suspended: true, out: answer(policy, all, true) },
  ];
}

function answer(policy: LoadedPolicy, raw: readonly (number | null)[], suspended: boolean): number[] {
  const missing = new Set(raw.flatMap((r, i) => (r === null ? [i] : [])));
  return oracleRun(
    policy,
    Int32Array.from(raw, (r) => r ?? 0),
    missing,
    suspended,
  );
}
