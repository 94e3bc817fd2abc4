/** One recipe under several seeds: a folder each, a table of all, and nothing selected. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { estimate, meanOf, resampleMeans, sampleOf, type Estimate } from '../agents/evaluation/statistics.ts';
import type { BackendRequest } from '../agents/backend.ts';
import type { Recipe } from '../agents/recipe.ts';
import { learningCurveSvg } from '../agents/training/learningCurve.ts';
import { clearRun, readLog, refuseUnfinished, writeAtomically, type LogLine } from '../agents/training/runFolder.ts';
import { fail } from '../base/errors.ts';
import { readCard, type ModelCard } from './modelFiles.ts';
import { trainAll } from './trainCrew.ts';
import { readJsonFile } from './files.ts';
import { curvePlot } from './training.ts';
import { fixed, short } from './ui/format.ts';
import type { Json, Reporter } from './ui/output.ts';
import { facts, table } from './ui/table.ts';

const SEEDS_FORMAT = 'gridpact-seeds/1';

/** What `--resume` needs of a run over several seeds. */
export interface SeedsDocument {
  readonly format: typeof SEEDS_FORMAT;
  readonly recipe: Recipe;
  readonly directory: string;
  readonly seeds: readonly number[];
  readonly totalSteps: number;
  readonly backend: BackendRequest;
}

export interface SeedOptions {
  /** Take up what is there; else begin anew, and refuse where an unfinished run is. */
  readonly resume: boolean;
  readonly workers: number | undefined;
  readonly keep: number | undefined;
}

interface SeedResult {
  readonly seed: number;
  readonly folder: string;
  readonly lines: readonly LogLine[];
  readonly card: ModelCard;
}

const SEEDS_FILE = 'seeds.json';
/** Share of the updates, from the end, whose mean is the final return. */
const FINAL_SHARE = 0.1;

/** Undefined where there is none. @throws `cli.file` when it is something else. */
export async function readSeeds(folder: string): Promise<SeedsDocument | undefined> {
  const path = join(folder, SEEDS_FILE);
  if (!existsSync(path)) return undefined;
  const held = (await readJsonFile(path)) as Partial<SeedsDocument> | null;
  const whole =
    held?.format === SEEDS_FORMAT &&
    Array.isArray(held.seeds) &&
    held.seeds.every(Number.isSafeInteger) &&
    Number.isSafeInteger(held.totalSteps) &&
    typeof held.directory === 'string';
  if (!whole) throw fail('cli.file', { expected: `what a run over seeds leaves, format ${SEEDS_FORMAT}`, got: path });
  return held as SeedsDocument;
}

/** Before anything is written: no unfinished run is lost. @throws `train.run`. */
export function refuseUnfinishedSeeds(folder: string, seeds: readonly number[]): void {
  refuseUnfinished(folder);
  for (const seed of seeds) refuseUnfinished(folderOf(folder, seed));
}

function folderOf(folder: string, seed: number): string {
  return join(folder, `seed-${seed}`);
}

/** What is there of before would else be taken for a seed of this run that is finished. */
async function makeWay(folder: string, seeds: readonly number[]): Promise<void> {
  refuseUnfinishedSeeds(folder, [...seeds, ...((await readSeeds(folder))?.seeds ?? [])]);
  clearRun(folder);
  for (const at of seeds.map((seed) => folderOf(folder, seed))) if (existsSync(at)) clearRun(at);
}

/** Trains every seed, or those that are not finished yet. */
export async function trainSeeds(
  report: Reporter,
  folder: string,
  run: SeedsDocument,
  { resume, workers, keep }: SeedOptions,
): Promise<void> {
  const { recipe, directory, seeds, totalSteps, backend } = run;
  if (!resume) await makeWay(folder, seeds);
  writeAtomically(join(folder, SEEDS_FILE), `${JSON.stringify(run, null, 2)}\n`);
  const folders = seeds.map((seed) => folderOf(folder, seed));
  const open = seeds
    .map((seed, i) => ({ seed, folder: folders[i]! }))
    .filter(({ folder: at }) => !resume || !isFinished(at));
  const bar = report.progress('training', totalSteps * seeds.length, 'steps');
  const lived = new Map(seeds.map((seed) => [seed, totalSteps]));
  for (const { seed } of open) lived.set(seed, 0);
  const outcomes = await trainAll(
    open.map(({ seed, folder: at }) => ({
      recipe,
      start: { folder: at, directory, seed, totalSteps, backend },
      resume,
      keep,
      untilSteps: undefined,
      freeze: true,
      score: undefined,
    })),
    {
      workers,
      onProgress: (job, { steps, meanReturn, meanReward, backend: used }) => {
        const { seed } = open[job]!;
        lived.set(seed, Math.min(steps, totalSteps));
        const detail = `${used.split(' ')[0]!}  seed ${seed} return ${fixed(meanReturn ?? meanReward, 2)}`;
        bar.update(
          [...lived.values()].reduce((sum, n) => sum + n, 0),
          detail,
        );
      },
    },
  );
  bar.end();
  const broken = open.flatMap(({ seed }, i) =>
    outcomes[i]!.diverged === undefined ? [] : [`seed ${seed}: ${outcomes[i]!.diverged}`],
  );
  if (broken.length > 0)
    throw fail('agents.diverged', { expected: 'seeds that all stay finite', got: broken.join('; ') });
  tell(report, folder, run, await Promise.all(seeds.map((seed, i) => resultOf(seed, folders[i]!))));
}

function isFinished(folder: string): boolean {
  return existsSync(join(folder, 'card.json'));
}

async function resultOf(seed: number, folder: string): Promise<SeedResult> {
  const card = await readCard(join(folder, 'card.json'));
  return { seed, folder, lines: readLog(join(folder, 'log.jsonl')), card };
}

function tell(report: Reporter, folder: string, { recipe }: SeedsDocument, results: readonly SeedResult[]): void {
  const finals = results.map(({ lines }) => finalReturn(lines));
  const sample = sampleOf([finals]);
  const mean = estimate(meanOf(finals), resampleMeans([sample])[0]!, sample);
  const runs = results.map(({ seed, lines }) => ({ name: `seed ${seed}`, lines }));
  writeAtomically(
    join(folder, 'learning-curve.svg'),
    learningCurveSvg(`${recipe.name}, ${results.length} seeds`, runs),
  );
  const rows = results.map(({ seed, lines, card, folder: at }, i) => [
    String(seed),
    fixed(finals[i]!, 4),
    fixed(lines.at(-1)?.meanReward ?? NaN, 4),
    (lines.at(-1)?.seconds ?? NaN).toFixed(1),
    short(card.cid),
    at,
  ]);
  const right = 'right' as const;
  const head = ['seed', 'final return', 'reward', 'seconds'].map((title) => ({ title, align: right }));
  report.text(
    ...curvePlot(report, runs),
    ...table([...head, { title: 'policy' }, { title: 'folder' }], rows),
    '',
    ...facts([
      ['final return', `${estimateText(mean)}, mean over the last tenth of the updates, then over seeds`],
      ['selected', 'none: evaluate the seeds side by side, and ship one by name'],
    ]),
  );
  const document: Json = {
    recipe: recipe.name,
    finalReturn: { ...mean },
    seeds: results.map(({ seed, folder: at, card, lines }, i) => ({
      seed,
      folder: at,
      cid: card.cid,
      finalReturn: finals[i]!,
      seconds: lines.at(-1)?.seconds ?? null,
      parameterDigest: card.training.parameterDigest,
    })),
  };
  writeAtomically(join(folder, 'summary.json'), `${JSON.stringify(document, null, 2)}\n`);
  report.document(document);
}

/** Of the last tenth of the updates; rewards of a step where no episode has ended. */
function finalReturn(lines: readonly LogLine[]): number {
  const last = lines.slice(-Math.max(1, Math.ceil(FINAL_SHARE * lines.length)));
  return meanOf(last.map(({ meanReturn, meanReward }) => meanReturn ?? meanReward));
}

function estimateText({ value, low, high }: Estimate): string {
  const interval = low === undefined || high === undefined ? '' : `, 95 % [${fixed(low, 4)}, ${fixed(high, 4)}]`;
  return `${fixed(value, 4)}${interval}`;
}
