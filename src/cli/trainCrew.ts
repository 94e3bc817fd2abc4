/** Several trainings side by side, one thread each, at most so many at a time. */
import { availableParallelism } from 'node:os';
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
  /** Episodes of the training split that the policy is scored on where it stopped. */
  readonly score: { readonly episodes: number; readonly seed: number } | undefined;
}

export interface TrainOutcome {
  readonly finished: boolean;
  readonly card?: ModelCard;
  readonly seconds?: number;
  readonly score?: number;
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
  const worker = async (): Promise<void> => {
    while (next < jobs.length) {
      const index = next++;
      outcomes[index] = await trainApart(jobs[index]!, (progress) => options.onProgress?.(index, progress));
      options.onDone?.(index, outcomes[index]);
    }
  };
  const size = Math.min(jobs.length, options.workers ?? availableParallelism());
  await Promise.all(Array.from({ length: size }, worker));
  return outcomes;
}

function trainApart(job: TrainJob, onProgress: (progress: Progress) => void): Promise<TrainOutcome> {
  return new Promise((resolve, reject) => {
    const thread = startThread(new URL('./trainThread.ts', import.meta.url), job);
    thread.on('message', (answer: TrainAnswer) => {
      if ('progress' in answer) onProgress(answer.progress);
      else if ('done' in answer) resolve(answer.done);
      else reject(errorOf(answer.error));
    });
    thread.on('error', reject);
    thread.on('exit', (code) => reject(new Error(`a training thread ended with ${code}`)));
  });
}

function errorOf({ code, expected, got, message }: Extract<TrainAnswer, { error: unknown }>['error']): Error {
  return code === undefined ? new Error(message) : fail(code, { expected, got });
}
