/** The learners a recipe may name: which settings they take, and how one is made. */
import type { BranchingVectorEnv } from '../../env/gym/types.ts';
import type { Backend } from '../backend.ts';
import type { Learner } from '../learner.ts';
import { createPpo, PPO_BOUNDS, PPO_DEFAULTS, type PpoConfig, type PpoLimit } from '../ppo.ts';
import { createSac, SAC_BOUNDS, SAC_DEFAULTS, type SacConfig } from '../sac.ts';
import { settingsOf, type Setting } from './settings.ts';

export type PpoSettings = Omit<PpoConfig, 'seed' | 'limits'>;

export type SacSettings = Omit<SacConfig, 'seed' | 'limits'>;

export type AlgorithmName = 'ppo' | 'sac';

interface Algorithm {
  /** Every key of its section; a key without an initial value must be given. */
  readonly settings: Readonly<Record<string, Setting>>;
  create(settings: object, run: RunSettings, env: BranchingVectorEnv, backend: Backend): Learner;
}

/** What a run adds to the section of the algorithm. */
export interface RunSettings {
  readonly seed: number;
  readonly totalSteps: number;
  readonly limits: readonly PpoLimit[];
}

const CHOICES = {
  activation: ['relu', 'hardtanh', 'tanh'],
  critic: ['own', 'all'],
} as const;

const WIDTH: Setting = { kind: 'number', low: 1, high: 256, whole: true };

function sectionOf(
  defaults: Readonly<Record<string, unknown>> & { readonly hidden: readonly number[] },
  { seed: _seed, ...bounds }: Readonly<Record<string, readonly [number, number, 'integer' | 'real']>>,
): Record<string, Setting> {
  return {
    ...settingsOf(defaults, bounds, CHOICES),
    hidden: { kind: 'list', least: 1, most: 3, of: WIDTH, initial: defaults.hidden },
  };
}

export const ALGORITHMS: Readonly<Record<AlgorithmName, Algorithm>> = {
  ppo: {
    settings: sectionOf({ ...PPO_DEFAULTS }, PPO_BOUNDS),
    create: (settings, run, env, backend) => createPpo({ ...(settings as PpoSettings), ...run }, env, backend),
  },
  sac: {
    settings: sectionOf({ ...SAC_DEFAULTS }, SAC_BOUNDS),
    create: (settings, run, env, backend) => createSac({ ...(settings as SacSettings), ...run }, env, backend),
  },
};

export const ALGORITHM_NAMES = Object.keys(ALGORITHMS) as readonly AlgorithmName[];
