import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSafe,
  ceilDiv,
  ceilDivBig,
  clamp,
  floorDiv,
  floorDivBig,
  floorMod,
  I32_MAX,
  I32_MIN,
  isqrt,
  mulDivCeil,
  mulDivFloor,
  pow2,
  SAFE_MAX,
  saturateI32,
  shiftFloor,
  toSafe,
} from '../../src/base/fixed.ts';

const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(SAFE_MAX, -SAFE_MAX, SAFE_MAX - 1, 1 - SAFE_MAX, 0, 1, -1),
);
const divisor = safe.filter((b) => b !== 0).map(Math.abs);

/** The definition: q with q*b <= a < (q+1)*b. */
function floorOracle(a: bigint, b: bigint): bigint {
  let q = a / b;
  while (q * b > a) q--;
  return q;
}

describe('fixed point against BigInt', () => {
  it('floorDiv, ceilDiv and floorMod over the whole safe range', () => {
    fc.assert(
      fc.property(safe, divisor, (a, b) => {
        const q = floorOracle(BigInt(a), BigInt(b));
        expect(floorDiv(a, b)).toBe(Number(q));
        expect(floorMod(a, b)).toBe(Number(BigInt(a) - q * BigInt(b)));
        expect(ceilDiv(a, b)).toBe(Number(-floorOracle(-BigInt(a), BigInt(b))) + 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('floorDiv at the edge where a minus its remainder leaves the safe range', () => {
    for (const a of [-SAFE_MAX, -SAFE_MAX + 1, SAFE_MAX]) {
      for (const b of [1, 2, 3, 7, 1000003, SAFE_MAX - 1, SAFE_MAX]) {
        expect(floorDiv(a, b)).toBe(Number(floorOracle(BigInt(a), BigInt(b))));
      }
    }
  });

  it('never returns a negative zero, which would encode differently from zero', () => {
    for (const value of [floorDiv(-0, 5), floorMod(-0, 5), floorMod(-10, 5), ceilDiv(0, 3), ceilDiv(-1, 3)]) {
      expect(Object.is(value, -0)).toBe(false);
    }
    for (const value of [shiftFloor(-0, 4), mulDivFloor(-1, 0, 7), mulDivCeil(0, 5, 7)]) {
      expect(Object.is(value, -0)).toBe(false);
    }
  });

  it('shiftFloor is floor(a / 2^t) for t in 0..52', () => {
    fc.assert(
      fc.property(safe, fc.integer({ min: 0, max: 52 }), (a, t) => {
        expect(shiftFloor(a, t)).toBe(Number(BigInt(a) >> BigInt(t)));
        expect(BigInt(pow2(t))).toBe(1n << BigInt(t));
      }),
      { numRuns: 500 },
    );
  });

  it('floorDivBig and ceilDivBig for every pair of signs', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 90n), max: 1n << 90n }), fc.bigInt({ min: 1n, max: 1n << 60n }), (a, b) => {
        const q = floorDivBig(a, b);
        expect(q * b <= a && a < (q + 1n) * b).toBe(true);
        const up = ceilDivBig(a, b);
        expect((up - 1n) * b < a && a <= up * b).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(floorDivBig(-7n, -2n)).toBe(3n);
    expect(floorDivBig(7n, -2n)).toBe(-4n);
  });

  it('mulDivFloor and mulDivCeil are exact beyond 2^53, or say that the result is not an integer they can hold', () => {
    fc.assert(
      fc.property(safe, safe, divisor, (a, b, c) => {
        const exact = floorOracle(BigInt(a) * BigInt(b), BigInt(c));
        if (exact > BigInt(SAFE_MAX) || exact < -BigInt(SAFE_MAX)) {
          expect(() => mulDivFloor(a, b, c)).toThrow('base.integer');
        } else {
          expect(mulDivFloor(a, b, c)).toBe(Number(exact));
        }
      }),
      { numRuns: 1000 },
    );
    expect(mulDivCeil(7, 3, 2)).toBe(11);
    expect(mulDivCeil(-7, 3, 2)).toBe(-10);
  });

  it('isqrt is the floor of the square root, at squares and beside them', () => {
    const check = (n: number): void => {
      const root = BigInt(isqrt(n));
      expect(root * root <= BigInt(n) && (root + 1n) * (root + 1n) > BigInt(n)).toBe(true);
    };
    for (const n of [0, 1, 2, 3, 4, SAFE_MAX, SAFE_MAX - 1, 94906265 ** 2, 94906265 ** 2 - 1, 94906265 ** 2 + 1])
      check(n);
    fc.assert(fc.property(fc.integer({ min: 0, max: SAFE_MAX }), check), { numRuns: 500 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 94906265 }), (x) => {
        expect(isqrt(x * x)).toBe(x);
      }),
      { numRuns: 200 },
    );
    expect(() => isqrt(-1)).toThrow('base.integer');
  });

  it('sums and conversions refuse what leaves the safe range', () => {
    expect(addSafe(SAFE_MAX, -1)).toBe(SAFE_MAX - 1);
    expect(() => addSafe(SAFE_MAX, 1)).toThrow('base.integer');
    expect(() => addSafe(-SAFE_MAX, -1)).toThrow('base.integer');
    expect(toSafe(9007199254740991n)).toBe(SAFE_MAX);
    expect(() => toSafe(9007199254740992n)).toThrow('base.integer');
    expect(() => toSafe(-9007199254740992n)).toThrow('base.integer');
  });

  it('clamp and saturation', () => {
    expect([clamp(5, 0, 3), clamp(-5, 0, 3), clamp(2, 0, 3)]).toEqual([3, 0, 2]);
    expect([saturateI32(SAFE_MAX), saturateI32(-SAFE_MAX), saturateI32(7)]).toEqual([I32_MAX, I32_MIN, 7]);
  });
});
