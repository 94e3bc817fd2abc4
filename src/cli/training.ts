/** Training as `train` and `demo` show it: a bar, or log lines, each with the tfjs backend in use. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatProgress, type Progress } from '../agents/learner.ts';
import { loadRecipe, recipeSteps, type LoadedRecipe } from '../agents/recipe.ts';
import type { LogLine } from '../agents/training/runFolder.ts';
import { trainFromRecipe, type SessionOptions, type TrainedPolicy } from '../agents/training/session.ts';
import { readBytesFile } from './files.ts';
import { plot } from './ui/plot.ts';
import { fixed } from './ui/format.ts';
import type { Reporter } from './ui/output.ts';

/** A recipe that ships with the project, by name. Two levels up from src/cli and from dist/cli alike. */
export function shippedRecipe(name: string): string {
  const paths = ['toml', 'json'].map((ext) => fileURLToPath(new URL(`../../train/${name}.${ext}`, import.meta.url)));
  return paths.find((path) => existsSync(path)) ?? paths[0]!;
}

/** @throws `cli.file` when there is no such file, `train.recipe`. */
export async function readRecipe(path: string): Promise<LoadedRecipe> {
  await readBytesFile(path);
  return loadRecipe(path);
}

/** A bar over the transitions of a training, fed with its progress. */
export function trainingBar(report: Reporter, label: string, steps: number): (progress: Progress) => void {
  const bar = report.progress(label, steps, 'steps');
  return (progress) => {
    bar.update(Math.min(progress.steps, steps), progressDetail(progress));
    if (progress.update === progress.updates) bar.end();
  };
}

/** Where the line is cut, the backend is left whole. */
function progressDetail({ backend, meanReturn, meanReward, limits }: Progress): string {
  const earned = meanReturn === undefined ? `reward ${fixed(meanReward, 3)}` : `return ${fixed(meanReturn, 2)}`;
  const kept = limits.map(({ name, use, limit }) => `${name} ${use.toPrecision(2)} of ${limit}`);
  return [backend.split(' ')[0]!, earned, ...kept].join('  ');
}

/** In memory, no run folder. */
export async function trainWithProgress(
  report: Reporter,
  recipe: LoadedRecipe,
  options: SessionOptions,
): Promise<TrainedPolicy> {
  return trainFromRecipe(recipe, {
    ...options,
    onProgress: trainingBar(report, 'training', options.totalSteps ?? recipeSteps(recipe)),
  });
}

/** The last line of a training log. */
export function lastLine(lines: readonly LogLine[]): string {
  const last = lines.at(-1);
  return last === undefined ? 'no update was made' : formatProgress(last);
}

/** The learning curve for a terminal, one line a seed: returns where episodes ended, else rewards. */
export function curvePlot(
  report: Reporter,
  runs: readonly { readonly name: string; lines: readonly LogLine[] }[],
): string[] {
  const longest = Math.max(...runs.map(({ lines }) => lines.length));
  if (longest < 2) return [];
  const ended = runs.some(({ lines }) => lines.some(({ meanReturn }) => meanReturn !== undefined));
  const paints = [report.colours.cyan, report.colours.yellow, report.colours.green, report.colours.red];
  const steps = Math.max(...runs.map(({ lines }) => lines.at(-1)?.steps ?? 0));
  return plot({
    title: ended ? 'return of an episode over transitions' : 'reward of a step over transitions',
    width: report.width,
    height: 10,
    series: runs.map(({ name, lines }, i) => ({
      label: name,
      values: lines.map(({ meanReturn, meanReward }) => (ended ? (meanReturn ?? NaN) : meanReward)),
      ...(paints[i] === undefined ? {} : { paint: paints[i] }),
    })),
    xLabels: ['0', String(steps)],
  });
}
