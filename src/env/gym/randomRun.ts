/** A task under random actions: what determinism, balance and endurance are checked on. */
import { sha256 } from '../../base/hash.ts';
import { toHex, utf8 } from '../../base/bytes.ts';
import { RandomStream } from '../../base/random.ts';
import { uniform } from '../../base/realMath.ts';
import type { TaskCopy } from './task.ts';

export interface RandomRun {
  readonly seed: number;
  readonly steps: number;
  /** After every step, before a reset. */
  readonly watch?: (copy: TaskCopy, rewards: Float32Array) => void;
}

export interface RandomRunResult {
  /** SHA-256 over the trajectory hashes of the episodes in order, the unfinished last one included. */
  readonly digestHex: string;
  readonly episodes: number;
  readonly terminated: number;
}

/** Actions uniform in [-1, 1], one in sixteen replaced by an end of the range. */
export function randomRun(copy: TaskCopy, { seed, steps, watch }: RandomRun): RandomRunResult {
  const { agents, actionSize } = copy.shape;
  const stream = RandomStream.fromSeed(seed, 'random-run');
  const actions = new Float32Array(agents * actionSize);
  const rewards = new Float32Array(agents);
  let hashes = '';
  let episodes = 0;
  let terminated = 0;
  copy.seed(seed);
  copy.reset();
  for (let i = 0; i < steps; i++) {
    for (let k = 0; k < actions.length; k++) actions[k] = randomAction(stream);
    const over = copy.step(actions, 0, rewards);
    watch?.(copy, rewards);
    if (!over && copy.terminated !== true) continue;
    episodes++;
    if (copy.terminated === true) terminated++;
    hashes += copy.trajectory().digestHex();
    copy.reset();
  }
  hashes += copy.trajectory().digestHex();
  return { digestHex: toHex(sha256(utf8(hashes))), episodes, terminated };
}

function randomAction(stream: RandomStream): number {
  const draw = stream.next();
  if (draw % 16 !== 0) return 2 * uniform(stream) - 1;
  return draw % 32 === 0 ? -1 : 1;
}
