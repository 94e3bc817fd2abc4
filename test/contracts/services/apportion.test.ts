import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { poolShares, roundPayments } from '../../../src/contracts/services/apportion.ts';

const numerators = fc.array(fc.bigInt({ min: 0n, max: 1n << 80n }), { minLength: 1, maxLength: 12 });
const denominator = fc.bigInt({ min: 1n << 32n, max: 1n << 60n });

describe('rounding of one deployment and interval', () => {
  it('debit up, credits down, the rest to rounding: 0 <= rounding <= payees, and the entries sum to zero', () => {
    fc.assert(
      fc.property(numerators, denominator, (exact, d) => {
        const { debitMicro, creditsMicro, roundingMicro } = roundPayments(exact, d);
        const total = exact.reduce((a, b) => a + b, 0n);
        expect((BigInt(debitMicro) - 1n) * d < total && total <= BigInt(debitMicro) * d).toBe(true);
        creditsMicro.forEach((credit, i) => {
          expect(BigInt(credit) * d <= exact[i]! && exact[i]! < (BigInt(credit) + 1n) * d).toBe(true);
        });
        expect(roundingMicro).toBeGreaterThanOrEqual(0);
        expect(roundingMicro).toBeLessThanOrEqual(exact.length);
        expect(creditsMicro.reduce((a, b) => a + b, 0) + roundingMicro).toBe(debitMicro);
      }),
      { numRuns: 500 },
    );
  });

  it('thirds: 1/3 each of 100 is 33, 33, 33 and one for rounding', () => {
    expect(roundPayments([100n, 100n, 100n], 3n)).toEqual({
      debitMicro: 100,
      creditsMicro: [33, 33, 33],
      roundingMicro: 1,
    });
  });

  it('nobody, and nothing', () => {
    expect(roundPayments([], 7n)).toEqual({ debitMicro: 0, creditsMicro: [], roundingMicro: 0 });
    expect(roundPayments([0n, 0n], 7n)).toEqual({ debitMicro: 0, creditsMicro: [0, 0], roundingMicro: 0 });
  });

  it('a payment that is no safe integer is refused, never rounded', () => {
    expect(() => roundPayments([1n << 54n], 1n)).toThrow('base.integer');
  });
});

describe('pool split, spec/settlement.md 1.8', () => {
  const split = (pay: bigint, d: readonly number[], r: readonly number[]): readonly number[] => {
    const { numerators: shares, weightSum } = poolShares(pay, d, r);
    return roundPayments(shares, weightSum).creditsMicro;
  };

  it('r = (40, 40, 20), d = (40, 30, 25), pay 90: 40, 30, 20', () => {
    expect(split(90n, [40, 30, 25], [40, 40, 20])).toEqual([40, 30, 20]);
  });

  it('nobody delivered: nobody is paid', () => {
    expect(split(90n, [0, -5], [40, 40])).toEqual([0, 0]);
  });

  it('delivery against the request counts nothing', () => {
    expect(split(90n, [-10, 10], [40, 40])).toEqual([0, 90]);
  });

  it('splitting one unit into k accounts changes nobody else and not the sum, exactly', () => {
    const unit = fc.record({ d: fc.nat(1000), r: fc.nat(1000) });
    fc.assert(
      fc.property(
        fc.array(unit, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(1000), { minLength: 2, maxLength: 5 }),
        fc.bigInt({ min: 0n, max: 1n << 40n }),
        (others, parts, pay) => {
          // The unit that splits delivers all it was asked; so do its parts, each for its own part.
          const whole = parts.reduce((a, b) => a + b, 0);
          const of = (units: readonly { d: number; r: number }[]) => {
            const { numerators: shares, weightSum } = poolShares(
              pay,
              units.map(({ d }) => d),
              units.map(({ r }) => r),
            );
            return { shares, weightSum };
          };
          const one = of([...others, { d: whole, r: whole }]);
          const many = of([...others, ...parts.map((p) => ({ d: p, r: p }))]);
          expect(many.weightSum).toBe(one.weightSum);
          others.forEach((_, i) => expect(many.shares[i]).toBe(one.shares[i]));
          const together = many.shares.slice(others.length).reduce((a, b) => a + b, 0n);
          expect(together).toBe(one.shares[others.length]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('shares add up to the whole payment', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { minLength: 1 }), fc.bigInt({ min: 0n, max: 1n << 40n }), (d, pay) => {
        const { numerators: shares, weightSum } = poolShares(
          pay,
          d,
          d.map(() => 50),
        );
        const sum = shares.reduce((a, b) => a + b, 0n);
        expect(sum).toBe(d.every((x) => x === 0) ? 0n : pay * weightSum);
      }),
    );
  });
});
