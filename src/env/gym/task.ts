/** What a multi-agent task gives the gym: copies that live one episode at a time and write into shared arrays. */
import type { Info } from './types.ts';

/** Sizes of a copy's arrays. A row is one agent. */
export interface TaskShape {
  readonly agents: number;
  readonly observationSize: number;
  /** Per agent. */
  readonly actionSize: number;
  /** Per agent and observation or action: what the numbers are called, for views by name. */
  readonly observationNames: readonly string[];
  readonly actionNames: readonly string[];
}

/**
 * What came in and what it went to in the last step; the two are equal but for the residual of a solver.
 * Unit: Wh where energy is followed; pu s (of the area's base) where momentum is.
 */
export interface Balance {
  readonly sources: number;
  readonly sinks: number;
  readonly unit: 'Wh' | 'pu s';
}

/** Everything that decides the future: numbers, text, arrays and plain objects, so that JSON keeps it whole. */
export type TaskState = Readonly<Record<string, unknown>>;

/** One copy of a task. */
export interface TaskCopy {
  readonly shape: TaskShape;
  /** From here on everything random follows from this seed. */
  seed(seed: number | string): void;
  /** Begin an episode, going on with the random stream. */
  reset(): void;
  /** Act with `actions[at .. at + agents*actionSize)`, write `rewards[0 .. agents)`. True: the clock ended the episode. */
  step(actions: Float32Array, at: number, rewards: Float32Array): boolean;
  /** True when the task itself, not the clock, ended the episode. */
  readonly terminated?: boolean;
  /** Write agents x observationSize floats within [-1, 1] from `out[at]`. */
  observe(out: Float32Array, at: number): void;
  info(): Info;
  /** Of the last step. */
  balance(): Balance;
  /** What happened in the episode so far, kept when the copy goes on. */
  trajectory(): Trajectory;
  getState(): TaskState;
  /** Of a copy with the same arguments. */
  setState(state: TaskState): void;
  clone(): TaskCopy;
}

export interface Trajectory {
  /** SHA-256, hex. */
  digestHex(): string;
}

export interface TaskDefinition<Args extends object = object> {
  /** `name-v1`. */
  readonly id: string;
  /** @throws `env.taskArgument`. */
  createCopy(args: Partial<Args>): TaskCopy;
}
