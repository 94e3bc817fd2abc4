/** What bench/ppo.ts trains on, and the settings that every contender shares. */
import { makeCartPole } from '../src/agents/classic/cartPole.ts';
import { makePendulum } from '../src/agents/classic/pendulum.ts';
import { PPO_DEFAULTS, type PpoConfig } from '../src/agents/ppo.ts';
import { makeVector } from '../src/env/gym/registry.ts';
import type { VectorEnv } from '../src/env/gym/types.ts';

/** Of one task, the same for ours, the naive one and the peer. */
export interface PpoSettings {
  readonly numEnvs: number;
  readonly rolloutSteps: number;
  readonly epochs: number;
  readonly minibatchSize: number;
  readonly hidden: readonly number[];
  readonly learningRate: number;
  readonly gamma: number;
  readonly lambda: number;
  readonly clip: number;
  readonly valueCoefficient: number;
  readonly maxGradNorm: number;
  readonly initialLogStd: number;
  /** Transitions of a training whose return is reported. */
  readonly returnSteps: number;
}

export interface PpoTask {
  readonly id: string;
  readonly settings: PpoSettings;
  /** The same task at Gymnasium. */
  readonly peer?: string;
  /** Of one evaluation, a multiple of ten. */
  readonly episodes: number;
  make(numEnvs: number): VectorEnv;
}

/** Of Stable-Baselines3's PPO, with ReLU bodies. */
const DEFAULTS: PpoSettings = {
  numEnvs: 8,
  rolloutSteps: 256,
  epochs: 10,
  minibatchSize: 64,
  hidden: [64, 64],
  learningRate: 3e-4,
  gamma: 0.99,
  lambda: 0.95,
  clip: 0.2,
  valueCoefficient: 0.5,
  maxGradNorm: 0.5,
  initialLogStd: 0,
  returnSteps: 51200,
};

export const PPO_TASKS: readonly PpoTask[] = [
  { id: 'CartPole-v1', settings: DEFAULTS, peer: 'CartPole-v1', episodes: 100, make: makeCartPole },
  {
    id: 'Pendulum-v1',
    settings: { ...DEFAULTS, learningRate: 1e-3, gamma: 0.9 },
    peer: 'Pendulum-v1',
    episodes: 100,
    make: makePendulum,
  },
  {
    id: 'voltage-ieee33-v1',
    settings: { ...DEFAULTS, rolloutSteps: 64, minibatchSize: 256, gamma: 0 },
    episodes: 20,
    make: (numEnvs) => makeVector('voltage-ieee33-v1', numEnvs),
  },
];

/** Nothing of ours that the others lack: no annealing, no KL stop, no scaling of rewards or values. */
export function configOf(settings: PpoSettings, totalSteps: number, seed: number): PpoConfig {
  const { numEnvs: _copies, returnSteps: _steps, ...shared } = settings;
  return {
    ...PPO_DEFAULTS,
    ...shared,
    activation: 'relu',
    annealLearningRate: false,
    normaliseRewards: false,
    normaliseValues: false,
    targetKl: 0,
    entropyCoefficient: 0,
    minLogStd: -20,
    seed,
    totalSteps,
  };
}
