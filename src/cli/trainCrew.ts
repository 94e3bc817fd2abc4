/** Several trainings side by side, one at a time in each of so many threads. */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { Progress } from '../agents/learner.ts';
import type { Recipe } from '../agents/recipe.ts';
import type { RunStart } from '../agents/training/run.ts';
import { startThread } from '../agents/thread.ts';
import { fail, type ErrorCode } from '../base/errors.ts';
import type { ModelCard } from './modelFiles.ts';

/** Plain data: a thread is handed nothing else. */
export interface TrainJob {
  readonly recipe: Recipe;
  readonly start: RunStart;
  /** Go on with the run in that folder where there is one. */
  readonly resume: boolean;
  readonly keep: number | undefined;
  readonly untilSteps: number | undefined;
  /** Freeze a finished run and write its model. */
  readonly freeze: boolean;
  /** Episodes of the training split, of `recipe`, that the policy is scored on where it stopped. */
  readonly score: { readonly recipe: Recipe; readonly episodes: number; readonly seed: number } | undefined;
}

export interface TrainOutcome {
  readonly finished: boolean;
  readonly card?: ModelCard;
  readonly seconds?: number;
  readonly score?: number;
  /** Why it broke: numbers that are not finite. Anything else is thrown. */
  readonly diverged?: string;
}

export type TrainAnswer =
  | { readonly progress: Progress }
  | { readonly done: TrainOutcome }
  | {
      readonly error: {
        readonly code?: ErrorCode;
        readonly expected?: unknown;
        readonly got?: unknown;
        readonly message: string;
      };
    };

export interface CrewOptions {
  /** As many as there are cores. */
  readonly workers?: number | undefined;
  readonly onProgress?: (job: number, progress: Progress) => void;
  /** As each ends, in whatever order. */
  readonly onDone?: (job: number, outcome: TrainOutcome) => void;
}

/** Outcomes in the order of the jobs; a job that fails fails all. */
export async function trainAll(jobs: readonly TrainJob[], options: CrewOptions = {}): Promise<TrainOutcome[]> {
  const outcomes: TrainOutcome[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const thread = startThread(new URL('./trainThread.ts', import.meta.url), undefined);
    try {
      while (next < jobs.length) {
        const index = next++;
        const outcome = await trainOn(thread, jobs[index]!, (progress) => options.onProgress?.(index, progress));
        outcomes[index] = outcome;
        options.onDone?.(index, outcome);
      }
    } finally {
      await thread.terminate();
    }
  };
  const size = Math.min(jobs.length, options.workers ?? availableParallelism());
  await Promise.all(Array.from({ length: size }, work));
  return outcomes;
}

function trainOn(thread: Worker, job: TrainJob, onProgress: (progress: Progress) => void): Promise<TrainOutcome> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      thread.off('message', onMessage);
      thread.off('error', onError);
      thread.off('exit', onExit);
      settled();
    };
    const onMessage = (answer: TrainAnswer): void => {
      if ('progress' in answer) onProgress(answer.progress);
      else settle(() => ('done' in answer ? resolve(answer.done) : reject(errorOf(answer.error))));
    };
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => settle(() => reject(new Error(`a training thread ended with ${code}`)));
    thread.on('message', onMessage);
    thread.on('error', onError);
    thread.on('exit', onExit);
    thread.postMessage(job);
  });
}

function errorOf({ code, expected, got, message }: Extract<TrainAnswer, { error: unknown }>['error']): Error {
  return code === undefined ? new Error(message) : fail(code, { expected, got });
}
