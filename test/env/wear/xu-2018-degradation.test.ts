import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BatteryWear,
  checkWearModel,
  cycleDamage,
  DEFAULT_WEAR,
  linearWearCostPerKwh,
} from '../../../src/env/physics/wear/batteryWear.ts';
import {
  capacityLoss,
  damageOfLoss,
  depthStress,
  socStress,
  temperatureStress,
  timeStress,
} from '../../../src/env/physics/wear/degradation.ts';
import { rainflow } from '../../../src/env/physics/wear/rainflow.ts';

const DAY_S = 86400;
const RATED_WH = 6400;
const REPLACEMENT = 2560;
const relative = (got: number, want: number): number => Math.abs(got / want - 1);

/** One cycle a day, `depth` around 0.5, at rest at 0.5 between; ends where it began. */
function cycleDaily(wear: BatteryWear, days: number, depth: number): number {
  let cost = 0;
  for (let d = 0; d < days; d++) {
    cost += wear.step(0.5 + depth / 2, DAY_S / 4) + wear.step(0.5 - depth / 2, DAY_S / 2) + wear.step(0.5, DAY_S / 4);
  }
  return cost;
}

describe('Xu et al. 2018, LMO', () => {
  it('has the stress factors of the paper', () => {
    expect(relative(depthStress(0.8), 2.97977e-5)).toBeLessThan(1e-5);
    expect(relative(depthStress(0.1), 3.1178e-6)).toBeLessThan(1e-4);
    expect(relative(depthStress(1), 5.88235e-5)).toBeLessThan(1e-6);
    expect(relative(temperatureStress(35), 1.95524)).toBeLessThan(1e-5);
    expect(temperatureStress(25)).toBe(1);
    expect(relative(socStress(0.8), 1.36615)).toBeLessThan(1e-5);
    expect(relative(timeStress(DAY_S), 3.57696e-5)).toBeLessThan(1e-12);
  });

  it('loses 7.6611 % in a year of one cycle of 0.8 a day', () => {
    const f = 365 * (depthStress(0.8) + timeStress(DAY_S));
    expect(f).toBeCloseTo(0.023932, 7);
    expect(capacityLoss(f)).toBeCloseTo(0.076611, 6);
    expect(capacityLoss(0)).toBe(0);
  });

  it('inverts the loss', () => {
    for (const loss of [0, 0.001, 0.0575, 0.2, 0.9]) expect(capacityLoss(damageOfLoss(loss))).toBeCloseTo(loss, 12);
  });

  it('has no jump where the curve goes linear, and many small cycles cost no more than one deep one', () => {
    expect(relative(depthStress(0.1 - 1e-12), depthStress(0.1))).toBeLessThan(1e-10);
    expect(depthStress(0)).toBe(0);
    for (const depth of [1e-6, 1e-4, 0.01, 0.05, 0.1, 0.25]) {
      expect(depthStress(depth) / depth).toBeLessThan(depthStress(1));
    }
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (a, b) => {
        expect(depthStress(Math.max(a, b))).toBeGreaterThanOrEqual(depthStress(Math.min(a, b)));
      }),
    );
  });
});

describe('battery wear', () => {
  const history = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 200 });

  it('costs in sum what batch rainflow and the calendar say', () => {
    fc.assert(
      fc.property(history, (soc) => {
        const wear = new BatteryWear(DEFAULT_WEAR, { ratedWh: RATED_WH, soc: soc[0]! });
        let cost = 0;
        let calendar = 0;
        for (let i = 1; i < soc.length; i++) {
          cost += wear.step(soc[i]!, 3600);
          calendar += timeStress(3600) * socStress((soc[i]! + soc[i - 1]!) / 2);
        }
        const damage = cycleDamage(DEFAULT_WEAR);
        const cycling = rainflow(soc).reduce((sum, c) => sum + c.count * damage(c.range, c.mean), 0);
        const perDamage = REPLACEMENT / damageOfLoss(0.2);
        expect(Math.abs(wear.cycleDamage - cycling)).toBeLessThan(1e-12);
        expect(Math.abs(wear.calendarDamage - calendar)).toBeLessThan(1e-12);
        expect(Math.abs(cost / perDamage - cycling - calendar)).toBeLessThan(1e-9);
      }),
    );
  });

  it('never lets health recover, whatever the history', () => {
    fc.assert(
      fc.property(history, fc.double({ min: 0.6, max: 1, noNaN: true }), (soc, soh) => {
        const wear = new BatteryWear(
          { ...DEFAULT_WEAR, temperatureC: 40 },
          { ratedWh: RATED_WH, soc: soc[0]!, soh: soh },
        );
        let before = wear.soh;
        expect(before).toBeCloseTo(soh, 12);
        for (const x of soc) {
          expect(wear.step(x, 900)).toBeGreaterThan(0);
          expect(wear.soh).toBeLessThanOrEqual(before);
          before = wear.soh;
        }
      }),
    );
  });

  it('one year is two half-years threaded', () => {
    const whole = new BatteryWear(DEFAULT_WEAR, { ratedWh: RATED_WH, soc: 0.5 });
    const first = new BatteryWear(DEFAULT_WEAR, { ratedWh: RATED_WH, soc: 0.5 });
    const total = cycleDaily(whole, 360, 0.8);
    let halves = cycleDaily(first, 180, 0.8);
    const second = new BatteryWear(DEFAULT_WEAR, { ratedWh: RATED_WH, soc: 0 });
    second.setState(JSON.parse(JSON.stringify(first.getState())) as ReturnType<typeof first.getState>);
    halves += cycleDaily(second, 180, 0.8);
    expect(second.soh).toBe(whole.soh);
    expect(second.equivalentCycles).toBe(whole.equivalentCycles);
    expect(halves).toBeCloseTo(total, 9);
    expect(whole.equivalentCycles).toBeCloseTo(360 * 0.8, 9);
    expect(whole.getState().rainflow.points.length).toBeLessThan(5);
  });

  it('a life of any cycling costs one replacement, and the calendar alone can end it', () => {
    const cycled = new BatteryWear(DEFAULT_WEAR, { ratedWh: RATED_WH, soc: 0.5 });
    let cost = 0;
    while (!cycled.endOfLife) cost += cycleDaily(cycled, 1, 0.9);
    expect(cost / REPLACEMENT).toBeCloseTo(1, 2);
    const shelved = new BatteryWear({ ...DEFAULT_WEAR, temperatureC: 45 }, { ratedWh: RATED_WH, soc: 0.9 });
    for (let day = 0; day < 3650 && !shelved.endOfLife; day++) shelved.step(0.9, DAY_S);
    expect(shelved.endOfLife).toBe(true);
    expect(shelved.cycleDamage).toBe(0);
  });

  it('has a linear proxy that is exact for the cycle it is made for', () => {
    const wear = new BatteryWear(DEFAULT_WEAR, { ratedWh: RATED_WH, soc: 0.5 });
    cycleDaily(wear, 100, 0.8);
    const perDamage = REPLACEMENT / damageOfLoss(0.2);
    const drawnKwh = 100 * 0.8 * 6.4;
    const proxy = linearWearCostPerKwh(DEFAULT_WEAR) * drawnKwh;
    expect(proxy / (perDamage * wear.cycleDamage)).toBeCloseTo(1, 1);
    expect(proxy).toBeCloseTo(perDamage * 100 * depthStress(0.8), 9);
  });

  it('refuses impossible models', () => {
    for (const bad of [{ temperatureC: 99 }, { endOfLifeSoh: 1 }, { replacementPerKwh: NaN }]) {
      expect(() => checkWearModel({ ...DEFAULT_WEAR, ...bad })).toThrow(expect.objectContaining({ code: 'env.wear' }));
    }
    expect(() => new BatteryWear(DEFAULT_WEAR, { ratedWh: RATED_WH, soc: 0.5, soh: 0 })).toThrow(
      expect.objectContaining({ code: 'env.wear' }),
    );
  });
});
