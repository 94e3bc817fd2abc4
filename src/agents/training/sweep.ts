/**
 * A sweep: random search over a recipe with successive halving (Jamieson & Talwalkar 2016). All trials train to the first
 * rung, the best 1/eta of them go on from their checkpoints to the next, and so on to the recipe's number of steps.
 * Drawn from its own stream: the same document gives the same trials, scores and best recipe.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join as joinPath } from 'node:path';
import { toHex, utf8 } from '../../base/bytes.ts';
import { sha256 } from '../../base/hash.ts';
import { RandomStream } from '../../base/random.ts';
import { expReal, lnReal, uniform } from '../../base/realMath.ts';
import { loadRecipe, parseRecipe, recipeDigest, recipeDocument, recipeSteps, type LoadedRecipe } from '../recipe.ts';
import { parseDocument } from './document.ts';
import { DocumentCheck, join, type Setting } from './settings.ts';

export const SWEEP_FORMAT = 'gridpact-sweep/1';

/** Where a value is drawn from. */
type Range =
  | { readonly kind: 'uniform' | 'logUniform' | 'integer'; readonly low: number; readonly high: number }
  | { readonly kind: 'choices'; readonly choices: readonly unknown[] };

export interface Sweep {
  readonly name: string;
  readonly base: LoadedRecipe;
  /** Of the base recipe: where the files it names start from. */
  readonly directory: string;
  readonly seed: number;
  readonly trainingSeed: number;
  readonly episodes: number;
  readonly eta: number;
  /** Transitions at which trials are compared, ascending; the last is the recipe's number. */
  readonly rungs: readonly number[];
  readonly trials: readonly Trial[];
  /** Of everything above, hex: a sweep goes on only with itself. */
  readonly digest: string;
}

export interface Trial {
  readonly id: number;
  /** Drawn values by path. */
  readonly drawn: Readonly<Record<string, unknown>>;
  readonly recipe: LoadedRecipe;
}

/** Keys of the document beside `format`, `name`, `recipe` and `space`. */
export const SWEEP_SETTINGS: Readonly<Record<string, Setting>> = {
  seed: { kind: 'number', low: 0, high: 4294967295, whole: true, initial: 1 },
  trainingSeed: { kind: 'number', low: 0, high: 4294967295, whole: true, initial: 1 },
  trials: { kind: 'number', low: 1, high: 10000, whole: true, initial: 16 },
  eta: { kind: 'number', low: 2, high: 100, whole: true, initial: 4 },
  minSteps: { kind: 'number', low: 1, high: 1e10, whole: true },
  episodes: { kind: 'number', low: 1, high: 1000, whole: true, initial: 16 },
};
export const RANGE_KINDS = ['uniform', 'logUniform', 'integer', 'choices'] as const;

/** @throws `train.sweep` and `train.recipe`, with file, key, expected and got. */
export async function loadSweep(path: string): Promise<Sweep> {
  const check = new DocumentCheck(path, 'train.sweep');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw check.refuse('document', 'a file that can be read', reason, cause);
  }
  return parseSweep(check, parseDocument(check, text, path), dirname(path));
}

async function parseSweep(check: DocumentCheck, document: unknown, directory: string): Promise<Sweep> {
  const given = check.table(document, '', ['format', 'name', 'recipe', 'space', ...Object.keys(SWEEP_SETTINGS)]);
  if (given['format'] !== SWEEP_FORMAT) throw check.refuse('format', SWEEP_FORMAT, given['format']);
  const name = check.text(given['name'], 'name', /^[a-z0-9-]{1,64}$/, '1 to 64 of a-z, 0-9 and -');
  const recipePath = joinPath(directory, check.text(given['recipe'], 'recipe', /./, 'the path of a recipe'));
  const read = (key: string): number => check.read(SWEEP_SETTINGS[key]!, given[key], key) as number;
  const base = await loadRecipe(recipePath);
  const space = parseSpace(check, given['space']);
  const [seed, eta] = [read('seed'), read('eta')];
  const rungs = rungsOf(check, read('minSteps'), eta, recipeSteps(base));
  const own = {
    base,
    directory: dirname(recipePath),
    seed,
    trainingSeed: read('trainingSeed'),
    episodes: read('episodes'),
  };
  const trials = await drawTrials(check, own.base, own.directory, space, seed, read('trials'));
  const decisive = [name, recipeDigest(base), seed, own.trainingSeed, own.episodes, eta, rungs];
  const digest = toHex(sha256(utf8(JSON.stringify([decisive, trials.map(({ recipe }) => recipeDigest(recipe))]))));
  return { name, ...own, eta, rungs, trials, digest };
}

function parseSpace(check: DocumentCheck, value: unknown): ReadonlyMap<string, Range> {
  const given = check.anyTable(value, 'space');
  const paths = Object.keys(given).sort((a, b) => (a < b ? -1 : 1));
  if (paths.length === 0) throw check.refuse('space', 'at least one path, such as "ppo.learningRate"', 'none');
  return new Map(paths.map((path) => [path, parseRange(check, given[path], join('space', path))]));
}

function parseRange(check: DocumentCheck, value: unknown, at: string): Range {
  const given = check.table(value, at, RANGE_KINDS);
  const [kind, ...others] = Object.keys(given) as (typeof RANGE_KINDS)[number][];
  if (kind === undefined || others.length > 0) throw check.refuse(at, `one of ${RANGE_KINDS.join(', ')}`, value);
  const bounds = given[kind];
  if (kind === 'choices') {
    if (!Array.isArray(bounds) || bounds.length === 0) throw check.refuse(join(at, kind), 'a list of values', bounds);
    return { kind, choices: bounds };
  }
  const [low, high] = Array.isArray(bounds) && bounds.length === 2 ? (bounds as unknown[]) : [];
  const real =
    typeof low === 'number' && typeof high === 'number' && low < high && Math.abs(low) + Math.abs(high) < 1e15;
  const fits =
    real &&
    (kind !== 'logUniform' || low > 0) &&
    (kind !== 'integer' || (Number.isSafeInteger(low) && Number.isSafeInteger(high) && high - low < 2 ** 32));
  if (!fits) {
    const what =
      kind === 'logUniform'
        ? 'two numbers, 0 < low < high'
        : `two ${kind === 'integer' ? 'integers, less than 2^32 apart' : 'numbers'}, low < high`;
    throw check.refuse(join(at, kind), what, bounds);
  }
  return { kind, low, high };
}

/** minSteps, then eta times as many each, below the total; then the total. */
function rungsOf(check: DocumentCheck, minSteps: number, eta: number, total: number): number[] {
  if (minSteps > total) throw check.refuse('minSteps', `at most ${total}, the steps of the recipe`, minSteps);
  const rungs: number[] = [];
  for (let steps = minSteps; steps < total; steps *= eta) rungs.push(steps);
  return [...rungs, total];
}

async function drawTrials(
  check: DocumentCheck,
  base: LoadedRecipe,
  directory: string,
  space: ReadonlyMap<string, Range>,
  seed: number,
  count: number,
): Promise<Trial[]> {
  const stream = RandomStream.fromSeed(seed, 'sweep');
  const trials: Trial[] = [];
  for (let id = 0; id < count; id++) {
    const drawn = Object.fromEntries([...space].map(([path, range]) => [path, draw(stream, range)]));
    const document = Object.entries(drawn).reduce<unknown>(
      (recipe, [path, value]) => withValue(check, recipe, path.split('.'), value, path),
      recipeDocument(base),
    );
    const file = `${check.file ?? 'sweep'}, trial ${id}`;
    trials.push({ id, drawn, recipe: await parseRecipe(document, { file, directory }) });
  }
  return trials;
}

/** Four significant digits: a drawn recipe should be one that a person would write. */
function draw(stream: RandomStream, range: Range): unknown {
  if (range.kind === 'choices') return range.choices[stream.below(range.choices.length)];
  const { kind, low, high } = range;
  if (kind === 'integer') return low + stream.below(high - low + 1);
  const u = uniform(stream);
  // ln x = ln low + u (ln high - ln low)
  const x = kind === 'uniform' ? low + u * (high - low) : expReal(lnReal(low) + u * (lnReal(high) - lnReal(low)));
  return Math.min(Math.max(Number(x.toPrecision(4)), low), high);
}

function withValue(
  check: DocumentCheck,
  table: unknown,
  path: readonly string[],
  value: unknown,
  whole: string,
): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (typeof table !== 'object' || table === null || Array.isArray(table)) {
    throw check.refuse(join('space', whole), 'a path of the recipe', whole);
  }
  const held = table as Record<string, unknown>;
  return { ...held, [name]: withValue(check, held[name] ?? (rest.length > 0 ? {} : undefined), rest, value, whole) };
}

/** One trial as far as it came. */
export interface TrialState {
  readonly id: number;
  /** Return of the deterministic policy after each rung. */
  readonly scores: readonly number[];
  /** Why it trains no further, when it broke. */
  readonly failed?: string;
}

/** Trials that live through rung `rung`: all in the first, then the best ceil(n / eta) of those before. */
export function survivors(sweep: Pick<Sweep, 'eta'>, states: readonly TrialState[], rung: number): number[] {
  let ids = states.map(({ id }) => id);
  for (let r = 0; r < rung; r++) {
    const ranked = ids.filter((id) => states[id]!.scores[r] !== undefined).sort((a, b) => compare(states, a, b, r));
    ids = ranked.slice(0, Math.ceil(ids.length / sweep.eta)).sort((a, b) => a - b);
  }
  return ids;
}

/** The best first; of equal ones the earlier. */
function compare(states: readonly TrialState[], a: number, b: number, rung: number): number {
  return states[b]!.scores[rung]! - states[a]!.scores[rung]! || a - b;
}

/** From the best to the worst: who came further, then who scored more there. */
export function ranking(states: readonly TrialState[]): TrialState[] {
  return [...states].sort((a, b) => {
    const further = b.scores.length - a.scores.length;
    return further !== 0 || a.scores.length === 0
      ? further || a.id - b.id
      : compare(states, a.id, b.id, a.scores.length - 1);
  });
}
