import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capabilityVar, MAX_SHARE_MICRO, projectVoltVar, type VoltVarCurve } from '../../src/grid/voltVar.ts';

/** IEEE 1547-2018 category B defaults, as shares of 1 Mvar of capability. */
const CATEGORY_B: VoltVarCurve = {
  vMicroPu: [920000, 980000, 1020000, 1080000],
  shareMicro: [440000, 0, 0, -440000],
};
const FREE = { offsetMicro: 0, limitMicro: MAX_SHARE_MICRO };
const RATING = 1000000;

describe('IEEE 1547 category B volt-var, spec/settlement.md 1.6', () => {
  const points: readonly (readonly [number, number])[] = [
    [900000, 440000],
    [920000, 440000],
    [950000, 220000],
    [980000, 0],
    [1000000, 0],
    [1020000, 0],
    [1050000, -220000],
    [1080000, -440000],
    [1100000, -440000],
  ];
  it.each(points)('at %i micro-pu gives %i var of 1 Mvar', (v, q) => {
    expect(projectVoltVar(FREE, CATEGORY_B, v, 0, RATING)).toBe(q);
  });

  it('the offset adds to the curve and the limit cuts the sum', () => {
    const at = (offsetMicro: number, limitMicro: number, v: number): number =>
      projectVoltVar({ offsetMicro, limitMicro }, CATEGORY_B, v, 0, RATING);
    expect(at(100000, 800000, 1050000)).toBe(-120000);
    expect(at(-700000, 800000, 1050000)).toBe(-800000);
    expect(at(700000, 300000, 1000000)).toBe(300000);
    expect(at(700000, 0, 900000)).toBe(0);
  });

  it('never asks for more than the circle leaves beside active power', () => {
    const i32 = fc.integer({ min: -2147483648, max: 2147483647 });
    fc.assert(
      fc.property(
        fc.integer({ min: -MAX_SHARE_MICRO, max: MAX_SHARE_MICRO }),
        fc.integer({ min: 0, max: MAX_SHARE_MICRO }),
        i32,
        i32,
        fc.integer({ min: 1, max: 90000000 }),
        (offsetMicro, limitMicro, v, pW, sMaxVa) => {
          const q = projectVoltVar({ offsetMicro, limitMicro }, CATEGORY_B, v, pW, sMaxVa);
          const p = Math.min(Math.abs(pW), sMaxVa);
          expect(BigInt(q) * BigInt(q) + BigInt(p) * BigInt(p) <= BigInt(sMaxVa) * BigInt(sMaxVa)).toBe(true);
          expect(Math.abs(q)).toBeLessThanOrEqual(Math.ceil((limitMicro * sMaxVa) / 1000000));
          expect(Object.is(q, -0)).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is symmetric: rounding goes toward zero on both sides', () => {
    const flat: VoltVarCurve = { vMicroPu: [1000000], shareMicro: [0] };
    const q = (offsetMicro: number): number =>
      projectVoltVar({ offsetMicro, limitMicro: MAX_SHARE_MICRO }, flat, 0, 3333, 9999);
    for (const offset of [1, 333, 54321, 799999]) expect(q(-offset)).toBe(0 - q(offset));
  });

  it('capability: none at or beyond the rating, a 3-4-5 circle', () => {
    expect([capabilityVar(5, 3), capabilityVar(5, -4), capabilityVar(5, 5), capabilityVar(5, 9)]).toEqual([4, 3, 0, 0]);
    expect(capabilityVar(90000000, 0)).toBe(90000000);
  });
});
