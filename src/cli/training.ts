/** Training as `train` and `demo` show it: a bar, or log lines, each with the tfjs backend in use. */
import { fileURLToPath } from 'node:url';
import type { BackendRequest } from '../agents/backend.ts';
import { formatProgress, type Progress } from '../agents/learner.ts';
import { loadRecipe, trainFromRecipe, type Recipe, type TrainedPolicy } from '../agents/recipe.ts';
import { readBytesFile } from './files.ts';
import { fixed } from './ui/format.ts';
import type { Reporter } from './ui/output.ts';

export interface TrainingOptions {
  readonly seed: number;
  readonly totalSteps?: number;
  readonly backend?: BackendRequest;
  readonly onUpdate?: (progress: Progress) => void;
}

/** A recipe that ships with the project, by name. Two levels up from src/cli and from dist/cli alike. */
export function shippedRecipe(name: string): string {
  return fileURLToPath(new URL(`../../train/${name}.json`, import.meta.url));
}

/** @throws `cli.file` when there is no such file, `train.recipe`, `base.unit`. */
export async function readRecipe(path: string): Promise<Recipe> {
  await readBytesFile(path);
  return loadRecipe(path);
}

export async function trainWithProgress(
  report: Reporter,
  recipe: Recipe,
  { seed, totalSteps, backend, onUpdate }: TrainingOptions,
): Promise<TrainedPolicy> {
  const steps = totalSteps ?? recipe.ppo.totalSteps;
  const bar = report.progress('training', steps, 'steps');
  const trained = await trainFromRecipe(recipe, {
    seed,
    ...(totalSteps === undefined ? {} : { totalSteps }),
    ...(backend === undefined ? {} : { backend }),
    onProgress: (progress) => {
      // Where the line is cut, the backend is left whole.
      bar.update(
        Math.min(progress.steps, steps),
        `${progress.backend.split(' ')[0]!}  reward ${fixed(progress.meanReward, 3)}`,
      );
      onUpdate?.(progress);
    },
  });
  bar.end();
  return trained;
}

/** The last line of a training log. */
export function lastLine({ training }: TrainedPolicy): string {
  const last = training.stats[training.stats.length - 1];
  return last === undefined ? 'no update was made' : formatProgress(last);
}
