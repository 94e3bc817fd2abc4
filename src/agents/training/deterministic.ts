/** Lives training episodes under the deterministic policy: what it earns, and which observations it meets. */
import { makeVector } from '../../env/gym/registry.ts';
import type { FloatLayer } from '../freeze/floatPolicy.ts';
import { runnerOf } from '../network.ts';
import type { LoadedRecipe } from '../recipe.ts';

export interface LivedTraining {
  /** Mean over episodes and agents. */
  readonly meanReturn: number;
  readonly episodes: number;
  /** Evenly spaced rows x observationSize. */
  readonly observations: Float32Array;
}

export interface LiveOptions {
  readonly episodes: number;
  /** Apart from the seed of the training: all candidates live the same episodes. */
  readonly seed: number;
  /** Most rows kept. */
  readonly rows: number;
}

/** An episode that the clock does not end is left after so many steps. */
const MOST_STEPS = 5000;

/** One episode of each of `episodes` copies of the recipe's task, in its training split. */
export function liveTraining(recipe: LoadedRecipe, layers: readonly FloatLayer[], options: LiveOptions): LivedTraining {
  const { episodes, seed, rows: mostRows } = options;
  const env = makeVector(recipe.task, episodes, recipe.taskArgs);
  const run = runnerOf(layers);
  const rows = episodes * env.agentsPerEnv;
  const actions = new Float32Array(rows * env.actionSize);
  const open = new Uint8Array(rows).fill(1);
  const seen: Float32Array[] = [];
  let left = rows;
  let sum = 0;
  let observations = env.reset(seed);
  for (let t = 0; left > 0 && t < MOST_STEPS; t++) {
    seen.push(observations.slice());
    run(observations, rows, actions);
    for (let i = 0; i < actions.length; i++) actions[i] = Math.min(Math.max(actions[i]!, -1), 1);
    const step = env.step(actions);
    for (let row = 0; row < rows; row++) {
      if (open[row] === 0) continue;
      sum += step.rewards[row]!;
      if (step.terminated[row] === 0 && step.truncated[row] === 0) continue;
      open[row] = 0;
      left--;
    }
    observations = step.observations;
  }
  env.close();
  return { meanReturn: sum / rows, episodes, observations: spaced(seen, rows, env.observationSize, mostRows) };
}

/** At most `most` rows, from the first on at equal distances. */
function spaced(seen: readonly Float32Array[], rows: number, size: number, most: number): Float32Array {
  const total = seen.length * rows;
  const count = Math.min(most, total);
  const out = new Float32Array(count * size);
  for (let n = 0; n < count; n++) {
    const at = Math.floor((n * total) / count);
    const row = at % rows;
    out.set(seen[Math.floor(at / rows)]!.subarray(row * size, (row + 1) * size), n * size);
  }
  return out;
}
