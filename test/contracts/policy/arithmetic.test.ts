/** Conformance cases A1 to A12 of the policy specification. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { I32_MAX, I32_MIN, pow2 } from '../../../src/base/fixed.ts';
import { sha256 } from '../../../src/base/hash.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { buildPolicy } from '../../../src/contracts/policy/codec.ts';
import { rowBound } from '../../../src/contracts/policy/checks.ts';
import {
  argmax,
  createExecutor,
  evaluateLayer,
  inferNetwork,
  roundShift,
  tanhInteger,
} from '../../../src/contracts/policy/execute.ts';
import { decodeTanhTable, TANH_TABLE, TANH_TABLE_SHA256 } from '../../../src/contracts/policy/tanhTable.ts';
import { int16Bytes } from '../../../src/contracts/policy/tensors.ts';
import { applyEnvelopes, halfUnit, normaliseInput, type InputSpec } from '../../../src/grid/interface.ts';
import { exactTanhTable, oracleNormalise, oracleRun, oracleTanh } from './oracle.ts';
import { dense, plainInput, probeParts, randomLayer, randomParts } from './samples.ts';

function layerOutput(layer: ReturnType<typeof dense>, x: readonly number[]): number[] {
  const z = new Int32Array(layer.outSize);
  evaluateLayer(layer, Int32Array.from(x), z);
  return Array.from(z);
}

/** (acc + r(s)) >> s by definition: floor of the exact quotient. */
function exactRound(acc: number, s: number): number {
  const sum = BigInt(acc) + BigInt(halfUnit(s));
  const unit = 1n << BigInt(s);
  const q = sum / unit;
  return Number(sum % unit < 0n ? q - 1n : q);
}

describe('policy arithmetic', () => {
  it('A1 every tie acc = +-(2k+1)*2^(s-1) rounds up', () => {
    for (let s = 1; s <= 30; s++) {
      const tie = pow2(s - 1);
      const most = Math.floor((I32_MAX - tie) / tie);
      for (const n of [1, 3, 5, 7, most - 3, most - 2, most - 1, most].filter(
        (v) => v % 2 === 1 && v <= most && v > 0,
      )) {
        expect(roundShift(n * tie, s)).toBe((n + 1) / 2);
        expect(roundShift(-n * tie, s)).toBe((1 - n) / 2);
      }
    }
  });

  it('A2 the largest accumulators that 3.6 allows, +-(2^31-1) with r(s) taken off', () => {
    for (let s = 0; s <= 30; s++) {
      const most = I32_MAX - halfUnit(s);
      for (const acc of [most, -most, most - 1, 1 - most]) {
        expect(roundShift(acc, s)).toBe(exactRound(acc, s));
        expect(layerOutput(dense([[0]], [acc], s, 'identity'), [0])).toEqual([exactRound(acc, s)]);
      }
    }
    expect(roundShift(I32_MAX, 0)).toBe(I32_MAX);
    expect(roundShift(-I32_MAX, 0)).toBe(-I32_MAX);
  });

  it('A3 s = 0 does not round', () => {
    for (const acc of [0, 1, -1, 2147483646, -2147483647]) expect(roundShift(acc, 0)).toBe(acc);
  });

  it('A4 negative half rounds up', () => {
    expect(roundShift(-3, 1)).toBe(-1);
    expect(roundShift(3, 1)).toBe(2);
    expect(roundShift(-1, 1)).toBe(0);
    expect(layerOutput(dense([[-3]], [0], 1, 'identity'), [1])).toEqual([-1]);
  });

  it('A5 relu at -1, 0, 32767, 32768', () => {
    const rows = [-1, 0, 32767, 32768].map((b) => layerOutput(dense([[0]], [b], 0, 'relu'), [0])[0]);
    expect(rows).toEqual([0, 0, 32767, 32767]);
  });

  it('A6 hardtanh at +-Q and +-(Q+1), Q = 2^k', () => {
    for (let k = 0; k <= 14; k++) {
      const q = pow2(k);
      const at = (b: number): number => layerOutput(dense([[0]], [b], 0, 'hardtanh', k), [0])[0]!;
      expect([at(q), at(q + 1), at(-q), at(-q - 1), at(q - 1), at(1 - q)]).toEqual([q, q, -q, -q, q - 1, 1 - q]);
    }
  });

  describe('A7 tanh', () => {
    it('the table is round(32767*tanh(i/64)), derived again in exact integers', () => {
      const exact = exactTanhTable();
      expect(Array.from(TANH_TABLE)).toEqual(Array.from(exact));
      expect(toHex(sha256(int16Bytes(exact)))).toBe(TANH_TABLE_SHA256);
    });

    it('a table with one bit changed is refused', () => {
      const bytes = int16Bytes(TANH_TABLE);
      bytes[700]! ^= 1;
      expect(() => decodeTanhTable(bytes)).toThrow(/policy\.selfTest/);
    });

    it('all 2^20+1 z in [-2^19, 2^19]: digest, odd, monotone, saturated at both ends', () => {
      const count = 1048577;
      const bytes = new Uint8Array(2 * count);
      const view = new DataView(bytes.buffer);
      let previous = I32_MIN;
      let falls = 0;
      let oddities = 0;
      for (let i = 0; i < count; i++) {
        const z = i - 524288;
        const y = tanhInteger(z);
        if (y < previous) falls++;
        if (tanhInteger(-z) + y !== 0) oddities++;
        previous = y;
        view.setInt16(2 * i, y, true);
      }
      expect({ falls, oddities }).toEqual({ falls: 0, oddities: 0 });
      expect([tanhInteger(-524288), tanhInteger(0), tanhInteger(524288)]).toEqual([-32767, 0, 32767]);
      expect([tanhInteger(I32_MIN), tanhInteger(I32_MAX)]).toEqual([-32767, 32767]);
      // i16 LE in the order of z; the digest was computed from the definition in another language.
      expect(toHex(sha256(bytes))).toBe('a88bcc9e8fb5e71bd5235178484abd0ad3030b7d39a229fa0d5464a056997b57');
    });

    it('agrees with the BigInt oracle on every 37th z', () => {
      let differences = 0;
      for (let z = -530000; z <= 530000; z += 37) if (tanhInteger(z) !== Number(oracleTanh(BigInt(z)))) differences++;
      expect(differences).toBe(0);
    });
  });

  it('A8 order independence: 1000 permutations and SIMD groupings, every partial sum inside i32', () => {
    const stream = RandomStream.fromSeed(8, 'test');
    for (let round = 0; round < 1000; round++) {
      const xmax = new Int32Array(1 + stream.below(64)).fill(32767);
      const layer = randomLayer(stream, xmax, 1, 'identity');
      const x = Int32Array.from(xmax, () => stream.below(65535) - 32767);
      const order = Int32Array.from(x, (_, i) => i);
      stream.shuffle(order);
      const lanes = 1 << stream.below(4);
      const sums = new Array<number>(lanes).fill(0);
      sums[0] = layer.bias[0]! + halfUnit(layer.shift);
      order.forEach((i, n) => {
        sums[n % lanes]! += layer.weights[i]! * x[i]!;
        expect(Math.abs(sums[n % lanes]!)).toBeLessThanOrEqual(I32_MAX);
      });
      const total = sums.reduce((a, b) => a + b);
      expect(layerOutput(layer, Array.from(x))).toEqual([total >> layer.shift]);
    }
  });

  describe('A9 input normaliser', () => {
    const raws = (spec: InputSpec): number[] => [spec.lo - 1, spec.lo, spec.hi, spec.hi + 1, I32_MIN, I32_MAX];

    it.each([0, 40])('at lo-1, lo, hi, hi+1, INT32_MIN, INT32_MAX with t = %i', (t) => {
      const spec: InputSpec = { n: 'x', u: 'idx', lo: -1000, hi: 2000, c: 100, m: 32767, t };
      const got = raws(spec).map((raw) => normaliseInput(spec, raw));
      expect(got).toEqual(raws(spec).map((raw) => Number(oracleNormalise(spec, raw))));
      expect(got).toEqual(t === 0 ? [-32767, -32767, 32767, 32767, -32767, 32767] : [0, 0, 0, 0, 0, 0]);
    });

    it('keeps a fraction in between: half rounds up on both sides of zero', () => {
      const spec: InputSpec = { n: 'x', u: 'idx', lo: -9, hi: 9, c: 0, m: 1, t: 1 };
      expect([-3, -2, -1, 0, 1, 2, 3].map((r) => normaliseInput(spec, r))).toEqual([-1, -1, 0, 0, 1, 1, 2]);
    });
  });

  it('A10 products of the widest constants: Number equals BigInt', () => {
    const full = { n: 'x', u: 'idx', lo: I32_MIN, hi: I32_MAX } as const;
    for (const c of [I32_MIN, -1, 0, 1, I32_MAX]) {
      for (let t = 0; t <= 40; t++) {
        const spec: InputSpec = { ...full, c, m: 32767, t };
        for (const raw of [I32_MIN, I32_MIN + 1, -1, 0, 1, 12345677, I32_MAX - 1, I32_MAX]) {
          expect(normaliseInput(spec, raw)).toBe(Number(oracleNormalise(spec, raw)));
        }
      }
    }
  });

  it('A10 segment products of 2^53-1: Number equals BigInt', () => {
    // 2^53-1 = 6361 * 69431 * 20394401
    const width = 20394401;
    const rise = 6361 * 69431;
    expect(rise * width).toBe(Number.MAX_SAFE_INTEGER);
    const parts = probeParts(dense([[0]], [0], 0, 'identity'));
    const output = { ...parts.interface.outputs[0]!, lo: I32_MIN, hi: I32_MAX };
    const fallback = [{ si: 0, r: [-7, width - 7], y: [1 - rise, 1], z: 0 }];
    const policy = buildPolicy({ ...parts, interface: { ...parts.interface, outputs: [output], fallback } });
    const out = new Int32Array(1);
    for (const raw of [-7, -6, 0, 1234567, width - 9, width - 8, width - 7]) {
      createExecutor(policy).runFallback(Int32Array.of(raw), 0, out);
      const exact = BigInt(1 - rise) + (BigInt(rise) * BigInt(raw + 7)) / BigInt(width);
      expect(out[0]).toBe(Number(exact));
    }
  });

  it('A11 argmax: ties go to the lowest index, all equal, negatives', () => {
    expect(argmax(Int32Array.of(1, 5, 5, 2))).toBe(1);
    expect(argmax(Int32Array.of(7, 7, 7))).toBe(0);
    expect(argmax(Int32Array.of(-9, -3, -3))).toBe(1);
    expect(argmax(Int32Array.of(I32_MIN, I32_MIN))).toBe(0);
    const parts = probeParts(dense([[1], [1], [-1]], [0, 0, 0], 0, 'identity'));
    const { outputs, fallback } = probeParts(dense([[0]], [0], 0, 'identity')).interface;
    const head = { kind: 'disc', actions: 3, table: Int32Array.of(10, 20, 30) } as const;
    const policy = buildPolicy({ ...parts, head, interface: { ...parts.interface, outputs, fallback } });
    expect([5, 0, -5].map((raw) => inferNetwork(policy, Int32Array.of(raw))[0])).toEqual([10, 10, 30]);
  });

  describe('A12 envelopes', () => {
    const one = (l: number[], h: number[], raw: number, start: number): number => {
      const out = Int32Array.of(start);
      applyEnvelopes([{ d: 0, sk: 'in', si: 0, r: [0, 3], l, h }], Int32Array.of(raw), 0, out);
      return out[0]!;
    };

    it('at knots, between and beyond the ends', () => {
      const upper = [-9, 0, 1, 2, 3, 9].map((raw) => one([-100, -100], [10, 40], raw, 1000));
      expect(upper).toEqual([10, 10, 20, 30, 40, 40]);
    });

    it('the lower side rounds up and the upper side down, whatever the sign', () => {
      expect([0, 1, 2, 3].map((raw) => one([0, 10], [50, 50], raw, -1000))).toEqual([0, 4, 7, 10]);
      expect([0, 1, 2, 3].map((raw) => one([0, -10], [50, 50], raw, -1000))).toEqual([0, -3, -6, -10]);
      expect([0, 1, 2, 3].map((raw) => one([-50, -50], [0, 10], raw, 1000))).toEqual([0, 3, 6, 10]);
      expect([0, 1, 2, 3].map((raw) => one([-50, -50], [0, -10], raw, 1000))).toEqual([0, -4, -7, -10]);
    });

    it('the last entry has the last word, and sees what earlier entries left', () => {
      const out = Int32Array.of(0, 500);
      const envelopes = [
        { d: 0, sk: 'in', si: 0, r: [0], l: [100], h: [200] },
        { d: 0, sk: 'in', si: 0, r: [0], l: [-50], h: [-10] },
        { d: 1, sk: 'out', si: 0, r: [-20, 0], l: [0, 0], h: [7, 27] },
      ] as const;
      applyEnvelopes(envelopes, Int32Array.of(0), 0, out);
      expect(Array.from(out)).toEqual([-10, 17]);
    });

    it('an envelope on a missing input is skipped', () => {
      const out = Int32Array.of(1000);
      applyEnvelopes([{ d: 0, sk: 'in', si: 2, r: [0], l: [0], h: [1] }], new Int32Array(3), 4, out);
      expect(out[0]).toBe(1000);
    });
  });

  it('random valid policies agree with the BigInt oracle, with and without missing inputs', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const stream = RandomStream.fromSeed(seed, 'oracle');
        const policy = buildPolicy(randomParts(stream));
        const executor = createExecutor(policy);
        const out = new Int32Array(policy.interface.outputs.length);
        for (let n = 0; n < 12; n++) {
          const raw = randomRaw(stream, policy.interface.inputs);
          const missing = new Set(n % 3 === 2 ? [stream.below(raw.length)] : []);
          const mask = [...missing].reduce((held, i) => held | (1 << i), 0);
          const path = executor.run(raw, mask, out);
          expect(path).toBe(missing.size === 0 ? 'network' : 'fallback');
          expect(Array.from(out)).toEqual(oracleRun(policy, raw, missing));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a row at the limit of 3.6 does not overflow at any corner of its box', () => {
    const layer = dense([[32767, -32767]], [0], 0, 'identity');
    const room = I32_MAX - rowBound(layer, 0, [32767, 32767]);
    const full = { ...layer, bias: Int32Array.of(room) };
    expect(layerOutput(full, [32767, -32767])).toEqual([I32_MAX]);
    expect(normaliseInput(plainInput('x'), I32_MAX)).toBe(32767);
  });
});

function randomRaw(stream: RandomStream, inputs: readonly InputSpec[]): Int32Array {
  return Int32Array.from(inputs, ({ lo, hi }) => {
    const edge = [lo, hi, I32_MIN, I32_MAX][stream.below(8)];
    return edge ?? lo + (stream.next() % (hi - lo + 1));
  });
}
