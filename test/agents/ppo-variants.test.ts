import { describe, expect, it } from 'vitest';
import { loadBackend } from '../../src/agents/backend.ts';
import { makeCartPole } from '../../src/agents/classic/cartPole.ts';
import { makePendulum } from '../../src/agents/classic/pendulum.ts';
import type { Learner, Progress } from '../../src/agents/learner.ts';
import { createPpo, PPO_DEFAULTS, trainPpo, type PpoConfig } from '../../src/agents/ppo.ts';
import { makeVector } from '../../src/env/gym/registry.ts';
import type { EnvState, VectorEnv, VectorStep } from '../../src/env/gym/types.ts';

const CONFIG: PpoConfig = { ...PPO_DEFAULTS, seed: 3, totalSteps: 4096, rolloutSteps: 32, minibatchSize: 128 };
const VALUES = { normaliseRewards: false, normaliseValues: true } as const;

async function learner(config: PpoConfig, env: VectorEnv): Promise<Learner> {
  return createPpo(config, env, await loadBackend('wasm'));
}

function run(trained: Learner, updates = Infinity): Progress[] {
  const lines: Progress[] = [];
  while (!trained.done && lines.length < updates) lines.push(trained.update());
  return lines;
}

/**
 * One step an episode, no observation to speak of: reward 2a - a^2, cost a where it is positive. Without a limit the best
 * action is 1; with a limit of 0.3 on the mean cost it is 0.3.
 */
class PriceOfMore implements VectorEnv {
  readonly id = 'price-of-more';
  readonly numEnvs = 64;
  readonly agentsPerEnv = 1;
  readonly observationSize = 1;
  readonly actionSize = 1;
  readonly costNames = ['more'];
  readonly #ones = new Float32Array(64).fill(1);

  reset(): Float32Array {
    return this.#ones;
  }

  step(actions: Float32Array): VectorStep {
    return {
      observations: this.#ones,
      finalObservations: this.#ones,
      rewards: actions.map((a) => 2 * a - a * a),
      terminated: new Uint8Array(64).fill(1),
      truncated: new Uint8Array(64),
      costs: actions.map((a) => Math.max(a, 0)),
    };
  }

  close(): void {}
}

describe('PPO with discrete actions', () => {
  it('learns to balance CartPole-v1', async () => {
    const config = { ...CONFIG, ...VALUES, totalSteps: 20480, rolloutSteps: 128, minibatchSize: 256, epochs: 10 };
    const lines = run(await learner(config, makeCartPole(16)));
    expect(lines[0]!.meanReturn).toBeLessThan(40);
    expect(lines.at(-1)!.meanReturn).toBeGreaterThan(150);
    expect(lines[0]!.metrics['entropy']).toBeCloseTo(Math.LN2, 1);
    expect(new Set(lines.map((p) => p.tensors)).size).toBe(1);
  });
});

describe('PPO with limits', () => {
  it('raises the multiplier until the mean cost is what is allowed, and no higher', async () => {
    const free = {
      ...CONFIG,
      totalSteps: 64 * 32 * 80,
      minibatchSize: 1024,
      gamma: 0,
      learningRate: 0.01,
      annealLearningRate: false,
    };
    const bare = run(await learner(free, new PriceOfMore()));
    expect(bare.at(-1)!.meanReward).toBeGreaterThan(0.7);
    const limits = [{ name: 'more', limit: 0.3, learningRate: 0.1 }];
    const held = run(await learner({ ...free, limits }, new PriceOfMore()));
    const late = held.slice(-20).map((p) => p.limits[0]!.use);
    const mean = late.reduce((sum, use) => sum + use, 0) / late.length;
    expect(mean).toBeGreaterThan(0.15);
    expect(mean).toBeLessThan(0.4);
    expect(held.at(-1)!.limits[0]!.multiplier).toBeGreaterThan(0);
  });

  it('refuses a limit on a cost that the environment does not have', async () => {
    const limits = [{ name: 'less', limit: 1, learningRate: 0.1 }];
    await expect(learner({ ...CONFIG, limits }, new PriceOfMore())).rejects.toMatchObject({ code: 'agents.ppo' });
    await expect(learner({ ...CONFIG, limits }, makePendulum(8))).rejects.toMatchObject({ code: 'agents.ppo' });
    const none = [{ name: 'more', limit: 0, learningRate: 0.1 }];
    await expect(learner({ ...CONFIG, limits: none }, new PriceOfMore())).rejects.toMatchObject({ code: 'agents.ppo' });
  });
});

describe('the critic of PPO', () => {
  it('sees all agents of a copy when it is central, and the policy keeps its own view', async () => {
    const config: PpoConfig = { ...CONFIG, totalSteps: 8 * 6 * 32, minibatchSize: 192, critic: 'all' };
    const trained = await learner(config, makeVector('voltage-ieee33-v1', 8));
    run(trained);
    const { observationSize } = makeVector('voltage-ieee33-v1', 1);
    const { layers, parameters } = trained.result();
    expect(layers[0]!.inSize).toBe(observationSize);
    const own = await learner({ ...config, critic: 'own' }, makeVector('voltage-ieee33-v1', 8));
    // Five more observations and six marks of one's own place, into 32 units.
    expect(parameters.length - own.result().parameters.length).toBe(32 * (5 * observationSize + 6));
  });

  it('explains returns of any size and offset when its values are scaled', async () => {
    class Offset implements VectorEnv {
      readonly #inner = makePendulum(16);
      readonly id = 'pendulum-offset';
      readonly numEnvs = 16;
      readonly agentsPerEnv = 1;
      readonly observationSize = this.#inner.observationSize;
      readonly actionSize = 1;
      reset(seed: number): Float32Array {
        return this.#inner.reset(seed);
      }
      step(actions: Float32Array): VectorStep {
        const step = this.#inner.step(actions);
        step.rewards.forEach((r, i) => (step.rewards[i] = 1000 * r - 5000));
        return step;
      }
      close(): void {}
    }
    const config = {
      ...CONFIG,
      gamma: 0.9,
      totalSteps: 16 * 128 * 12,
      rolloutSteps: 128,
      minibatchSize: 256,
      epochs: 8,
    };
    const scaled = run(await learner({ ...config, ...VALUES }, new Offset())).at(-1)!;
    expect(scaled.metrics['explainedVariance']).toBeGreaterThan(0.5);
    const bare = run(await learner({ ...config, normaliseRewards: false }, new Offset())).at(-1)!;
    expect(bare.metrics['explainedVariance']).toBeLessThan(0.2);
  });
});

describe('scales of what does not vary', () => {
  it('rewards that are always 1 stay 1', async () => {
    const config = { ...CONFIG, totalSteps: 8 * 32 * 3 };
    const [scaled, bare] = [true, false].map((normaliseRewards) => ({ ...config, normaliseRewards }));
    const digests = async (of: PpoConfig): Promise<string[]> =>
      run(await learner(of, makeCartPole(8))).map(({ digest }) => digest);
    expect(await digests(scaled!)).toEqual(await digests(bare!));
  });

  it('a limit whose cost is never met does not drown the actor', async () => {
    class Unmet extends PriceOfMore {
      override step(actions: Float32Array): VectorStep {
        return { ...super.step(actions), costs: new Float32Array(64) };
      }
    }
    const config = { ...CONFIG, ...VALUES, gamma: 0, totalSteps: 64 * 32 * 4 };
    const [free] = run(await learner(config, new Unmet()));
    const limits = [{ name: 'more', limit: 0.3, learningRate: 0.1 }];
    const [held] = run(await learner({ ...config, limits }, new Unmet()));
    expect(held!.metrics['gradNorm']).toBeLessThan(3 * free!.metrics['gradNorm']!);
  });
});

describe('a PPO checkpoint', () => {
  const COSTLY: PpoConfig = {
    ...CONFIG,
    ...VALUES,
    totalSteps: 16 * 32 * 8,
    quantiseFromShare: 0.5,
    l1: 1e-5,
    intervalWeight: 1e-5,
  };

  it('goes on to the very bytes of a run that was never interrupted', async () => {
    const whole = await learner(COSTLY, makePendulum(16));
    const lines = run(whole);
    for (const at of [1, 5]) {
      const first = await learner(COSTLY, makePendulum(16));
      run(first, at);
      const saved = JSON.parse(JSON.stringify(first.getState())) as EnvState;
      const second = await learner(COSTLY, makePendulum(16));
      second.setState(saved);
      const rest = run(second);
      expect(rest.map((p) => [p.update, p.digest])).toEqual(lines.slice(at).map((p) => [p.update, p.digest]));
      expect(second.result().parameters).toEqual(whole.result().parameters);
    }
  });

  it('of another network is refused', async () => {
    const state = (await learner(COSTLY, makePendulum(16))).getState();
    const other = await learner({ ...COSTLY, hidden: [8] }, makePendulum(16));
    expect(() => other.setState(state)).toThrowError(expect.objectContaining({ code: 'env.state' }));
  });

  it('cannot be made of an environment that cannot be saved', async () => {
    const trained = await learner({ ...CONFIG, minibatchSize: 64 }, new PriceOfMore());
    expect(() => trained.getState()).toThrowError(expect.objectContaining({ code: 'env.state' }));
  });
});

describe('regularised training', () => {
  it('ends on the integer grid of every layer when it is quantisation-aware', async () => {
    const { layers } = await trainPpo({ ...CONFIG, quantiseFromShare: 0.5 }, () => makePendulum(16));
    for (const { weights } of layers) {
      const largest = weights.reduce((held, w) => Math.max(held, Math.abs(w)), 0);
      let scale = 2 ** 30;
      while (largest * scale > 32767) scale /= 2;
      for (const w of weights) expect(Number.isInteger(w * scale)).toBe(true);
    }
  });

  it('has smaller weights with L1 and a smaller reach with the interval term', async () => {
    const sum = (layers: Awaited<ReturnType<typeof trainPpo>>['layers']): number =>
      layers.reduce((all, { weights }) => weights.reduce((s, w) => s + Math.abs(w), all), 0);
    const train = async (more: Partial<PpoConfig>) =>
      trainPpo({ ...CONFIG, totalSteps: 16384, ...more }, () => makePendulum(16));
    const [bare, l1, interval] = [await train({}), await train({ l1: 1e-2 }), await train({ intervalWeight: 1 })];
    expect(sum(l1.layers)).toBeLessThan(0.9 * sum(bare.layers));
    expect(reach(interval.layers)).toBeLessThan(0.5 * reach(bare.layers));
  });
});

/** |W_3| |W_2| |W_1| 1, summed over the outputs. */
function reach(layers: Awaited<ReturnType<typeof trainPpo>>['layers']): number {
  let r = Array.from({ length: layers[0]!.inSize }, () => 1);
  for (const { inSize, outSize, weights } of layers) {
    r = Array.from({ length: outSize }, (_, o) => r.reduce((s, x, i) => s + Math.abs(weights[o * inSize + i]!) * x, 0));
  }
  return r.reduce((s, x) => s + x, 0);
}
