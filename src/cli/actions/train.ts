import { dirname, resolve } from 'node:path';
import { resumeRun, startRun, type RunOptions, type TrainedRun } from '../../agents/training/run.ts';
import { readRun } from '../../agents/training/runFolder.ts';
import { recipeDocument, recipeSteps } from '../../agents/recipe.ts';
import { systemClock } from '../../base/clock.ts';
import { fail } from '../../base/errors.ts';
import type { Action } from '../command.ts';
import type { TrainFlags } from '../commands/train.ts';
import { makeNamedDirectory } from '../files.ts';
import { readSeeds, refuseUnfinishedSeeds, trainSeeds } from '../seedRuns.ts';
import { finishRun, type FinishedRun } from '../trainedModel.ts';
import { curvePlot, lastLine, readRecipe, trainingBar } from '../training.ts';
import { count, percent } from '../ui/format.ts';
import type { Json, Reporter } from '../ui/output.ts';
import { facts } from '../ui/table.ts';

export const train: Action<TrainFlags, [recipe?: string]> = async (report, flags, recipePath) => {
  if (flags.resume !== undefined) return goOn(report, flags, flags.resume, recipePath);
  if (recipePath === undefined) throw fail('cli.usage', { expected: 'a recipe, or --resume', got: 'neither' });
  const recipe = await readRecipe(recipePath);
  const seeds = chooseSeeds(flags, recipe.seeds);
  const { steps: totalSteps = recipeSteps(recipe), backend = recipe.backend, out: folder } = flags;
  const directory = resolve(dirname(recipePath));
  if (seeds.length === 1) {
    const start = { folder, directory, seed: seeds[0]!, totalSteps, backend };
    refuseUnfinishedSeeds(folder, (await readSeeds(folder))?.seeds ?? []);
    await makeModelFolder(flags);
    return finish(report, flags, await startRun(recipe, start, runOptions(report, flags, totalSteps)));
  }
  oneSeedForModel(flags, seeds);
  const { workers, keepCheckpoints: keep } = flags;
  const run = {
    format: 'gridpact-seeds/1',
    recipe: recipeDocument(recipe),
    directory,
    seeds,
    totalSteps,
    backend,
  } as const;
  return trainSeeds(report, folder, run, { resume: false, workers, keep });
};

function chooseSeeds({ seed, seeds }: TrainFlags, ofRecipe: readonly number[]): readonly number[] {
  if (seed === undefined) return seeds ?? ofRecipe;
  if (seeds !== undefined) throw fail('cli.usage', { expected: '--seed or --seeds', got: 'both' });
  return [seed];
}

function oneSeedForModel({ model }: TrainFlags, { length }: readonly number[]): void {
  if (model === undefined) return;
  throw fail('cli.usage', { expected: '--model with one seed: none of several is selected', got: `${length} seeds` });
}

/** Not found out after the training. @throws `cli.file`. */
async function makeModelFolder({ model }: TrainFlags): Promise<void> {
  if (model !== undefined) await makeNamedDirectory(model);
}

async function goOn(
  report: Reporter,
  flags: TrainFlags,
  folder: string,
  recipePath: string | undefined,
): Promise<void> {
  const { seed, seeds, steps, backend, workers, keepCheckpoints: keep } = flags;
  if ([recipePath, seed, seeds, steps, backend].some((given) => given !== undefined)) {
    const expected = '--resume alone: recipe, seeds, steps and backend are those of the run';
    throw fail('cli.usage', { expected, got: 'more' });
  }
  const several = await readSeeds(folder);
  if (several !== undefined) {
    oneSeedForModel(flags, several.seeds);
    return trainSeeds(report, folder, several, { resume: true, workers, keep });
  }
  await makeModelFolder(flags);
  return finish(report, flags, await resumeRun(folder, runOptions(report, flags, readRun(folder).totalSteps)));
}

async function finish(report: Reporter, { model }: TrainFlags, run: TrainedRun): Promise<void> {
  report.note(lastLine(run.lines));
  tell(report, await finishRun(run, run.trained!, model));
}

function runOptions(report: Reporter, { keepCheckpoints: keep }: TrainFlags, totalSteps: number): RunOptions {
  return { clock: systemClock, keep, onProgress: trainingBar(report, 'training', totalSteps) };
}

function tell(report: Reporter, { run, card, seconds }: FinishedRun): void {
  const { training, freeze } = card;
  report.text(
    ...curvePlot(report, [{ name: `seed ${training.seed}`, lines: run.lines }]),
    ...facts([
      ['policy', card.cid],
      ['size', `${count(card.bytes)} bytes, gas ${count(card.gas)}`],
      ['quantisation', `at most ${percent(freeze.maxError, 4)} of the output range, on ${count(freeze.points)} points`],
      ['checkpoints', checkpointText(card)],
      ['backend', `${training.backend}${training.reproducible ? '' : ' (not reproducible elsewhere)'}`],
      ['seconds', seconds.toFixed(1)],
      ['written', run.folder],
    ]),
  );
  report.document(card as unknown as Json);
}

function checkpointText({ training: { checkpoints } }: FinishedRun['card']): string {
  const last = checkpoints.at(-1);
  return last === undefined ? 'none' : `${checkpoints.length}, the last after update ${last.update}: ${last.sha256}`;
}
