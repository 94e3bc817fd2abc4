/**
 * The contract of an environment, checked by running it: what a learner relies on and what users of other
 * environments reported as broken. Throws `env.check` naming the first rule that does not hold; checkRules.ts has
 * them all. Works on any Env, in wrappers or not, with any space.
 */
import { isGridPactError } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';
import { checkBalance, checkInfo, need, same } from './checkRules.ts';
import { TaskEnv } from './single.ts';
import { contains, sample } from './spaces.ts';
import type { TaskCopy } from './task.ts';
import type { Env, EnvState, StepResult } from './types.ts';

export interface CheckOptions {
  /** 1. */
  readonly seed?: number;
  /** Longest run of one check, in steps; must reach the end of an episode. Default 400. */
  readonly steps?: number;
  /** Absolute tolerance of the balance, in its unit; default 1e-3 Wh or 1e-9 pu s. 1e-9 of the throughput is always allowed. */
  readonly balanceTolerance?: number;
}

/** Of how many other seeds, or further episodes, one at least must differ: a task may have few beginnings. */
const OTHERS = 8;
/** How much of a life tells it from another. */
const GLIMPSE = 24;

interface Life {
  readonly trace: number[];
  readonly steps: number;
  readonly hash: string | undefined;
}

/** @throws `env.check`. */
export function checkEnv(create: () => Env, options: CheckOptions = {}): void {
  const { seed = 1, steps = 400 } = options;
  const env = create();
  need(refusesStep(env), 'end.closed', 'before the first reset');
  const first = live(env, options);
  need(first.hash !== undefined, 'end.reached', `none within ${steps} steps`);
  need(refusesStep(env), 'end.closed', 'after an end');
  const again = live(env, options);
  need(same(first.trace, again.trace), 'reset.repeats');
  need(first.hash === again.hash, 'hash.repeats');
  need(same(first.trace, live(create(), options).trace), 'create.repeats');
  checkSeeds(create(), seed);
  checkBranches(create, seed, first.steps);
}

/** One episode from a seed under random actions. */
function live(env: Env, { seed = 1, steps = 400, balanceTolerance }: CheckOptions): Life {
  const stream = RandomStream.fromSeed(seed, 'check-env');
  const { observation, info } = env.reset({ seed });
  need(contains(env.observationSpace, observation), 'observation.inSpace', 'after reset');
  checkInfo(info);
  const trace = Array.from(observation);
  let held = observation;
  const missing = new Missing(env);
  for (let i = 1; i <= steps; i++) {
    const action = sample(env.actionSpace, stream);
    const given = action.slice();
    const heldBefore = held.slice();
    const result = attempt(env, action);
    need(same(action, given), 'action.kept');
    missing.look();
    need(held !== result.observation && same(held, heldBefore), 'observation.owned');
    checkStep(env, result);
    checkBalance(env.balance?.(), balanceTolerance);
    trace.push(...result.observation, result.reward);
    held = result.observation;
    if (!result.terminated && !result.truncated) continue;
    missing.check();
    return { trace, steps: i, hash: String(result.info['trajectoryHash']) };
  }
  return { trace, steps, hash: undefined };
}

/** Inputs that were missing in every observation of a life: then the fallback alone acts, whatever is learned. */
class Missing {
  readonly #copy: TaskCopy | undefined;
  readonly #always: Int32Array;

  constructor({ unwrapped }: Env) {
    this.#copy = unwrapped instanceof TaskEnv ? unwrapped.copy : undefined;
    this.#always = this.#copy?.port.missing.slice() ?? new Int32Array(0);
  }

  look(): void {
    this.#copy?.port.missing.forEach((mask, agent) => (this.#always[agent]! &= mask));
  }

  check(): void {
    const agent = this.#always.findIndex((mask) => mask !== 0);
    if (agent < 0 || this.#copy === undefined) return;
    const names = this.#copy.shape.observationNames.filter(
      (_, i) => (this.#always[agent]! & (1 << Math.min(i, 31))) !== 0,
    );
    need(false, 'input.measured', { agent, names });
  }
}

function attempt(env: Env, action: Float32Array): StepResult {
  try {
    return env.step(action);
  } catch (error) {
    need(false, 'step.runs', { action: Array.from(action), error: String(error) });
    throw error;
  }
}

function checkStep(env: Env, { observation, reward, terminated, truncated, info }: StepResult): void {
  need(contains(env.observationSpace, observation), 'observation.inSpace', Array.from(observation));
  need(Number.isFinite(reward), 'reward.finite', String(reward));
  need(!(terminated && truncated), 'end.oneFlag');
  checkInfo(info);
  if (!terminated && !truncated) return;
  const hash = String(info['trajectoryHash']);
  need(/^[0-9a-f]{64}$/.test(hash) && hash === env.trajectoryHash(), 'hash.atEnd', hash);
}

function checkSeeds(env: Env, seed: number): void {
  const start = glimpse(env, seed);
  const other = findOther(start, (k) => glimpse(env, seed + 1 + k));
  need(other !== undefined, 'reset.seeds', `${OTHERS + 1} seeds alike`);
  need(other?.hash !== start.hash, 'hash.differs');
  env.reset({ seed });
  need(findOther(start, () => glimpse(env)) !== undefined, 'reset.goesOn', `${OTHERS} episodes alike`);
}

function findOther(start: Glimpse, next: (k: number) => Glimpse): Glimpse | undefined {
  for (let k = 0; k < OTHERS; k++) {
    const other = next(k);
    if (!same(other.trace, start.trace)) return other;
  }
  return undefined;
}

interface Glimpse {
  readonly trace: number[];
  readonly hash: string;
}

/** The first steps of an episode, under the same actions whatever the seed. */
function glimpse(env: Env, seed?: number): Glimpse {
  const stream = RandomStream.fromSeed(0, 'check-env');
  const trace = Array.from(env.reset(seed === undefined ? {} : { seed }).observation);
  follow(env, stream, GLIMPSE, trace);
  return { trace, hash: env.trajectoryHash() };
}

/** Branch in the middle of an episode: by clone, and by a state through JSON into a new environment. */
function checkBranches(create: () => Env, seed: number, steps: number): void {
  const env = create();
  const stream = RandomStream.fromSeed(seed, 'check-env');
  const trace = Array.from(env.reset({ seed }).observation);
  const half = Math.floor(steps / 2);
  follow(env, stream, half, trace);
  const fork = stream.getState();
  const rest = (branch: Env): number[] => {
    const lived: number[] = [];
    follow(branch, new RandomStream(fork), steps - half, lived);
    // An episode further, so that the random stream is seen to be the same as well.
    lived.push(...branch.reset().observation);
    return lived;
  };
  const state = env.getState();
  const text = JSON.stringify(state);
  const [clone, stray] = [env.clone(), env.clone()];
  follow(stray, RandomStream.fromSeed(seed + 1, 'check-env'), steps, []);
  need(JSON.stringify(env.getState()) === text, 'clone.alone');
  const revived = create();
  const parsed = JSON.parse(text) as EnvState;
  const observation = revived.setState(parsed);
  need(half === 0 || same(observation, trace.slice(-observation.length - 1, -1)), 'state.continues', 'observation');
  need(JSON.stringify(revived.getState()) === text, 'state.json');
  const expected = rest(env);
  need(same(rest(clone), expected), 'clone.continues');
  need(same(rest(revived), expected), 'state.continues');
}

/** Up to `steps` steps under random actions, ending with the episode. */
function follow(env: Env, stream: RandomStream, steps: number, trace: number[]): void {
  for (let i = 0; i < steps; i++) {
    const { observation, reward, terminated, truncated } = env.step(sample(env.actionSpace, stream));
    trace.push(...observation, reward);
    if (terminated || truncated) return;
  }
}

function refusesStep(env: Env): boolean {
  try {
    env.step(sample(env.actionSpace, RandomStream.fromSeed(0, 'check-env')));
    return false;
  } catch (error) {
    return isGridPactError(error, 'env.ended');
  }
}
