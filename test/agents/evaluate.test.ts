import { describe, it, expect } from 'vitest';
import fc from 'fast-check';
import { deviceCurve, noControl } from '../../src/agents/baselines/controllers.ts';
import {
  compareScores,
  evaluateDay,
  evaluateDays,
  meanMetrics,
  pairedBootstrap,
  policyController,
  type DayMetrics,
} from '../../src/agents/evaluate.ts';
import { floatPolicyFunction } from '../../src/agents/freeze/floatFunction.ts';
import { freezePolicy, type FrozenPolicy } from '../../src/agents/freeze/freeze.ts';
import type { FloatPolicy } from '../../src/agents/freeze/floatPolicy.ts';
import { initialiseMlp, layersOf, mlpShape, runnerOf } from '../../src/agents/network.ts';
import { frozenController, hardDays } from '../../src/agents/study.ts';
import { RandomStream } from '../../src/base/random.ts';
import { isTestDay, testDay } from '../../src/env/series/synthetic.ts';
import { makeVector } from '../../src/env/gym/registry.ts';
import { ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { VOLTAGE_INTERFACE } from '../../src/env/tasks/voltageInterface.ts';

const DAY = testDay(2);

function randomPolicy(seed: number): FloatPolicy {
  const shape = mlpShape([7, 16, 1], 'relu');
  const params = new Float32Array(shape.to);
  initialiseMlp(params, shape, 1, RandomStream.fromSeed(seed, 'test'));
  return { layers: layersOf(params, shape), interface: VOLTAGE_INTERFACE };
}

function metrics(day: number, outOfBandShare: number, lossMwh: number): DayMetrics {
  return { day, outOfBandShare, lossMwh, controllableRatio: 1, meanAbsQMvar: 0, divergedSteps: 0 };
}

describe('evaluation of a day', () => {
  it('gives what the task itself reports for the same policy on the same day', () => {
    const policy = randomPolicy(4);
    const vector = makeVector('voltage-ieee33-v1', 1, { series: [ieee33Day(DAY)] });
    const run = runnerOf(policy.layers);
    const actions = new Float32Array(6);
    let observations = vector.reset(1);
    while (vector.ended.length === 0) {
      run(observations, 6, actions);
      observations = vector.step(actions).observations;
    }
    const { info } = vector.ended[0]!;
    const mine = evaluateDay(DAY, policyController('p', VOLTAGE_INTERFACE, floatPolicyFunction(policy)));
    expect(mine.outOfBandShare).toBe(info['outOfBandShare']);
    expect(mine.controllableRatio).toBe(info['controllableRatio']);
    expect(mine.lossMwh).toBeCloseTo((info['lossWh'] as number) / 1e6, 8);
    expect(mine.meanAbsQMvar).toBeCloseTo((info['meanAbsQVar'] as number) / 1e6, 8);
    expect(mine.meanAbsQMvar).toBeGreaterThan(0.01);
  });

  it('runs the frozen integer policy through the same path, close to the float one', () => {
    const policy = randomPolicy(5);
    const frozen: FrozenPolicy = freezePolicy(policy, { points: 1000 });
    const float = evaluateDay(DAY, policyController('f', VOLTAGE_INTERFACE, floatPolicyFunction(policy)));
    const integer = evaluateDay(DAY, frozenController('i', frozen));
    expect(integer.lossMwh).toBeCloseTo(float.lossMwh, 3);
    expect(integer.lossMwh).not.toBe(evaluateDay(DAY, deviceCurve()).lossMwh);
  });

  it('is a function of day and controller alone', () => {
    expect(evaluateDay(DAY, noControl())).toEqual(evaluateDay(DAY, noControl()));
    expect(evaluateDay(DAY, noControl())).not.toEqual(evaluateDay(DAY + 5, noControl()));
  });

  it('takes the fallback where an input is missing', () => {
    const act = floatPolicyFunction(randomPolicy(6));
    const out = new Int32Array(1);
    act(Int32Array.of(0, 0, 0, 0, 43200, 40000, 0), 0b1, out);
    expect(out[0]).toBe(0);
    act(Int32Array.of(1040000, 0, 0, 0, 43200, 40000, 0), 0b10, out);
    expect(out[0]).toBe(-200000);
  });

  it('chooses hard days among unseen ones only', () => {
    const days = hardDays('test', 3);
    expect(days.length).toBe(3);
    expect(days.every(isTestDay)).toBe(true);
    expect(hardDays('train', 2).some(isTestDay)).toBe(false);
    expect(hardDays('test', 1, {}, 300)[0]).toBeGreaterThanOrEqual(testDay(300));
  });

  it('refuses no days', () => {
    expect(() => evaluateDays([], noControl())).toThrow(/agents.evaluate/);
  });
});

describe('score and paired bootstrap', () => {
  it('puts the band first and losses second, ties within the tolerance', () => {
    expect(compareScores({ outOfBandShare: 0, lossMwh: 9 }, { outOfBandShare: 0.01, lossMwh: 1 })).toBeLessThan(0);
    expect(compareScores({ outOfBandShare: 0.00009, lossMwh: 1 }, { outOfBandShare: 0, lossMwh: 2 })).toBeLessThan(0);
    expect(compareScores({ outOfBandShare: 0.00011, lossMwh: 1 }, { outOfBandShare: 0, lossMwh: 2 })).toBeGreaterThan(
      0,
    );
  });

  it('gives a point for a difference that never varies', () => {
    const other = [metrics(4, 0.02, 1), metrics(9, 0.01, 2)];
    const policy = [other.map((d) => metrics(d.day, d.outOfBandShare - 0.005, d.lossMwh - 0.25))];
    const found = pairedBootstrap(policy, other, { resamples: 200 });
    expect(found.outOfBandShare.low).toBeCloseTo(-0.005, 12);
    expect(found.outOfBandShare.high).toBeCloseTo(-0.005, 12);
    expect(found.lossMwh.mean).toBeCloseTo(-0.25, 12);
    expect(found).toMatchObject({ winShare: 1, beats: true, resamples: 200 });
  });

  it('covers a known spread: two days that differ by -1 and +1 give [-1, 1] around 0', () => {
    const other = [metrics(4, 0, 1), metrics(9, 0, 1)];
    const found = pairedBootstrap([[metrics(4, 0, 0), metrics(9, 0, 2)]], other);
    expect(found.lossMwh).toEqual({ mean: 0, low: -1, high: 1 });
    // Both resampled days are the good one in a quarter of the resamples.
    expect(found.winShare).toBeGreaterThan(0.23);
    expect(found.winShare).toBeLessThan(0.27);
    expect(found.beats).toBe(false);
  });

  it('draws seeds as well as days: two seeds that differ by -1 and +1 on one day', () => {
    const other = [metrics(4, 0, 1)];
    const found = pairedBootstrap([[metrics(4, 0, 0)], [metrics(4, 0, 2)]], other);
    expect(found.lossMwh).toMatchObject({ mean: 0, low: -1, high: 1 });
  });

  it('does not call it beaten when one resample in four says otherwise', () => {
    const other = [4, 9, 14, 19].map((day) => metrics(day, 0, 1));
    const policy = [other.map(({ day }) => metrics(day, 0, day === 19 ? 2 : 0))];
    const { winShare, beats } = pairedBootstrap(policy, other);
    // At most one of four draws is the bad day: 0.75^4 + 4 * 0.25 * 0.75^3 = 0.738; two of each are no win.
    expect(winShare).toBeCloseTo(0.738, 1);
    expect(beats).toBe(false);
  });

  it('is seeded', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 4, maxLength: 12 }), (losses) => {
        const other = losses.map((_, i) => metrics(i, 0, 1));
        const policy = [losses.map((loss, i) => metrics(i, 0, loss)), losses.map((loss, i) => metrics(i, 0, loss / 2))];
        const once = pairedBootstrap(policy, other, { resamples: 100, seed: 3 });
        expect(pairedBootstrap(policy, other, { resamples: 100, seed: 3 })).toEqual(once);
        expect(once.lossMwh.low).toBeLessThanOrEqual(once.lossMwh.high);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses results that do not pair up', () => {
    const other = [metrics(4, 0, 1), metrics(9, 0, 1)];
    expect(() => pairedBootstrap([], other)).toThrow(/agents.evaluate/);
    expect(() => pairedBootstrap([[metrics(4, 0, 1)]], other)).toThrow(/agents.evaluate/);
    expect(() => pairedBootstrap([[metrics(9, 0, 1), metrics(4, 0, 1)]], other)).toThrow(/agents.evaluate/);
  });

  it('averages days', () => {
    expect(meanMetrics([metrics(1, 0.1, 2), metrics(2, 0.3, 4)])).toMatchObject({ outOfBandShare: 0.2, lossMwh: 3 });
  });
});
