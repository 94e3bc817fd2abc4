/**
 * A training recipe: one JSON document that, with a seed, decides every byte of a policy. Fields and bounds are
 * documented in docs/agents/ppo.md. A budget is a number of steps, never a time: time would decide the bytes.
 */
import { readFile } from 'node:fs/promises';
import { toHex, utf8 } from '../base/bytes.ts';
import { fail } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import { quantity } from '../grid/units.ts';
import { makeVector, TASK_IDS, type TaskId, type Tasks } from '../env/gym/registry.ts';
import type { VectorEnv } from '../env/gym/types.ts';
import { BACKEND_NAMES, loadBackend, type BackendRequest } from './backend.ts';
import type { FloatPolicy } from './freeze/floatPolicy.ts';
import type { Progress } from './learner.ts';
import { PPO_BOUNDS, PPO_DEFAULTS, trainPpo, type PpoConfig, type PpoResult } from './ppo.ts';

const RECIPE_FORMAT = 'gridpact-recipe/1';

export interface Recipe {
  readonly format: typeof RECIPE_FORMAT;
  /** [a-z0-9-], 1..64 characters. */
  readonly name: string;
  readonly task: TaskId;
  /** Arguments of the task that a recipe may set; the task checks their values. */
  readonly args: Partial<Tasks[TaskId]['args']>;
  readonly numEnvs: number;
  readonly backend: BackendRequest;
  /** Everything but the seed. */
  readonly ppo: Omit<PpoConfig, 'seed'>;
}

export interface TrainOptions {
  readonly seed: number;
  /** Instead of the recipe's; another number of steps is another policy. */
  readonly totalSteps?: number;
  /** Instead of the recipe's. */
  readonly backend?: BackendRequest;
  readonly onProgress?: (progress: Progress) => void | Promise<void>;
}

export interface TrainedPolicy {
  readonly policy: FloatPolicy;
  readonly training: PpoResult;
  readonly recipe: string;
  readonly recipeDigest: string;
}

/** @throws `train.recipe`, `env.taskArgument`, `agents.backend`, `agents.ppo`, `agents.ppoDiverged`. */
export async function trainFromRecipe(recipe: Recipe, options: TrainOptions): Promise<TrainedPolicy> {
  const config: PpoConfig = {
    ...recipe.ppo,
    seed: options.seed,
    totalSteps: options.totalSteps ?? recipe.ppo.totalSteps,
  };
  const backend = await loadBackend(options.backend ?? recipe.backend);
  const makeEnv = (): VectorEnv => makeVector(recipe.task, recipe.numEnvs, recipe.args);
  const { port } = makeVector(recipe.task, 1, recipe.args).copies[0]!;
  const training = await trainPpo(config, makeEnv, options.onProgress, backend);
  return {
    policy: { layers: training.layers, interface: port.policy },
    training,
    recipe: recipe.name,
    recipeDigest: recipeDigest(recipe),
  };
}

/** @throws `train.recipe` when the file cannot be read, is not JSON, or is not a recipe. */
export async function loadRecipe(path: string): Promise<Recipe> {
  let document: unknown;
  try {
    document = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw fail('train.recipe', { expected: 'a JSON file', got: path, cause });
  }
  return parseRecipe(document);
}

/** Defaults filled in, units read. @throws `train.recipe`, `base.unit`. */
export async function parseRecipe(document: unknown): Promise<Recipe> {
  const given = object(document, 'recipe', ['format', 'name', 'task', 'args', 'numEnvs', 'backend', 'ppo']);
  if (given['format'] !== RECIPE_FORMAT) throw refuse('format', RECIPE_FORMAT, given['format']);
  const name = given['name'];
  if (typeof name !== 'string' || !/^[a-z0-9-]{1,64}$/.test(name)) throw refuse('name', '[a-z0-9-]{1,64}', name);
  return {
    format: RECIPE_FORMAT,
    name,
    task: oneOf('task', given['task'], TASK_IDS),
    args: await parseArgs(given['args'] ?? {}),
    numEnvs: numberIn('numEnvs', given['numEnvs'], [1, 4096, 'integer']),
    backend: oneOf('backend', given['backend'] ?? 'wasm', ['auto', ...BACKEND_NAMES]),
    ppo: parsePpo(given['ppo']),
  };
}

/** SHA-256 of the recipe as parsed (defaults filled in), hex. */
export function recipeDigest(recipe: Recipe): string {
  return toHex(sha256(utf8(JSON.stringify(sortKeys(recipe)))));
}

const ARG_NAMES = ['scale', 'observationDelay', 'missingRate', 'stepMs', 'days', 'seriesSeed', 'credit', 'reward'];
const REWARD_NAMES = ['barrierWeight', 'marginPu', 'barrierScalePu', 'lossScaleW', 'changeWeight', 'divergedPenalty'];

/** Training days only: there is no `split` to set. */
async function parseArgs(document: unknown): Promise<Recipe['args']> {
  const given: Record<string, unknown> = { ...object(document, 'args', ARG_NAMES) };
  if (given['stepMs'] !== undefined) given['stepMs'] = await withUnit('args.stepMs', given['stepMs'], 'ms');
  if (given['reward'] !== undefined) given['reward'] = await parseReward(given['reward']);
  return given as Recipe['args'];
}

async function parseReward(document: unknown): Promise<Record<string, number>> {
  const given = object(document, 'args.reward', REWARD_NAMES);
  const reward: Record<string, number> = {};
  for (const name of REWARD_NAMES) {
    const path = `args.reward.${name}`;
    const value = name === 'lossScaleW' ? await withUnit(path, given[name], 'W') : given[name];
    reward[name] = numberIn(path, value, [0, 1e9, 'real']);
  }
  return reward;
}

async function withUnit(path: string, value: unknown, unit: string): Promise<number> {
  if (typeof value !== 'number' && typeof value !== 'string') throw refuse(path, `a quantity in ${unit}`, value);
  return quantity(value, unit);
}

function parsePpo(document: unknown): Recipe['ppo'] {
  const names = ['totalSteps', ...Object.keys(PPO_DEFAULTS)];
  const given = object(document, 'ppo', names);
  const filled = { ...PPO_DEFAULTS, ...given } as Record<string, unknown>;
  const numbers = Object.entries(PPO_BOUNDS)
    .filter(([name]) => name !== 'seed')
    .map(([name, bounds]) => [name, numberIn(`ppo.${name}`, filled[name], bounds)] as const);
  const hidden = filled['hidden'];
  if (!Array.isArray(hidden) || hidden.length < 1 || hidden.length > 3)
    throw refuse('ppo.hidden', '1..3 widths', hidden);
  return {
    ...(Object.fromEntries(numbers) as Record<Exclude<keyof typeof PPO_BOUNDS, 'seed'>, number>),
    hidden: hidden.map((width) => numberIn('ppo.hidden', width, [1, 256, 'integer'])),
    activation: oneOf('ppo.activation', filled['activation'], ['relu', 'hardtanh', 'tanh']),
    annealLearningRate: oneOf('ppo.annealLearningRate', filled['annealLearningRate'], [true, false]),
    normaliseRewards: oneOf('ppo.normaliseRewards', filled['normaliseRewards'], [true, false]),
    normaliseValues: oneOf('ppo.normaliseValues', filled['normaliseValues'], [true, false]),
    critic: oneOf('ppo.critic', filled['critic'], ['own', 'all']),
    limits: [],
  };
}

function object(value: unknown, path: string, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(path, 'an object', value);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw refuse(path, `only ${names.join(', ')}`, unknown);
  return value as Record<string, unknown>;
}

function numberIn(path: string, value: unknown, [lo, hi, kind]: readonly [number, number, 'integer' | 'real']): number {
  const ok = typeof value === 'number' && value >= lo && value <= hi && (kind === 'real' || Number.isInteger(value));
  if (!ok) throw refuse(path, `${kind} in [${lo}, ${hi}]`, value);
  return value;
}

function oneOf<const T>(path: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) throw refuse(path, allowed.join(', '), value);
  return found;
}

function refuse(path: string, expected: string, got: unknown): Error {
  return fail('train.recipe', { expected: `${path}: ${expected}`, got: got === undefined ? 'nothing' : got });
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sortKeys(inner)]));
}
