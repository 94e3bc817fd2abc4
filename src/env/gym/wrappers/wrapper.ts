/**
 * An environment around an environment. A wrapper says what it changes and what of its own it must remember; the
 * rest passes through, `trajectoryHash` and `balance` included, so wrappers stack in any order that their spaces allow.
 */
import { fail } from '../../../base/errors.ts';
import { stateFromJson, stateToJson } from '../jsonState.ts';
import { TaskEnv } from '../single.ts';
import type { Balance, TaskState } from '../task.ts';
import type { Env, EnvState, ResetResult, Space, StepResult } from '../types.ts';

export abstract class Wrapper<Inner extends Env = Env> implements Env {
  readonly env: Inner;
  readonly observationSpace: Space;
  readonly actionSpace: Space;

  constructor(env: Inner) {
    this.env = env;
    this.observationSpace = env.observationSpace;
    this.actionSpace = env.actionSpace;
  }

  /** The same wrapper around another environment. */
  protected abstract around(env: Env): Wrapper;

  /** What it must remember; nothing unless it says so. */
  protected save(): TaskState {
    return {};
  }

  protected load(_state: TaskState): void {
    // Nothing to remember.
  }

  get id(): string {
    return this.env.id;
  }

  get unwrapped(): Env {
    return this.env.unwrapped;
  }

  reset(options: { readonly seed?: number } = {}): ResetResult {
    return this.env.reset(options);
  }

  step(action: Float32Array): StepResult {
    return this.env.step(action);
  }

  trajectoryHash(): string {
    return this.env.trajectoryHash();
  }

  balance(): Balance | undefined {
    return this.env.balance?.();
  }

  clone(): Env {
    const twin = this.around(this.env.clone());
    twin.load(stateFromJson(stateToJson(this.save())));
    return twin;
  }

  getState(): EnvState {
    return { wrapper: this.constructor.name, own: stateToJson(this.save()), env: this.env.getState() };
  }

  setState(state: EnvState): Float32Array {
    if (state['wrapper'] !== this.constructor.name) {
      throw fail('env.state', { expected: `a state of ${this.constructor.name}`, got: state['wrapper'] });
    }
    const observation = this.env.setState(state['env'] as EnvState);
    this.load(stateFromJson(state['own']));
    return observation;
  }

  close(): void {
    this.env.close();
  }
}

/** The task at the bottom. @throws `env.wrapper` when there is none. */
export function taskOf(env: Env): TaskEnv {
  const { unwrapped } = env;
  if (!(unwrapped instanceof TaskEnv)) throw fail('env.wrapper', { expected: 'an environment of a task', got: env.id });
  return unwrapped;
}
