import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import { checkEnv } from '../../src/env/gym/checkEnv.ts';
import { make, makeVector, type TaskId } from '../../src/env/gym/registry.ts';
import { ieee33Day, type VoltageCopy } from '../../src/env/tasks/voltageIeee33.ts';
import { VOLTAGE_INTERFACE } from '../../src/env/tasks/voltageInterface.ts';
import { VOLTAGE_REWARD, barrier } from '../../src/env/tasks/voltageReward.ts';
import { evaluateFallback, normaliseInput, scaleOutput } from '../../src/grid/interface.ts';

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('voltage-ieee33-v1 with other arguments', () => {
  it('keeps the contract of an environment', () => {
    checkEnv(() => make('voltage-ieee33-v1', { observationDelay: 0, missingRate: 0.2 }), { seed: 5 });
  });
});

describe('the checker', () => {
  it('finds a seed that does nothing, a reused observation and an endless episode', () => {
    const wrap = (change: (env: ReturnType<typeof make>) => void) => (): ReturnType<typeof make> => {
      const env = make('voltage-ieee33-v1');
      change(env);
      return env;
    };
    const deaf = wrap((env) => {
      const reset = env.reset.bind(env);
      env.reset = () => reset({ seed: 1 });
    });
    expect(code(() => checkEnv(deaf))).toBe('env.check');
    const shared = wrap((env) => {
      const step = env.step.bind(env);
      let held: Float32Array | undefined;
      env.step = (action) => {
        const result = step(action);
        held ??= result.observation;
        held.set(result.observation);
        return { ...result, observation: held };
      };
    });
    expect(code(() => checkEnv(shared))).toBe('env.check');
    expect(code(() => checkEnv(() => make('voltage-ieee33-v1'), { steps: 100 }))).toBe('env.check');
  });
});

describe('registry and arguments', () => {
  it('refuses unknown tasks, unknown arguments and values out of bounds', () => {
    expect(code(() => make('voltage-ieee33-v0' as TaskId))).toBe('env.unknownTask');
    expect(code(() => make('voltage-ieee33-v1', { colour: 'red' } as object))).toBe('env.taskArgument');
    expect(code(() => make('voltage-ieee33-v1', { missingRate: 2 }))).toBe('env.taskArgument');
    expect(code(() => make('voltage-ieee33-v1', { missingRate: '0.2' as unknown as number }))).toBe('env.taskArgument');
    expect(code(() => make('voltage-ieee33-v1', { scale: '0.5' as unknown as number }))).toBe('env.taskArgument');
    expect(code(() => make('voltage-ieee33-v1', { scale: 1e308 }))).toBe('env.taskArgument');
    expect(code(() => make('voltage-ieee33-v1', { seriesSeed: {} as number }))).toBe('env.taskArgument');
    const reward = { ...VOLTAGE_REWARD, lossScaleW: NaN };
    expect(code(() => make('voltage-ieee33-v1', { reward }))).toBe('env.taskArgument');
    expect(code(() => make('voltage-ieee33-v1', { observationDelay: 2 as 1 }))).toBe('env.taskArgument');
    expect(code(() => makeVector('voltage-ieee33-v1', 0))).toBe('env.taskArgument');
  });

  it('refuses actions that are not finite or not enough, and survives any that are finite', () => {
    const env = make('voltage-ieee33-v1');
    env.reset({ seed: 2 });
    expect(code(() => env.step(new Float32Array(5)))).toBe('env.action');
    expect(code(() => env.step(new Float32Array(6).fill(NaN)))).toBe('env.action');
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 6, maxLength: 6 }),
        (action) => {
          const result = env.step(Float32Array.from(action));
          expect(Number.isFinite(result.reward)).toBe(true);
          if (result.truncated) env.reset();
        },
      ),
    );
  });
});

describe('voltage task', () => {
  it('shows each agent its own integers through the shared interface, one interval late', () => {
    const vector = makeVector('voltage-ieee33-v1', 2);
    vector.reset(4);
    const actions = new Float32Array(12).map((_, i) => (i - 6) / 8);
    for (let k = 0; k < 150; k++) vector.step(actions);
    const { observations } = vector.step(actions);
    vector.copies.forEach((copy, c) => {
      for (let s = 0; s < 6; s++) {
        const at = (c * 6 + s) * 7;
        const v = Math.floor(copy.feeder.siteVPu(s) * 1e6 + 0.5);
        const expected = [
          normaliseInput(VOLTAGE_INTERFACE.inputs[0]!, v),
          normaliseInput(VOLTAGE_INTERFACE.inputs[1]!, Math.floor(copy.feeder.pW[s]! + 0.5)),
          normaliseInput(VOLTAGE_INTERFACE.inputs[2]!, Math.floor(copy.feeder.qVar[s]! + 0.5)),
          normaliseInput(VOLTAGE_INTERFACE.inputs[3]!, Math.floor(copy.feeder.pvW[s]! + 0.5)),
          normaliseInput(VOLTAGE_INTERFACE.inputs[4]!, 151 * 300),
        ].map((x) => x / 32768);
        expect(Array.from(observations.subarray(at, at + 5))).toEqual(expected);
        expect(copy.feeder.step).toBe(150);
        expect(observations[at + 6]).toBe(
          normaliseInput(VOLTAGE_INTERFACE.inputs[6]!, copy.setpoints.offsetMicro[s]!) / 32768,
        );
      }
    });
  });

  it('with no delay shows the interval that is acted on', () => {
    const vector = makeVector('voltage-ieee33-v1', 1, { observationDelay: 0 });
    vector.reset(4);
    for (let k = 0; k < 20; k++) vector.step(new Float32Array(6));
    expect(vector.copies[0]!.feeder.step).toBe(20);
    const energy = vector.copies[0]!.feeder.socWh.slice();
    vector.copies[0]!.feeder.preview(140, vector.copies[0]!.setpoints);
    expect(vector.copies[0]!.feeder.socWh).toEqual(energy);
  });

  it('turns an action into an offset by the integer head and the voltage envelope', () => {
    const env = make('voltage-ieee33-v1');
    const copy = env.copy as VoltageCopy;
    env.reset({ seed: 3 });
    env.step(Float32Array.of(1, -1, 0, 0.5, 2, -0.25));
    const out = VOLTAGE_INTERFACE.outputs[0]!;
    // At midnight every voltage is between 0.97 and 1.03, where the envelope leaves the full range.
    expect(Array.from(copy.setpoints.offsetMicro)).toEqual(
      [32767, -32767, 0, 16384, 32767, -8192].map((y) => scaleOutput(out, y)),
    );
    expect(scaleOutput(out, 16384)).toBe(400000);
  });

  it('fills most of the integer range and never leaves it at the ends of every input', () => {
    for (const spec of VOLTAGE_INTERFACE.inputs) {
      const ends = [normaliseInput(spec, spec.lo), normaliseInput(spec, spec.hi)];
      expect(Math.abs(ends[0]!)).toBeGreaterThan(32600);
      expect(Math.abs(ends[1]!)).toBeGreaterThan(32600);
      expect(normaliseInput(spec, spec.lo - 1)).toBe(ends[0]);
      expect(normaliseInput(spec, spec.hi + 1)).toBe(ends[1]);
    }
  });

  it('acts by the fallback where a reading is missing, and only there', () => {
    const all = makeVector('voltage-ieee33-v1', 1, { missingRate: 1 });
    all.reset(1);
    all.step(new Float32Array(6).fill(1));
    const copy = all.copies[0]!;
    expect(Array.from(copy.fallbackUsed)).toEqual([1, 1, 1, 1, 1, 1]);
    const expected = Int32Array.of(7);
    evaluateFallback(VOLTAGE_INTERFACE, copy.raw.subarray(0, 7), copy.missing[0]!, expected);
    expect(copy.setpoints.offsetMicro[0]).toBe(expected[0]);
    const some = makeVector('voltage-ieee33-v1', 1, { missingRate: 0.3 });
    some.reset(1);
    let used = 0;
    for (let k = 0; k < 200; k++) {
      const missing = some.copies[0]!.missing.map((mask) => (mask === 0 ? 0 : 1));
      some.step(new Float32Array(6).fill(0.5));
      expect(Array.from(some.copies[0]!.fallbackUsed)).toEqual(Array.from(missing));
      used += missing.reduce((a, b) => a + b, 0);
    }
    expect(used / 1200).toBeGreaterThan(0.2);
    expect(used / 1200).toBeLessThan(0.4);
  });

  it('pays the reward its docstring states', () => {
    const vector = makeVector('voltage-ieee33-v1', 1);
    vector.reset(9);
    for (let k = 0; k < 144; k++) vector.step(new Float32Array(6));
    const { feeder, setpoints } = vector.copies[0]!;
    const { rewards } = vector.step(Float32Array.of(0.5, 0, -0.25, 0, 0, 0));
    const excess = Array.from(feeder.vPu.subarray(1), (v) => Math.min(5, Math.max(0, Math.abs(v - 1) - 0.049) / 0.01));
    const mean = excess.reduce((a, b) => a + b, 0) / 32;
    expect(barrier(feeder.vPu, feeder.countedBuses, VOLTAGE_REWARD)).toBeCloseTo(mean, 12);
    for (let s = 0; s < 6; s++) {
      const own = (0.005 * Math.abs(setpoints.offsetMicro[s]!)) / 800000;
      expect(rewards[s]).toBeCloseTo(-(20 * mean + feeder.lossW / 50000) - own, 5);
    }
  });

  it('counts the excess of a bus up to five scales, and no slack bus', () => {
    // excess 5.1 -> 5, 0.1 and 0; at the slack bus anything
    const v = Float64Array.of(0.5, 0.9, 1.05, 1.049);
    expect(barrier(v, Int32Array.of(1, 2, 3), VOLTAGE_REWARD)).toBeCloseTo((5 + 0.1) / 3, 12);
  });

  it('prices an interval without a power-flow solution at -20 for every agent', () => {
    const series = ieee33Day(10);
    const broken = { ...series, loadPW: series.loadPW.slice(), pvW: new Float64Array(series.pvW.length) };
    for (let b = 1; b < 33; b++) broken.loadPW[2 * 33 + b] = 4e6;
    const vector = makeVector('voltage-ieee33-v1', 1, { series: [broken] });
    vector.reset(1);
    const rewards = [0, 1, 2, 3].map(() => Array.from(vector.step(new Float32Array(6).fill(0.1)).rewards));
    expect(rewards[2]).toEqual([-20, -20, -20, -20, -20, -20]);
    for (const k of [0, 1, 3]) expect(Math.min(...rewards[k]!)).toBeGreaterThan(-5);
    expect(vector.copies[0]!.info()['divergedSteps']).toBe(1);
  });

  it('pays an agent by difference what the interval gains over one with its offset at 0', () => {
    const play = (credit: 'shared' | 'difference', first: Float32Array): { rewards: number[]; lossW: number } => {
      const vector = makeVector('voltage-ieee33-v1', 1, { credit });
      vector.reset(9);
      for (let k = 0; k < 150; k++) vector.step(new Float32Array(6));
      return { rewards: Array.from(vector.step(first).rewards), lossW: vector.copies[0]!.feeder.lossW };
    };
    const actions = Float32Array.of(0.5, 0, -0.25, 0.1, 0, 0.3);
    const lived = play('shared', actions);
    const credited = play('difference', actions);
    expect(credited.lossW).toBeCloseTo(lived.lossW, 3);
    for (let s = 0; s < 6; s++) {
      // An agent that stays at 0 pays no change cost, so its reward without is the shared part alone.
      const without = play(
        'shared',
        actions.map((u, i) => (i === s ? 0 : u)),
      );
      expect(credited.rewards[s]).toBeCloseTo(lived.rewards[s]! - without.rewards[s]!, 4);
    }
  });

  it('branches from a state: a clone lives on alike and independently, through the end of the day', () => {
    const env = make('voltage-ieee33-v1', { missingRate: 0.1 });
    env.reset({ seed: 11 });
    const action = Float32Array.of(0.1, -0.2, 0.3, -0.4, 0.5, -0.6);
    for (let k = 0; k < 100; k++) env.step(action);
    const twin = env.clone();
    const stray = env.clone();
    for (let k = 100; k < 288; k++) {
      const a = env.step(action);
      stray.step(new Float32Array(6));
      const b = twin.step(action);
      expect(b).toEqual(a);
      expect(a.truncated).toBe(k === 287);
    }
    expect(env.reset().observation).toEqual(twin.reset().observation);
  });

  it('reports its episodes with metrics and the same hash as the single environment', () => {
    const vector = makeVector('voltage-ieee33-v1', 2);
    const env = make('voltage-ieee33-v1');
    vector.reset(21);
    env.reset({ seed: 21 });
    let info;
    for (let k = 0; k < 288; k++) {
      vector.step(new Float32Array(12).fill(0.1));
      info = env.step(new Float32Array(6).fill(0.1)).info;
    }
    expect(vector.ended.map((episode) => episode.copy)).toEqual([0, 1]);
    expect({ ...vector.ended[0]!.info }).toEqual(info);
    expect(info!['step']).toBe(288);
    expect(info!['lossWh']).toBeGreaterThan(100000);
    expect(info!['controllableRatio']).toBeLessThanOrEqual(1);
  });
});
