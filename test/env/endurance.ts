/** Every task under random actions for as long as one likes: it never throws, and every step balances. */
import { randomRun, type RandomRunResult } from '../../src/env/gym/randomRun.ts';
import { make } from '../../src/env/gym/registry.ts';
import type { Balance } from '../../src/env/gym/task.ts';

export interface Endurance extends RandomRunResult {
  readonly steps: number;
  /** Random numbers given as actions. */
  readonly actions: number;
  /** Steps whose power flow had no solution: priced, and nothing to balance. */
  readonly unsolved: number;
  /** Largest imbalance as a share of what is allowed: below 1 everywhere. */
  readonly worstOfTolerance: number;
  readonly rewardsFinite: boolean;
}

/** max(1e-9 MWh, 1e-9 x throughput), or the same number in pu s. */
export function toleranceOf({ sources, sinks, unit }: Balance): number {
  const throughput = Math.max(Math.abs(sources), Math.abs(sinks));
  return Math.max(unit === 'Wh' ? 1e-3 : 1e-9, 1e-9 * throughput);
}

export function endure(id: string, seed: number, steps: number, args: object = {}): Endurance {
  const { copy } = make(id, args);
  let unsolved = 0;
  let worstOfTolerance = 0;
  let rewardsFinite = true;
  const result = randomRun(copy, {
    seed,
    steps,
    watch(lived, rewards) {
      rewardsFinite &&= rewards.every(Number.isFinite);
      const balance = lived.balance();
      if (balance === undefined) unsolved++;
      else {
        const share = Math.abs(balance.sources - balance.sinks) / toleranceOf(balance);
        // NaN must not pass
        worstOfTolerance = share <= worstOfTolerance ? worstOfTolerance : share;
      }
    },
  });
  const { agents, actionSize } = copy.shape;
  return { ...result, steps, actions: steps * agents * actionSize, unsolved, worstOfTolerance, rewardsFinite };
}
