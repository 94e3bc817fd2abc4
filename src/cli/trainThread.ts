/** Trainings in a thread, one after the other: each told by plain data, answered by progress and by what it came to. */
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { fail, isGridPactError } from '../base/errors.ts';
import type { FloatLayer } from '../agents/freeze/floatPolicy.ts';
import { parseRecipe, recipeDigest, type Recipe } from '../agents/recipe.ts';
import { liveTraining } from '../agents/training/deterministic.ts';
import { readRun } from '../agents/training/runFolder.ts';
import { hasRun, resumeRun, startRun } from '../agents/training/run.ts';
import type { TrainAnswer, TrainJob } from './trainCrew.ts';
import { finishRun } from './trainedModel.ts';

const say = (answer: TrainAnswer): void => parentPort!.postMessage(answer);

async function work({ recipe: document, start, resume, keep, untilSteps, freeze, score }: TrainJob): Promise<void> {
  const recipe = await parseRecipe(document, { directory: start.directory });
  const options = {
    clock: systemClock,
    keep,
    untilSteps,
    onProgress: (progress: Extract<TrainAnswer, { progress: unknown }>['progress']) => say({ progress }),
  };
  if (resume && hasRun(start.folder)) checkSame(start.folder, recipe);
  const run =
    resume && hasRun(start.folder) ? await resumeRun(start.folder, options) : await startRun(recipe, start, options);
  const finished = freeze && run.trained !== undefined ? await finishRun(run, run.trained) : undefined;
  say({
    done: {
      finished: run.trained !== undefined,
      ...(finished === undefined ? {} : { card: finished.card, seconds: finished.seconds }),
      ...(score === undefined ? {} : { score: await scoreOf(run.layers, score, start.directory) }),
    },
  });
}

function checkSame(folder: string, recipe: Recipe): void {
  const held = readRun(folder).recipeDigest;
  const digest = recipeDigest(recipe);
  if (held !== digest) throw fail('train.run', { expected: `a run of recipe ${digest} in ${folder}`, got: held });
}

/** Every trial on the episodes of one recipe, whatever its own rewards were. */
async function scoreOf(
  layers: readonly FloatLayer[],
  { recipe, episodes, seed }: NonNullable<TrainJob['score']>,
  directory: string,
): Promise<number> {
  return liveTraining(await parseRecipe(recipe, { directory }), layers, { episodes, seed, rows: 1 }).meanReturn;
}

async function answer(job: TrainJob): Promise<void> {
  try {
    await work(job);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // A thread can hand out plain values only.
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null)) as unknown;
    if (isGridPactError(error, 'agents.diverged')) {
      say({ done: { finished: false, diverged: message } });
    } else if (isGridPactError(error)) {
      say({ error: { code: error.code, expected: plain(error.expected), got: plain(error.got), message } });
    } else say({ error: { message } });
  }
}

parentPort!.on('message', (job: TrainJob) => void answer(job));
