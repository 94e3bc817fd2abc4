/** Gym-style environment contracts. Shapes and units of every array are those of the task's own docstring. */
import type { Balance } from './task.ts';

/**
 * Spaces. A value has a flat form, one Float32Array, which is what `reset`, `step` and `contains` take and give,
 * and a form by name or index, made by `unflatten` for reading. spaces.ts has both and all else done with spaces.
 */
export type Space = BoxSpace | DiscreteSpace | MultiDiscreteSpace | DictSpace;

/** Reals within bounds, inclusive; flat form: row-major. */
export interface BoxSpace {
  readonly kind: 'box';
  /** [] is one number. */
  readonly shape: readonly number[];
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** One of 0 .. n-1; flat form: the number itself. */
export interface DiscreteSpace {
  readonly kind: 'discrete';
  readonly n: number;
}

/** One of 0 .. nvec[i]-1 for each i; flat form: the numbers themselves. */
export interface MultiDiscreteSpace {
  readonly kind: 'multiDiscrete';
  readonly nvec: readonly number[];
}

/** A space for each name; flat form: one after the other, in the order in which the names stand here. */
export interface DictSpace {
  readonly kind: 'dict';
  readonly spaces: Readonly<Record<string, Space>>;
}

/** By kind of space: Float32Array, number, Int32Array, record by name. */
export type SpaceValue = Float32Array | number | Int32Array | { readonly [name: string]: SpaceValue };

export type Info = Readonly<Record<string, number | string>>;

export interface ResetResult {
  readonly observation: Float32Array;
  readonly info: Info;
}

export interface StepResult {
  /** Flat form; a new array every step, the caller's to keep. */
  readonly observation: Float32Array;
  readonly reward: number;
  /** The task ended: its value beyond this point is zero. */
  readonly terminated: boolean;
  /** The clock ended the episode: its value beyond this point is bootstrapped. Never set together with `terminated`. */
  readonly truncated: boolean;
  /** Finite numbers and text; in the last step of an episode with `trajectoryHash`. */
  readonly info: Info;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Everything that decides an environment's future; stays whole through JSON.stringify and JSON.parse. */
export type EnvState = { readonly [key: string]: Json };

export interface Branching<Self> {
  /** A copy that goes its own way from here and shares nothing that changes; the random stream is copied. */
  clone(): Self;
  getState(): EnvState;
  /** Go on from a state of an environment with the same id and arguments. Returns the observation there. @throws `env.state`. */
  setState(state: EnvState): Float32Array;
}

export interface Env extends Branching<Env> {
  readonly id: string;
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  /** Below all wrappers; itself where there are none. */
  readonly unwrapped: Env;
  /** Without a seed the current random stream goes on; with one the trajectory is a function of it alone. */
  reset(options?: { readonly seed?: number }): ResetResult;
  /** @throws `env.ended` after the end of an episode or before the first, `env.action`. */
  step(action: Float32Array): StepResult;
  /** SHA-256, hex, of what happened in the episode so far: all that was seen, issued and rewarded. */
  trajectoryHash(): string;
  /** What the last step took in and gave out, where the environment follows energy or momentum. */
  balance?(): Balance | undefined;
  close(): void;
}

/**
 * Many copies of an environment in structure-of-arrays form. A row is one agent of one copy:
 * row = copy * agentsPerEnv + agent. All arrays are owned by the environment and overwritten by the next call.
 *
 * Same-step autoreset: the step that ends a copy's episode also begins its next one. In that step `rewards`,
 * `terminated` and `truncated` are of the episode that ended, `observations` is the first of the new episode, and
 * `finalObservations` holds the last of the old: bootstrap a truncated row from there. No action is ignored and no
 * step is without a transition.
 */
export interface VectorStep {
  /** rows x observationSize; of the new episode where a copy has just ended (same-step autoreset). */
  readonly observations: Float32Array;
  /** rows x observationSize; the last observation of the episode, valid where terminated or truncated. */
  readonly finalObservations: Float32Array;
  /** rows; of the step just lived, also where it ended the episode. */
  readonly rewards: Float32Array;
  /** rows, 0 or 1; never both. */
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** rows x costNames: how far the step broke each limit, >= 0. */
  readonly costs?: Float32Array;
}

export interface VectorEnv {
  readonly id: string;
  readonly numEnvs: number;
  readonly agentsPerEnv: number;
  readonly observationSize: number;
  readonly actionSize: number;
  /**
   * For actions that are choices: how many there are in each dimension; an action is then the numbers chosen,
   * 0 .. choices-1. Left out: continuous actions within [-1, 1].
   */
  readonly actionChoices?: readonly number[];
  /** Limits of the task, see `VectorStep.costs`; left out: none. */
  readonly costNames?: readonly string[];
  reset(seed: number): Float32Array;
  /** @throws `env.ended` before the first reset; `env.action`, and then no copy has moved. */
  step(actions: Float32Array): VectorStep;
  close(): void;
}

/** A vector environment that can also be saved and branched; copies keep their places. */
export interface BranchingVectorEnv extends VectorEnv, Branching<BranchingVectorEnv> {}
