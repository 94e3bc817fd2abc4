import { describe, expect, it } from 'vitest';
import { greedySelfUse, idleBattery, runHome, scheduled } from '../../src/agents/baselines/dispatch/home.ts';
import { RandomStream } from '../../src/base/random.ts';
import { uniform } from '../../src/base/realMath.ts';
import { checkEnv } from '../../src/env/gym/checkEnv.ts';
import { checkVectorEnv } from '../../src/env/gym/checkVectorEnv.ts';
import { make, makeVector } from '../../src/env/gym/registry.ts';
import type { TaskEnv } from '../../src/env/gym/single.ts';
import type { DispatchHomeArgs } from '../../src/env/tasks/dispatchHomeArgs.ts';
import type { DispatchHomeCopy } from '../../src/env/tasks/dispatchHome.ts';
import { cycleDamage } from '../../src/env/physics/wear/batteryWear.ts';
import { damageOfLoss, socStress, timeStress } from '../../src/env/physics/wear/degradation.ts';
import { rainflow } from '../../src/env/physics/wear/rainflow.ts';
import type { HomeSeries } from '../../src/env/series/home.ts';
import { syntheticHome } from '../../src/env/series/syntheticHome.ts';
import { cityLearnHomes, hasCityLearn } from '../support/citylearn.ts';

/** No wear, start empty, free end, no carbon or peak price, load and PV of the interval seen: how baselines are scored. */
const PLAIN: Partial<DispatchHomeArgs> = {
  observationDelay: 0,
  startSoc: 0,
  wearWeight: 0,
  carbonPrice: 0,
  peakPrice: 0,
};
/** Closed within 1e-9 of throughput and 1e-3 Wh. */
const closed = (env: TaskEnv): void => {
  const { sources, sinks, unit } = env.balance()!;
  expect(unit).toBe('Wh');
  expect(Math.abs(sources - sinks)).toBeLessThanOrEqual(Math.max(1e-3, 1e-9 * Math.abs(sources)));
};

function copyOf(env: TaskEnv): DispatchHomeCopy {
  return env.copy as DispatchHomeCopy;
}

/** Live an episode; returns the sum of rewards and the state of charge from the start on. */
function live(
  env: TaskEnv,
  action: (copy: DispatchHomeCopy, t: number) => number,
  seed = 1,
): { sum: number; soc: number[] } {
  env.reset({ seed });
  const copy = copyOf(env);
  const soc = [copy.socWh / copy.home.battery.ratedWh];
  let sum = 0;
  for (let t = 0, over = false; !over; t++) {
    const result = env.step(Float32Array.of(action(copy, t)));
    closed(env);
    sum += result.reward;
    soc.push(copy.socWh / copy.home.battery.ratedWh);
    over = result.truncated || result.terminated;
  }
  return { sum, soc };
}

const greedyAction = (copy: DispatchHomeCopy, t: number): number =>
  Math.max(-1, Math.min(1, (copy.home.loadW[t]! - copy.home.pvW[t]!) / copy.home.battery.pMaxW));

function randomAction(seed: number): () => number {
  const stream = RandomStream.fromSeed(seed, 'test/dispatch');
  return () => 2 * uniform(stream) - 1;
}

/** Whatever `checkHome` lets through. */
function oddHome(stream: RandomStream): HomeSeries {
  const between = (low: number, high: number): number => low + (high - low) * uniform(stream);
  const steps = 10 + stream.below(60);
  const draw = (low: number, high: number): Float64Array =>
    Float64Array.from({ length: steps }, () => (stream.below(4) === 0 ? 0 : between(low, high)));
  const pricePerKwh = draw(-0.5, 1);
  const ratedWh = between(10, 20000);
  return {
    name: 'odd',
    stepMs: [300000, 900000, 3600000][stream.below(3)]!,
    startMs: between(-1e12, 2e12),
    steps,
    loadW: draw(-3000, 30000),
    pvW: draw(-100, 15000),
    pricePerKwh,
    exportPricePerKwh: pricePerKwh.map((price) => price - (stream.below(2) === 0 ? 0 : uniform(stream))),
    carbonKgPerKwh: draw(-0.1, 3),
    priceAhead: { h6: pricePerKwh, h12: pricePerKwh, h24: pricePerKwh },
    battery: {
      pMaxW: between(1, 50000),
      etaCharge: between(0.1, 1),
      etaDischarge: between(0.1, 1),
      eMinWh: stream.below(2) * 0.2 * ratedWh,
      eMaxWh: ratedWh * between(0.5, 1),
      ratedWh,
    },
    provenance: 'test',
  };
}

describe('dispatch-home-v1', () => {
  it('keeps the contract of an environment, hourly and at 15 min', () => {
    checkEnv(() => make('dispatch-home-v1', { days: 2 }), { steps: 60 });
    checkEnv(() => make('dispatch-home-v1', { days: 1, stepMs: 900000, tariff: 'day-ahead', observationDelay: 0 }), {
      steps: 100,
    });
    checkVectorEnv((n) => makeVector('dispatch-home-v1', n, { days: 1 }), { steps: 50 });
  });

  it('closes its energy at every step under random actions, curves and self-discharge included', () => {
    const curves = {
      efficiencyCharge: { at: [0, 0.3, 1], value: [0.85, 0.93, 0.9] },
      limitCharge: { at: [0, 0.8, 1], value: [1, 1, 0.2] },
      selfDischargePerH: 0.002,
    };
    for (const args of [{}, { curves }, { curves, exportShare: 0.5, startSoh: 0.7 }]) {
      live(make('dispatch-home-v1', { days: 7, ...args }), randomAction(3));
    }
  });

  it('charges for wear what batch rainflow and the calendar find over the episode', () => {
    const env = make('dispatch-home-v1', { days: 7 });
    const random = randomAction(4);
    const { soc } = live(env, () => random());
    const copy = copyOf(env);
    const { model } = copy.wear;
    const damage = cycleDamage(model);
    const cycling = rainflow(soc).reduce((sum, c) => sum + c.count * damage(c.range, c.mean), 0);
    const calendar = soc.slice(1).reduce((sum, s, i) => sum + timeStress(3600) * socStress((s + soc[i]!) / 2), 0);
    expect(Math.abs(copy.wear.cycleDamage - cycling)).toBeLessThan(1e-12);
    const wearCost = copy.info()['wearCost'] as number;
    const perDamage =
      (model.replacementPerKwh * (copy.home.battery.ratedWh / 1000)) / damageOfLoss(1 - model.endOfLifeSoh);
    expect(Math.abs(wearCost / perDamage - cycling - calendar)).toBeLessThan(1e-9);
    expect(copy.wear.soh).toBeLessThan(1);
  });

  it('pays energy, carbon, peak and wear at the weights given', () => {
    const args = { ...PLAIN, days: 3, carbonPrice: 0.2, peakPrice: 2, wearWeight: 0.5, exportShare: 0.3 };
    const env = make('dispatch-home-v1', args);
    const { sum } = live(env, randomAction(5));
    const info = copyOf(env).info() as Record<string, number>;
    const total = info['cost']! + 0.2 * info['carbonKg']! + (2 * info['peakW']!) / 1000 + 0.5 * info['wearCost']!;
    expect(-sum).toBeCloseTo(total, 4);
  });

  it('accounts for greedy and idle actions as the baselines do', () => {
    const env = make('dispatch-home-v1', { ...PLAIN, days: 7 });
    const none = live(env, () => 0);
    const { home } = copyOf(env);
    expect(-none.sum).toBeCloseTo(runHome(home, idleBattery()).cost, 4);
    const greedy = live(env, greedyAction);
    expect(-greedy.sum).toBeCloseTo(runHome(home, greedySelfUse()).cost, 2);
    expect(greedy.sum).toBeGreaterThan(none.sum);
  });

  it('sees the interval acted on, or the one before it, and prices of the interval acted on', () => {
    for (const observationDelay of [0, 1] as const) {
      const env = make('dispatch-home-v1', { observationDelay, days: 2 });
      env.reset({ seed: 2 });
      const { home, port } = copyOf(env);
      for (let t = 0; t < 30; t++) {
        const seen = Math.max(0, t - observationDelay);
        const [load, pv, , price, , , ahead] = Array.from(port.raw);
        expect(load).toBe(Math.floor(home.loadW[seen]! + 0.5));
        expect(pv).toBe(Math.floor(home.pvW[seen]! + 0.5));
        expect(price).toBe(Math.floor(home.pricePerKwh[t]! * 1e9 + 0.5));
        if (t < 24) expect(ahead).toBe(Math.floor(home.pricePerKwh[t + 24]! * 1e9 + 0.5));
        const second = (home.startMs + t * 3600000) / 1000;
        expect(port.raw[8]).toBe(second % 86400);
        // 2024-01-01 was a Monday.
        expect(port.raw[9]).toBe((((second - 1704067200) % 604800) + 604800) % 604800);
        expect(port.raw[10]).toBe(
          Math.floor((second - Date.UTC(new Date(second * 1000).getUTCFullYear(), 0) / 1000) / 86400),
        );
        env.step(Float32Array.of(0.1));
      }
    }
  });

  it('tests on other homes and weeks than it trains on', () => {
    const drawn = (split: 'train' | 'test'): Set<string> => {
      const env = make('dispatch-home-v1', { split, days: 1, homeCount: 3, windows: 6 });
      const seen = new Set<string>();
      for (let seed = 0; seed < 40; seed++) {
        env.reset({ seed });
        const { home } = copyOf(env);
        seen.add(home.name).add(String(home.startMs));
      }
      return seen;
    };
    const train = drawn('train');
    const test = drawn('test');
    expect(train.size).toBe(9);
    expect(test.size).toBe(9);
    expect([...test].filter((name) => train.has(name))).toEqual([]);
  });

  it('parts the weeks of a home given', () => {
    const home = syntheticHome({
      seed: 9,
      home: 0,
      day: 0,
      days: 10,
      stepMs: 3600000,
      tariff: 'time-of-use',
      exportShare: 0,
    });
    const starts = (split: 'train' | 'test'): Set<number> => {
      const env = make('dispatch-home-v1', { homes: [home], split, days: 1 });
      return new Set(
        Array.from({ length: 60 }, (_, seed) => {
          env.reset({ seed });
          return (copyOf(env).home.startMs - home.startMs) / 86400000;
        }),
      );
    };
    expect([...starts('test')].sort()).toEqual([4, 9]);
    expect([...starts('train')].sort()).toEqual([0, 1, 2, 3, 5, 6, 7, 8]);
  });

  it('clone and continue is continue, through JSON too, bit for bit', () => {
    const env = make('dispatch-home-v1', { days: 3 });
    env.reset({ seed: 7 });
    const random = randomAction(6);
    for (let t = 0; t < 30; t++) env.step(Float32Array.of(random()));
    const cloned = env.clone();
    const restored = make('dispatch-home-v1', { days: 3 });
    restored.setState(JSON.parse(JSON.stringify(env.getState())) as ReturnType<typeof env.getState>);
    const rest = Array.from({ length: 42 }, random);
    const ends = [env, cloned, restored].map((one) => {
      const trace = rest.flatMap((u) => {
        const result = one.step(Float32Array.of(u));
        return [...result.observation, result.reward];
      });
      return JSON.stringify([trace, one.trajectoryHash(), one.copy.getState()]);
    });
    expect(ends[1]).toBe(ends[0]);
    expect(ends[2]).toBe(ends[0]);
  });

  it('a worn battery holds less', () => {
    const env = make('dispatch-home-v1', { startSoh: 0.75, startSoc: 0, days: 2 });
    const { soc } = live(env, () => -1);
    expect(Math.max(...soc)).toBeCloseTo(0.75, 3);
  });

  it('lives through odd homes: free and negative prices, feed-in as load, tiny and huge batteries', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const stream = RandomStream.fromSeed(seed, 'test/odd-home');
      const home = oddHome(stream);
      const env = make('dispatch-home-v1', {
        homes: [home],
        days: 2,
        observationDelay: seed % 2 === 0 ? 0 : 1,
        startSoh: seed % 3 === 0 ? 0.3 : 1,
        wearWeight: seed % 5 === 0 ? 0 : 1,
      });
      env.reset({ seed });
      const copy = copyOf(env);
      let soh = copy.wear.soh;
      for (let t = 0, over = false; !over; t++) {
        const result = env.step(Float32Array.of([1, -1, 1e30, 2 * uniform(stream) - 1][t % 4]!));
        closed(env);
        expect(Number.isFinite(result.reward)).toBe(true);
        expect(copy.socWh >= 0 && copy.socWh <= home.battery.eMaxWh).toBe(true);
        expect(copy.wear.soh).toBeLessThanOrEqual(soh);
        soh = copy.wear.soh;
        over = result.truncated;
      }
    }
  });

  it('refuses arguments out of bounds', () => {
    const bad: Partial<DispatchHomeArgs>[] = [
      { days: 0 },
      { observationDelay: 2 as 1 },
      { carbonPrice: -1 },
      { startSoc: 1.5 },
      { homes: [] },
      { homes: 'homes' as unknown as HomeSeries[] },
      { split: 'both' as 'test' },
      { unknown: 1 } as Partial<DispatchHomeArgs>,
    ];
    for (const args of bad) {
      expect(() => make('dispatch-home-v1', args)).toThrow(expect.objectContaining({ code: 'env.taskArgument' }));
    }
    expect(() => make('dispatch-home-v1', { stepMs: 7000000 })).toThrow(
      expect.objectContaining({ code: 'env.taskArgument' }),
    );
    expect(() => make('dispatch-home-v1', { startSoh: 0 })).toThrow(
      expect.objectContaining({ code: 'env.taskArgument' }),
    );
  });
});

describe.skipIf(!hasCityLearn)('dispatch-home-v1 on the CityLearn homes (shared data)', () => {
  const { homes } = hasCityLearn ? cityLearnHomes() : { homes: [] as HomeSeries[] };

  it('accounts for greedy actions over the year as the baselines do, to the cent', () => {
    for (const home of homes) {
      const env = make('dispatch-home-v1', { ...PLAIN, homes: [home], days: 365 });
      const issuedW = new Float64Array(home.steps);
      const { sum } = live(env, (copy, t) => {
        if (t > 0) issuedW[t - 1] = (copy.port.issued[0]! / 1e6) * home.battery.pMaxW;
        return greedyAction(copy, t);
      });
      issuedW[home.steps - 1] = (copyOf(env).port.issued[0]! / 1e6) * home.battery.pMaxW;
      const info = copyOf(env).info() as Record<string, number>;
      const same = runHome(home, scheduled('issued', issuedW));
      expect(Math.abs(info['cost']! - same.cost)).toBeLessThan(1e-9);
      expect(Math.abs(info['carbonKg']! - same.carbonKg)).toBeLessThan(1e-9);
      expect(-sum).toBeCloseTo(info['cost']!, 2);
      // A setpoint is a whole number of 1/32 768 of 5 kW, so 0.15 W: in a year that is worth a few cents.
      expect(Math.abs(info['cost']! / runHome(home, greedySelfUse()).cost - 1)).toBeLessThan(5e-5);
    }
  });
});
