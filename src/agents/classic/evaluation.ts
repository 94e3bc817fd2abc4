/** What a policy is worth on a classic control problem: returns of fixed episodes, acting without noise. */
import type { VectorEnv } from '../../env/gym/types.ts';
import type { FloatLayer } from '../freeze/floatPolicy.ts';
import { runnerOf } from '../network.ts';

/** The seed of the starts: the same episodes for every policy. */
const EVALUATION_SEED = 20261122;

/**
 * Per row of `env`, the sum of rewards of its first episode. Continuous actions are the outputs clipped to [-1, 1]; of
 * choices the greatest output of each is taken.
 */
export function episodeReturns(layers: readonly FloatLayer[], env: VectorEnv): Float64Array {
  const rows = env.numEnvs * env.agentsPerEnv;
  const run = runnerOf(layers);
  const outputs = new Float32Array(rows * layers.at(-1)!.outSize);
  const actions = new Float32Array(rows * env.actionSize);
  const alive = new Uint8Array(rows).fill(1);
  const returns = new Float64Array(rows);
  let observations = env.reset(EVALUATION_SEED);
  for (let left = rows; left > 0;) {
    run(observations, rows, outputs);
    decide(outputs, env.actionChoices, actions);
    const step = env.step(actions);
    observations = step.observations;
    for (let row = 0; row < rows; row++) {
      if (alive[row] === 0) continue;
      returns[row]! += step.rewards[row]!;
      if (step.terminated[row] === 0 && step.truncated[row] === 0) continue;
      alive[row] = 0;
      left--;
    }
  }
  return returns;
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
