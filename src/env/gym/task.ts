/** What a multi-agent task gives the gym: copies that live one episode at a time and write into shared arrays. */
import type { Info } from './types.ts';

/** One copy of a task. Row r of a copy is its agent r. */
export interface TaskCopy {
  /** From here on everything random follows from this seed. */
  seed(seed: number | string): void;
  /** Begin an episode, going on with the random stream. */
  reset(): void;
  /** Act with `actions[at .. at + agents*actionSize)`, write rewards to `rewards[at .. at + agents)`. True: the clock ended the episode. */
  step(actions: Float32Array, at: number, rewards: Float32Array): boolean;
  /** True when the task itself, not the clock, ended the episode. */
  readonly terminated?: boolean;
  /** Write agents x observationSize floats from `out[at]`. */
  observe(out: Float32Array, at: number): void;
  info(): Info;
  /** What happened in the episode so far, kept when the copy goes on. */
  trajectory(): Trajectory;
  clone(): TaskCopy;
}

export interface Trajectory {
  /** SHA-256, hex. */
  digestHex(): string;
}

export interface TaskDefinition<Args extends object = object> {
  readonly id: string;
  readonly agents: number;
  readonly observationSize: number;
  /** Per agent. */
  readonly actionSize: number;
  /** @throws `env.taskArgument`. */
  createCopy(args: Partial<Args>): TaskCopy;
}
