/**
 * A training recipe: one TOML or JSON document that, with a seed, decides every byte of a policy. Every key is documented
 * in docs/agents/training.md. A budget is a number of steps, never a time: time would decide the bytes.
 */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toHex, utf8 } from '../base/bytes.ts';
import { sha256 } from '../base/hash.ts';
import { taskIds } from '../env/gym/registry.ts';
import type { TaskCopy } from '../env/gym/task.ts';
import { BACKEND_NAMES, type BackendRequest } from './backend.ts';
import {
  ALGORITHM_NAMES,
  ALGORITHMS,
  type AlgorithmName,
  type PpoSettings,
  type SacSettings,
} from './training/algorithms.ts';
import { parseDocument } from './training/document.ts';
import { DocumentCheck, type Setting } from './training/settings.ts';
import { readTaskArgs, type RecipeFile } from './training/taskArgs.ts';

export const RECIPE_FORMAT = 'gridpact-recipe/2';

/** A limit on the mean cost per step of one of the task's `costNames`. */
export interface RecipeLimit {
  readonly name: string;
  readonly limit: number;
  /** Most by which an update may move the multiplier. */
  readonly learningRate: number;
}

/** As parsed: defaults filled in, units read, files by their paths. Plain data. */
export interface Recipe {
  readonly format: typeof RECIPE_FORMAT;
  /** [a-z0-9-], 1..64 characters. */
  readonly name: string;
  readonly description: string;
  readonly task: string;
  /** Arguments of the task; the task checks their values. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Digests of the files that `args` names. */
  readonly files: readonly RecipeFile[];
  readonly numEnvs: number;
  readonly backend: BackendRequest;
  readonly algorithm: AlgorithmName;
  /** Of the algorithm, everything but seed and limits; the other is left out. */
  readonly ppo?: PpoSettings;
  readonly sac?: SacSettings;
  readonly limits: readonly RecipeLimit[];
  /** Trained when the command line names none. */
  readonly seeds: readonly number[];
  /** A checkpoint every so many updates; 0: none. */
  readonly checkpointUpdates: number;
}

/** A recipe whose files were read. */
export interface LoadedRecipe extends Recipe {
  /** What the task takes. */
  readonly taskArgs: object;
}

export interface RecipeSource {
  /** Named in errors. */
  readonly file?: string;
  /** Paths in the recipe start here; the working directory. */
  readonly directory?: string;
}

/** Keys of the document beside the section of the algorithm. */
export const RECIPE_SETTINGS: Readonly<Record<string, Setting>> = {
  numEnvs: { kind: 'number', low: 1, high: 4096, whole: true },
  backend: { kind: 'choice', choices: ['auto', ...BACKEND_NAMES], initial: 'wasm' },
  algorithm: { kind: 'choice', choices: ALGORITHM_NAMES, initial: 'ppo' },
  seeds: {
    kind: 'list',
    least: 1,
    most: 1000,
    of: { kind: 'number', low: 0, high: 4294967295, whole: true },
    initial: [1],
  },
  checkpointUpdates: { kind: 'number', low: 0, high: 1e9, whole: true, initial: 50 },
};
export const LIMIT_SETTINGS: Readonly<Record<string, Setting>> = {
  limit: { kind: 'number', low: 1e-12, high: 1e12, whole: false },
  learningRate: { kind: 'number', low: 0, high: 100, whole: false, initial: 0.1 },
};
const KEYS = ['format', 'name', 'description', 'task', 'args', 'files', 'limits', ...Object.keys(RECIPE_SETTINGS)];

/** By its file name TOML or JSON. @throws `train.recipe`, with file, key, expected and got. */
export async function loadRecipe(path: string): Promise<LoadedRecipe> {
  const check = new DocumentCheck(path, 'train.recipe');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw check.refuse('document', 'a file that can be read', reason, cause);
  }
  return parseRecipe(parseDocument(check, text, path), { file: path, directory: dirname(path) });
}

/** Defaults filled in, units and files read, the task's own checks made. @throws `train.recipe`. */
export async function parseRecipe(
  document: unknown,
  { file, directory = '.' }: RecipeSource = {},
): Promise<LoadedRecipe> {
  const check = new DocumentCheck(file, 'train.recipe');
  const given = check.table(document, '', [...KEYS, ...ALGORITHM_NAMES]);
  checkFormat(check, given['format']);
  const read = (name: string): unknown => check.read(RECIPE_SETTINGS[name]!, given[name], name);
  const algorithm = read('algorithm') as AlgorithmName;
  const task = check.choice(given['task'], 'task', taskIds());
  const { plain, live, files, copy } = await readTaskArgs(check, task, given['args'] ?? {}, directory);
  checkFiles(check, files, given['files']);
  const recipe: LoadedRecipe = {
    format: RECIPE_FORMAT,
    name: check.text(given['name'], 'name', /^[a-z0-9-]{1,64}$/, '1 to 64 of a-z, 0-9 and -'),
    description: check.text(given['description'] ?? '', 'description', /^[^]{0,2000}$/, 'up to 2000 characters'),
    task,
    args: plain,
    files,
    numEnvs: read('numEnvs') as number,
    backend: read('backend') as BackendRequest,
    algorithm,
    ...parseAlgorithm(check, algorithm, given),
    limits: parseLimits(check, given['limits'] ?? [], copy),
    seeds: distinctSeeds(check, read('seeds') as number[]),
    checkpointUpdates: read('checkpointUpdates') as number,
    taskArgs: live,
  };
  checkBatch(check, recipe, copy.shape.agents);
  checkMemory(check, recipe, copy);
  return recipe;
}

/** SHA-256, hex, of everything that decides bytes: not the description, not the list of seeds. */
export function recipeDigest(recipe: Recipe): string {
  const { description: _description, seeds: _seeds, ...decisive } = recipeDocument(recipe);
  return toHex(sha256(utf8(JSON.stringify(sortKeys(decisive)))));
}

/** The recipe as plain data that `parseRecipe` reads again. */
export function recipeDocument(recipe: Recipe | LoadedRecipe): Recipe {
  const { taskArgs: _taskArgs, ...plain } = recipe as LoadedRecipe;
  return plain;
}

/** Transitions that the recipe asks for. */
export function recipeSteps(recipe: Recipe): number {
  return recipe[recipe.algorithm]!.totalSteps;
}

/** Each has a folder of its own. */
function distinctSeeds(check: DocumentCheck, seeds: number[]): number[] {
  const twice = seeds.find((seed, i) => seeds.indexOf(seed) < i);
  if (twice !== undefined) throw check.refuse('seeds', 'each seed once', `${twice} twice`);
  return seeds;
}

function checkFormat(check: DocumentCheck, format: unknown): void {
  if (format === RECIPE_FORMAT) return;
  const old = format === 'gridpact-recipe/1' ? '; a recipe of format 1 becomes one with this line alone' : '';
  throw check.refuse('format', `${RECIPE_FORMAT}${old}`, format);
}

function parseAlgorithm(
  check: DocumentCheck,
  algorithm: AlgorithmName,
  given: Readonly<Record<string, unknown>>,
): Pick<Recipe, AlgorithmName> {
  for (const other of ALGORITHM_NAMES) {
    if (other !== algorithm && given[other] !== undefined) {
      throw check.refuse(other, `nothing, for algorithm = "${algorithm}"`, 'a table');
    }
  }
  const { settings } = ALGORITHMS[algorithm];
  const section = check.table(given[algorithm], algorithm, Object.keys(settings));
  const read = Object.entries(settings).map(([name, setting]) => {
    return [name, check.read(setting, section[name], `${algorithm}.${name}`)] as const;
  });
  return { [algorithm]: Object.fromEntries(read) } as unknown as Pick<Recipe, AlgorithmName>;
}

function parseLimits(check: DocumentCheck, value: unknown, copy: TaskCopy): RecipeLimit[] {
  if (!Array.isArray(value)) throw check.refuse('limits', 'a list of tables', value);
  const { costNames = [] } = copy.shape;
  return value.map((item, i) => {
    const at = `limits[${i}]`;
    const given = check.table(item, at, ['name', ...Object.keys(LIMIT_SETTINGS)]);
    if (costNames.length === 0) throw check.refuse(at, 'no limits: the task states no costs', given['name']);
    return {
      name: check.choice(given['name'], `${at}.name`, costNames),
      limit: check.read(LIMIT_SETTINGS['limit']!, given['limit'], `${at}.limit`) as number,
      learningRate: check.read(LIMIT_SETTINGS['learningRate']!, given['learningRate'], `${at}.learningRate`) as number,
    };
  });
}

/** A recipe taken from a card says what its files held. */
function checkFiles(check: DocumentCheck, files: readonly RecipeFile[], stated: unknown): void {
  if (stated === undefined) return;
  if (!Array.isArray(stated)) throw check.refuse('files', 'a list', stated);
  for (const [i, item] of stated.entries()) {
    const { key, path, sha256: digest } = check.table(item, `files[${i}]`, ['key', 'path', 'sha256']);
    const found = files.find((file) => file.key === key && file.path === path);
    if (found?.sha256 !== digest)
      throw check.refuse(`files[${i}].sha256`, `${String(digest)} of ${String(path)}`, found?.sha256);
  }
  if (stated.length !== files.length) throw check.refuse('files', `${files.length} files, as args name`, stated.length);
}

/** What no bound of one key alone can tell. */
function checkBatch(check: DocumentCheck, { numEnvs, ppo, sac }: Recipe, agents: number): void {
  if (sac !== undefined && sac.learningStarts >= sac.totalSteps) {
    throw check.refuse('sac.learningStarts', `below ${sac.totalSteps}, the steps of the recipe`, sac.learningStarts);
  }
  if (ppo === undefined) return;
  const batch = numEnvs * agents * ppo.rolloutSteps;
  if (ppo.minibatchSize <= batch) return;
  const rule = `at most ${batch}, the transitions of a rollout (${numEnvs} copies x ${agents} agents x ${ppo.rolloutSteps} steps)`;
  throw check.refuse('ppo.minibatchSize', rule, ppo.minibatchSize);
}

/** Most float32 values of a rollout: 1 GiB. */
const ROLLOUT_VALUES = 2 ** 28;
/** Most of a replay buffer, 256 MiB: a checkpoint holds it as base64, and a text has fewer than 2^29 characters. */
const REPLAY_VALUES = 2 ** 26;

/** What would fail to be held, or to be written into a checkpoint, is refused before hours of training. */
function checkMemory(check: DocumentCheck, { numEnvs, ppo, sac, limits }: Recipe, { shape }: TaskCopy): void {
  const { agents, observationSize: seen, actionSize: done } = shape;
  if (sac !== undefined) {
    const most = Math.floor(REPLAY_VALUES / (2 * seen + done + 2 + limits.length));
    if (sac.bufferSize > most) throw check.refuse('sac.bufferSize', `at most ${most} transitions`, sac.bufferSize);
  }
  if (ppo !== undefined) {
    const critic = ppo.critic === 'all' ? agents * (seen + 1) : 0;
    const values = seen + critic + done + 4 + 5 * (1 + limits.length);
    const most = Math.floor(ROLLOUT_VALUES / (numEnvs * agents * values));
    if (ppo.rolloutSteps <= most) return;
    throw check.refuse(
      'ppo.rolloutSteps',
      `at most ${most} with ${numEnvs} copies x ${agents} agents`,
      ppo.rolloutSteps,
    );
  }
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sortKeys(inner)]));
}
