/** What a training tool asks of a learner, whichever the algorithm: updates, progress, a state to go on from, a policy. */
import { toHex } from '../base/bytes.ts';
import { sha256 } from '../base/hash.ts';
import type { EnvState } from '../env/gym/types.ts';
import type { Backend } from './backend.ts';
import type { FloatLayer } from './freeze/floatPolicy.ts';

/** One limit of the task under training: mean cost per step against what is allowed. */
export interface LimitUse {
  readonly name: string;
  /** Mean over the transitions of the last update. */
  readonly use: number;
  readonly limit: number;
  /** Lagrange multiplier now. */
  readonly multiplier: number;
}

/** One line of the training log; docs/agents/training.md explains every field and metric. */
export interface Progress {
  readonly algorithm: 'ppo' | 'sac';
  readonly update: number;
  readonly updates: number;
  /** Transitions so far and in all. */
  readonly steps: number;
  readonly totalSteps: number;
  /** Since this process began to train: the only fields that differ between two runs of one seed. */
  readonly seconds: number;
  readonly stepsPerSecond: number;
  readonly meanReward: number;
  /** Of the episodes that ended last; undefined until one has. */
  readonly meanReturn: number | undefined;
  readonly limits: readonly LimitUse[];
  readonly learningRate: number;
  /** Of the algorithm: losses, KL, entropy, temperature. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Tensors alive after the update: constant, or there is a leak. */
  readonly tensors: number;
  /** First 16 hex digits of SHA-256 over the parameter bytes: two trainers compare these. */
  readonly digest: string;
  readonly backend: string;
}

export interface LearnerResult {
  /** The deterministic policy, outputs to be clipped to [-1, 1]. */
  readonly layers: readonly FloatLayer[];
  /** All parameters of the learner, flat. */
  readonly parameters: Float32Array;
  readonly backend: Omit<Backend, 'tf'>;
  readonly seed: number;
  /** Transitions lived. */
  readonly steps: number;
  readonly seconds: number;
}

export interface Learner {
  readonly done: boolean;
  /** @throws `agents.diverged` on a number that is not finite. */
  update(): Progress;
  result(): LearnerResult;
  /** Everything that decides the updates to come, the environment's state included. */
  getState(): EnvState;
  /** Of a learner with the same configuration on the same kind of environment. @throws `env.state`. */
  setState(state: EnvState): void;
  /** Frees tensors and closes the environment. */
  close(): void;
}

/** A log line; the backend is on every one. */
export function formatProgress(p: Progress): string {
  const number = (x: number | undefined, digits = 4): string => (x === undefined ? '-' : x.toPrecision(digits));
  return [
    `update ${p.update}/${p.updates}`,
    `steps ${p.steps}`,
    `${Math.round(p.stepsPerSecond)} steps/s`,
    `reward ${number(p.meanReward)}`,
    `return ${number(p.meanReturn)}`,
    ...p.limits.map(({ name, use, limit, multiplier }) => {
      return `${name} ${number(use, 2)} of ${number(limit, 2)} x ${number(multiplier, 2)}`;
    }),
    ...Object.entries(p.metrics).map(([name, value]) => `${name} ${number(value, 3)}`),
    `lr ${number(p.learningRate, 2)}`,
    `params ${p.digest}`,
    `backend ${p.backend}`,
  ].join('  ');
}

/** First 16 hex digits of SHA-256 over the little-endian float32 bytes. */
export function parameterDigest(params: Float32Array): string {
  return toHex(sha256(new Uint8Array(params.buffer, params.byteOffset, params.byteLength))).slice(0, 16);
}
