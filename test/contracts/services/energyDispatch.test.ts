import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Document } from '../../../src/base/cbor.ts';
import { energyDispatchV1, scoreEnergyDispatch } from '../../../src/contracts/services/energyDispatch.ts';
import { serviceContract, SERVICE_CODE, serviceOfCode } from '../../../src/contracts/services/registry.ts';
import type { GuardInput } from '../../../src/contracts/services/types.ts';
import { SERVICES } from '../../../src/grid/service.ts';

const D = 300000;
const PRICE = { from: 0, discharge: 60000000, charge: 15000000, penalty: 30000000, tolerance: 50000 };
const terms = energyDispatchV1.parseTerms({ buyer: 'b', prices: [PRICE] }, 1);
const BATTERY = {
  pMaxW: 20000,
  eMaxWh: 40000,
  etaChargeMicro: 950000,
  etaDischargeMicro: 950000,
  socMinMicro: 100000,
  socMaxMicro: 900000,
};
const ASSET = { id: 'a', owner: 'o', bus: 1, sMaxVa: 25000, pvPeakW: 0, battery: BATTERY };
const OFFER = { pMaxW: 20000, qMaxVar: 0, socFloorMicro: 200000, socCeilingMicro: 800000 };
const guard = (over: Partial<GuardInput> = {}): GuardInput => ({
  asset: ASSET,
  offer: OFFER,
  cap: 100000,
  dMs: D,
  socMicro: 500000,
  ...over,
});
const meterOf = (eStorageMilliWh: number) => ({
  interval: 0,
  pW: 0,
  qVar: 0,
  vMicroPu: 1000000,
  eStorageMilliWh,
  quality: 0,
});
const scoreOf = (setpoint: number, eStorageMilliWh: number) =>
  energyDispatchV1.score({
    terms,
    priceIndex: 0,
    dMs: D,
    asset: ASSET,
    assetIndex: 0,
    setpoint: [setpoint],
    meter: meterOf(eStorageMilliWh),
    meters: [meterOf(eStorageMilliWh)],
  });

describe('energy dispatch v1', () => {
  it('10 kW for five minutes is 833.333 Wh, toward zero on both sides', () => {
    expect(scoreEnergyDispatch(10000, 833333, D, 0)).toEqual({
      eSetMilliWh: 833333,
      eDelMilliWh: 833333,
      eShortMilliWh: 0,
    });
    expect(scoreEnergyDispatch(-10000, -833333, D, 0)).toEqual({
      eSetMilliWh: -833333,
      eDelMilliWh: 833333,
      eShortMilliWh: 0,
    });
  });

  it('half of it came, 5 % tolerated', () => {
    expect(scoreEnergyDispatch(10000, 416666, D, 50000)).toEqual({
      eSetMilliWh: 833333,
      eDelMilliWh: 416666,
      eShortMilliWh: 833333 - 416666 - 41666,
    });
  });

  it('more than asked is not paid, the wrong way is not delivery', () => {
    expect(scoreEnergyDispatch(10000, 900000, D, 0).eDelMilliWh).toBe(833333);
    expect(scoreEnergyDispatch(10000, -900000, D, 0)).toMatchObject({ eDelMilliWh: 0, eShortMilliWh: 833333 });
    expect(scoreEnergyDispatch(0, 900000, D, 0)).toEqual({ eSetMilliWh: 0, eDelMilliWh: 0, eShortMilliWh: 0 });
    expect(Object.is(scoreEnergyDispatch(-10000, 5, D, 0).eDelMilliWh, -0)).toBe(false);
  });

  it('full tolerance forgives everything', () => {
    expect(scoreEnergyDispatch(10000, 0, D, 1000000).eShortMilliWh).toBe(0);
  });

  it('discharge and charge have their own price: 833.333 Wh at 60 and at 15 per MWh', () => {
    const micro = (numerator: bigint): bigint => numerator / energyDispatchV1.denominator;
    expect(micro(scoreOf(10000, 833333).payNumerator)).toBe(49999n);
    expect(micro(scoreOf(-10000, -833333).payNumerator)).toBe(12499n);
    expect(micro(scoreOf(10000, 0).penaltyNumerator)).toBe((791667n * 30000000n) / 1000000000n);
  });

  it('the guard clips to offer, rating and cap', () => {
    expect(energyDispatchV1.guard(50000, guard())).toEqual([20000]);
    expect(energyDispatchV1.guard(-50000, guard())).toEqual([-20000]);
    expect(energyDispatchV1.guard(50000, guard({ offer: { ...OFFER, pMaxW: 7000 } }))).toEqual([7000]);
    expect(energyDispatchV1.guard(50000, guard({ cap: 3000 }))).toEqual([3000]);
    const small = { ...ASSET, battery: { ...BATTERY, pMaxW: 1000 } };
    expect(energyDispatchV1.guard(50000, guard({ asset: small }))).toEqual([1000]);
  });

  it('no power that would pass floor or ceiling within the interval, of offer or rating, whichever is tighter', () => {
    const at = (output: number, socMicro: number, over: Partial<typeof OFFER> = {}): number =>
      energyDispatchV1.guard(output, guard({ socMicro, offer: { ...OFFER, ...over } }))[0]!;
    // 0.5 % of 40 kWh in five minutes: 2 280 W after the loss of discharging, 2 526 W before that of charging.
    expect([at(5000, 200000), at(5000, 205000), at(5000, 250000), at(-5000, 200000)]).toEqual([0, 2280, 5000, -5000]);
    expect([at(-5000, 800000), at(-5000, 795000), at(-5000, 750000), at(5000, 800000)]).toEqual([
      0, -2526, -5000, 5000,
    ]);
    const wide = { socFloorMicro: 0, socCeilingMicro: 1000000 };
    expect([at(5000, 100000, wide), at(5000, 105000, wide)]).toEqual([0, 2280]);
    expect([at(-5000, 900000, wide), at(-5000, 895000, wide)]).toEqual([0, -2526]);
  });

  it('an unobserved state of charge leaves the power limits', () => {
    expect(energyDispatchV1.guard(50000, guard({ socMicro: undefined }))).toEqual([20000]);
  });

  it('the worst case bounds every payment', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -2000000, max: 2000000 }),
        fc.maxSafeInteger(),
        fc.nat(90000000),
        fc.option(fc.nat(1000000), { nil: undefined }),
        (output, energy, pMaxW, socMicro) => {
          const input = guard({ socMicro, offer: { ...OFFER, pMaxW } });
          const [pSet] = energyDispatchV1.guard(output, input);
          const { payNumerator, penaltyNumerator, values } = scoreOf(pSet!, energy);
          expect(payNumerator >= 0n && penaltyNumerator >= 0n).toBe(true);
          expect(payNumerator <= energyDispatchV1.worstCase(terms, 0, D, input)).toBe(true);
          // What came and what is short never exceed what was asked.
          expect(values[1]! + values[2]!).toBeLessThanOrEqual(Math.abs(values[0]!));
        },
      ),
      { numRuns: 500 },
    );
  });

  const bad: readonly (readonly [string, Document])[] = [
    ['a key too few', { buyer: 'b' }],
    ['a price entry without a penalty', { buyer: 'b', prices: [{ from: 0, discharge: 1, charge: 1, tolerance: 0 }] }],
    ['prices that are no list', { buyer: 'b', prices: 5 }],
    ['33 price entries', { buyer: 'b', prices: Array.from({ length: 33 }, (_, from) => ({ ...PRICE, from })) }],
  ];
  it.each(bad)('refuses terms with %s', (_, document) => {
    expect(() => energyDispatchV1.parseTerms(document, 1)).toThrow('service.terms');
  });
});

describe('registry of formulae', () => {
  it('every service has version 1, a code of its own, and as many names as values', () => {
    for (const service of SERVICES) {
      expect(serviceContract(service, 1).service).toBe(service);
      expect(serviceOfCode(SERVICE_CODE[service])).toBe(service);
    }
    expect(new Set(Object.values(SERVICE_CODE)).size).toBe(SERVICES.length);
    expect(() => serviceContract('voltage-support', 2)).toThrow('service.unknown');
    expect(() => serviceContract('money', 1)).toThrow('service.unknown');
    const { values, measured } = scoreOf(1, 1);
    expect([values.length, measured.length]).toEqual([
      energyDispatchV1.scoreNames.length,
      energyDispatchV1.measuredNames.length,
    ]);
  });
});
