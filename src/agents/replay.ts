/** Transitions kept for learning off policy, in typed arrays; the oldest gives way to the newest. */
import { fail } from '../base/errors.ts';
import type { RandomStream } from '../base/random.ts';
import type { TaskState } from '../env/gym/task.ts';

export interface TransitionSizes {
  readonly observation: number;
  readonly action: number;
  /** Costs beside the reward. */
  readonly costs: number;
}

/** Row k of every array is one transition. */
export interface Transitions {
  readonly observations: Float32Array;
  readonly actions: Float32Array;
  readonly rewards: Float32Array;
  readonly costs: Float32Array;
  /** The observation that the action led to, also where it ended the episode. */
  readonly nextObservations: Float32Array;
  /** 1: nothing is worth anything beyond it. A truncated transition has 0. */
  readonly terminated: Float32Array;
}

interface ReplayState extends TaskState {
  readonly count: number;
  readonly at: number;
  /** In the order of `COLUMNS`, the rows in use. */
  readonly columns: readonly Float32Array[];
}

const COLUMNS = ['observations', 'actions', 'rewards', 'costs', 'nextObservations', 'terminated'] as const;

function widths({ observation, action, costs }: TransitionSizes): Record<(typeof COLUMNS)[number], number> {
  return {
    observations: observation,
    actions: action,
    rewards: 1,
    costs,
    nextObservations: observation,
    terminated: 1,
  };
}

/** All zero. */
export function makeTransitions(rows: number, sizes: TransitionSizes): Transitions {
  const width = widths(sizes);
  return Object.fromEntries(COLUMNS.map((name) => [name, new Float32Array(rows * width[name])])) as Record<
    (typeof COLUMNS)[number],
    Float32Array
  >;
}

export class Replay {
  readonly capacity: number;
  readonly #widths: Record<(typeof COLUMNS)[number], number>;
  readonly #rows: Transitions;
  #count = 0;
  #at = 0;

  constructor(capacity: number, sizes: TransitionSizes) {
    this.capacity = capacity;
    this.#widths = widths(sizes);
    this.#rows = makeTransitions(capacity, sizes);
  }

  /** Transitions kept. */
  get count(): number {
    return this.#count;
  }

  /** Row `from` of `given`. */
  add(given: Transitions, from: number): void {
    for (const name of COLUMNS) copyRow(given[name], from, this.#rows[name], this.#at, this.#widths[name]);
    this.#at = this.#at + 1 === this.capacity ? 0 : this.#at + 1;
    if (this.#count < this.capacity) this.#count++;
  }

  /** Fills `out`, every row drawn from all that are kept, with replacement. */
  sample(stream: RandomStream, out: Transitions): void {
    const rows = out.rewards.length;
    for (let k = 0; k < rows; k++) {
      const drawn = stream.below(this.#count);
      for (const name of COLUMNS) copyRow(this.#rows[name], drawn, out[name], k, this.#widths[name]);
    }
  }

  getState(): ReplayState {
    const columns = COLUMNS.map((name) => this.#rows[name].slice(0, this.#count * this.#widths[name]));
    return { count: this.#count, at: this.#at, columns };
  }

  /** @throws `env.state` when it is not of a buffer of this size. */
  setState({ count, at, columns }: TaskState): void {
    const floats = (Array.isArray(columns) ? columns : []).filter((x) => x instanceof Float32Array);
    const fits =
      Number.isInteger(count) &&
      Number(count) <= this.capacity &&
      Number.isInteger(at) &&
      Number(at) < this.capacity &&
      COLUMNS.every((name, k) => floats[k]?.length === Number(count) * this.#widths[name]);
    if (!fits) throw fail('env.state', { expected: `up to ${this.capacity} transitions`, got: { count, at } });
    COLUMNS.forEach((name, k) => this.#rows[name].set(floats[k]!));
    this.#count = Number(count);
    this.#at = Number(at);
  }
}

function copyRow(from: Float32Array, row: number, to: Float32Array, at: number, width: number): void {
  for (let i = 0; i < width; i++) to[at * width + i] = from[row * width + i]!;
}
