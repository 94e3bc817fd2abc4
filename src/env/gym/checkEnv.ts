/**
 * The contract of an environment, checked by running it: what a learner relies on and what users of other
 * environments reported as broken. Throws `env.check` naming the first rule that does not hold.
 */
import { fail } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';
import { uniform } from '../../base/realMath.ts';
import { contains, spaceSize } from './spaces.ts';
import type { Env, Space, StepResult, VectorEnv } from './types.ts';

export interface CheckOptions {
  readonly seed?: number;
  /** Longest run of one check, in steps; should reach the end of an episode. Default 400. */
  readonly steps?: number;
}

interface Lived {
  readonly trace: number[];
  readonly ended: boolean;
  readonly hash: string | undefined;
}

/** @throws `env.check`. */
export function checkEnv(create: () => Env, { seed = 1, steps = 400 }: CheckOptions = {}): void {
  const env = create();
  const first = live(env, seed, steps);
  const again = live(env, seed, steps);
  const fresh = live(create(), seed, steps);
  const other = live(create(), seed + 1, steps);
  need(same(first.trace, again.trace), 'reset with a seed repeats the trajectory');
  need(same(first.trace, fresh.trace), 'a new environment with the same seed repeats the trajectory');
  need(!same(first.trace, other.trace), 'another seed gives another trajectory');
  need(first.ended, `an episode ends within ${steps} steps`);
  need(first.hash !== undefined && first.hash === again.hash, 'the trajectory hash of an episode repeats');
  need(first.hash !== other.hash, 'the trajectory hash tells trajectories apart');
  need(throwsAfterEnd(env), 'step after the end of an episode throws env.ended');
  checkContinues(create(), seed);
}

/** @throws `env.check`. */
export function checkVectorEnv(
  create: (numEnvs: number) => VectorEnv,
  { seed = 1, steps = 400 }: CheckOptions = {},
): void {
  const wide = liveVector(create(3), seed, steps, 3);
  need(same(wide.trace, liveVector(create(3), seed, steps, 3).trace), 'the same seed repeats the trajectories');
  need(same(wide.first, liveVector(create(1), seed, steps, 3).first), 'copy 0 lives the same life whatever numEnvs is');
  need(!same(wide.first, liveVector(create(1), seed + 1, steps, 3).first), 'another seed gives other trajectories');
  need(wide.ends > 0, `an episode ends within ${steps} steps`);
}

function live(env: Env, seed: number, steps: number): Lived {
  const stream = RandomStream.fromSeed(seed, 'check-env');
  const { observation, info } = env.reset({ seed });
  need(contains(env.observationSpace, observation), 'the first observation is in the observation space');
  checkInfo(info);
  const trace = Array.from(observation);
  let held = observation;
  for (let i = 0; i < steps; i++) {
    const action = sample(env.actionSpace, stream);
    const given = action.slice();
    const heldBefore = held.slice();
    const result = env.step(action);
    need(same(action, given), 'step leaves the action alone');
    need(same(held, heldBefore), 'step leaves earlier observations alone');
    checkStep(env, result);
    trace.push(...result.observation, result.reward);
    held = result.observation;
    if (result.terminated || result.truncated)
      return { trace, ended: true, hash: String(result.info['trajectoryHash']) };
  }
  return { trace, ended: false, hash: undefined };
}

function checkStep(env: Env, result: StepResult): void {
  need(contains(env.observationSpace, result.observation), 'every observation is in the observation space');
  need(Number.isFinite(result.reward), 'every reward is finite');
  need(!(result.terminated && result.truncated), 'terminated and truncated are told apart');
  checkInfo(result.info);
  const over = result.terminated || result.truncated;
  need(
    !over || /^[0-9a-f]{64}$/.test(String(result.info['trajectoryHash'])),
    'info holds the trajectory hash at the end',
  );
}

function checkInfo(info: StepResult['info']): void {
  for (const [key, value] of Object.entries(info)) {
    need(typeof value === 'string' || Number.isFinite(value), `info.${key} is text or a finite number`);
  }
}

/** Without a seed the stream goes on: the second episode is not the first again. */
function checkContinues(env: Env, seed: number): void {
  const first = Array.from(env.reset({ seed }).observation);
  const second = Array.from(env.reset().observation);
  const repeat = Array.from(env.reset({ seed }).observation);
  need(same(first, repeat), 'reset with a seed repeats the first observation');
  need(!same(first, second), 'reset without a seed goes on with the random stream');
}

function throwsAfterEnd(env: Env): boolean {
  try {
    env.step(new Float32Array(spaceSize(env.actionSpace)));
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'env.ended';
  }
}

/** Actions are drawn per step for `widest` copies, so that copy 0 gets the same ones whatever numEnvs is. */
function liveVector(
  env: VectorEnv,
  seed: number,
  steps: number,
  widest: number,
): { trace: number[]; first: number[]; ends: number } {
  const stream = RandomStream.fromSeed(seed, 'check-env');
  const width = env.agentsPerEnv * env.actionSize;
  const observationWidth = env.agentsPerEnv * env.observationSize;
  const trace = Array.from(env.reset(seed));
  const first = trace.slice(0, observationWidth);
  let ends = 0;
  for (let i = 0; i < steps; i++) {
    const drawn = Float32Array.from({ length: widest * width }, () => 2 * uniform(stream) - 1);
    const result = env.step(drawn.slice(0, env.numEnvs * width));
    need(
      result.observations.every((x) => Math.abs(x) <= 1),
      'observations are within [-1, 1]',
    );
    need(result.rewards.every(Number.isFinite), 'rewards are finite');
    need(
      result.terminated.every((t, row) => t + result.truncated[row]! <= 1),
      'terminated and truncated are told apart',
    );
    trace.push(...result.observations, ...result.rewards, ...result.truncated);
    first.push(...result.observations.subarray(0, observationWidth), ...result.rewards.subarray(0, env.agentsPerEnv));
    if (result.truncated[0] === 1 || result.terminated[0] === 1) {
      ends++;
      const final = result.finalObservations.subarray(0, observationWidth);
      need(
        !same(final, result.observations.subarray(0, observationWidth)),
        'the last observation is kept beside the new one',
      );
    }
  }
  return { trace, first, ends };
}

function sample(space: Space, stream: RandomStream): Float32Array {
  if (space.kind === 'discrete') return Float32Array.of(stream.below(space.n));
  return space.low.map((low, i) => low + (space.high[i]! - low) * uniform(stream));
}

function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

function need(holds: boolean, rule: string): void {
  if (!holds) throw fail('env.check', { expected: rule });
}
