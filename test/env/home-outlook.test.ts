/** What a gateway expects: by hand on a tariff with one peak, causal, and the same in the task as in the series. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { make } from '../../src/env/gym/registry.ts';
import type { HomeSeries } from '../../src/env/series/home.ts';
import { homeOutlook } from '../../src/env/series/homeOutlook.ts';
import { syntheticHome } from '../../src/env/series/syntheticHome.ts';
import type { DispatchHomeCopy } from '../../src/env/tasks/dispatchHome.ts';

const HOURS = 72;
const RESERVE = 'dispatch-home-reserve-v1';

/** 1 kW all day, 3 kW of PV from 10 to 12; 0.2 per kWh, 0.5 from 15 to 20. */
function plainHome(): HomeSeries {
  const hour = (t: number): number => t % 24;
  const fill = (f: (h: number) => number): Float64Array => Float64Array.from({ length: HOURS }, (_, t) => f(hour(t)));
  const price = fill((h) => (h >= 15 && h < 20 ? 0.5 : 0.2));
  const battery = { pMaxW: 5000, etaCharge: 0.9, etaDischarge: 0.8, eMinWh: 0, eMaxWh: 10000, ratedWh: 10000 };
  return {
    name: 'plain',
    stepMs: 3600000,
    startMs: 0,
    steps: HOURS,
    loadW: fill(() => 1000),
    pvW: fill((h) => (h >= 10 && h < 12 ? 3000 : 0)),
    pricePerKwh: price,
    exportPricePerKwh: new Float64Array(HOURS),
    carbonKgPerKwh: new Float64Array(HOURS),
    priceAhead: { h6: price, h12: price, h24: price },
    battery,
    provenance: 'test',
  };
}

describe('home outlook', () => {
  it('is what a day by hand comes to, once a day has been seen', () => {
    const { needDear, spareDear, cheapS, priceRise } = homeOutlook(plainHome());
    // Midnight of the second day: five dear hours of 1 kW, drawn at 0.8; two hours of 2 kW spare, stored at 0.9.
    expect(needDear[24]).toBeCloseTo(5000 / 0.8 / 10000, 12);
    expect(spareDear[24]).toBeCloseTo((4000 * 0.9) / 10000, 12);
    expect(cheapS[24]).toBe(14 * 3600);
    expect(priceRise[24]).toBeCloseTo(2.5, 12);
    // Two in the afternoon: the last cheap hour. Within the peak there is nothing to store for.
    expect([cheapS[38], spareDear[38]]).toEqual([0, 0]);
    expect([needDear[40], cheapS[40], priceRise[40]]).toEqual([0, 0, 1]);
    // What the last hours of the peak take is expected until the hour before.
    expect(needDear[38]).toBeCloseTo(5000 / 0.8 / 10000, 12);
  });

  it('holds for whatever is dearer, and buys for what pays after losses and wear', () => {
    const home = plainHome();
    // 0.2 bought and stored at 0.9, drawn at 0.8 and given at 0.5: 0.4 - 0.2222 = 0.1778 a kWh drawn.
    expect(homeOutlook(home, 0.17).needDear[24]).toBeCloseTo(5000 / 0.8 / 10000, 12);
    expect(homeOutlook(home, 0.19).needDear[24]).toBe(0);
    expect(homeOutlook(home, 0.19).priceRise[24]).toBe(1);
    // 0.2 and 0.25: losses alone are more than the rise, and what is stored is still better given later.
    const flat = { ...home, pricePerKwh: home.pricePerKwh.map((price) => (price > 0.2 ? 0.25 : price)) };
    expect(homeOutlook(flat).needDear[24]).toBe(0);
    expect(homeOutlook(flat, 'held').needDear[24]).toBeCloseTo(5000 / 0.8 / 10000, 12);
    expect(homeOutlook(flat, 'held').priceRise[24]).toBeCloseTo(1.25, 12);
  });

  it('knows nothing of load and PV to come', () => {
    const home = syntheticHome({
      seed: 3,
      home: 1,
      day: 30,
      days: 6,
      stepMs: 3600000,
      tariff: 'time-of-use',
      exportShare: 0,
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: home.steps - 1 }),
        fc.double({ min: 0, max: 9000, noNaN: true }),
        (t, w) => {
          const later = (values: Float64Array): Float64Array => values.map((value, k) => (k > t ? w : value));
          const other = homeOutlook({ ...home, loadW: later(home.loadW), pvW: later(home.pvW).fill(w / 2, t + 1) });
          const own = homeOutlook(home);
          for (const key of ['needDear', 'spareDear', 'cheapS', 'priceRise'] as const) {
            expect(other[key].slice(0, t + 1)).toEqual(own[key].slice(0, t + 1));
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe(RESERVE, () => {
  it('a reserve is drawn down to and bought up to late, is for dear hours alone, and is never fed in', () => {
    const env = make(RESERVE, { days: 7, startSoc: 0.5 });
    const copy = env.copy as DispatchHomeCopy;
    for (const margin of [-1, 0, 0.37, 1]) {
      env.reset({ seed: 5 });
      const { battery, loadW, pvW } = copy.home;
      const { needDear, spareDear, cheapS } = copy.outlook!;
      for (let t = 0, over = false; !over; t++) {
        const before = copy.socWh;
        const reserve = needDear[t]! > 0 ? Math.max(0, Math.min(1, needDear[t]! - spareDear[t]! + margin)) : 0;
        over = env.step(Float32Array.of(margin)).truncated;
        const above = before - reserve * battery.ratedWh;
        const net = loadW[t]! - pvW[t]!;
        const gave = Math.max(0, before - copy.socWh) * battery.etaDischarge;
        const took = Math.max(0, copy.socWh - before) / battery.etaCharge;
        expect(gave).toBeLessThanOrEqual(Math.max(0, net) + 1e-9);
        const spare = Math.min(net, above * battery.etaDischarge, battery.pMaxW);
        expect(Math.abs(gave - Math.max(0, spare))).toBeLessThan(1);
        const later = (battery.pMaxW * cheapS[t]!) / 3600;
        const asked = Math.max(0, -net, -above / battery.etaCharge - later);
        const room = (battery.eMaxWh - before) / battery.etaCharge;
        expect(Math.abs(took - Math.min(battery.pMaxW, room, asked))).toBeLessThan(1);
      }
    }
  });

  it('where wear counts, buys nothing that does not pay and holds what it has', () => {
    const home = { ...plainHome(), pricePerKwh: plainHome().pricePerKwh.map((price) => (price > 0.2 ? 0.25 : price)) };
    const live = (worth: 'losses' | 'wear', margin: number): { boughtWh: number; peakWh: number } => {
      const env = make(RESERVE, { homes: [home], days: 3, startSoc: 0, worth });
      env.reset({ seed: 1 });
      const copy = env.copy as DispatchHomeCopy;
      const sums = { boughtWh: 0, peakWh: 0 };
      for (let t = 0, over = false; !over; t++) {
        const before = copy.socWh;
        over = env.step(Float32Array.of(margin)).truncated;
        const moved = copy.socWh - before;
        if (moved > 0 && home.pvW[t]! <= home.loadW[t]!) sums.boughtWh += moved;
        if (moved < 0 && home.pricePerKwh[t]! > 0.2) sums.peakWh -= moved;
      }
      return sums;
    };
    expect(live('wear', 1).boughtWh).toBe(0);
    expect(live('losses', 0).boughtWh).toBe(0);
    // Two hours of 2 kW spare, stored at 0.9, drawn at 0.8 from noon on, or kept for the peak: on the three days.
    const kept = live('wear', 0).peakWh;
    expect(kept).toBeGreaterThan(live('losses', 0).peakWh + 3 * 1000);
    expect(kept).toBeLessThanOrEqual(3 * 3600 + 1);
  });

  it('every third home pays day-ahead prices where tariffs are mixed', () => {
    const pricesOf = (home: number, tariff: 'mixed' | 'day-ahead' | 'time-of-use'): Float64Array => {
      const env = make(RESERVE, { days: 7, homeCount: 3, windows: 1, tariff });
      const copy = env.copy as DispatchHomeCopy;
      for (let seed = 0; ; seed++) {
        env.reset({ seed });
        if (copy.home.name === `synthetic-${home}`) return copy.home.pricePerKwh.slice();
      }
    };
    expect(pricesOf(2, 'mixed')).toEqual(pricesOf(2, 'day-ahead'));
    expect(pricesOf(1, 'mixed')).toEqual(pricesOf(1, 'time-of-use'));
    expect(pricesOf(1, 'mixed')).not.toEqual(pricesOf(1, 'day-ahead'));
  });

  it('is paid the difference that one setpoint makes to the whole episode', () => {
    const live = (
      reward: 'cost' | 'difference',
      actionOf: (t: number) => number,
    ): { rewards: number[]; copy: DispatchHomeCopy } => {
      const env = make(RESERVE, { days: 7, reward });
      env.reset({ seed: 6 });
      const rewards: number[] = [];
      for (let over = false; !over;) {
        const result = env.step(Float32Array.of(actionOf(rewards.length)));
        rewards.push(result.reward);
        over = result.truncated;
      }
      return { rewards, copy: env.copy as DispatchHomeCopy };
    };
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    const byRule = sum(live('cost', () => 0).rewards);
    expect(live('difference', () => 0).rewards.every((r) => r === 0)).toBe(true);
    let moved = 0;
    for (const [at, action] of [
      [5, 0.5],
      [14, -0.6],
      [38, 0.7],
      [62, -1],
    ] as const) {
      const { rewards, copy } = live('difference', (t) => (t === at ? action : 0));
      const { pricePerKwh, battery, steps } = copy.home;
      const usual = sum(Array.from(pricePerKwh)) / steps;
      const whole = sum(live('cost', (t) => (t === at ? action : 0)).rewards) - byRule;
      expect((rewards[at]! * usual * battery.ratedWh) / 1000).toBeCloseTo(whole, 4);
      expect(rewards.filter((r, t) => t !== at && r !== 0)).toEqual([]);
      if (Math.abs(whole) > 0.001) moved++;
    }
    expect(moved).toBeGreaterThanOrEqual(1);
  });

  it('expects in a window what the whole series expects, and only at the device itself', () => {
    const whole = syntheticHome({
      seed: 9,
      home: 0,
      day: 0,
      days: 42,
      stepMs: 3600000,
      tariff: 'time-of-use',
      exportShare: 0,
    });
    const copy = make(RESERVE, { homes: [whole], days: 7 }).copy as DispatchHomeCopy;
    copy.seed(1);
    copy.reset();
    const from = (copy.home.startMs - whole.startMs) / whole.stepMs;
    const names = copy.port.policy.inputs.map(({ n }) => n);
    const need = copy.port.raw[names.indexOf('need.dear')]!;
    expect(need).toBe(Math.floor(homeOutlook(whole).needDear[from]! * 1e6 + 0.5));
    expect(() => make(RESERVE, { observationDelay: 1 })).toThrow(/observationDelay/);
  });
});
