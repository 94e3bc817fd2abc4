import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Document } from '../../../src/base/cbor.ts';
import { scoreVoltageSupport, voltageSupportV1 } from '../../../src/contracts/services/voltageSupport.ts';
import type { GuardInput } from '../../../src/contracts/services/types.ts';
import { projectVoltVar } from '../../../src/grid/voltVar.ts';

const D = 300000;
const TERMS = {
  buyer: 'b',
  prices: [
    { from: 0, utilisation: 4500000, deviation: 20000000 },
    { from: 1000, utilisation: 9000000, deviation: 0 },
  ],
  vRef: 1000000,
  dvCap: 60000,
  pool: 0,
  curve: { v: [920000, 980000, 1020000, 1080000], share: [440000, 0, 0, -440000] },
  sens: [
    [20000, 5000],
    [5000, 30000],
  ],
} satisfies Record<string, Document>;
const terms = voltageSupportV1.parseTerms(TERMS, 2);
const BATTERY = {
  pMaxW: 100000,
  eMaxWh: 250000,
  etaChargeMicro: 950000,
  etaDischargeMicro: 950000,
  socMinMicro: 100000,
  socMaxMicro: 900000,
};
const ASSET = { id: 'a', owner: 'o', bus: 1, sMaxVa: 1000000, pvPeakW: 0, battery: BATTERY };
const OFFER = { pMaxW: 0, qMaxVar: 1000000, socFloorMicro: 0, socCeilingMicro: 1000000 };
const guard = (over: Partial<GuardInput> = {}): GuardInput => ({
  asset: ASSET,
  offer: OFFER,
  cap: 800000,
  dMs: 300000,
  socMicro: undefined,
  ...over,
});

describe('voltage support v1, spec/settlement.md 1.6', () => {
  it('Order 904: P = 10 Mvar-scale, Q = 5: band 3.286841 (cut to 1e-6 steps of the tangent), payable 1.713159', () => {
    // In watts and var: floor(10^7 * 0.328684) = 3286840; the vector's 3286841 rounds the last digit up.
    const score = scoreVoltageSupport(5000000, 5000000, 10000000, 1000000, []);
    expect(score).toEqual({ qDelVar: 5000000, qFreeVar: 3286840, qPayVar: 1713160, dvMicroPu: 0 });
    expect(Math.abs(score.qFreeVar - 3286841)).toBeLessThanOrEqual(1);
    expect(Math.abs(score.qPayVar - 1713159)).toBeLessThanOrEqual(1);
  });

  it('delivery above the setpoint, or against it, is not paid', () => {
    const del = (qSet: number, qMeas: number): number => scoreVoltageSupport(qSet, qMeas, 0, 1000000, []).qDelVar;
    expect([del(100, 150), del(100, 60), del(100, -60), del(-100, -60), del(-100, -150), del(-100, 60)]).toEqual([
      100, 60, 0, 60, 100, 0,
    ]);
    expect(del(0, 500)).toBe(0);
    expect(Object.is(del(-100, 60), -0)).toBe(false);
  });

  it('inside 0.95 power factor nothing is payable, one var beyond it is', () => {
    const pay = (q: number): number => scoreVoltageSupport(q, q, 1000000, 1000000, []).qPayVar;
    expect([pay(328684), pay(328685), pay(-328684), pay(-328685)]).toEqual([0, 1, 0, 1]);
  });

  it('deviation removed: summed over buses, never negative, by the voltage without the asset', () => {
    const one = (vMicroPu: number, qMeas: number): number =>
      scoreVoltageSupport(0, qMeas, 0, 1000000, [{ vMicroPu, sens: 20000 }]).dvMicroPu;
    // Absorbing 0.5 Mvar at 1.03: without it 1.04; 0.01 pu removed.
    expect(one(1030000, -500000)).toBe(10000);
    // Injecting where the voltage is high makes it worse: nothing.
    expect(one(1030000, 500000)).toBe(0);
    // Across the reference: from 0.995 without to 1.005 with, as far off as before.
    expect(one(1005000, 500000)).toBe(0);
    expect(
      scoreVoltageSupport(0, -500000, 0, 1000000, [
        { vMicroPu: 1030000, sens: 20000 },
        { vMicroPu: 1010000, sens: 5000 },
        { vMicroPu: 980000, sens: 5000 },
      ]).dvMicroPu,
    ).toBe(12500);
  });

  it('a sensitivity times a measurement rounds toward minus infinity', () => {
    // floor(20000 * -1 / 10^6) = -1: without the asset the voltage is 1 higher.
    expect(scoreVoltageSupport(0, -1, 0, 1000000, [{ vMicroPu: 1000000, sens: 20000 }]).dvMicroPu).toBe(1);
  });

  it('the setpoint is projected with the metered voltage and power, and the score follows it', () => {
    const meter = { interval: 0, pW: 600000, qVar: -200000, vMicroPu: 1050000, eStorageMilliWh: 0, quality: 0 };
    const setpoint = [-100000, 800000];
    const score = voltageSupportV1.score({
      terms,
      priceIndex: 0,
      dMs: D,
      asset: ASSET,
      assetIndex: 0,
      setpoint,
      meter,
      meters: [meter, undefined],
    });
    // Curve at 1.05: -0.22; offset -0.10; capability sqrt(1 - 0.36) = 0.8 Mvar.
    const qSet = projectVoltVar({ offsetMicro: -100000, limitMicro: 800000 }, terms.curve, 1050000, 600000, 1000000);
    expect(qSet).toBe(-256000);
    const free = 197210;
    const dv = 4000;
    expect(score.values).toEqual([-256000, 200000, free, 200000 - free, dv]);
    expect(score.payNumerator).toBe(300000n * (2790n * 4500000n + 4000n * 20000000n));
    expect([score.delivered, score.requested, score.penaltyNumerator]).toEqual([200000, 256000, 0n]);
  });

  it('deviation is paid up to the cap of the terms', () => {
    const meter = { interval: 0, pW: 0, qVar: -10000000, vMicroPu: 1000000, eStorageMilliWh: 0, quality: 0 };
    const { values } = voltageSupportV1.score({
      terms,
      priceIndex: 1,
      dMs: D,
      asset: ASSET,
      assetIndex: 0,
      setpoint: [0, 0],
      meter,
      meters: [meter],
    });
    expect(values[4]).toBe(60000);
  });

  it('the guard clips to share, deployment cap, offer and rating', () => {
    expect(voltageSupportV1.guard(900000, guard())).toEqual([800000, 800000]);
    expect(voltageSupportV1.guard(-900000, guard({ cap: 300000 }))).toEqual([-300000, 300000]);
    expect(voltageSupportV1.guard(500000, guard({ offer: { ...OFFER, qMaxVar: 250000 } }))).toEqual([250000, 250000]);
    expect(voltageSupportV1.guard(500000, guard({ offer: { ...OFFER, qMaxVar: 0 } }))).toEqual([0, 0]);
    expect(voltageSupportV1.guard(-5, guard({ cap: 0 }))).toEqual([0, 0]);
  });

  it('the worst case bounds every payment, whatever the meters say', () => {
    const i32 = fc.integer({ min: -2147483648, max: 2147483647 });
    const meterValues = fc.record({ pW: i32, qVar: i32, vMicroPu: i32 });
    fc.assert(
      fc.property(
        fc.integer({ min: -1000000, max: 1000000 }),
        fc.integer({ min: 0, max: 90000000 }),
        fc.integer({ min: 0, max: 900000 }),
        meterValues,
        meterValues,
        (output, qMaxVar, cap, own, other) => {
          const input = guard({ cap, offer: { ...OFFER, qMaxVar } });
          const full = { interval: 0, eStorageMilliWh: 0, quality: 0 };
          const score = voltageSupportV1.score({
            terms,
            priceIndex: 0,
            dMs: D,
            asset: ASSET,
            assetIndex: 0,
            setpoint: voltageSupportV1.guard(output, input),
            meter: { ...full, ...own },
            meters: [
              { ...full, ...own },
              { ...full, ...other },
            ],
          });
          expect(score.payNumerator >= 0n).toBe(true);
          expect(score.payNumerator <= voltageSupportV1.worstCase(terms, 0, D, input)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('prices by effective date', () => {
    expect([0, 999, 1000, 5000].map((t) => voltageSupportV1.priceIndexAt(terms, t))).toEqual([0, 0, 1, 1]);
    const later = voltageSupportV1.parseTerms({ ...TERMS, prices: [{ from: 10, utilisation: 1, deviation: 1 }] }, 2);
    expect(voltageSupportV1.priceIndexAt(later, 9)).toBe(-1);
    expect(voltageSupportV1.offerPrice(terms, 1)).toBe(9000000);
  });

  const bad: readonly (readonly [string, Document])[] = [
    ['a list', []],
    ['an unknown key', { ...TERMS, bonus: 1 }],
    ['no prices', { ...TERMS, prices: [] }],
    ['prices out of order', { ...TERMS, prices: TERMS.prices.toReversed() }],
    ['a negative price', { ...TERMS, prices: [{ from: 0, utilisation: -1, deviation: 0 }] }],
    ['a price beyond bounds', { ...TERMS, prices: [{ from: 0, utilisation: 1000000000001, deviation: 0 }] }],
    ['a price entry with a key too many', { ...TERMS, prices: [{ ...TERMS.prices[0]!, x: 1 }] }],
    ['a pool flag of 2', { ...TERMS, pool: 2 }],
    ['a reference of 2 pu', { ...TERMS, vRef: 2000000 }],
    ['a curve with equal knots', { ...TERMS, curve: { v: [1, 1], share: [0, 0] } }],
    ['a curve with a share missing', { ...TERMS, curve: { v: [1, 2], share: [0] } }],
    ['a sensitivity row missing', { ...TERMS, sens: [[1, 2]] }],
    ['a sensitivity missing', { ...TERMS, sens: [[1], [1, 2]] }],
    [
      'a sensitivity in text',
      {
        ...TERMS,
        sens: [
          ['1', 2],
          [1, 2],
        ],
      },
    ],
  ];
  it.each(bad)('refuses terms with %s', (_, document) => {
    expect(() => voltageSupportV1.parseTerms(document, 2)).toThrow('service.terms');
  });
});
