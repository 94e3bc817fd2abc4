/** stacked-ieee33-v1 at the prices of docs/spec/settlement.md. */
import { describe, expect, it } from 'vitest';
import { scoreVoltageSupport } from '../../src/contracts/services/voltageSupport.ts';
import { make } from '../../src/env/gym/registry.ts';
import { BatteryWear, DEFAULT_WEAR } from '../../src/env/physics/wear/batteryWear.ts';
import { availabilityPay, FREQUENCY_PRODUCTS, reactivePay } from '../../src/env/tasks/stackedIncome.ts';
import { syntheticPricePerMwh } from '../../src/env/series/generator/price.ts';
import { ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import type { StackedCopy } from '../../src/env/tasks/stackedIeee33.ts';

const rewards = new Float32Array(6);

function live(args: object, action: readonly [number, number, number], steps = 12): StackedCopy {
  const copy = make('stacked-ieee33-v1', { pricing: 'settlement', ...args }).copy as StackedCopy;
  copy.seed(3);
  copy.reset();
  const actions = Float32Array.from({ length: 18 }, (_, i) => action[i % 3]!);
  for (let k = 0; k < steps; k++) copy.step(actions, 0, rewards);
  return copy;
}

const DAY_MS = 86400000;

/** The day that the copy lives, counted as the generators do. */
function testOrTrainDay(copy: StackedCopy): number {
  return Math.round((copy.feeder.series.startMs - ieee33Day(0, { seed: 1 }).startMs) / DAY_MS);
}

function moneyOf(copy: StackedCopy): Record<string, number> {
  return copy.info() as Record<string, number>;
}

describe('income of the stacked task', () => {
  it('pays the vars that voltage support v1 of the ledger pays', () => {
    for (const [qVar, pW] of [
      [300000, 0],
      [-300000, 500000],
      [100000, 900000],
      [-5000000, -10000000],
    ] as const) {
      const { qPayVar } = scoreVoltageSupport(qVar, qVar, pW, 1000000, []);
      // Far from 1 pu all of it is asked for. To the var that integers round to: 4.50 per Mvarh.
      const vPu = qVar > 0 ? 0.5 : 1.5;
      expect(reactivePay({ qVar, pW, vPu, sensPuPerMvar: 0.01, needMvar: qVar }, 1)).toBeCloseTo(
        (qPayVar / 1e6) * 4.5,
        5,
      );
    }
    // 0.3 Mvar at 0.02 pu/Mvar brought 0.997 to 1.003: half of it was asked for. Against the need: nothing is paid.
    const over = { qVar: 300000, pW: 0, vPu: 1.003, sensPuPerMvar: 0.02, needMvar: 0.4 };
    expect(reactivePay(over, 2)).toBeCloseTo(0.15 * 2 * 4.5, 9);
    expect(reactivePay({ ...over, vPu: 1.03 }, 2)).toBe(0);
    // Nor more than was needed without the sites' own vars, nor against it.
    expect(reactivePay({ ...over, needMvar: 0.1 }, 2)).toBeCloseTo(0.1 * 2 * 4.5, 9);
    expect(reactivePay({ ...over, needMvar: -0.1 }, 2)).toBe(0);
  });

  it('pays availability per MW and hour: 50 MW of dynamic containment at 2.82 for half an hour', () => {
    expect(availabilityPay(50e6, FREQUENCY_PRODUCTS.dynamicContainment, 0.5)).toBeCloseTo(70.5, 9);
    const copy = live({}, [0, 0, -0.6]);
    // A fifth of 0.6 MW for an hour; what is stored lasts.
    expect(moneyOf(copy)['reserveRevenue']).toBeCloseTo(0.2 * 0.6 * 4.45, 4);
  });

  it('adds up to the net income, which is the reward but for the barrier', () => {
    const copy = make('stacked-ieee33-v1', { pricing: 'settlement', bandWeight: 0 }).copy as StackedCopy;
    copy.seed(4);
    copy.reset();
    let sum = 0;
    for (let k = 0; k < 24; k++) {
      copy.step(
        Float32Array.from({ length: 18 }, (_, i) => ((k + i) % 7) / 3.5 - 1),
        0,
        rewards,
      );
      sum += rewards.reduce((all, r) => all + r, 0);
    }
    const { energyRevenue, storedValue, reserveRevenue, reactiveRevenue, lossCharge, wear, netIncome } = moneyOf(copy);
    const earned = energyRevenue! + storedValue! + reserveRevenue! + reactiveRevenue!;
    expect(netIncome).toBeCloseTo(earned - lossCharge! - wear!, 9);
    expect(sum).toBeCloseTo(netIncome!, 4);
    expect(lossCharge).not.toBe(0);
  });

  it('charges nothing for losses where no offset is issued, and orders nothing that is not sold', () => {
    const idle = moneyOf(live({ services: ['voltage'] }, [0, 1, 1]));
    expect(idle['lossCharge']).toBeCloseTo(0, 9);
    expect([idle['reserveKwh'], idle['energyRevenue']]).toEqual([0, 0]);
    expect(idle['wear']).toBeCloseTo(0, 9);
    const sold = moneyOf(live({ services: ['dispatch'] }, [1, 1, 1]));
    expect([sold['reactiveRevenue'], sold['reserveKwh']]).toEqual([0, 0]);
    expect(sold['lossCharge']).toBeCloseTo(0, 9);
    expect(sold['energyRevenue']).toBeGreaterThan(0);
  });

  it('values what is left in the battery at the mean price of the next day, so that emptying it earns nothing alone', () => {
    const copy = live({ services: ['dispatch'] }, [0, 1, 0], 6);
    const { energyRevenue, storedValue } = moneyOf(copy);
    const priceMwh = syntheticPricePerMwh({ seed: 1, day: testOrTrainDay(copy) + 1, stepMs: 300000 });
    const meanMwh = priceMwh.reduce((sum, p) => sum + p, 0) / priceMwh.length;
    const drawnMwh = copy.feeder.socWh.reduce((sum, wh) => sum + 125000 - wh, 0) / 1e6;
    expect(storedValue).toBeCloseTo(-drawnMwh * 0.95 * meanMwh, 9);
    expect(energyRevenue).toBeGreaterThan(0);
    // Six batteries of 100 kW for half an hour.
    expect(drawnMwh * 0.95).toBeCloseTo(0.3, 3);
  });

  it('credits a site with what it changes of the income of all: nothing where its offset is nothing', () => {
    const withOne = (offset: number): { rewards: Float32Array; money: Record<string, number> } => {
      const copy = make('stacked-ieee33-v1', {
        pricing: 'settlement',
        credit: 'difference',
        services: ['voltage'],
      }).copy;
      copy.seed(5);
      copy.reset();
      const rewards = new Float32Array(6);
      const actions = new Float32Array(18);
      actions[3 * 2] = offset;
      copy.step(actions, 0, rewards);
      return { rewards, money: copy.info() as Record<string, number> };
    };
    const [rest, moved] = [withOne(0), withOne(0.3)];
    // To what the power flow is solved to.
    const others = moved.rewards.filter((_, s) => s !== 2);
    expect(Math.max(...[...rest.rewards, ...others].map(Math.abs))).toBeLessThan(1e-8);
    // All it changes, of losses not a sixth.
    expect(moved.rewards[2]).toBeCloseTo(moved.money['netIncome']! - rest.money['netIncome']!, 6);
  });

  it('begins its barrier as far inside the band as is asked', () => {
    const once = (bandMarginPu: number) => {
      const copy = make('stacked-ieee33-v1', { pricing: 'settlement', bandWeight: 2, bandMarginPu })
        .copy as StackedCopy;
      copy.seed(7);
      copy.reset();
      copy.step(new Float32Array(18), 0, rewards);
      return { copy, sum: rewards.reduce((all, r) => all + r, 0) };
    };
    const { copy, sum } = once(0.05);
    // 50 mpu inside the band is 1 pu: every deviation counts.
    const { vPu, countedBuses } = copy.feeder;
    let beyond = 0;
    for (const bus of countedBuses) beyond += Math.min(5, Math.abs(vPu[bus]! - 1) / 0.01) / countedBuses.length;
    expect(beyond).toBeGreaterThan(0.1);
    expect(once(0).sum - sum).toBeCloseTo(6 * 2 * beyond, 5);
  });

  it('weighs the battery in the reward alone', () => {
    const once = (batteryWeight: number) => {
      const copy = make('stacked-ieee33-v1', { pricing: 'settlement', bandWeight: 0, batteryWeight }).copy;
      copy.seed(6);
      copy.reset();
      copy.step(new Float32Array(18).fill(0.2), 0, rewards);
      return { sum: rewards.reduce((all, r) => all + r, 0), money: copy.info() as Record<string, number> };
    };
    const [one, five] = [once(1), once(5)];
    expect(five.money['netIncome']).toBe(one.money['netIncome']);
    const { energyRevenue, storedValue, reserveRevenue, wear } = one.money;
    const battery = energyRevenue! + storedValue! + reserveRevenue! - wear!;
    expect(five.sum - one.sum).toBeCloseTo(4 * battery, 5);
  });

  it('looks ahead to the wear of standing where the interval leaves the charge, net income without it', () => {
    const once = (wearAheadH: number) => {
      const copy = make('stacked-ieee33-v1', { pricing: 'settlement', bandWeight: 0, batteryWeight: 2, wearAheadH })
        .copy as StackedCopy;
      copy.seed(6);
      copy.reset();
      const before = Array.from(copy.feeder.socWh);
      copy.step(new Float32Array(18).fill(0.9), 0, rewards);
      return { copy, before, sum: rewards.reduce((all, r) => all + r, 0) };
    };
    const [none, ten] = [once(0), once(10)];
    expect(ten.copy.info()['netIncome']).toBe(none.copy.info()['netIncome']);
    const standing = (storedWh: number): number => {
      const wear = new BatteryWear(DEFAULT_WEAR, { ratedWh: 250000, soc: storedWh / 250000 });
      return wear.step(storedWh / 250000, 36000);
    };
    let saved = 0;
    ten.before.forEach((wh, s) => (saved += standing(wh) - standing(ten.copy.feeder.socWh[s]!)));
    expect(saved).toBeGreaterThan(0.01);
    expect(ten.sum - none.sum).toBeCloseTo(2 * saved, 5);
  });

  it('starts at a charge drawn for every site when asked to, and resumes there', () => {
    const copy = make('stacked-ieee33-v1', { pricing: 'settlement', startSoc: 'drawn' }).copy as StackedCopy;
    const seen: number[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      copy.seed(seed);
      copy.reset();
      seen.push(...Array.from(copy.feeder.socWh, (wh) => wh / 250000));
    }
    expect(new Set(seen).size).toBe(240);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(0.1);
    expect(Math.min(...seen)).toBeLessThan(0.15);
    expect(Math.max(...seen)).toBeLessThanOrEqual(0.9);
    expect(Math.max(...seen)).toBeGreaterThan(0.85);
    const act = (which: StackedCopy): Record<string, number> => {
      for (let k = 0; k < 5; k++) which.step(new Float32Array(18).fill(k % 2 === 0 ? 0.7 : -0.6), 0, rewards);
      return which.info() as Record<string, number>;
    };
    act(copy);
    const kept = copy.getState();
    const gone = act(copy);
    copy.setState(kept);
    expect(act(copy)).toEqual(gone);
  });

  it('holds no more in reserve than lasts for the delivery duration of the product', () => {
    // Discharged for hours, little is left to deliver for an hour; a quarter of an hour is easier.
    const discharge = (product: string) => live({ product }, [0, 1, 1], 17).reserveW[0]!;
    const left = live({}, [0, 1, -1], 17).feeder.socWh[0]!;
    expect(left).toBeLessThan(150000);
    const [regulation, containment] = [discharge('dynamicRegulation'), discharge('dynamicContainment')];
    expect(regulation).toBeLessThanOrEqual(containment);
    const held = live({}, [0, 0, 1], 1);
    expect(held.reserveW[0]).toBeLessThanOrEqual((held.feeder.socWh[0]! + 1000) / 1);
  });

  it('refuses a service that there is not', () => {
    expect(() => make('stacked-ieee33-v1', { services: ['heat'] as never })).toThrowError(/services/);
    expect(() => make('stacked-ieee33-v1', { services: [] })).toThrowError(/services/);
  });
});
