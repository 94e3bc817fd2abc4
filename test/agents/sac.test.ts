import { describe, it, expect } from 'vitest';
import { loadBackend } from '../../src/agents/backend.ts';
import { makeCartPole } from '../../src/agents/classic/cartPole.ts';
import { makePendulum } from '../../src/agents/classic/pendulum.ts';
import { freezePolicy } from '../../src/agents/freeze/freeze.ts';
import type { FloatLayer } from '../../src/agents/freeze/floatPolicy.ts';
import type { Learner, Progress } from '../../src/agents/learner.ts';
import { runnerOf } from '../../src/agents/network.ts';
import { actorSlopes, createSac, makeSquashed, SAC_DEFAULTS, squash, type SacConfig } from '../../src/agents/sac.ts';
import { RandomStream } from '../../src/base/random.ts';
import { normal } from '../../src/base/realMath.ts';
import type { EnvState, VectorEnv, VectorStep } from '../../src/env/gym/types.ts';
import { plainInterface } from './freeze/floats.ts';

const SMALL: SacConfig = {
  ...SAC_DEFAULTS,
  seed: 1,
  totalSteps: 600,
  rolloutSteps: 20,
  learningStarts: 100,
  batchSize: 32,
  bufferSize: 250,
  hidden: [16, 16],
};

async function create(config: Partial<SacConfig>, env: VectorEnv): Promise<Learner> {
  return createSac({ ...SMALL, ...config }, env, await loadBackend('wasm'));
}

function run(learner: Learner): Progress {
  for (;;) {
    const progress = learner.update();
    if (learner.done) return progress;
  }
}

function decimals(x: number): number {
  return Math.round(x * 1e6) / 1e6;
}

describe('Squashed Gaussian', () => {
  /** Two actions, three rows; heads: means, then what becomes log-standard-deviations. */
  const heads = Float32Array.of(0.3, -1.2, 0.1, 0.8, 4, -6, -2, 0.5, 0, 0, 3, -3);

  it('has the density of tanh of a normal variable', () => {
    const out = makeSquashed(3, 2);
    squash(heads, RandomStream.fromSeed(7, 'noise'), out);
    const noise = RandomStream.fromSeed(7, 'noise');
    for (let row = 0; row < 3; row++) {
      let logProb = 0;
      for (let d = 0; d < 2; d++) {
        const e = normal(noise);
        const logStd = -5 + 3.5 * (Math.tanh(heads[4 * row + 2 + d]!) + 1);
        const a = Math.tanh(heads[4 * row + d]! + Math.exp(logStd) * e);
        expect(out.actions[2 * row + d]).toBeCloseTo(a, 6);
        logProb += -0.5 * e * e - logStd - 0.5 * Math.log(2 * Math.PI) - Math.log(1 - a * a);
      }
      expect(out.logProbs[row]).toBeCloseTo(logProb, 3);
    }
  });

  it('stays finite where tanh is 1 in double precision', () => {
    const out = makeSquashed(1, 2);
    squash(Float32Array.of(300, -300, -9, 9), RandomStream.fromSeed(1, 'noise'), out);
    expect(Array.from(out.actions)).toEqual([1, -1]);
    expect(Number.isFinite(out.logProbs[0])).toBe(true);
    // -ln(1 - tanh^2 u) grows as 2 |u|, here for two actions.
    expect(out.logProbs[0]).toBeGreaterThan(1000);
  });

  it('gives the slope of the loss at the heads (central differences)', () => {
    const temperature = 0.3;
    // Q(s, a) = 0.7 a0 - 0.4 a1 + 0.5 a0 a1; one observation stands before the actions in its slopes.
    const loss = (at: Float32Array): number => {
      const out = makeSquashed(3, 2);
      squash(at, RandomStream.fromSeed(3, 'noise'), out);
      let sum = 0;
      for (let row = 0; row < 3; row++) {
        const [a, b] = [out.actions[2 * row]!, out.actions[2 * row + 1]!];
        sum += temperature * out.logProbs[row]! - (0.7 * a - 0.4 * b + 0.5 * a * b);
      }
      return sum / 3;
    };
    const out = makeSquashed(3, 2);
    squash(heads, RandomStream.fromSeed(3, 'noise'), out);
    const slopes = new Float32Array(9);
    for (let row = 0; row < 3; row++) {
      slopes[3 * row] = 99;
      slopes[3 * row + 1] = 0.7 + 0.5 * out.actions[2 * row + 1]!;
      slopes[3 * row + 2] = -0.4 + 0.5 * out.actions[2 * row]!;
    }
    const gradient = actorSlopes(out, slopes, temperature, 1);
    for (let i = 0; i < heads.length; i++) {
      const h = 1e-2;
      const shifted = (by: number): Float32Array => heads.map((x, k) => (k === i ? x + by : x));
      expect(gradient[i]).toBeCloseTo((loss(shifted(h)) - loss(shifted(-h))) / (2 * h), 3);
    }
  });
});

/**
 * Episodes of one step. Copy 0 starts in state 0 and ends in state 1, the other three start in 1 and end in 0; the reward
 * is the state. With gamma 1/2: ended by the clock, V0 = V1/2 and V1 = 1 + V0/2, so 2/3 and 4/3; ended by the task, 0
 * and 1. Whoever bootstraps from the first observation of the next episode finds 0 and 2.
 */
class OneStepEnv implements VectorEnv {
  readonly id = 'one-step';
  readonly numEnvs = 4;
  readonly agentsPerEnv = 1;
  readonly observationSize = 1;
  readonly actionSize = 1;
  readonly costNames = ['push'];
  readonly #cut: 'terminated' | 'truncated';
  readonly #pay: (state: number, action: number) => number;

  constructor(cut: 'terminated' | 'truncated', pay: (state: number, action: number) => number = (state) => state) {
    this.#cut = cut;
    this.#pay = pay;
  }

  reset(): Float32Array {
    return Float32Array.of(0, 1, 1, 1);
  }

  step(actions: Float32Array): VectorStep {
    const ended = new Uint8Array(4).fill(1);
    return {
      observations: this.reset(),
      finalObservations: Float32Array.of(1, 0, 0, 0),
      rewards: this.reset().map((state, i) => this.#pay(state, actions[i]!)),
      terminated: this.#cut === 'terminated' ? ended : new Uint8Array(4),
      truncated: this.#cut === 'truncated' ? ended : new Uint8Array(4),
      costs: actions.map((a) => Math.max(a, 0)),
    };
  }

  close(): void {}
}

/** Entropy of no weight: values are those of the rewards. */
const PLAIN = { initialTemperature: 1e-6, temperatureLearningRate: 0, criticLearningRate: 5e-3, actorLearningRate: 0 };

describe('SAC', () => {
  it.each([
    ['terminated', 3 / 4],
    ['truncated', (2 / 3 + 3 * (4 / 3)) / 4],
  ] as const)('values what lies beyond an episode that was %s as it should', async (cut, value) => {
    const learner = await create(
      { ...PLAIN, totalSteps: 1300, gamma: 0.5, tau: 0.2, updatesPerStep: 0.25 },
      new OneStepEnv(cut),
    );
    expect(run(learner).metrics.meanQ).toBeCloseTo(value, 1);
    learner.close();
  });

  it('keeps a limit that costs it reward, and uses it up', async () => {
    // The reward is the action and the cost its positive part.
    const used = async (limits: SacConfig['limits']): Promise<Progress['limits'][number]> => {
      const env = new OneStepEnv('terminated', (_, action) => action);
      const settings = { totalSteps: 4800, updatesPerStep: 0.1, actorLearningRate: 1e-2, criticLearningRate: 1e-2 };
      const learner = await create({ ...settings, gamma: 0, initialTemperature: 0.02, limits }, env);
      const last = run(learner);
      learner.close();
      return last.limits[0]!;
    };
    const free = await used([{ name: 'push', limit: 0.3, learningRate: 0 }]);
    expect(free.use).toBeGreaterThan(0.7);
    expect(free.multiplier).toBe(0);
    const kept = await used([{ name: 'push', limit: 0.3, learningRate: 0.1 }]);
    expect(kept.multiplier).toBeGreaterThan(0.1);
    expect(kept.use).toBeLessThan(0.5);
  });

  it('steers its entropy to the target by its temperature', async () => {
    // Reward -2 a^2: the best density at temperature T is proportional to exp(-2 a^2 / T), a normal one of variance T/4.
    // Entropy -0.5 = ln(sigma sqrt(2 pi e)), so sigma = 0.147 and T = 0.086.
    const rates = { actorLearningRate: 5e-3, criticLearningRate: 5e-3, temperatureLearningRate: 0.01 };
    const config = { ...rates, totalSteps: 2400, updatesPerStep: 0.25, batchSize: 64, bufferSize: 2400, gamma: 0 };
    const env = new OneStepEnv('terminated', (_, a) => -2 * a * a);
    const learner = await create({ ...config, initialTemperature: 0.5, targetEntropyPerAction: -0.5 }, env);
    const { metrics } = run(learner);
    expect(Math.abs(metrics.entropy! + 0.5)).toBeLessThan(0.15);
    expect(metrics.temperature).toBeGreaterThan(0.06);
    expect(metrics.temperature).toBeLessThan(0.125);
    learner.close();
  });

  it('resumed from JSON is uninterrupted, bit for bit', async () => {
    const config = { limits: [], annealLearningRate: true };
    const whole = await create(config, makePendulum(2));
    const digests: string[] = [];
    let state = '';
    while (!whole.done) {
      digests.push(whole.update().digest);
      // After episodes have ended and the buffer has begun to forget.
      if (digests.length === 12) state = JSON.stringify(whole.getState());
    }
    const resumed = await create({ ...config, seed: 1 }, makePendulum(2));
    resumed.update();
    resumed.setState(JSON.parse(state) as EnvState);
    const rest: Progress[] = [];
    while (!resumed.done) rest.push(resumed.update());
    expect(digests.slice(12)).toEqual(rest.map(({ digest }) => digest));
    expect(rest.length).toBeGreaterThan(2);
    expect(resumed.result().parameters).toEqual(whole.result().parameters);
    expect(JSON.stringify(resumed.getState())).toBe(JSON.stringify(whole.getState()));
    expect(new Set(rest.map(({ tensors }) => tensors)).size).toBe(1);
    whole.close();
    resumed.close();
  });

  it('takes nothing from before setState, and refuses the state of another learner', async () => {
    const learner = await create({}, makePendulum(1));
    const other = await create({ hidden: [8] }, makePendulum(1));
    const smaller = await create({ bufferSize: 10 }, makePendulum(1));
    learner.update();
    for (const wrong of [other, smaller]) {
      expect(() => wrong.setState(learner.getState())).toThrow(expect.objectContaining({ code: 'env.state' }));
      wrong.close();
    }
    learner.close();
    const unsaved = await create({}, new OneStepEnv('truncated'));
    expect(() => unsaved.getState()).toThrow(expect.objectContaining({ code: 'env.state' }));
    unsaved.close();
  });

  it('freezes: the last layer is tanh of the mean, and integers lose little of it', async () => {
    const learner = await create({}, new OneStepEnv('terminated', (state, a) => -((a - (state - 0.5)) ** 2)));
    run(learner);
    const { layers, parameters, steps } = learner.result();
    expect(layers.map(({ activation, outSize }) => [activation, outSize])).toEqual([
      ['relu', 16],
      ['relu', 16],
      ['tanh', 1],
    ]);
    expect(steps).toBe(640);
    expect(layers[2]!.bias[0]).toBe(parameters[parameters.indexOf(layers[2]!.weights[0]!) + 32]);
    const { quantisation } = freezePolicy({ layers, interface: plainInterface(1, 1) }, { points: 2000 });
    expect(quantisation.maxError).toBeLessThan(0.001);
    const out = new Float32Array(1);
    runnerOf(layers)(Float32Array.of(1), 1, out);
    const linear: FloatLayer = { ...layers[2]!, activation: 'identity' };
    const before = new Float32Array(1);
    runnerOf([...layers.slice(0, 2), linear])(Float32Array.of(1), 1, before);
    expect(decimals(out[0]!)).toBe(decimals(Math.tanh(before[0]!)));
    learner.close();
  });

  it.each<[string, Partial<SacConfig>, () => VectorEnv]>([
    ['gamma: real in [0, 1]', { gamma: 1.5 }, () => makePendulum()],
    ['batchSize: integer', { batchSize: 2.5 }, () => makePendulum()],
    ['activation', { activation: 'swish' as 'relu' }, () => makePendulum()],
    ['limits.name', { limits: [{ name: 'heat', limit: 1, learningRate: 0 }] }, () => makePendulum()],
    ['limits.push', { limits: [{ name: 'push', limit: 0, learningRate: 0 }] }, () => new OneStepEnv('truncated')],
    ['continuous actions', {}, () => makeCartPole()],
  ])('refuses what does not fit: %s', async (expected, config, env) => {
    await expect(create(config, env())).rejects.toThrow(
      expect.objectContaining({ code: 'agents.sac', expected: expect.stringContaining(expected) as string }),
    );
  });
});
