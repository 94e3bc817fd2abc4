/** What `check:deep learners` asks of every seed, which is too long for here, and a small sample of it. */
import { describe, it, expect } from 'vitest';
import { loadBackend } from '../../src/agents/backend.ts';
import { episodeReturns } from '../../src/agents/classic/evaluation.ts';
import { makePendulum } from '../../src/agents/classic/pendulum.ts';
import { meanOf } from '../../src/agents/evaluation/statistics.ts';
import { createSac, SAC_DEFAULTS } from '../../src/agents/sac.ts';
import { RandomStream } from '../../src/base/random.ts';
import { uniform } from '../../src/base/realMath.ts';
import { EXPERIMENTS } from './learners.ts';

describe('check:deep learners', () => {
  it.each([
    ['PPO on CartPole-v1', 475, 100000],
    ['PPO on Pendulum-v1', -250, 300000],
    ['SAC on Pendulum-v1', -170, 20000],
  ])('%s: at least %d within %d transitions, whole updates included', (name, least, budget) => {
    const experiment = EXPERIMENTS.find((one) => one.name === name)!;
    expect(experiment.least).toBeGreaterThanOrEqual(least);
    const { totalSteps = Infinity, rolloutSteps = 200 } = experiment.settings;
    const update = experiment.numEnvs * rolloutSteps;
    expect(Math.ceil(totalSteps / update) * update).toBeLessThanOrEqual(budget);
  });
});

/** Mean return of uniformly random torques on Pendulum-v1. */
function randomReturn(): number {
  const random = RandomStream.fromSeed(1, 'random');
  const env = makePendulum(100);
  env.reset(3);
  let sum = 0;
  for (let k = 0; k < 200; k++) {
    const { rewards } = env.step(Float32Array.from({ length: 100 }, () => 2 * uniform(random) - 1));
    sum += 100 * meanOf(rewards);
  }
  return sum / 100;
}

describe('SAC', () => {
  it('learns in 2500 steps of Pendulum-v1 what is worth far more than random torques (one seed)', async () => {
    const learner = createSac(
      {
        ...SAC_DEFAULTS,
        ...{ seed: 1, totalSteps: 2500, rolloutSteps: 100, learningStarts: 500, batchSize: 64, bufferSize: 2500 },
        ...{ hidden: [32, 32], actorLearningRate: 3e-3, criticLearningRate: 3e-3, gamma: 0.95, tau: 0.02 },
      },
      makePendulum(1),
      await loadBackend('wasm'),
    );
    while (!learner.done) learner.update();
    const random = randomReturn();
    const learnt = meanOf(episodeReturns(learner.result().layers, makePendulum(100)));
    expect(random).toBeLessThan(-1000);
    expect(learnt).toBeGreaterThan(random / 2);
    learner.close();
  }, 60000);
});
