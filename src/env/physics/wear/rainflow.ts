/**
 * Rainflow counting of charge cycles (ASTM E1049-85, section 5.4.4), in two forms that agree.
 *
 * Batch: the whole history at once. Incremental: one sample at a time, with at every moment the damage that batch
 * counting would find had the history ended there, open half-cycles included. The increments therefore telescope:
 * their sum over an episode is the batch damage of the episode.
 *
 * Why closing a cycle at once is right: counting the prefix takes its last sample for a reversal. When the next
 * sample goes on in the same direction, the range X only grows, so X >= Y still holds for every cycle closed before.
 * Ranges on the stack fall strictly from the start inwards, and the outermost one is a half-cycle for ever.
 */
import { fail } from '../../../base/errors.ts';

/** One range counted `count` times: 1 for a closed cycle, 0.5 for a half-cycle. */
export interface Cycle {
  readonly range: number;
  /** Middle of the range. */
  readonly mean: number;
  readonly count: 0.5 | 1;
}

/** Damage of one whole cycle. Must not be negative, and not fall when the range grows at one end. */
export type CycleDamage = (range: number, mean: number) => number;

/** Cycles of a history, closed ones in the order they close, then the open ones. Rests and plateaus count nothing. */
export function rainflow(history: ArrayLike<number>): Cycle[] {
  const cycles: Cycle[] = [];
  const open: number[] = [];
  for (const point of reversals(history)) {
    open.push(point);
    for (let n = open.length; n >= 3; n = open.length) {
      const [y1, y2, x2] = open.slice(-3) as [number, number, number];
      if (Math.abs(x2 - y2) < Math.abs(y2 - y1)) break;
      cycles.push(cycle(y1, y2, n === 3 ? 0.5 : 1));
      // A range that contains the start is half a cycle, and the start moves on; any other goes with both its ends.
      if (n === 3) open.shift();
      else open.splice(n - 3, 2);
    }
  }
  for (let i = 1; i < open.length; i++) cycles.push(cycle(open[i - 1]!, open[i]!, 0.5));
  return cycles;
}

/** First and last sample and every turning point between. */
function reversals(history: ArrayLike<number>): number[] {
  const points: number[] = [];
  for (let i = 0; i < history.length; i++) {
    const x = history[i]!;
    const n = points.length;
    if (n > 0 && x === points[n - 1]) continue;
    if (n > 1 && x > points[n - 1]! === points[n - 1]! > points[n - 2]!) points[n - 1] = x;
    else points.push(x);
  }
  return points;
}

function cycle(a: number, b: number, count: 0.5 | 1): Cycle {
  return { range: Math.abs(b - a), mean: (a + b) / 2, count };
}

export interface RainflowState {
  /** Open turning points from the start inwards; the last is the newest sample. */
  readonly points: readonly number[];
  /** Half-cycle damage from the start up to each of them. */
  readonly half: readonly number[];
  /** Damage of closed cycles and of half-cycles whose start moved on. */
  readonly closed: number;
}

/** Open turning points kept. Deeper spirals let go of the outermost half-cycle, which stays counted as one. */
const MAX_OPEN = 4096;

/** Rainflow damage of a history that is still going on. Memory grows with the open turning points, up to 4096. */
export class RainflowDamage {
  readonly #damageOf: CycleDamage;
  #points = new Float64Array(16);
  /** Half-cycle damage from the start up to each open point. */
  #half = new Float64Array(16);
  #count = 0;
  #closed = 0;

  constructor(damageOf: CycleDamage, first: number) {
    this.#damageOf = damageOf;
    this.#begin(first);
  }

  /** As batch counting of the history so far finds it, the open half-cycles included. */
  get total(): number {
    return this.#closed + this.#half[this.#count - 1]!;
  }

  /** Take the next sample. Returns by how much the total grew, >= 0. @throws `env.wear` when it is not finite. */
  add(x: number): number {
    if (!Number.isFinite(x)) throw fail('env.wear', { expected: 'finite samples', got: x });
    const n = this.#count;
    const last = this.#points[n - 1]!;
    if (x === last) return 0;
    const before = this.total;
    const goesOn = n > 1 && x > last === last > this.#points[n - 2]!;
    if (goesOn) this.#count--;
    this.#push(x);
    this.#close();
    return Math.max(0, this.total - before);
  }

  getState(): RainflowState {
    return {
      points: Array.from(this.#points.subarray(0, this.#count)),
      half: Array.from(this.#half.subarray(0, this.#count)),
      closed: this.#closed,
    };
  }

  setState({ points, half, closed }: RainflowState): void {
    while (this.#points.length < points.length) this.#grow();
    this.#points.set(points);
    this.#half.set(half);
    this.#count = points.length;
    this.#closed = closed;
  }

  #begin(first: number): void {
    if (!Number.isFinite(first)) throw fail('env.wear', { expected: 'a finite first sample', got: first });
    this.#points[0] = first;
    this.#half[0] = 0;
    this.#count = 1;
    this.#closed = 0;
  }

  #push(x: number): void {
    if (this.#count === MAX_OPEN) this.#moveStart();
    if (this.#count === this.#points.length) this.#grow();
    const n = this.#count++;
    const from = this.#points[n - 1]!;
    this.#points[n] = x;
    this.#half[n] = this.#half[n - 1]! + 0.5 * this.#damageOf(Math.abs(x - from), (x + from) / 2);
  }

  /** X: the newest range. Y: the one before it. Closes while X >= Y. */
  #close(): void {
    const points = this.#points;
    for (let n = this.#count; n >= 3; n = this.#count) {
      const x = points[n - 1]!;
      const y2 = points[n - 2]!;
      const y1 = points[n - 3]!;
      const range = Math.abs(y2 - y1);
      if (Math.abs(x - y2) < range) return;
      if (n === 3) {
        this.#moveStart();
        return;
      }
      this.#closed += this.#damageOf(range, (y1 + y2) / 2);
      this.#count = n - 3;
      this.#push(x);
    }
  }

  /** The outermost half-cycle is settled; what is left hangs from its inner end. */
  #moveStart(): void {
    const settled = this.#half[1]!;
    this.#closed += settled;
    this.#points.copyWithin(0, 1, this.#count);
    this.#half.copyWithin(0, 1, this.#count);
    this.#count--;
    for (let i = 0; i < this.#count; i++) this.#half[i]! -= settled;
  }

  #grow(): void {
    const wider = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const fresh = new Float64Array(2 * old.length);
      fresh.set(old);
      return fresh;
    };
    this.#points = wider(this.#points);
    this.#half = wider(this.#half);
  }
}
