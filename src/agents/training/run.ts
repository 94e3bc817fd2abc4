/** Trains into a run folder: log, event file, learning curve and checkpoints as it goes; goes on where a run was cut off. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { fail } from '../../base/errors.ts';
import { describeBackend } from '../backend.ts';
import type { FloatLayer } from '../freeze/floatPolicy.ts';
import type { Progress } from '../learner.ts';
import { parseRecipe, recipeDigest, recipeDocument, recipeSteps, type LoadedRecipe } from '../recipe.ts';
import { learningCurveSvg } from './learningCurve.ts';
import { readRun, RUN_FORMAT, RunFolder, writeAtomically, type CheckpointMark, type LogLine } from './runFolder.ts';
import { TrainingSession, type SessionOptions, type TrainedPolicy } from './session.ts';
import { EventFile, progressScalars } from './tensorBoard.ts';

export interface RunOptions {
  /** For the wall time of events alone. */
  readonly clock: Clock;
  /** Newest checkpoint files that stay; all when left out. */
  readonly keep?: number | undefined;
  /** Stop, with a checkpoint, at the first update that has lived so many transitions; the end when left out. */
  readonly untilSteps?: number | undefined;
  readonly onProgress?: ((progress: Progress) => void | Promise<void>) | undefined;
}

export interface TrainedRun {
  readonly folder: string;
  readonly lines: readonly LogLine[];
  readonly checkpoints: readonly CheckpointMark[];
  /** The deterministic policy as it stands. */
  readonly layers: readonly FloatLayer[];
  /** Undefined when the run stopped before the end. */
  readonly trained: TrainedPolicy | undefined;
}

export interface RunStart extends SessionOptions {
  readonly folder: string;
  /** Where the files that the recipe names start from. */
  readonly directory: string;
}

/** A run from its beginning. @throws `train.run`, and what training throws. */
export async function startRun(recipe: LoadedRecipe, start: RunStart, options: RunOptions): Promise<TrainedRun> {
  const { folder, directory, seed, totalSteps = recipeSteps(recipe), backend = recipe.backend } = start;
  const session = await TrainingSession.open(recipe, { seed, totalSteps, backend });
  try {
    const opened = RunFolder.create(folder, {
      format: RUN_FORMAT,
      recipe: recipeDocument(recipe),
      recipeDigest: recipeDigest(recipe),
      directory,
      seed,
      totalSteps,
      backend,
      bits: describeBackend(session.backend),
    });
    return await goOn(session, opened, new EventFile(folder, options.clock), options);
  } finally {
    session.close();
  }
}

/** Whether a run has begun in that folder. */
export function hasRun(folder: string): boolean {
  return existsSync(join(folder, 'run.json'));
}

/** A run from its last checkpoint to the bytes it would have come to uninterrupted. @throws `train.run`, `train.checkpoint`. */
export async function resumeRun(path: string, options: RunOptions): Promise<TrainedRun> {
  const run = readRun(path);
  const recipe = await parseRecipe(run.recipe, { file: join(path, 'run.json'), directory: run.directory });
  const digest = recipeDigest(recipe);
  if (digest !== run.recipeDigest)
    throw fail('train.run', { expected: `the recipe that ${path} began with, ${run.recipeDigest}`, got: digest });
  const session = await TrainingSession.open(recipe, run);
  try {
    const bits = describeBackend(session.backend);
    if (bits !== run.bits)
      throw fail('train.run', { expected: `backend ${run.bits}, which ${path} began with`, got: bits });
    const { folder, checkpoint } = RunFolder.reopen(path);
    if (checkpoint !== undefined) session.restore(checkpoint);
    const from = session.made.steps;
    return await goOn(session, folder, new EventFile(path, options.clock, from), options);
  } finally {
    session.close();
  }
}

async function goOn(
  session: TrainingSession,
  folder: RunFolder,
  events: EventFile,
  { keep, untilSteps = Infinity, onProgress }: RunOptions,
): Promise<TrainedRun> {
  const { checkpointUpdates, name } = session.recipe;
  const title = `${name}, seed ${session.seed}`;
  const draw = (): void => {
    if (folder.lines.length === 0) return;
    const svg = learningCurveSvg(title, [{ name: `seed ${session.seed}`, lines: folder.lines }]);
    writeAtomically(join(folder.path, 'learning-curve.svg'), svg);
  };
  while (!session.done && session.made.steps < untilSteps) {
    const progress = session.update();
    const due = checkpointUpdates > 0 && progress.update % checkpointUpdates === 0;
    const marked = !session.done && (due || progress.steps >= untilSteps);
    const line = folder.append(progress, marked ? session.checkpoint() : undefined);
    events.write(progress.steps, progressScalars(progress));
    if (marked && keep !== undefined) folder.prune(keep);
    if (marked) draw();
    await onProgress?.(line);
  }
  draw();
  const { lines, checkpoints } = folder;
  const trained = session.done ? session.result() : undefined;
  return { folder: folder.path, lines, checkpoints, layers: session.layers, trained };
}
