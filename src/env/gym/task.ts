/** What a multi-agent task gives the gym: copies that live one episode at a time and write into shared arrays. */
import type { PolicyInterface } from '../../grid/interface.ts';
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
  /** Limits that a constrained learner keeps: what `TaskCopy.costs` writes per agent; none when left out. */
  readonly costNames?: readonly string[];
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

/**
 * Everything that decides the future: numbers, text, typed arrays, arrays and plain objects. `TaskEnv.getState` writes
 * it as JSON.
 */
export type TaskState = Readonly<Record<string, unknown>>;

/** The integers behind observation and action, as the ledger has them; rewritten by every step, not to be written to. */
export interface PortView {
  readonly policy: PolicyInterface;
  /** agents x inputs: what the next decision is made on. */
  readonly raw: Int32Array;
  /** Per agent: the bits of missing inputs, see `gatherInputs`. */
  readonly missing: Int32Array;
  /** agents x outputs: the setpoints last issued, envelopes applied. */
  readonly issued: Int32Array;
  /** The next step's setpoints, agents x outputs, instead of what its actions would issue. @throws `env.action`. */
  impose(issued: Int32Array): void;
}

/** One copy of a task. */
export interface TaskCopy {
  readonly shape: TaskShape;
  readonly port: PortView;
  /** From here on everything random follows from this seed. */
  seed(seed: number | string): void;
  /** Begin an episode, going on with the random stream. */
  reset(): void;
  /** Act with `actions[at .. at + agents*actionSize)`, write `rewards[0 .. agents)`. True: the clock ended the episode. */
  step(actions: Float32Array, at: number, rewards: Float32Array): boolean;
  /** True when the task itself, not the clock, ended the episode. */
  readonly terminated?: boolean;
  /**
   * Write agents x costNames of the last step from `out[at]`: how far each limit was broken, >= 0, 0 where it was kept.
   * Costs are beside the reward, they are not taken off it.
   */
  costs?(out: Float32Array, at: number): void;
  /** Write agents x observationSize floats within [-1, 1] from `out[at]`. */
  observe(out: Float32Array, at: number): void;
  info(): Info;
  /** Of the last step; undefined when its power flow had no solution, so that there is nothing to balance. */
  balance(): Balance | undefined;
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

/** What a catalogue says of a task; the shape it takes from a copy. */
export interface TaskAbout {
  /** One line. */
  readonly title: string;
  /** Simulated seconds from one decision to the next, with default arguments. */
  readonly stepS: number;
  /** Most steps of an episode, with default arguments. */
  readonly episodeSteps: number;
}

export interface TaskDefinition<Args extends object = object> {
  /** `name-v1`. */
  readonly id: string;
  readonly about?: TaskAbout;
  /** @throws `env.taskArgument`. */
  createCopy(args: Partial<Args>): TaskCopy;
}
