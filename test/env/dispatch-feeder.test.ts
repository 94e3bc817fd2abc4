import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { uniform } from '../../src/base/realMath.ts';
import { checkEnv } from '../../src/env/gym/checkEnv.ts';
import { checkVectorEnv } from '../../src/env/gym/checkVectorEnv.ts';
import { make, makeVector } from '../../src/env/gym/registry.ts';
import type { TaskEnv } from '../../src/env/gym/single.ts';
import { cycleDamage } from '../../src/env/physics/wear/batteryWear.ts';
import { damageOfLoss } from '../../src/env/physics/wear/degradation.ts';
import { rainflow } from '../../src/env/physics/wear/rainflow.ts';
import type { DispatchFeederCopy } from '../../src/env/tasks/dispatchFeeder.ts';
import type { DispatchFeederArgs } from '../../src/env/tasks/dispatchFeederArgs.ts';

const SITES = 6;

function copyOf(env: TaskEnv): DispatchFeederCopy {
  return env.copy as DispatchFeederCopy;
}

type Act = (copy: DispatchFeederCopy, t: number, site: number) => number;

function randomAct(seed: number): Act {
  const stream = RandomStream.fromSeed(seed, 'test/dispatch-feeder');
  return () => 2 * uniform(stream) - 1;
}

/** Live an episode; the sum of mean rewards, and `each` after every step. */
function live(env: TaskEnv, act: Act, each: (copy: DispatchFeederCopy) => void = () => undefined, seed = 1): number {
  env.reset({ seed });
  const copy = copyOf(env);
  let sum = 0;
  for (let t = 0, over = false; !over; t++) {
    const result = env.step(Float32Array.from({ length: SITES }, (_, s) => act(copy, t, s)));
    sum += result.reward;
    each(copy);
    over = result.truncated || result.terminated;
  }
  return sum;
}

function closed(copy: DispatchFeederCopy): void {
  const { sources, sinks, unit } = copy.balance()!;
  expect(unit).toBe('Wh');
  expect(Math.abs(sources - sinks)).toBeLessThanOrEqual(Math.max(1e-3, 1e-9 * Math.abs(sources)));
}

/** Everyone follows the price, whatever the feeder says. */
const followPrice: Act = (copy, t) => {
  const prices = copy.market.tariff.pricePerKwh;
  return prices[t]! > (Math.max(...prices) + Math.min(...prices)) / 2 ? 1 : -1;
};
/** Charge gently while the sun is up, sell gently at the peak. */
const coordinated: Act = (copy, t, site) => {
  if (followPrice(copy, t, site) > 0) return 0.5;
  const hour = (t * copy.args.stepMs) / 3600000;
  return hour >= 10 && hour < 14 ? -0.7 : 0;
};

describe('dispatch-feeder-v1', () => {
  it("keeps the contract of an environment, at 15 min and at the ledger's 5", () => {
    checkEnv(() => make('dispatch-feeder-v1'), { steps: 100 });
    checkEnv(() => make('dispatch-feeder-v1', { stepMs: 300000, observationDelay: 0, reactive: 'device-curve' }), {
      steps: 300,
    });
    checkVectorEnv((n) => makeVector('dispatch-feeder-v1', n, { stepMs: 3600000, tariff: 'day-ahead' }), { steps: 50 });
  });

  it('closes network and batteries at every step of random days', () => {
    for (const args of [{}, { reactive: 'device-curve' as const }, { observationDelay: 0 as const, scale: 1 }]) {
      for (let seed = 1; seed <= 5; seed++) live(make('dispatch-feeder-v1', args), randomAct(seed), closed, seed);
    }
  });

  it('charges every battery for what batch rainflow finds', () => {
    const env = make('dispatch-feeder-v1', { wear: { temperatureC: 25, replacementPerKwh: 200, endOfLifeSoh: 0.8 } });
    const soc: number[][] = Array.from({ length: SITES }, () => [0.3]);
    live(env, randomAct(9), (copy) => copy.feeder.socWh.forEach((wh, s) => soc[s]!.push(wh / 900000)));
    const copy = copyOf(env);
    let all = 0;
    copy.wear.forEach((wear, s) => {
      const damage = cycleDamage(wear.model);
      const batch = rainflow(soc[s]!).reduce((sum, c) => sum + c.count * damage(c.range, c.mean), 0);
      expect(Math.abs(wear.cycleDamage - batch)).toBeLessThan(1e-12);
      all += batch + wear.calendarDamage;
    });
    const perDamage = (200 * 900) / damageOfLoss(0.2);
    expect((copy.info()['wearCost'] as number) / perDamage).toBeCloseTo(all, 9);
  });

  it('rewards trade less wear less a sixth of what the network costs', () => {
    const env = make('dispatch-feeder-v1', { wearWeight: 0.5, carbonPrice: 0.2 });
    const sum = live(env, randomAct(2));
    const info = copyOf(env).info() as Record<string, number>;
    const total = info['traded']! - 0.2 * info['carbonKg']! - 0.5 * info['wearCost']! - info['network']!;
    expect(SITES * sum).toBeCloseTo(total, 2);
    expect(info['network']).toBeGreaterThan(0);
  });

  it('prices the substation limit, so that following the price together loses to keeping off the limit', () => {
    const env = make('dispatch-feeder-v1');
    const rest = live(env, () => 0);
    const herd = live(env, followPrice);
    const herdInfo = copyOf(env).info() as Record<string, number>;
    const apart = live(env, coordinated);
    const apartInfo = copyOf(env).info() as Record<string, number>;
    expect(herdInfo['beyondLimitWh']).toBeGreaterThan(2 * apartInfo['beyondLimitWh']!);
    expect(apart).toBeGreaterThan(rest);
    expect(apart).toBeGreaterThan(herd);
    const free = live(make('dispatch-feeder-v1', { limitPrice: 0, voltagePrice: 0, wearWeight: 0 }), followPrice);
    expect(free).toBeGreaterThan(herd);
  });

  it('agents see their own site, the extremes of all and the substation', () => {
    for (const observationDelay of [0, 1] as const) {
      const env = make('dispatch-feeder-v1', { observationDelay });
      env.reset({ seed: 3 });
      const copy = copyOf(env);
      const { feeder, port } = copy;
      for (let t = 0; t < 50; t++) {
        env.step(Float32Array.from({ length: SITES }, (_, s) => (s - 2.5) / 5));
        expect(feeder.step).toBe(t + 1 - observationDelay);
        const rows = Array.from({ length: SITES }, (_, s) => Array.from(port.raw.subarray(13 * s, 13 * s + 13)));
        rows.forEach((row, s) => {
          expect(row[0]).toBe(Math.floor(feeder.siteVPu(s) * 1e6 + 0.5));
          expect(row[1]).toBe(Math.min(...rows.map((r) => r[0]!)));
          expect(row[2]).toBe(Math.max(...rows.map((r) => r[0]!)));
          expect(row[3]).toBe(Math.floor(feeder.feedInW + 0.5));
          expect(row[6]).toBe(Math.floor(copy.market.tariff.pricePerKwh[t + 1]! * 1e9 + 0.5));
          expect(row[11]).toBe((t + 1) * 900);
        });
      }
    }
  });

  it('lives through days without a power-flow solution at a bounded price', () => {
    const env = make('dispatch-feeder-v1', { scale: 20 });
    let least = 0;
    env.reset({ seed: 1 });
    for (let t = 0; t < 96; t++) least = Math.min(least, env.step(new Float32Array(SITES).fill(-1)).reward);
    expect(copyOf(env).info()['diverged']).toBeGreaterThan(0);
    expect(copyOf(env).feeder.converged).toBe(false);
    expect(copyOf(env).balance()).toBeUndefined();
    expect(env.clone().balance()).toBeUndefined();
    expect(Number.isFinite(least)).toBe(true);
    expect(least).toBeGreaterThan(-100000);
  });

  it('clone and continue is continue, through JSON too, bit for bit', () => {
    for (const observationDelay of [0, 1] as const) {
      const act = randomAct(4);
      const actions = (): Float32Array => Float32Array.from({ length: SITES }, () => act(copyOf(env), 0, 0));
      const env = make('dispatch-feeder-v1', { observationDelay });
      env.reset({ seed: 7 });
      for (let t = 0; t < 40; t++) env.step(actions());
      const cloned = env.clone();
      const restored = make('dispatch-feeder-v1', { observationDelay });
      restored.setState(JSON.parse(JSON.stringify(env.getState())) as ReturnType<typeof env.getState>);
      const rest = Array.from({ length: 56 }, actions);
      const ends = [env, cloned, restored].map((one) => {
        const trace = rest.flatMap((given) => {
          const result = one.step(given);
          return [...result.observation, result.reward];
        });
        return JSON.stringify([trace, one.trajectoryHash(), one.copy.info()]);
      });
      expect(ends[1]).toBe(ends[0]);
      expect(ends[2]).toBe(ends[0]);
    }
  });

  it('tests on other days and tariffs than it trains on', () => {
    const drawn = (split: 'train' | 'test'): Set<number> => {
      const env = make('dispatch-feeder-v1', { split, days: 6, tariffs: 1, stepMs: 3600000 });
      return new Set(
        Array.from({ length: 40 }, (_, seed) => {
          env.reset({ seed });
          return copyOf(env).market.series.startMs;
        }),
      );
    };
    const train = drawn('train');
    const test = drawn('test');
    expect([train.size, test.size]).toEqual([6, 6]);
    expect([...test].filter((day) => train.has(day))).toEqual([]);
  });

  it('refuses arguments out of bounds', () => {
    const bad: Partial<DispatchFeederArgs>[] = [
      { scale: 0 },
      { stepMs: 7000000 },
      { startSoc: 1 },
      { limitPrice: NaN },
      { batteryW: 0.5 },
      { tariff: 'flat' as 'day-ahead' },
      { unknown: 1 } as Partial<DispatchFeederArgs>,
    ];
    for (const args of bad) {
      expect(() => make('dispatch-feeder-v1', args)).toThrow(expect.objectContaining({ code: 'env.taskArgument' }));
    }
  });
});
