/**
 * Trains every learner for a moment in a process whose engine-dependent Math functions throw, and prints what it made:
 * tfjs' JavaScript side included, nothing on the way to the parameters may use them.
 */
import { loadBackend, type Backend } from '../../../src/agents/backend.ts';
import { makeCartPole } from '../../../src/agents/classic/cartPole.ts';
import { makePendulum } from '../../../src/agents/classic/pendulum.ts';
import { parameterDigest, type Learner } from '../../../src/agents/learner.ts';
import { createPpo, PPO_DEFAULTS, type PpoConfig } from '../../../src/agents/ppo.ts';
import { createSac, SAC_DEFAULTS, type SacConfig } from '../../../src/agents/sac.ts';
import { makeVector } from '../../../src/env/gym/registry.ts';

/** What ECMAScript leaves to the engine; Math.sqrt, floor, imul and their like are exact. */
const ENGINE_DEPENDENT = [
  ...['acos', 'acosh', 'asin', 'asinh', 'atan', 'atan2', 'atanh', 'cbrt', 'cos', 'cosh', 'exp', 'expm1', 'hypot'],
  ...['log', 'log10', 'log1p', 'log2', 'pow', 'random', 'sin', 'sinh', 'tan', 'tanh'],
] as const;

const PPO: PpoConfig = {
  ...PPO_DEFAULTS,
  seed: 3,
  totalSteps: 512,
  rolloutSteps: 16,
  minibatchSize: 64,
  hidden: [16, 16],
};

const SAC: SacConfig = {
  ...SAC_DEFAULTS,
  seed: 3,
  totalSteps: 192,
  rolloutSteps: 8,
  learningStarts: 64,
  batchSize: 32,
  hidden: [16, 16],
};

function forbid(): void {
  for (const name of ENGINE_DEPENDENT) {
    Math[name] = () => {
      throw new Error(`Math.${name} is used in training`);
    };
  }
}

/** Whether a use would have been seen. */
function guarded(): boolean {
  return ENGINE_DEPENDENT.every((name) => {
    try {
      (Math[name] as (x: number) => number)(0.5);
      return false;
    } catch {
      return true;
    }
  });
}

function train(name: string, learner: Learner): void {
  while (!learner.done) learner.update();
  process.stdout.write(`${name} ${parameterDigest(learner.result().parameters)}\n`);
  learner.close();
}

function trainAll(backend: Backend): void {
  train('ppo, choices', createPpo(PPO, makeCartPole(8), backend));
  const penalised: PpoConfig = { ...PPO, activation: 'tanh', l1: 1e-4, intervalWeight: 1e-4, normaliseValues: true };
  train('ppo, continuous', createPpo(penalised, makePendulum(8), backend));
  const grid: PpoConfig = { ...PPO, activation: 'hardtanh', critic: 'all' };
  train('ppo, grid', createPpo(grid, makeVector('voltage-ieee33-v1', 2), backend));
  train('sac', createSac(SAC, makePendulum(8), backend));
}

const backend = await loadBackend('wasm');
if (process.argv[2] === 'forbid') forbid();
trainAll(backend);
if (process.argv[2] === 'forbid') process.stdout.write(guarded() ? 'guarded\n' : 'not guarded\n');
