/** Adds `episodeReturn` and `episodeSteps` to the info of a last step, and keeps the episodes that ended. No clock. */
import type { TaskState } from '../task.ts';
import type { Env, ResetResult, StepResult } from '../types.ts';
import { Wrapper } from './wrapper.ts';

export interface EpisodeRecord {
  /** Sum of rewards, not discounted. */
  readonly episodeReturn: number;
  readonly episodeSteps: number;
  /** The task ended it, not the clock. */
  readonly terminated: boolean;
  readonly trajectoryHash: string;
}

export class EpisodeStatistics<Inner extends Env = Env> extends Wrapper<Inner> {
  #episodes: EpisodeRecord[] = [];
  #return = 0;
  #steps = 0;

  /** Those that ended since it was made, oldest first. */
  get episodes(): readonly EpisodeRecord[] {
    return this.#episodes;
  }

  override reset(options: { readonly seed?: number } = {}): ResetResult {
    this.#return = 0;
    this.#steps = 0;
    return super.reset(options);
  }

  override step(action: Float32Array): StepResult {
    const result = super.step(action);
    this.#return += result.reward;
    this.#steps++;
    const { terminated, truncated, info } = result;
    if (!terminated && !truncated) return result;
    const ended = { episodeReturn: this.#return, episodeSteps: this.#steps };
    const trajectoryHash = String(info['trajectoryHash'] ?? this.trajectoryHash());
    this.#episodes.push({ ...ended, terminated, trajectoryHash });
    return { ...result, info: { ...info, ...ended, trajectoryHash } };
  }

  protected override around(env: Env): EpisodeStatistics {
    return new EpisodeStatistics(env);
  }

  protected override save(): TaskState {
    return { episodes: this.#episodes, return: this.#return, steps: this.#steps };
  }

  protected override load(state: TaskState): void {
    this.#episodes = [...(state['episodes'] as EpisodeRecord[])];
    this.#return = state['return'] as number;
    this.#steps = state['steps'] as number;
  }
}
