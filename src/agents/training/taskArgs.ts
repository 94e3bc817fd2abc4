/**
 * Arguments of a task as a recipe states them: quantities with units, and series, homes, networks and fleets by the
 * path of a file. The task itself checks the values; what it refuses is told with the file and the key of the recipe.
 */
import { readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join as joinPath } from 'node:path';
import { toHex, utf8 } from '../../base/bytes.ts';
import { isGridPactError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import { parseCase } from '../../env/cases/caseText.ts';
import { parseFleet } from '../../env/cases/fleet.ts';
import { caseNetwork, CASE_NAMES, isCaseName } from '../../env/cases/index.ts';
import { parseMatpower } from '../../env/cases/matpower.ts';
import { taskDefinition } from '../../env/gym/registry.ts';
import type { TaskCopy } from '../../env/gym/task.ts';
import { cityLearnFiles, readCityLearn } from '../../env/series/citylearn.ts';
import { readSeriesCsv } from '../../env/series/csv.ts';
import { measuredSeries, splitDays } from '../../env/series/feederSeries.ts';
import { readGridFrequency } from '../../env/series/gridFrequency.ts';
import type { Asset } from '../../grid/asset.ts';
import type { Network } from '../../grid/network.ts';
import { quantity } from '../../grid/units.ts';
import { join, nearest, type DocumentCheck } from './settings.ts';

/** A file that a recipe names: what was in it decides the bytes of the policy as well. */
export interface RecipeFile {
  readonly key: string;
  /** As the recipe has it; relative to the folder of the recipe. */
  readonly path: string;
  /** Hex; of a folder, over the digests of the files that were read. */
  readonly sha256: string;
}

export interface TaskArgs {
  /** Units read, files still by their paths: what is recorded. */
  readonly plain: Readonly<Record<string, unknown>>;
  /** What the task takes. */
  readonly live: object;
  readonly files: readonly RecipeFile[];
  /** A copy made with them. */
  readonly copy: TaskCopy;
}

/** By the end of an argument's name; text there is read in that unit. The longest that fits counts. */
const UNIT_SUFFIXES: readonly (readonly [suffix: string, unit: string])[] = [
  ['Mwh', 'MWh'],
  ['Kwh', 'kWh'],
  ['Var', 'var'],
  ['Wh', 'Wh'],
  ['Ms', 'ms'],
  ['Hz', 'Hz'],
  ['W', 'W'],
  ['S', 's'],
];

/** @throws the refusals of `check` (`train.recipe`). */
export async function readTaskArgs(
  check: DocumentCheck,
  task: string,
  document: unknown,
  directory: string,
): Promise<TaskArgs> {
  const given = check.anyTable(document, 'args');
  if (Object.hasOwn(given, 'split')) {
    throw check.refuse('args.split', 'nothing: training draws from the training split alone', given['split']);
  }
  const stated = (await withUnits(check, given, 'args')) as Record<string, unknown>;
  const plain = fillTables(check, task, stated);
  const { live, files } = await loadFiles(check, task, plain, directory);
  return { plain, live, files, copy: createCopy(check, task, plain, live) };
}

async function withUnits(check: DocumentCheck, value: unknown, at: string): Promise<unknown> {
  if (typeof value === 'string') return textOrQuantity(check, value, at);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const read: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) read[name] = await withUnits(check, part, join(at, name));
  return read;
}

async function textOrQuantity(check: DocumentCheck, text: string, at: string): Promise<string | number> {
  const unit = UNIT_SUFFIXES.find(([suffix]) => at.endsWith(suffix))?.[1];
  if (unit === undefined) return text;
  try {
    // Twelve digits: "5 min" is 300000 ms, and not the double beside it.
    return Number((await quantity(text, unit)).toPrecision(12));
  } catch (cause) {
    throw check.refuse(at, `a number of ${unit}, or a quantity such as "5 ${unit}"`, text, cause);
  }
}

/** A flat table of numbers, such as a reward, may be given in part: the rest is what the task has without it. */
function fillTables(
  check: DocumentCheck,
  task: string,
  plain: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const tables = Object.keys(plain).filter((name) => isFlatTable(plain[name]));
  if (tables.length === 0) return plain;
  const simple = Object.entries(plain).filter(
    ([name, value]) => ['number', 'boolean', 'string'].includes(typeof value) && !Object.hasOwn(FILE_KEYS, name),
  );
  const { args } = createCopy(check, task, plain, Object.fromEntries(simple)) as TaskCopy & {
    readonly args?: Readonly<Record<string, unknown>>;
  };
  const filled: Record<string, unknown> = { ...plain };
  for (const name of tables) {
    const usual = args?.[name];
    if (isFlatTable(usual)) filled[name] = { ...usual, ...checkTable(check, plain[name], `args.${name}`, usual) };
  }
  return filled;
}

function checkTable(check: DocumentCheck, value: unknown, at: string, usual: object): object {
  const given = check.table(value, at, Object.keys(usual));
  for (const [name, inner] of Object.entries(given)) {
    const kind = typeof usual[name as keyof typeof usual];
    const ok = typeof inner === kind && (kind !== 'number' || Number.isFinite(inner));
    if (!ok) throw check.refuse(join(at, name), kind === 'number' ? 'a finite number' : `a ${kind}`, inner);
  }
  return given;
}

function isFlatTable(value: unknown): value is Readonly<Record<string, unknown>> {
  const table = typeof value === 'object' && value !== null && !Array.isArray(value);
  return table && Object.values(value).every((inner) => typeof inner !== 'object');
}

function createCopy(
  check: DocumentCheck,
  task: string,
  plain: Readonly<Record<string, unknown>>,
  live: object,
): TaskCopy {
  try {
    return taskDefinition(task).createCopy(live);
  } catch (cause) {
    if (!isGridPactError(cause)) throw cause;
    const said = typeof cause.expected === 'string' ? cause.expected : JSON.stringify(cause.expected ?? cause.message);
    const named = /^([A-Za-z][A-Za-z0-9]*): (.*)$/s.exec(said);
    if (named !== null && Object.hasOwn(plain, named[1]!)) {
      throw check.refuse(`args.${named[1]!}`, named[2]!, cause.got, cause);
    }
    const list = /^one of (.*)$/.exec(said)?.[1];
    if (list !== undefined && typeof cause.got === 'string' && Object.hasOwn(plain, cause.got)) {
      const near = nearest(cause.got, list.split(', '));
      throw check.refuse(
        `args.${cause.got}`,
        `a known argument of ${task}, such as ${near}`,
        `unknown key ${cause.got}`,
      );
    }
    throw check.refuse('args', `what ${task} takes (${said})`, cause.got ?? plain, cause);
  }
}

// ---- files -------------------------------------------------------------------------------------------------

interface FileContext {
  readonly check: DocumentCheck;
  readonly task: string;
  readonly directory: string;
  readonly live: Record<string, unknown>;
  readonly files: RecipeFile[];
}

/** In this order: what comes later may need what comes before. */
const FILE_KEYS: Readonly<Record<string, (context: FileContext, key: string, value: unknown) => Promise<unknown>>> = {
  network: readNetwork,
  fleet: readFleet,
  series: readSeries,
  homes: readHomes,
};

async function loadFiles(
  check: DocumentCheck,
  task: string,
  plain: Readonly<Record<string, unknown>>,
  directory: string,
): Promise<{ live: object; files: readonly RecipeFile[] }> {
  const isPath = (name: string): boolean => {
    const value = plain[name];
    const paths = Array.isArray(value) ? value : [value];
    return Object.hasOwn(FILE_KEYS, name) && paths.length > 0 && paths.every((item) => typeof item === 'string');
  };
  // What needs a copy of the task meanwhile must not meet a path.
  const live = Object.fromEntries(Object.entries(plain).filter(([name]) => !isPath(name)));
  const context: FileContext = { check, task, directory, live, files: [] };
  for (const [name, load] of Object.entries(FILE_KEYS)) {
    if (isPath(name)) live[name] = await load(context, `args.${name}`, plain[name]);
  }
  return { live: context.live, files: context.files };
}

async function readText(context: FileContext, key: string, path: unknown, what: string): Promise<string> {
  const { check, directory, files } = context;
  if (typeof path !== 'string') throw check.refuse(key, `the path of ${what}`, path);
  const bytes = await readNamed(context, key, path, what);
  files.push({ key, path, sha256: toHex(sha256(bytes)) });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw check.refuse(key, `${what} in UTF-8`, located(directory, path), cause);
  }
}

async function readNamed(
  { check, directory }: FileContext,
  key: string,
  path: string,
  what: string,
): Promise<Uint8Array> {
  try {
    return await readFile(located(directory, path));
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw check.refuse(key, `${what} that can be read`, `${located(directory, path)} (${reason})`, cause);
  }
}

function located(directory: string, path: string): string {
  return isAbsolute(path) ? path : joinPath(directory, path);
}

/** What a reader refuses is the recipe's to mend: the key is named, with what the reader said. */
function reading<T>({ check }: FileContext, key: string, path: unknown, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isGridPactError(cause)) throw cause;
    throw check.refuse(key, `${String(path)} to hold what it must (${cause.message})`, cause.got, cause);
  }
}

async function readNetwork(context: FileContext, key: string, value: unknown): Promise<Network> {
  if (typeof value === 'string' && isCaseName(value)) return caseNetwork(value);
  const text = await readText(context, key, value, `a built-in case (${CASE_NAMES.join(', ')}) or a case file`);
  return reading(context, key, value, () => (/^\s*gridpact-case/m.test(text) ? parseCase(text) : parseMatpower(text)));
}

async function readFleet(context: FileContext, key: string, value: unknown): Promise<readonly Asset[]> {
  const text = await readText(context, key, value, 'a fleet file');
  try {
    return await parseFleet(text);
  } catch (cause) {
    return reading(context, key, value, () => {
      throw cause;
    });
  }
}

/** A CSV of loads and PV on a feeder (several: one after the other), or of measured frequency. */
async function readSeries(context: FileContext, key: string, value: unknown): Promise<unknown> {
  if (context.task.startsWith('frequency-')) {
    const text = await readText(context, key, value, 'a CSV of measured frequency');
    return reading(context, key, value, () => readGridFrequency(text).series);
  }
  const { live, task, check } = context;
  const setting = settingOf(createCopy(check, task, live, withoutSeries(live)));
  if (setting === undefined) throw check.refuse(key, `nothing: ${task} takes no series from a file`, value);
  const days = [];
  const paths: unknown[] = Array.isArray(value) ? value : [value];
  for (const path of paths) {
    const text = await readText(context, key, path, 'a CSV of loads and PV');
    days.push(...reading(context, key, path, () => splitDays(measuredSeries(readSeriesCsv(text).table, setting))));
  }
  return days;
}

function withoutSeries(live: object): object {
  const rest: Record<string, unknown> = { ...live };
  delete rest['series'];
  return rest;
}

/** Where a feeder's loads and PV stand, with the interval of the task. */
function settingOf(copy: TaskCopy): { network: Network; sites: readonly Asset[]; stepMs: number } | undefined {
  const { setting, args } = copy as TaskCopy & {
    readonly setting?: { readonly network?: Network; readonly sites?: readonly Asset[] };
    readonly args?: { readonly stepMs?: number };
  };
  const { network, sites } = setting ?? {};
  const stepMs = args?.stepMs;
  return network === undefined || sites === undefined || stepMs === undefined ? undefined : { network, sites, stepMs };
}

/** A folder in the form of the CityLearn challenge 2022. */
async function readHomes(context: FileContext, key: string, value: unknown): Promise<unknown> {
  const { check, directory, files } = context;
  const what = 'a folder of homes with schema.json';
  if (typeof value !== 'string') throw check.refuse(key, `the path of ${what}`, value);
  const decoder = new TextDecoder();
  const read = async (name: string): Promise<string> =>
    decoder.decode(await readNamed(context, key, joinPath(value, name), what));
  const schema = await read('schema.json');
  const there = await readdir(located(directory, value));
  const texts = new Map([['schema.json', schema]]);
  for (const name of reading(context, key, value, () => cityLearnFiles(schema))) {
    if (there.includes(name)) texts.set(name, await read(name));
  }
  const digests = [...texts].map(([name, text]) => `${name} ${toHex(sha256(utf8(text)))}\n`);
  files.push({ key, path: value, sha256: toHex(sha256(utf8(digests.join('')))) });
  return reading(context, key, value, () => readCityLearn(texts).homes);
}
