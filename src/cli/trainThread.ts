/** One training in a thread of its own: told by plain data, answered by progress and, at the end, by what it came to. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { isGridPactError } from '../base/errors.ts';
import { parseRecipe } from '../agents/recipe.ts';
import { liveTraining } from '../agents/training/deterministic.ts';
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
  const run =
    resume && hasRun(start.folder) ? await resumeRun(start.folder, options) : await startRun(recipe, start, options);
  const finished = freeze && run.trained !== undefined ? await finishRun(run, run.trained) : undefined;
  say({
    done: {
      finished: run.trained !== undefined,
      ...(finished === undefined ? {} : { card: finished.card, seconds: finished.seconds }),
      ...(score === undefined ? {} : { score: liveTraining(recipe, run.layers, { ...score, rows: 1 }).meanReturn }),
    },
  });
}

try {
  await work((workerData as { readonly data: TrainJob }).data);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // A thread can hand out plain values only.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null)) as unknown;
  say(
    isGridPactError(error)
      ? { error: { code: error.code, expected: plain(error.expected), got: plain(error.got), message } }
      : { error: { message } },
  );
}
