/** The two-area frequency task: contract, momentum over both areas, what AGC and the fleets do to frequency and tie. */
import { describe, expect, it } from 'vitest';
import { checkEnv } from '../../src/env/gym/checkEnv.ts';
import { randomRun } from '../../src/env/gym/randomRun.ts';
import { make } from '../../src/env/gym/registry.ts';
import {
  frequencyArea2,
  type FrequencyArea2Args,
  type FrequencyArea2Copy,
} from '../../src/env/tasks/frequencyArea2.ts';

const ID = 'frequency-area2-v1';
const NOTHING = Float32Array.of(0, -1, 0, -1);
const CURVES = Float32Array.of(0, -0.5, 0, -0.5);

type Args = Partial<FrequencyArea2Args>;

function copyOf(args: Args): FrequencyArea2Copy {
  return frequencyArea2.createCopy(args) as FrequencyArea2Copy;
}

function live(args: Args, action: Float32Array, seed: number): Record<string, number> {
  const env = make(ID, args);
  env.reset({ seed });
  for (;;) {
    const { truncated, info } = env.step(action);
    if (truncated) return info as Record<string, number>;
  }
}

describe('contract', () => {
  it('as it comes', () => checkEnv(() => make(ID, { episodeMs: 60000 })));
  it('dispatched late, readings lost, test split', () =>
    checkEnv(() => make(ID, { observationDelay: 1, missingRate: 0.2, split: 'test', episodeMs: 40000, agc: false })));

  it('refuses arguments that do not fit', () => {
    for (const args of [{ stepMs: 1010 }, { episodeMs: 1500 }, { agc: 1 as never }, { tie: 1 } as never]) {
      expect(() => copyOf(args)).toThrow(expect.objectContaining({ code: 'env.taskArgument' }));
    }
  });
});

describe('physics', () => {
  it('balances the momentum of both areas at every step under random actions', () => {
    const copy = copyOf({ split: 'test' });
    let worst = 0;
    randomRun(copy, {
      seed: 2,
      steps: 300,
      watch: () => {
        const { sources, sinks } = copy.balance();
        worst = Math.max(worst, Math.abs(sources - sinks));
      },
    });
    expect(worst).toBeLessThan(1e-12);
  });

  it('shows one tie from both ends and the error of the area that lost power', () => {
    const copy = copyOf({});
    copy.seed(1);
    copy.reset();
    for (let k = 0; k < 15; k++) copy.step(NOTHING, 0, new Float32Array(2));
    const width = copy.shape.observationSize;
    const [tie1, ace1] = [copy.port.raw[4]!, copy.port.raw[5]!];
    const [tie2, ace2] = [copy.port.raw[width + 4]!, copy.port.raw[width + 5]!];
    expect(Math.abs(tie1)).toBeGreaterThan(1e6);
    expect(Math.abs(tie1 + tie2)).toBeLessThanOrEqual(1);
    // Power flows towards the area with the larger error.
    expect(Math.abs(tie1 > 0 ? ace2 : ace1)).toBeGreaterThan(Math.abs(tie1 > 0 ? ace1 : ace2));
  });

  it('AGC brings frequency and tie back, and without it both stay away', () => {
    const seeds = Array.from({ length: 8 }, (_, seed) => seed);
    const endOf = (agc: boolean): { tieW: number; settled: number } => {
      const infos = seeds.map((seed) => live({ agc }, NOTHING, seed));
      const tieW = infos.reduce((sum, info) => sum + Math.abs(info['tieW']!), 0) / infos.length;
      return { tieW, settled: infos.filter((info) => info['settlingS']! >= 0).length };
    };
    const [on, off] = [endOf(true), endOf(false)];
    expect(on.tieW).toBeLessThan(off.tieW / 3);
    expect(on.settled).toBe(seeds.length);
    expect(off.settled).toBeLessThan(seeds.length);
  });

  it('the fleets lift nadir and reward', () => {
    const sum = (key: string, args: Args, action: Float32Array): number =>
      [0, 1, 2, 3, 4, 5].reduce((total, seed) => total + Math.abs(live(args, action, seed)[key]!), 0);
    const droop: Args = { response: 'droop' };
    for (const key of ['meanReward', 'rocofHzPerS']) {
      expect(sum(key, {}, CURVES)).toBeLessThan(sum(key, {}, NOTHING));
      expect(sum(key, droop, CURVES)).toBeLessThan(sum(key, {}, CURVES));
    }
  });
});
