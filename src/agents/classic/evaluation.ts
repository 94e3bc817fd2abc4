/** What a policy is worth on a classic control problem: the mean return of fixed episodes, acting without noise. */
import type { VectorEnv } from '../../env/gym/types.ts';
import type { FloatLayer } from '../freeze/floatPolicy.ts';
import { runnerOf } from '../network.ts';

/** The seed of the starts: the same episodes for every policy. */
const EVALUATION_SEED = 20261122;

/**
 * Mean over the copies of `env` of the sum of rewards of each one's first episode. Continuous actions are the outputs
 * clipped to [-1, 1]; of choices the greatest output of each is taken.
 */
export function meanReturn(layers: readonly FloatLayer[], env: VectorEnv): number {
  const rows = env.numEnvs * env.agentsPerEnv;
  const run = runnerOf(layers);
  const outputs = new Float32Array(rows * layers.at(-1)!.outSize);
  const actions = new Float32Array(rows * env.actionSize);
  const alive = new Uint8Array(rows).fill(1);
  let observations = env.reset(EVALUATION_SEED);
  let sum = 0;
  for (let left = rows; left > 0;) {
    run(observations, rows, outputs);
    decide(outputs, env.actionChoices, actions);
    const step = env.step(actions);
    observations = step.observations;
    for (let row = 0; row < rows; row++) {
      if (alive[row] === 0) continue;
      sum += step.rewards[row]!;
      if (step.terminated[row] === 0 && step.truncated[row] === 0) continue;
      alive[row] = 0;
      left--;
    }
  }
  return sum / rows;
}

function decide(outputs: Float32Array, choices: readonly number[] | undefined, actions: Float32Array): void {
  if (choices === undefined) {
    for (let i = 0; i < actions.length; i++) actions[i] = Math.min(Math.max(outputs[i]!, -1), 1);
    return;
  }
  let at = 0;
  for (let i = 0; i < actions.length; i++) {
    const n = choices[i % choices.length]!;
    let best = 0;
    for (let j = 1; j < n; j++) if (outputs[at + j]! > outputs[at + best]!) best = j;
    actions[i] = best;
    at += n;
  }
}
