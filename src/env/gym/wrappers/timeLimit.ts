/** Ends an episode by the clock after a number of steps. What the task itself ended stays `terminated`. */
import { fail } from '../../../base/errors.ts';
import type { TaskState } from '../task.ts';
import type { Env, ResetResult, StepResult } from '../types.ts';
import { Wrapper } from './wrapper.ts';

export class TimeLimit<Inner extends Env = Env> extends Wrapper<Inner> {
  readonly maxSteps: number;
  #steps = 0;
  #over = false;

  /** @throws `env.wrapper`. */
  constructor(env: Inner, maxSteps: number) {
    super(env);
    if (!Number.isSafeInteger(maxSteps) || maxSteps < 1) {
      throw fail('env.wrapper', { expected: 'maxSteps: an integer >= 1', got: maxSteps });
    }
    this.maxSteps = maxSteps;
  }

  override reset(options: { readonly seed?: number } = {}): ResetResult {
    this.#steps = 0;
    this.#over = false;
    return super.reset(options);
  }

  override step(action: Float32Array): StepResult {
    if (this.#over) throw fail('env.ended');
    const result = super.step(action);
    this.#steps++;
    if (result.terminated || result.truncated || this.#steps < this.maxSteps) return result;
    this.#over = true;
    return { ...result, truncated: true, info: { ...result.info, trajectoryHash: this.trajectoryHash() } };
  }

  protected override around(env: Env): TimeLimit {
    return new TimeLimit(env, this.maxSteps);
  }

  protected override save(): TaskState {
    return { steps: this.#steps, over: this.#over };
  }

  protected override load(state: TaskState): void {
    this.#steps = state['steps'] as number;
    this.#over = state['over'] as boolean;
  }
}
