/** Conformance cases C1 and C5, the cost (3.11) and the self-test vectors (3.14). */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { cidDigest } from '../../../src/base/cid.ts';
import { isGridPactError } from '../../../src/base/errors.ts';
import { I32_MAX, I32_MIN } from '../../../src/base/fixed.ts';
import { sha256 } from '../../../src/base/hash.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { policyGas } from '../../../src/contracts/policy/artifact.ts';
import { buildPolicy } from '../../../src/contracts/policy/codec.ts';
import { createExecutor, inferNetwork, runFallback } from '../../../src/contracts/policy/execute.ts';
import { int32Bytes } from '../../../src/contracts/policy/tensors.ts';
import {
  assertSelfTest,
  inputVectors,
  vec4096,
  vec65536,
  vectorDigests,
} from '../../../src/contracts/policy/vectors.ts';
import { oracleRun } from './oracle.ts';
import { dense, probeParts, randomParts, tinyParts } from './samples.ts';

describe('the contract', () => {
  const policy = buildPolicy(tinyParts());
  const executor = createExecutor(policy);
  const out = new Int32Array(1);

  it('C1 a missing input gives the fallback, envelopes included', () => {
    expect(executor.run(Int32Array.of(49900, 500000), 0, out)).toBe('network');
    expect(executor.run(Int32Array.of(49900, 0), 0b10, out)).toBe('fallback');
    expect(out[0]).toBe(10000); // droop on frequency; the state-of-charge envelope is skipped
    expect(executor.run(Int32Array.of(0, 500000), 0b01, out)).toBe('fallback');
    expect(out[0]).toBe(0); // frequency itself missing: z
    runFallback(policy, Int32Array.of(49900, 50000), 0, out);
    expect(out[0]).toBe(0); // nothing missing, but suspended: the envelope holds the empty battery
  });

  it('C1 a missing last input beyond bit 31 gives the fallback', () => {
    const wide = buildPolicy(probeParts(dense([Array<number>(64).fill(1)], [0], 0, 'identity')));
    expect(createExecutor(wide).run(new Int32Array(64), 1 << 31, out)).toBe('fallback');
  });

  it('C5 gas is the formula of 3.11 and the same over 1e5 inputs, fallback included', () => {
    const gas = 100 + 8 * 2 + (4 + 2) + 2 * 2 + 4 + 16;
    expect(policy.gas).toBe(gas);
    const stream = RandomStream.fromSeed(5, 'test');
    const paths = new Set<string>();
    for (let n = 0; n < 100000; n++) {
      const raw = Int32Array.of(stream.next() | 0, stream.next() | 0);
      paths.add(executor.run(raw, stream.below(8) === 0 ? 1 : 0, out));
      if (policyGas(policy) !== gas) expect.unreachable();
    }
    expect([...paths].sort()).toEqual(['fallback', 'network']);
  });

  it('gas counts tanh units and actions', () => {
    const first = dense([[1], [1], [1]], [0, 0, 0], 0, 'tanh');
    const last = dense(
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
      [0, 0],
      0,
      'identity',
    );
    const { inputs, outputs, fallback } = probeParts(dense([[0]], [0], 0, 'identity')).interface;
    const parts = { inputs, outputs, fallback, envelopes: [], state: [] };
    const head = { kind: 'disc', actions: 2, table: Int32Array.of(0, 1) } as const;
    expect(buildPolicy({ interface: parts, layers: [first, last], head }).gas).toBe(100 + 8 + 3 + 6 + 12 * 3 + 2 * 2);
  });

  it('an executor keeps nothing between calls', () => {
    const stream = RandomStream.fromSeed(2, 'test');
    const one = buildPolicy(randomParts(stream));
    const shared = createExecutor(one);
    const got = new Int32Array(one.interface.outputs.length);
    const raws = Array.from({ length: 50 }, () => Int32Array.from(one.interface.inputs, () => stream.next() | 0));
    for (const raw of raws) {
      shared.run(raw, 0, got);
      expect(Array.from(got)).toEqual(Array.from(inferNetwork(one, raw)));
    }
  });
});

describe('self-test vectors, 3.14', () => {
  const boxes = [
    { lo: 49000, hi: 51000 },
    { lo: I32_MIN, hi: I32_MAX },
    { lo: 0, hi: 1000 },
  ];

  it('the generator gives the check values of the specification', () => {
    const next = inputVectors(sha256(new Uint8Array(0)), boxes);
    const all = new Int32Array(3 * 4096);
    for (let n = 0; n < 4096; n++) next(all.subarray(3 * n, 3 * n + 3));
    expect(Array.from(all.subarray(0, 3))).toEqual([50689, 1131220514, 500]);
    expect(toHex(sha256(int32Bytes(all)))).toBe('981bfe6a481eccea4e79b89050d1eba0bbd09950a189803696aa69c686f087b6');
  });

  it('digests are those of the outputs the BigInt oracle gives', () => {
    const policy = buildPolicy(randomParts(RandomStream.fromSeed(14, 'test'), 4));
    const next = inputVectors(cidDigest(policy.cid), policy.interface.inputs);
    const raw = new Int32Array(policy.interface.inputs.length);
    const outputs: number[] = [];
    for (let n = 0; n < 4096; n++) {
      next(raw);
      outputs.push(...oracleRun(policy, raw, new Set()));
    }
    expect(vec4096(policy)).toBe(toHex(sha256(int32Bytes(outputs))));
    expect(vectorDigests(policy)).toEqual({ vec4096: vec4096(policy), vec65536: vec65536(policy) });
  });

  it('a node whose outputs differ fails its self-test', () => {
    const policy = buildPolicy(tinyParts());
    assertSelfTest(policy, vec4096(policy));
    try {
      assertSelfTest(policy, toHex(new Uint8Array(32)));
      expect.unreachable();
    } catch (error) {
      expect(isGridPactError(error, 'policy.selfTest')).toBe(true);
    }
  });
});
