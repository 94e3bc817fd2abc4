/** The one-area frequency task: contract, physics that its docstring promises, baselines that order as they should. */
import { describe, expect, it } from 'vitest';
import { checkEnv } from '../../src/env/gym/checkEnv.ts';
import { checkVectorEnv } from '../../src/env/gym/checkVectorEnv.ts';
import { randomRun } from '../../src/env/gym/randomRun.ts';
import { make, makeVector } from '../../src/env/gym/registry.ts';
import {
  frequencyArea1,
  type FrequencyArea1Args,
  type FrequencyArea1Copy,
} from '../../src/env/tasks/frequencyArea1.ts';
import { readGridFrequency, scaleToP99 } from '../../src/env/series/gridFrequency.ts';
import type { ScalarSeries } from '../../src/env/series/scalar.ts';
import { hasShared, readShared } from '../support/matpower.ts';

const ID = 'frequency-area1-v1';
const NOTHING = Float32Array.of(0, -1);
const CURVE = Float32Array.of(0, -0.5);

const DAY = 'data/grid-frequency/day-1s-first-half.csv';

type Args = Partial<FrequencyArea1Args>;

function copyOf(args: Args): FrequencyArea1Copy {
  return frequencyArea1.createCopy(args) as FrequencyArea1Copy;
}

/** Every episode's info at its end, the same action throughout. */
function live(args: Args, action: Float32Array, episodes: number): Record<string, number>[] {
  const env = make(ID, args);
  return Array.from({ length: episodes }, (_, seed) => {
    env.reset({ seed });
    for (;;) {
      const { truncated, info } = env.step(action);
      if (truncated) return info as Record<string, number>;
    }
  });
}

function mean(infos: readonly Record<string, number>[], key: string): number {
  return infos.reduce((sum, info) => sum + Math.abs(info[key]!), 0) / infos.length;
}

const MEASURED: ScalarSeries = {
  unit: 'Hz',
  startMs: 0,
  stepMs: 1000,
  values: Float64Array.from({ length: 31 }, (_, t) => 0.15 * Math.sin(t / 3) * Math.cos(t / 7) - 0.05),
  provenance: 'two waves',
};

describe('contract', () => {
  const variants: Record<string, Args> = {
    'as it comes': {},
    'dispatched late, readings lost, test split': { observationDelay: 1, missingRate: 0.2, split: 'test' },
    'along synthetic series': { scenario: 'series', stepMs: 1000, episodeMs: 20000, physicsMs: 20 },
    'along given series': { scenario: 'series', series: MEASURED, seriesScale: 1, response: 'droop' },
  };
  for (const [name, args] of Object.entries(variants)) it(name, () => checkEnv(() => make(ID, args)));
  it('many copies', () => checkVectorEnv((numEnvs) => makeVector(ID, numEnvs)));

  it('refuses arguments that do not fit', () => {
    const bad: Args[] = [
      { stepMs: 505 },
      { physicsMs: 30 },
      { episodeMs: 750 },
      { missingRate: 2 },
      { response: 'fast' as never },
      { scenario: 'series', series: { ...MEASURED, unit: 'W' } },
      { scenario: 'series', series: MEASURED, episodeMs: 60000 },
      { speed: 1 } as never,
    ];
    for (const args of bad) {
      expect(() => copyOf(args), JSON.stringify(args)).toThrow(expect.objectContaining({ code: 'env.taskArgument' }));
    }
  });
});

describe('physics', () => {
  it('an idle fleet leaves the frequency on the series, and a fleet at work moves it', () => {
    const follow = (action: Float32Array): number => {
      const copy = copyOf({ scenario: 'series', series: MEASURED, seriesScale: 1, stepMs: 1000 });
      copy.seed(3);
      copy.reset();
      let worst = 0;
      for (let t = 1; t <= 30; t++) {
        copy.step(action, 0, new Float32Array(1));
        worst = Math.max(worst, Math.abs(copy.run.deviationHz(0) - MEASURED.values[t]!));
      }
      return worst;
    };
    expect(follow(NOTHING)).toBeLessThan(1e-11);
    expect(follow(CURVE)).toBeGreaterThan(1e-4);
  });

  it.skipIf(!hasShared(DAY))('follows half a day of measured frequency, scaled so that 99 % lie within 0.2 Hz', () => {
    const measured = scaleToP99(readGridFrequency(readShared(DAY)).series);
    expect(measured.factor).toBeCloseTo(6.4, 0);
    const { values } = measured.series;
    const episodeMs = 600000;
    const copy = copyOf({
      scenario: 'series',
      series: measured.series,
      seriesScale: 1,
      stepMs: 1000,
      physicsMs: 20,
      episodeMs,
    });
    copy.seed(1);
    copy.reset();
    const seen = Array.from({ length: 600 }, () => {
      copy.step(NOTHING, 0, new Float32Array(1));
      return copy.run.deviationHz(0);
    });
    const fits = (at: number): boolean => seen.every((hz, t) => Math.abs(hz - values[at + t]!) < 1e-10);
    expect(Array.from(values.keys()).filter(fits)).toHaveLength(1);
  });

  it('balances momentum and battery energy at every step under random actions', () => {
    const copy = copyOf({ split: 'test' });
    let worst = 0;
    let least = 1;
    let most = 0;
    randomRun(copy, {
      seed: 5,
      steps: 600,
      watch: () => {
        const { sources, sinks } = copy.balance();
        worst = Math.max(worst, Math.abs(sources - sinks));
        const { netWh, importedWh, exportedWh, conversionLossWh, soc } = copy.info() as Record<string, number>;
        expect(conversionLossWh).toBeCloseTo(importedWh! * 0.05 + exportedWh! * (1 / 0.95 - 1), 3);
        expect(netWh).toBeCloseTo(exportedWh! - importedWh!, 3);
        least = Math.min(least, soc!);
        most = Math.max(most, soc!);
      },
    });
    expect(worst).toBeLessThan(1e-12);
    expect(least).toBeGreaterThanOrEqual(0.05);
    expect(most).toBeLessThanOrEqual(0.95);
  });

  it('an empty battery stops at its limit and takes the help away with it', () => {
    const copy = copyOf({ episodeMs: 3600000, stepMs: 5000 });
    copy.seed(1);
    copy.reset();
    // Full export, which the envelope allows while the frequency is not above +0.05 Hz.
    let over = false;
    while (!over) over = copy.step(Float32Array.of(1, -1), 0, new Float32Array(1));
    const { soc } = copy.info() as Record<string, number>;
    expect(soc).toBeGreaterThanOrEqual(0.05);
    expect(soc).toBeLessThan(0.06);
    expect(Math.abs(copy.run.sim.powerPu[0]!)).toBeLessThan(0.002);
  });

  it('reports an initial slope that the first half second after the event does not exceed', () => {
    for (const info of live({}, NOTHING, 20)) {
      expect(info['initialRocofHzPerS']).toBeCloseTo((-info['lossPu']! * 50) / (2 * info['hS']!), 12);
      if (Math.sign(info['lossPu']!) > 0) expect(info['nadirHz']).toBeLessThan(-0.05);
      expect(info['rocofHzPerS']).toBeLessThan(1.1 * Math.abs(info['initialRocofHzPerS']!) + 0.05);
    }
  });

  it('with a delay of 1 shows what without it was seen one decision before', () => {
    const observations = (observationDelay: 0 | 1): number[] => {
      const env = make(ID, { observationDelay });
      env.reset({ seed: 4 });
      return Array.from({ length: 30 }, () => (env.step(NOTHING).observation as Float32Array)[0]!);
    };
    expect(observations(1).slice(1)).toEqual(observations(0).slice(0, -1));
  });
});

describe('baselines', () => {
  it('each better than the one before on the same events: none, Dynamic Containment, droop', () => {
    const none = live({}, NOTHING, 20);
    const containment = live({}, CURVE, 20);
    const droop = live({ response: 'droop' }, CURVE, 20);
    for (const key of ['nadirHz', 'rocofHzPerS', 'meanReward']) {
      expect(mean(containment, key), key).toBeLessThan(mean(none, key));
      expect(mean(droop, key), key).toBeLessThan(mean(containment, key));
    }
    expect(mean(none, 'exportedWh')).toBe(0);
  });

  it('test is harder than train', () => {
    expect(mean(live({ split: 'test' }, CURVE, 20), 'rocofHzPerS')).toBeGreaterThan(
      1.5 * mean(live({}, CURVE, 20), 'rocofHzPerS'),
    );
  });
});
