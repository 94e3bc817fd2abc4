/** An episode lived by integers: what the task reports, float and frozen through one path, the fallback. */
import { describe, expect, it } from 'vitest';
import { deviceCurve, noControl } from '../../../src/agents/baselines/controllers.ts';
import { integerFunction } from '../../../src/agents/evaluation/episode.ts';
import { freezePolicy } from '../../../src/agents/freeze/freeze.ts';
import type { FloatPolicy } from '../../../src/agents/freeze/floatPolicy.ts';
import { initialiseMlp, layersOf, mlpShape, runnerOf } from '../../../src/agents/network.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { makeVector } from '../../../src/env/gym/registry.ts';
import { testDay } from '../../../src/env/series/synthetic.ts';
import { ieee33Day } from '../../../src/env/tasks/voltageIeee33.ts';
import { VOLTAGE_INTERFACE } from '../../../src/env/tasks/voltageInterface.ts';
import { randomHomePolicy } from '../support/homeSuite.ts';
import { voltageDay } from '../../support/voltageDay.ts';

const DAY = testDay(2);

function randomPolicy(seed: number): FloatPolicy {
  const shape = mlpShape([7, 16, 1], 'relu');
  const params = new Float32Array(shape.to);
  initialiseMlp(params, shape, 1, RandomStream.fromSeed(seed, 'test'));
  return { layers: layersOf(params, shape), interface: VOLTAGE_INTERFACE };
}

describe('an episode', () => {
  it('gives what the task itself reports for the same policy acting by floats', () => {
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
    const mine = voltageDay(DAY, policy);
    expect(mine.outOfBandShare).toBe(info['outOfBandShare']);
    expect(mine.lossMwh).toBeCloseTo((info['lossWh'] as number) / 1e6, 8);
    expect(mine.lossMwh).not.toBeCloseTo(voltageDay(DAY, deviceCurve()).lossMwh, 4);
  });

  it('takes the frozen policy through the same path, close to the float one', () => {
    const policy = randomPolicy(5);
    const float = voltageDay(DAY, policy);
    const frozen = voltageDay(DAY, freezePolicy(policy, { points: 1000 }).artifact);
    expect(frozen.lossMwh).toBeCloseTo(float.lossMwh, 3);
  });

  it('is a function of scenario and controller alone', () => {
    expect(voltageDay(DAY, noControl())).toEqual(voltageDay(DAY, noControl()));
    expect(voltageDay(DAY, noControl())).not.toEqual(voltageDay(DAY + 5, noControl()));
  });

  it('refuses a policy of another task', () => {
    expect(() => voltageDay(DAY, randomHomePolicy(1).frozen.artifact)).toThrow(/agents.evaluate/);
  });

  it('takes the fallback where an input is missing, float as frozen', () => {
    const policy = randomPolicy(6);
    for (const runnable of [policy, freezePolicy(policy, { points: 200 }).artifact]) {
      const act = integerFunction(runnable);
      const out = new Int32Array(1);
      act(Int32Array.of(0, 0, 0, 0, 43200, 40000, 0), 0b1, out);
      expect(out[0]).toBe(0);
      act(Int32Array.of(1040000, 0, 0, 0, 43200, 40000, 0), 0b10, out);
      expect(out[0]).toBe(-200000);
    }
  });
});
