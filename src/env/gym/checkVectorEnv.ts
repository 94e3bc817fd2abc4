/** The contract of a vector environment, checked by running it; rules as in checkRules.ts. */
import { isGridPactError } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';
import { uniform } from '../../base/realMath.ts';
import type { CheckOptions } from './checkEnv.ts';
import { need, same } from './checkRules.ts';
import type { BranchingVectorEnv, EnvState, VectorEnv, VectorStep } from './types.ts';

/** Copies of the wide run; the narrow one that it is compared with has one. */
const WIDE = 2;
/** Steps lived beyond the first end of copy 0. */
const BEYOND = 24;

interface VectorLife {
  /** All that was seen and earned, and what of it is copy 0's. */
  readonly trace: number[];
  readonly first: number[];
  readonly ends: number;
}

/** @param create with `numEnvs` copies. @throws `env.check`. */
export function checkVectorEnv(
  create: (numEnvs: number) => VectorEnv | BranchingVectorEnv,
  { seed = 1, steps = 400 }: CheckOptions = {},
): void {
  const env = create(WIDE);
  need(refusesStep(env), 'end.closed', 'before the first reset');
  const wide = live(env, seed, steps);
  need(wide.ends > 0, 'end.reached', `none within ${steps} steps`);
  need(same(wide.trace, live(env, seed, steps).trace), 'reset.repeats');
  need(same(wide.first, live(create(1), seed, steps).first), 'vector.alone');
  const others = Array.from({ length: 8 }, (_, k) =>
    create(1)
      .reset(seed + 1 + k)
      .slice(),
  );
  const start = create(1).reset(seed).slice();
  const differ = others.some((other) => !same(other, start));
  need(differ || !same(wide.first, live(create(1), seed + 1, steps).first), 'reset.seeds');
  if ('getState' in env) checkBranches(create as (numEnvs: number) => BranchingVectorEnv, seed);
}

function live(env: VectorEnv, seed: number, steps: number): VectorLife {
  const draw = actions(seed, env);
  const width = env.agentsPerEnv * env.observationSize;
  const trace = Array.from(env.reset(seed));
  const first = trace.slice(0, width);
  let ends = 0;
  let kept = 0;
  let last = steps;
  for (let i = 0; i < last; i++) {
    const result = env.step(draw());
    checkStep(result);
    trace.push(...result.observations, ...result.rewards, ...result.terminated, ...result.truncated);
    first.push(...result.observations.subarray(0, width), ...result.rewards.subarray(0, env.agentsPerEnv));
    if (result.terminated[0] === 0 && result.truncated[0] === 0) continue;
    if (ends++ === 0) last = i + 1 + BEYOND;
    if (!same(result.finalObservations.subarray(0, width), result.observations.subarray(0, width))) kept++;
  }
  need(ends === 0 || kept > 0, 'end.final');
  return { trace, first, ends };
}

function checkStep({ observations, finalObservations, rewards, terminated, truncated }: VectorStep): void {
  const bounded = (values: Float32Array): boolean => values.every((x) => Math.abs(x) <= 1);
  need(bounded(observations) && bounded(finalObservations), 'observation.inSpace');
  need(rewards.every(Number.isFinite), 'reward.finite');
  need(
    terminated.every((flag, row) => flag + truncated[row]! <= 1),
    'end.oneFlag',
  );
}

function checkBranches(create: (numEnvs: number) => BranchingVectorEnv, seed: number): void {
  const env = create(WIDE);
  const draw = actions(seed, env);
  let seen = env.reset(seed).slice();
  for (let i = 0; i < 20; i++) seen = env.step(draw()).observations.slice();
  const text = JSON.stringify(env.getState());
  const [clone, stray, revived] = [env.clone(), env.clone(), create(WIDE)];
  for (let i = 0; i < 20; i++) stray.step(draw());
  need(JSON.stringify(env.getState()) === text, 'clone.alone');
  need(same(revived.setState(JSON.parse(text) as EnvState), seen), 'state.continues', 'observations');
  need(JSON.stringify(revived.getState()) === text, 'state.json');
  for (let i = 0; i < 20; i++) {
    const action = draw();
    const expected = flat(env.step(action));
    need(same(flat(clone.step(action)), expected), 'clone.continues');
    need(same(flat(revived.step(action)), expected), 'state.continues');
  }
}

function refusesStep(env: VectorEnv): boolean {
  try {
    env.step(new Float32Array(env.numEnvs * env.agentsPerEnv * env.actionSize));
    return false;
  } catch (error) {
    return isGridPactError(error, 'env.ended');
  }
}

function flat({ observations, rewards, terminated, truncated }: VectorStep): number[] {
  return [...observations, ...rewards, ...terminated, ...truncated];
}

/** Drawn per step for the widest environment, so that copy 0 gets the same ones whatever numEnvs is. */
function actions(seed: number, env: VectorEnv): () => Float32Array {
  const stream = RandomStream.fromSeed(seed, 'check-env');
  const width = env.agentsPerEnv * env.actionSize;
  return () => Float32Array.from({ length: WIDE * width }, () => 2 * uniform(stream) - 1).slice(0, env.numEnvs * width);
}
