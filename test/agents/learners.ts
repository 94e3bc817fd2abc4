/**
 * Are the learners right? Classic control problems whose returns are known from elsewhere, several seeds each; every one
 * must pass. A seed that has been trained is kept until the whole check is done, so that an interrupted one goes on.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadBackend, type Backend } from '../../src/agents/backend.ts';
import { makeCartPole } from '../../src/agents/classic/cartPole.ts';
import { episodeReturns } from '../../src/agents/classic/evaluation.ts';
import { makePendulum } from '../../src/agents/classic/pendulum.ts';
import type { ClassicVectorEnv } from '../../src/agents/classic/vectorEnv.ts';
import { estimate, meanOf, resampleMeans } from '../../src/agents/evaluation/statistics.ts';
import type { Learner } from '../../src/agents/learner.ts';
import { createPpo, PPO_DEFAULTS, type PpoConfig } from '../../src/agents/ppo.ts';
import { createSac, SAC_DEFAULTS, type SacConfig } from '../../src/agents/sac.ts';
import { REPO_ROOT } from '../support/repo.ts';

const EPISODES = 100;
const CACHE = join(REPO_ROOT, '.cache', 'learners');
const SOURCES = join(REPO_ROOT, 'src', 'agents');

interface Experiment {
  readonly name: string;
  readonly numEnvs: number;
  /** What differs from the learner's defaults. */
  readonly settings: Partial<PpoConfig> | Partial<SacConfig>;
  /** Least mean return of each seed. */
  readonly least: number;
  makeEnv(numEnvs: number): ClassicVectorEnv;
  create(seed: number, env: ClassicVectorEnv, backend: Backend): Learner;
}

function ppo(settings: Partial<PpoConfig> & Pick<PpoConfig, 'totalSteps'>): Pick<Experiment, 'settings' | 'create'> {
  return {
    settings,
    create: (seed, env, backend) => createPpo({ ...PPO_DEFAULTS, ...settings, seed }, env, backend),
  };
}

function sac(settings: Partial<SacConfig> & Pick<SacConfig, 'totalSteps'>): Pick<Experiment, 'settings' | 'create'> {
  return {
    settings,
    create: (seed, env, backend) => createSac({ ...SAC_DEFAULTS, ...settings, seed }, env, backend),
  };
}

export const EXPERIMENTS: readonly Experiment[] = [
  {
    name: 'SAC on Pendulum-v1',
    numEnvs: 1,
    least: -170,
    makeEnv: makePendulum,
    ...sac({
      ...{ totalSteps: 20000, learningStarts: 500, batchSize: 64, bufferSize: 20000, tau: 0.01 },
      ...{ actorLearningRate: 2e-3, criticLearningRate: 2e-3, annealLearningRate: true },
    }),
  },
  {
    name: 'PPO on CartPole-v1',
    numEnvs: 8,
    least: 475,
    makeEnv: makeCartPole,
    ...ppo({
      ...{ totalSteps: 100000 - 160, rolloutSteps: 32, minibatchSize: 256, epochs: 10, hidden: [64, 64] },
      ...{ learningRate: 2e-3, gamma: 0.98, lambda: 0.8, targetKl: 0, normaliseRewards: false, normaliseValues: true },
    }),
  },
  {
    name: 'PPO on Pendulum-v1',
    numEnvs: 16,
    least: -250,
    makeEnv: makePendulum,
    ...ppo({
      ...{ totalSteps: 300000 - 992, rolloutSteps: 64, minibatchSize: 256, epochs: 10, hidden: [64, 64] },
      ...{ learningRate: 1e-3, gamma: 0.9, lambda: 0.95, targetKl: 0, normaliseValues: true },
    }),
  },
];

/** Of one seed. */
interface Trained {
  readonly returns: readonly number[];
  readonly steps: number;
  readonly seconds: number;
  readonly digest: string;
  readonly backend: string;
  /** Taken from where an interrupted check left it. */
  readonly kept?: boolean;
}

export interface LearnersReport {
  readonly facts: readonly (readonly [string, string])[];
  readonly passed: boolean;
}

export async function runLearners(seeds: readonly number[], say: (line: string) => void): Promise<LearnersReport> {
  const backend = await loadBackend('wasm');
  const facts: (readonly [string, string])[] = [];
  let passed = true;
  for (const experiment of EXPERIMENTS) {
    const trained = seeds.map((seed) => {
      const one = trainOnce(experiment, seed, backend);
      say(`${experiment.name}, seed ${seed}: ${meanOf(one.returns).toFixed(1)}`);
      return one;
    });
    const worst = Math.min(...trained.map(({ returns }) => meanOf(returns)));
    passed &&= worst >= experiment.least;
    facts.push(...factsOf(experiment, seeds, trained, worst));
  }
  rmSync(CACHE, { recursive: true, force: true });
  return { facts, passed };
}

function train({ numEnvs, makeEnv, create }: Experiment, seed: number, backend: Backend): Trained {
  const learner = create(seed, makeEnv(numEnvs), backend);
  let progress = learner.update();
  while (!learner.done) progress = learner.update();
  const { layers, seconds, steps } = learner.result();
  learner.close();
  const returns = Array.from(episodeReturns(layers, makeEnv(EPISODES)));
  return { returns, steps, seconds, digest: progress.digest, backend: progress.backend };
}

function trainOnce(experiment: Experiment, seed: number, backend: Backend): Trained {
  const key = createHash('sha256')
    .update(JSON.stringify([experiment, seed]))
    .update(sourceText())
    .digest('hex');
  const file = join(CACHE, `${key}.json`);
  if (existsSync(file)) return { ...(JSON.parse(readFileSync(file, 'utf8')) as Trained), kept: true };
  const trained = train(experiment, seed, backend);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(file, JSON.stringify(trained));
  return trained;
}

/** The learners and the problems: what was trained by other code is not taken. */
function sourceText(): string {
  const classic = readdirSync(join(SOURCES, 'classic')).map((name) => join('classic', name));
  const names = ['adam', 'gae', 'gradient', 'network', 'ppo', 'regulariser', 'replay', 'sac'].map(
    (name) => `${name}.ts`,
  );
  return [...names, ...classic].map((name) => readFileSync(join(SOURCES, name), 'utf8')).join('');
}

function factsOf(
  { name, numEnvs, settings, least }: Experiment,
  seeds: readonly number[],
  trained: readonly Trained[],
  worst: number,
): (readonly [string, string])[] {
  const values = Float64Array.from(trained.flatMap(({ returns }) => returns));
  const sample = { rows: seeds.length, columns: EPISODES, values };
  const { value, low, high } = estimate(meanOf(values), resampleMeans([sample])[0]!, sample);
  const perSeed = seeds.map((seed, i) => `${seed}: ${meanOf(trained[i]!.returns).toFixed(1)}`);
  const kept = trained.filter((one) => one.kept === true);
  const times = trained.map(({ seconds }) => seconds).sort((a, b) => a - b);
  return [
    [`${name}: settings beside the defaults`, `\`${JSON.stringify({ numEnvs, ...settings })}\``],
    [`${name}: transitions lived`, String(trained[0]!.steps)],
    [`${name}: mean return of ${EPISODES} episodes, by seed`, perSeed.join(', ')],
    [
      `${name}: mean, 95 % bootstrap interval over seeds and episodes`,
      `${value.toFixed(1)} [${low!.toFixed(1)}, ${high!.toFixed(1)}]`,
    ],
    [`${name}: worst seed, and least allowed`, `${worst.toFixed(1)}, ${least}`],
    [`${name}: first digits of the parameters' digest, by seed`, trained.map(({ digest }) => digest).join(', ')],
    [`${name}: s a seed, fastest and slowest`, `${times[0]!.toFixed(0)}, ${times.at(-1)!.toFixed(0)}`],
    [`${name}: seeds trained before this check was interrupted and went on`, String(kept.length)],
    [`${name}: backend`, trained[0]!.backend],
  ];
}
