/** Gym-style environment contracts. Shapes and units of every array are those of the task's own docstring. */

export interface BoxSpace {
  readonly kind: 'box';
  readonly shape: readonly number[];
  readonly low: Float32Array;
  readonly high: Float32Array;
}

export interface DiscreteSpace {
  readonly kind: 'discrete';
  readonly n: number;
}

export type Space = BoxSpace | DiscreteSpace;

export type Info = Readonly<Record<string, number | string>>;

export interface ResetResult {
  readonly observation: Float32Array;
  readonly info: Info;
}

export interface StepResult {
  readonly observation: Float32Array;
  readonly reward: number;
  /** The task ended: its value beyond this point is zero. */
  readonly terminated: boolean;
  /** The clock ended the episode: its value beyond this point is bootstrapped. */
  readonly truncated: boolean;
  readonly info: Info;
}

export interface Env {
  readonly id: string;
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  /** Without a seed the current random stream goes on; with one the trajectory is a function of it alone. */
  reset(options?: { readonly seed?: number }): ResetResult;
  step(action: Float32Array): StepResult;
  close(): void;
}

/**
 * Many copies of an environment in structure-of-arrays form. A row is one agent of one copy:
 * row = copy * agentsPerEnv + agent. All arrays are owned by the environment and overwritten by the next call.
 */
export interface VectorStep {
  /** rows x observationSize; of the new episode where a copy has just ended (same-step autoreset). */
  readonly observations: Float32Array;
  /** rows x observationSize; the last observation of the episode, valid where terminated or truncated. */
  readonly finalObservations: Float32Array;
  readonly rewards: Float32Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
}

export interface VectorEnv {
  readonly id: string;
  readonly numEnvs: number;
  readonly agentsPerEnv: number;
  readonly observationSize: number;
  readonly actionSize: number;
  reset(seed: number): Float32Array;
  step(actions: Float32Array): VectorStep;
  close(): void;
}
