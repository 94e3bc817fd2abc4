/** Training as `train` and `demo` show it: a bar, or log lines, each with the tfjs backend in use. */
import { fileURLToPath } from 'node:url';
import type { BackendRequest } from '../agents/backend.ts';
import { formatProgress, type PpoProgress } from '../agents/ppo.ts';
import { loadRecipe, trainFromRecipe, type Recipe, type TrainedPolicy } from '../agents/recipe.ts';
import { fixed } from './ui/format.ts';
import type { Reporter } from './ui/output.ts';

export interface TrainingOptions {
  readonly seed: number;
  readonly totalSteps?: number;
  readonly backend?: BackendRequest;
  readonly onUpdate?: (progress: PpoProgress) => void;
}

/** A recipe that ships with the project, by name. Two levels up from src/cli and from dist/cli alike. */
export function shippedRecipe(name: string): string {
  return fileURLToPath(new URL(`../../train/${name}.json`, import.meta.url));
}

export async function trainWithProgress(
  report: Reporter,
  recipePath: string,
  { seed, totalSteps, backend, onUpdate }: TrainingOptions,
): Promise<{ readonly recipe: Recipe; readonly trained: TrainedPolicy }> {
  const recipe = await loadRecipe(recipePath);
  const steps = totalSteps ?? recipe.ppo.totalSteps;
  const bar = report.progress('training', steps, 'steps');
  const trained = await trainFromRecipe(recipe, {
    seed,
    ...(totalSteps === undefined ? {} : { totalSteps }),
    ...(backend === undefined ? {} : { backend }),
    onProgress: (progress) => {
      bar.update(Math.min(progress.steps, steps), `reward ${fixed(progress.meanReward, 3)}  ${progress.backend}`);
      onUpdate?.(progress);
    },
  });
  bar.end();
  return { recipe, trained };
}

/** The last line of a training log. */
export function lastLine({ training }: TrainedPolicy): string {
  const last = training.stats[training.stats.length - 1];
  return last === undefined ? 'no update was made' : formatProgress(last);
}
