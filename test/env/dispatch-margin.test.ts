/** What a feeder's batteries do by themselves, what a margin adds to it, and what each is charged of the network's costs. */
import { describe, expect, it } from 'vitest';
import { make } from '../../src/env/gym/registry.ts';
import { batteryModel } from '../../src/env/physics/battery.ts';
import type { DispatchFeederCopy } from '../../src/env/tasks/dispatchFeeder.ts';
import { evenPace } from '../../src/env/tasks/evenPace.ts';

const TASK = 'dispatch-feeder-margin-v1';
const BATTERY = { pMaxW: 500, etaCharge: 0.9, etaDischarge: 0.8, eMinWh: 100, eMaxWh: 1000, ratedWh: 1000 };
/** Cheap for four hours, dear for two, cheap for two. */
const PRICE = Float64Array.of(0.2, 0.2, 0.2, 0.2, 0.5, 0.5, 0.2, 0.2);

describe('even pace', () => {
  it('buys evenly before the dear intervals, sells evenly over them, and then rests', () => {
    expect(evenPace(PRICE, BATTERY, 0, 100, 1)).toEqual({ powerW: -900 / (0.9 * 4), cheapSteps: 4, priceRise: 2.5 });
    expect(evenPace(PRICE, BATTERY, 3, 550, 1)).toEqual({ powerW: -450 / 0.9, cheapSteps: 1, priceRise: 2.5 });
    expect(evenPace(PRICE, BATTERY, 4, 1000, 1)).toEqual({ powerW: (900 * 0.8) / 2, cheapSteps: 0, priceRise: 1 });
    expect(evenPace(PRICE, BATTERY, 6, 300, 1)).toEqual({ powerW: 0, cheapSteps: 0, priceRise: 1 });
  });

  it('never trades where the rise does not pay the losses', () => {
    const flat = Float64Array.of(0.2, 0.25, 0.27, 0.2);
    for (let t = 0; t < flat.length; t++) expect(evenPace(flat, BATTERY, t, 500, 1).powerW).toBe(0);
  });
});

describe(TASK, () => {
  it('without a margin trades evenly; a margin is added to that', () => {
    const env = make(TASK, { tolerancePu: 1e-8 });
    const copy = env.copy as DispatchFeederCopy;
    for (const margin of [0, 0.25, -0.5]) {
      env.reset({ seed: 3 });
      const battery = batteryModel(copy.feeder.scenario.sites[0]!.battery);
      const price = copy.market.tariff.pricePerKwh;
      for (let t = 0, over = false; !over; t++) {
        const before = Array.from(copy.feeder.socWh);
        over = env.step(new Float32Array(6).fill(margin)).truncated;
        before.forEach((socWh, s) => {
          const asked = evenPace(price, battery, t, socWh, 0.25).powerW + margin * battery.pMaxW;
          const most = Math.min(battery.pMaxW, ((socWh - battery.eMinWh) * battery.etaDischarge) / 0.25);
          const least = -Math.min(battery.pMaxW, (battery.eMaxWh - socWh) / (battery.etaCharge * 0.25));
          expect(Math.abs(copy.feeder.pBatteryW[s]! - Math.min(Math.max(asked, least), most))).toBeLessThan(20);
        });
      }
    }
  });

  it('charges each battery what it changes of the network costs, and nothing at rest', () => {
    const rewardsOf = (reward: 'income' | 'difference', control: 'power' | 'margin', action: number): number[][] => {
      const env = make(TASK, { reward, control, wearWeight: 0 });
      const copy = env.copy as DispatchFeederCopy;
      env.reset({ seed: 4 });
      const rows: number[][] = [];
      const rewards = new Float32Array(6);
      const actions = new Float32Array(6).fill(action);
      actions.fill(0, 1);
      for (let over = false; !over;) {
        over = copy.step(actions, 0, rewards);
        rows.push(Array.from(rewards));
      }
      return rows;
    };
    // Only the first battery moves: what all pay more than at rest is what it alone is charged.
    const rest = rewardsOf('income', 'power', 0);
    const moved = rewardsOf('income', 'power', -0.5);
    const charged = rewardsOf('difference', 'power', -0.5);
    rest.forEach((row, t) => {
      const more = moved[t]!.reduce((a, b) => a + b, 0) - row.reduce((a, b) => a + b, 0);
      expect(Math.abs(charged[t]![0]! - more)).toBeLessThan(1e-3);
      for (let s = 1; s < 6; s++) expect(Math.abs(charged[t]![s]!)).toBeLessThan(1e-6);
    });
  });
});
