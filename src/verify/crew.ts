/**
 * Who searches the tasks of a proof: this thread, or worker threads that each keep the searches they were given. A task
 * takes the same course wherever it runs.
 */
import type { Worker } from 'node:worker_threads';
import { preorder } from './preorder.ts';
import { PieceSearch, type Incumbent, type Piece, type SearchTools } from './search.ts';
import { startThread } from './thread.ts';

/** Where a task stands after a turn. */
export interface TaskState {
  readonly task: number;
  readonly boxes: number;
  readonly bound: number;
  readonly openPieces: number;
  readonly incumbent: Incumbent | undefined;
  readonly isDone: boolean;
  readonly isRefuted: boolean;
}

export interface Turn {
  readonly task: number;
  readonly boxes: number;
  readonly seen: number;
}

export interface Crew {
  readonly size: number;
  /** `piece` the first time a task is run. */
  run(turn: Turn, piece: Piece | undefined): Promise<TaskState>;
  tree(task: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export class TaskRunner {
  readonly #tools: SearchTools;
  readonly #searches = new Map<number, PieceSearch>();

  constructor(tools: SearchTools) {
    this.#tools = tools;
  }

  run({ task, boxes, seen }: Turn, piece: Piece | undefined): TaskState {
    const search = this.#searches.get(task) ?? new PieceSearch(this.#tools, piece!);
    this.#searches.set(task, search);
    search.run(boxes, seen);
    return stateOf(search, task, seen);
  }

  tree(task: number): Uint8Array {
    return preorder(this.#searches.get(task)!.tree);
  }
}

function stateOf(search: PieceSearch, task: number, seen: number): TaskState {
  const { boxes, bound, queue, incumbent } = search;
  const isRefuted = search.isRefuted();
  return { task, boxes, bound, openPieces: queue.size, incumbent, isDone: search.isDone(seen), isRefuted };
}

export function ownCrew(tools: SearchTools): Crew {
  const runner = new TaskRunner(tools);
  return {
    size: 1,
    async run(turn, piece) {
      const state = runner.run(turn, piece);
      // A turn of the event loop, so that an abort is heard.
      await new Promise((resolve) => void setImmediate(resolve));
      return state;
    },
    tree: (task) => Promise.resolve(runner.tree(task)),
    close: () => Promise.resolve(),
  };
}

export interface WorkerData {
  readonly policy: Uint8Array;
  readonly property: Uint8Array;
}

export type WorkerJob =
  | { readonly kind: 'run'; readonly turn: Turn; readonly piece: Piece | undefined }
  | { readonly kind: 'tree'; readonly task: number };
export type WorkerAnswer = TaskState | Uint8Array;

/** A task stays with worker `task mod size`. */
export function hireCrew(size: number, { policy, property }: SearchTools): Crew {
  const data: WorkerData = { policy: policy.bytes, property: property.bytes };
  const module = new URL('./worker.ts', import.meta.url);
  const workers = Array.from({ length: size }, () => startThread(module, data));
  const last = workers.map(() => Promise.resolve<unknown>(undefined));
  const send = (task: number, job: WorkerJob): Promise<WorkerAnswer> => {
    const place = task - size * Math.floor(task / size);
    const answer = last[place]!.then(() => ask(workers[place]!, job));
    last[place] = answer.catch(() => undefined);
    return answer;
  };
  return {
    size,
    run: (turn, piece) => send(turn.task, { kind: 'run', turn, piece }) as Promise<TaskState>,
    tree: (task) => send(task, { kind: 'tree', task }) as Promise<Uint8Array>,
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, job: WorkerJob): Promise<WorkerAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      settled();
    };
    const onMessage = (answer: WorkerAnswer): void => settle(() => resolve(answer));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => settle(() => reject(new Error(`a search thread ended with ${code}`)));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(job);
  });
}
