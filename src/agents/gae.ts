/**
 * Generalised advantage estimation (Schulman et al. 2016, eq. 16), rows side by side.
 *   delta_t = r_t + gamma * next_t - V(s_t)
 *   A_t     = delta_t + gamma * lambda * A_{t+1}     (A_{t+1} = 0 where the episode ended at t)
 * next_t is 0 where the task terminated, V(final observation) where the clock truncated, else V(s_{t+1}).
 */
export interface GaeInput {
  readonly steps: number;
  readonly rows: number;
  /** steps x rows each. */
  readonly rewards: Float32Array;
  readonly values: Float32Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** steps x rows: V(final observation), read only where truncated. */
  readonly finalValues: Float32Array;
  /** rows: V of the observation after the last step. */
  readonly lastValues: Float32Array;
  readonly gamma: number;
  readonly lambda: number;
}

/** Writes steps x rows advantages and returns (advantage + value). */
export function generalisedAdvantages(input: GaeInput, advantages: Float32Array, returns: Float32Array): void {
  const { steps, rows, rewards, values, gamma, lambda } = input;
  for (let row = 0; row < rows; row++) {
    let carried = 0;
    for (let t = steps - 1; t >= 0; t--) {
      const at = t * rows + row;
      const ended = input.terminated[at]! !== 0 || input.truncated[at]! !== 0;
      const delta = rewards[at]! + gamma * nextValue(input, t, row) - values[at]!;
      carried = delta + (ended ? 0 : gamma * lambda * carried);
      advantages[at] = carried;
      returns[at] = carried + values[at]!;
    }
  }
}

/** A task that terminates at the very step the clock stops has no value beyond it: terminated wins. */
function nextValue(input: GaeInput, t: number, row: number): number {
  const at = t * input.rows + row;
  if (input.terminated[at]! !== 0) return 0;
  if (input.truncated[at]! !== 0) return input.finalValues[at]!;
  return t === input.steps - 1 ? input.lastValues[row]! : input.values[at + input.rows]!;
}
