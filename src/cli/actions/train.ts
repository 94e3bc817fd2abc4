import { dirname, resolve } from 'node:path';
import { resumeRun, startRun, type RunOptions, type TrainedRun } from '../../agents/training/run.ts';
import { readRun } from '../../agents/training/runFolder.ts';
import { recipeSteps } from '../../agents/recipe.ts';
import { systemClock } from '../../base/clock.ts';
import { fail } from '../../base/errors.ts';
import type { Action } from '../command.ts';
import type { TrainFlags } from '../commands/train.ts';
import { finishRun, type FinishedRun } from '../trainedModel.ts';
import { curvePlot, lastLine, readRecipe, trainingBar } from '../training.ts';
import { count, percent } from '../ui/format.ts';
import type { Json, Reporter } from '../ui/output.ts';
import { facts } from '../ui/table.ts';

export const train: Action<TrainFlags, [recipe?: string]> = async (report, flags, recipePath) => {
  const run =
    flags.resume === undefined ? await begin(report, flags, recipePath) : await goOn(report, flags, recipePath);
  report.note(lastLine(run.lines));
  const finished = await finishRun(run, run.trained!, flags.model);
  tell(report, finished);
};

async function begin(report: Reporter, flags: TrainFlags, recipePath: string | undefined): Promise<TrainedRun> {
  if (recipePath === undefined) throw fail('cli.usage', { expected: 'a recipe, or --resume', got: 'neither' });
  const recipe = await readRecipe(recipePath);
  const seed = flags.seed ?? recipe.seeds[0]!;
  const { steps: totalSteps = recipeSteps(recipe), backend, out: folder } = flags;
  const start = { folder, directory: resolve(dirname(recipePath)), seed, totalSteps, backend };
  return startRun(recipe, start, runOptions(report, flags, totalSteps));
}

async function goOn(report: Reporter, flags: TrainFlags, recipePath: string | undefined): Promise<TrainedRun> {
  const { resume: folder, seed, seeds, steps, backend } = flags;
  if ([recipePath, seed, seeds, steps, backend].some((given) => given !== undefined)) {
    const expected = '--resume alone: recipe, seed, steps and backend are those of the run';
    throw fail('cli.usage', { expected, got: 'more' });
  }
  return resumeRun(folder!, runOptions(report, flags, readRun(folder!).totalSteps));
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
  report.document({ ...card, folder: run.folder } as unknown as Json);
}

function checkpointText({ training: { checkpoints } }: FinishedRun['card']): string {
  const last = checkpoints.at(-1);
  return last === undefined ? 'none' : `${checkpoints.length}, the last after update ${last.update}: ${last.sha256}`;
}
