/** The contracted-delivery task: contract, the same life again from a state, what doing nothing and the bare curve come to. */
import { describe, expect, it } from 'vitest';
import { checkEnv } from '../../src/env/gym/checkEnv.ts';
import { randomRun } from '../../src/env/gym/randomRun.ts';
import { make, taskDefinition } from '../../src/env/gym/registry.ts';
import type { FrequencyDeliveryArgs } from '../../src/env/tasks/frequencyDelivery.ts';

const ID = 'frequency-area1-delivery-v1';
const SHORT = { episodeMs: 3600000, stepMs: 60000 } as const;

type Args = Partial<FrequencyDeliveryArgs>;

function live(args: Args, action: Float32Array, seed: number): Record<string, number> {
  const env = make(ID, args);
  env.reset({ seed });
  for (;;) {
    const { truncated, info } = env.step(action);
    if (truncated) return info as Record<string, number>;
  }
}

describe('contract', () => {
  const containment = { scenario: 'containment', product: 'dynamicContainment', contractW: 40000000 } as const;
  it('regulation', () => checkEnv(() => make(ID, SHORT)));
  it('containment, late, readings lost, test split, wide actions', () =>
    checkEnv(() =>
      make(ID, {
        ...SHORT,
        ...containment,
        observationDelay: 1,
        missingRate: 0.2,
        split: 'test',
        actions: 'wide',
        seriesScale: 1,
      }),
    ));

  it('energy balances under random actions', () => {
    const copy = taskDefinition(ID).createCopy({ ...SHORT, actions: 'wide' });
    let worst = 0;
    randomRun(copy, {
      seed: 3,
      steps: 120,
      watch: () => {
        const { sources, sinks } = copy.balance()!;
        worst = Math.max(worst, Math.abs(sources - sinks));
      },
    });
    expect(worst).toBeLessThan(1e-3);
  });

  it('refuses what does not fit', () => {
    const bad: Args[] = [
      { contractW: 20000000 },
      { stepMs: 45025 },
      { stepMs: 70000 },
      { episodeMs: 2000000 },
      { product: 'fast' as never },
      { series: { unit: 'Hz', startMs: 0, stepMs: 1000, values: new Float64Array(100), provenance: 'short' } },
      { reward: { extra: 0, effort: NaN, short: 0, breach: 0, buffer: 0 } },
    ];
    for (const args of bad) {
      expect(() => taskDefinition(ID).createCopy(args), JSON.stringify(args)).toThrow(
        expect.objectContaining({ code: 'env.taskArgument' }),
      );
    }
  });
});

describe('what is delivered', () => {
  it('the bare curve within E of 1 %, a set point at its limit within 3 %, nothing at all fails', () => {
    for (const args of [
      SHORT,
      { ...SHORT, scenario: 'containment', product: 'dynamicContainment', contractW: 40000000 },
    ]) {
      const curve = live(args as Args, Float32Array.of(0, 0), 1);
      const limit = live(args as Args, Float32Array.of(1, 0), 1);
      const nothing = live({ ...(args as Args), actions: 'wide' }, Float32Array.of(0, -1), 1);
      expect(curve['errorMax']).toBeLessThan(0.01);
      expect(limit['errorMax']).toBeGreaterThan(0.02);
      expect(limit['errorMax']).toBeLessThan(0.03);
      expect(nothing['errorMax']).toBeGreaterThan(0.3);
      expect(curve['paidShare']).toBe(1);
      expect(nothing['throughputWh']).toBe(0);
    }
  });

  it('contingencies reach 0.5 to 0.8 Hz', () => {
    for (let seed = 0; seed < 5; seed++) {
      const { maxAbsHz } = live({ ...SHORT, scenario: 'containment', seriesScale: 0 }, Float32Array.of(0, 0), seed);
      expect(maxAbsHz).toBeGreaterThanOrEqual(0.499);
      expect(maxAbsHz).toBeLessThan(1.7);
    }
  });
});
