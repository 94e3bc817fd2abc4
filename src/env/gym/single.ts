/** One copy of a task as a plain Env: all agents' actions in one box, rewards averaged over the agents. */
import { fail } from '../../base/errors.ts';
import { stateFromJson, stateToJson } from './jsonState.ts';
import { box } from './spaces.ts';
import type { Balance, TaskCopy, TaskDefinition, TaskState } from './task.ts';
import type { BoxSpace, Env, EnvState, Info, ResetResult, StepResult } from './types.ts';

export class TaskEnv implements Env {
  readonly id: string;
  /** agents x observationSize, within [-1, 1]. */
  readonly observationSpace: BoxSpace;
  /** agents x actionSize, within [-1, 1]. */
  readonly actionSpace: BoxSpace;
  readonly copy: TaskCopy;
  /** agents: of the last step, overwritten by the next; 0 after a reset. */
  readonly rewards: Float32Array;

  readonly #task: TaskDefinition;
  #running = false;
  #seeded = false;

  constructor(task: TaskDefinition, copy: TaskCopy) {
    this.id = task.id;
    this.#task = task;
    this.copy = copy;
    const { agents, observationSize, actionSize } = copy.shape;
    this.observationSpace = box([agents * observationSize], -1, 1);
    this.actionSpace = box([agents * actionSize], -1, 1);
    this.rewards = new Float32Array(agents);
  }

  get unwrapped(): this {
    return this;
  }

  reset(options: { readonly seed?: number } = {}): ResetResult {
    // Copy 0 of a vector environment with the same seed lives the same life.
    if (options.seed !== undefined || !this.#seeded) this.copy.seed(`${options.seed ?? 0}/0`);
    this.#seeded = true;
    this.#running = true;
    this.rewards.fill(0);
    this.copy.reset();
    return { observation: this.#observe(), info: this.copy.info() };
  }

  /** @throws `env.ended` after the end of an episode, `env.action`. */
  step(action: Float32Array): StepResult {
    if (!this.#running) throw fail('env.ended');
    if (action.length !== this.actionSpace.low.length) {
      throw fail('env.action', { expected: `${this.actionSpace.low.length} actions`, got: action.length });
    }
    const over = this.copy.step(action, 0, this.rewards);
    const terminated = this.copy.terminated === true;
    const truncated = over && !terminated;
    this.#running = !terminated && !truncated;
    return { observation: this.#observe(), reward: this.#mean(), terminated, truncated, info: this.#info() };
  }

  trajectoryHash(): string {
    return this.copy.trajectory().digestHex();
  }

  balance(): Balance | undefined {
    return this.copy.balance();
  }

  clone(): TaskEnv {
    const twin = new TaskEnv(this.#task, this.copy.clone());
    twin.rewards.set(this.rewards);
    twin.#running = this.#running;
    twin.#seeded = this.#seeded;
    return twin;
  }

  getState(): EnvState {
    const { id, copy, rewards } = this;
    return stateToJson({ id, running: this.#running, seeded: this.#seeded, rewards, copy: copy.getState() });
  }

  setState(json: EnvState): Float32Array {
    const state = stateFromJson(json) as unknown as SavedTask;
    if (state.id !== this.id) throw fail('env.state', { expected: `a state of ${this.id}`, got: state.id });
    restore(this.copy, state.copy);
    this.rewards.set(state.rewards);
    this.#running = state.running;
    this.#seeded = state.seeded;
    return this.#observe();
  }

  close(): void {
    this.#running = false;
  }

  #observe(): Float32Array {
    const out = new Float32Array(this.observationSpace.low.length);
    this.copy.observe(out, 0);
    return out;
  }

  #mean(): number {
    return this.rewards.reduce((a, b) => a + b, 0) / this.rewards.length;
  }

  #info(): Info {
    return this.#running ? this.copy.info() : { ...this.copy.info(), trajectoryHash: this.trajectoryHash() };
  }
}

interface SavedTask {
  readonly id: string;
  readonly running: boolean;
  readonly seeded: boolean;
  readonly rewards: Float32Array;
  readonly copy: TaskState;
}

/** A task takes its own state apart without looking; what it trips over is a damaged state. @throws `env.state`. */
export function restore(copy: TaskCopy, state: TaskState): void {
  try {
    copy.setState(state);
  } catch (cause) {
    throw fail('env.state', { expected: 'a state of a copy with the same arguments', cause });
  }
}
