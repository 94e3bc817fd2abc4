import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream, type RandomState } from '../../src/base/random.ts';
import { normal, uniform } from '../../src/base/realMath.ts';

const MASK = 0xffffffffn;

/** The published algorithm (Blackman & Vigna, xoshiro128** 1.1) in BigInt. */
function reference(state: RandomState, count: number): number[] {
  const s = state.map(BigInt);
  const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & MASK;
  return Array.from({ length: count }, () => {
    const result = (rotl((s[1]! * 5n) & MASK, 7n) * 9n) & MASK;
    const t = (s[1]! << 9n) & MASK;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotl(s[3]!, 11n);
    return Number(result);
  });
}

function take(stream: RandomStream, count: number): number[] {
  return Array.from({ length: count }, () => stream.next());
}

describe('xoshiro128**', () => {
  it('gives the outputs of the reference C code from state 1, 2, 3, 4', () => {
    expect(take(new RandomStream([1, 2, 3, 4]), 10)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('fills an array with what as many calls give, and goes on from there', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.integer({ min: 0, max: 40 }), (state, count) => {
        const one = new RandomStream(state);
        const many = new RandomStream(state);
        const out = new Uint32Array(count);
        many.fill(out);
        expect(Array.from(out)).toEqual(take(one, count));
        expect(many.getState()).toEqual(one.getState());
      }),
    );
  });

  it('agrees with a BigInt reference from any state', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(
        fc.tuple(word, word, word, word).filter((s) => s.some((w) => w !== 0)),
        (state) => {
          expect(take(new RandomStream(state), 50)).toEqual(reference(state, 50));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('an all-zero state, from which nothing would ever move, is replaced', () => {
    expect(new RandomStream([0, 0, 0, 0]).getState()).toEqual([1, 0, 0, 0]);
    expect(RandomStream.fromDigest(new Uint8Array(32)).getState()).toEqual([1, 0, 0, 0]);
  });

  it('goes on exactly from a state that was read', () => {
    const a = RandomStream.fromSeed(7, 'resume');
    take(a, 13);
    const b = new RandomStream(a.getState());
    expect(take(a, 20)).toEqual(take(b, 20));
  });

  it('reads a digest at its own offset, little-endian', () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
    expect(RandomStream.fromDigest(bytes.subarray(8)).getState()).toEqual([
      0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514,
    ]);
  });

  it('streams of one seed and different purposes have nothing in common', () => {
    const [a, b] = ['weather', 'loads'].map((purpose) => take(RandomStream.fromSeed(1, purpose), 100));
    expect(a!.filter((x) => b!.includes(x))).toEqual([]);
  });

  it('below(n) is in range and unbiased where a plain remainder would favour small values', () => {
    const stream = RandomStream.fromSeed(1, 'below');
    // A remainder of 2^32 by 3*2^30 would put half of all draws into the first third.
    const n = 3221225472;
    let low = 0;
    for (let i = 0; i < 6000; i++) {
      const x = stream.below(n);
      expect(x >= 0 && x < n).toBe(true);
      if (x < n / 3) low++;
    }
    expect(Math.abs(low - 2000)).toBeLessThan(200);
    expect(stream.below(1)).toBe(0);
    expect(stream.below(4294967296)).toBeLessThan(4294967296);
    expect(() => stream.below(0)).toThrow('base.integer');
  });

  it('shuffles to a permutation, every place reachable', () => {
    const stream = RandomStream.fromSeed(1, 'shuffle');
    const firsts = new Set<number>();
    for (let i = 0; i < 200; i++) {
      const items = Int32Array.of(0, 1, 2, 3, 4);
      stream.shuffle(items);
      expect([...items].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
      firsts.add(items[0]!);
    }
    expect(firsts.size).toBe(5);
  });

  it('uniform and normal have the moments they should', () => {
    const stream = RandomStream.fromSeed(1, 'moments');
    const n = 20000;
    const u = Array.from({ length: n }, () => uniform(stream));
    const z = Array.from({ length: n }, () => normal(stream));
    const mean = (x: number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
    expect(u.every((x) => x >= 0 && x < 1)).toBe(true);
    expect(Math.abs(mean(u) - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(mean(z))).toBeLessThan(0.03);
    expect(Math.abs(mean(z.map((x) => x * x)) - 1)).toBeLessThan(0.05);
  });
});
