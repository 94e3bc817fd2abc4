/** Worker threads that live through scenarios: each makes the suite and its contenders anew from what is told here. */
import type { Worker } from 'node:worker_threads';
import { fail, type ErrorCode } from '../../base/errors.ts';
import type { FloatPolicy } from '../freeze/floatPolicy.ts';
import type { SuiteMaterial } from '../suites/index.ts';
import { startThread } from '../thread.ts';
import type { Entry } from './evaluate.ts';
import type { Live } from './runner.ts';
import type { Metrics } from './suite.ts';

/** All that decides the runners and scenarios of an evaluation, as a thread can be handed it. */
export interface CrewTask {
  readonly suite: string;
  readonly material: SuiteMaterial;
  readonly count?: number | undefined;
  readonly from?: number | undefined;
  readonly against?: readonly string[] | undefined;
  readonly entries: readonly (Omit<Entry, 'artifact' | 'float'> & {
    readonly bytes: Uint8Array;
    readonly float?: FloatPolicy | undefined;
  })[];
}

export interface CrewJob {
  readonly runner: number;
  readonly scenario: number;
}

export type CrewAnswer =
  | { readonly metrics: Metrics }
  | {
      readonly error: {
        readonly code?: ErrorCode;
        readonly expected?: unknown;
        readonly got?: unknown;
        message: string;
      };
    };

export interface Crew {
  readonly live: Live;
  close(): Promise<void>;
}

export function hireCrew(size: number, task: CrewTask): Crew {
  const module = new URL('./worker.ts', import.meta.url);
  const workers = Array.from({ length: size }, () => startThread(module, task));
  // A scenario stays with one worker, so that what is worked out once for it is found again.
  const placeOf = new Map<number, number>();
  const waiting = workers.map(() => 0);
  const last = workers.map(() => Promise.resolve());
  return {
    async live(runner, scenario) {
      const place = placeOf.get(scenario) ?? waiting.indexOf(Math.min(...waiting));
      placeOf.set(scenario, place);
      waiting[place]!++;
      const answer = last[place]!.then(() => ask(workers[place]!, { runner, scenario }));
      last[place] = answer.then(
        () => undefined,
        () => undefined,
      );
      try {
        return await answer;
      } finally {
        waiting[place]!--;
      }
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, job: CrewJob): Promise<Metrics> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      settled();
    };
    const onMessage = (answer: CrewAnswer): void =>
      settle(() => ('metrics' in answer ? resolve(answer.metrics) : reject(errorOf(answer.error))));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => settle(() => reject(new Error(`an evaluation thread ended with ${code}`)));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(job);
  });
}

function errorOf({ code, expected, got, message }: Extract<CrewAnswer, { error: unknown }>['error']): Error {
  return code === undefined ? new Error(message) : fail(code, { expected, got });
}
