/**
 * Best-first branch and bound over one piece of a property's boxes. For `min` the sum is negated throughout. The course
 * of a search depends on the piece, the incumbents it is told and the pieces it may bound, on nothing else.
 */
import { shiftFloor, U32_MAX } from '../base/fixed.ts';
import { RandomStream } from '../base/random.ts';
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import { LeafBounder } from '../contracts/policy/certificate/leaf.ts';
import type { LoadedProperty } from '../contracts/policy/certificate/property.ts';
import { SumEvaluator } from '../contracts/policy/certificate/sum.ts';
import { PieceQueue, SplitTree } from './pieces.ts';
import { FloatBounds, isFloatBounded } from './floatBounds.ts';
import { SplitChooser, viewOf, type SplitView } from './split.ts';

/** Points tried before anything is split, and how an incumbent is improved: shares of the way to either end. */
const SCATTERED = 64;
const CLIMB_SWEEPS = 4;
const CLIMB_SHARES = [-1, -0.25, -0.02, 0.02, 0.25, 1];

export interface Piece {
  /** Box of the property that it is part of. */
  readonly box: number;
  /** [dims]: raw inputs, then steps. */
  readonly lo: readonly number[];
  readonly hi: readonly number[];
}

/** Largest sum seen, and where. */
export interface Incumbent {
  readonly value: number;
  readonly point: readonly number[];
}

/** What bounds pieces for a property; scratch memory, shared by searches that take turns. */
export class SearchTools {
  readonly policy: LoadedPolicy;
  readonly property: LoadedProperty;
  readonly sign: number;
  readonly bounder: LeafBounder;
  readonly chooser: SplitChooser;
  readonly evaluator: SumEvaluator;
  /** Mode 1, where it applies. */
  readonly #floats: FloatBounds | undefined;
  readonly #scratch: Float64Array;

  constructor(policy: LoadedPolicy, property: LoadedProperty) {
    this.policy = policy;
    this.property = property;
    this.sign = property.mode === 'min' ? -1 : 1;
    this.bounder = new LeafBounder(policy, property);
    this.chooser = new SplitChooser(policy, property);
    this.evaluator = new SumEvaluator(policy, property);
    this.#floats = isFloatBounded(policy, property) ? new FloatBounds(policy, property) : undefined;
    this.#scratch = new Float64Array(policy.interface.inputs.length);
  }

  /** No sum over [lo, hi] of box b is larger. Seeks no better bound than `enough`. */
  bound(b: number, lo: ArrayLike<number>, hi: ArrayLike<number>, enough: number): number {
    if (this.#floats !== undefined) return this.#floats.bound(lo, hi, enough);
    const plain = this.bounder.bound(b, lo, hi, 3);
    return plain <= enough ? plain : this.bounder.bound(b, lo, hi, 2);
  }

  /** Of the last bound that was above its `enough`. */
  view(): SplitView {
    return this.#floats?.view ?? viewOf(this.bounder.view, this.#scratch);
  }

  /** A coordinate for the piece just bounded by the integer bounds. */
  chooseByIntegers(lo: ArrayLike<number>, hi: ArrayLike<number>): number {
    return this.chooser.choose(viewOf(this.bounder.view, this.#scratch), lo, hi);
  }
}

export class PieceSearch {
  readonly piece: Piece;
  readonly tree = new SplitTree();
  readonly queue: PieceQueue;
  /** Pieces bounded so far. */
  boxes = 0;
  /** Largest bound of a piece that is closed. */
  closedBound = Number.NEGATIVE_INFINITY;
  incumbent: Incumbent | undefined;
  readonly #tools: SearchTools;
  readonly #lo: Float64Array;
  readonly #hi: Float64Array;
  readonly #point: number[];

  constructor(tools: SearchTools, piece: Piece) {
    const { dims } = tools.bounder;
    this.#tools = tools;
    this.piece = piece;
    this.queue = new PieceQueue(dims);
    this.#lo = new Float64Array(dims);
    this.#hi = new Float64Array(dims);
    this.#point = new Array<number>(dims).fill(0);
    this.queue.push(piece.lo, piece.hi, Number.POSITIVE_INFINITY, -1, 0);
  }

  /** Bounds at most this many pieces more, closing what stays at or below the target given what others have seen. */
  run(boxes: number, seen: number): void {
    const { property } = this.#tools;
    const until = this.boxes + boxes;
    while (this.boxes < until && !this.isDone(seen)) {
      const { bound, split, node } = this.queue.pop(this.#lo, this.#hi);
      if (bound === Number.POSITIVE_INFINITY) this.#open(node, seen);
      else this.#bisect(split, node, seen);
      if (property.mode === 'forall' && this.isRefuted()) return;
    }
  }

  isDone(seen: number): boolean {
    const top = this.queue.topBound;
    return top === undefined || top <= this.#target(seen);
  }

  isRefuted(): boolean {
    const { mode, rhs } = this.#tools.property;
    return mode === 'forall' && this.incumbent !== undefined && this.incumbent.value > rhs;
  }

  /** No sum in this piece is larger. */
  get bound(): number {
    return Math.max(this.closedBound, this.queue.topBound ?? Number.NEGATIVE_INFINITY);
  }

  /** A piece that cannot rise above it is of no interest. */
  #target(seen: number): number {
    const { mode, rhs, tol } = this.#tools.property;
    return mode === 'forall' ? rhs : Math.max(seen, this.incumbent?.value ?? seen) + tol;
  }

  #bisect(split: number, node: number, seen: number): void {
    const child = this.tree.split(node, split);
    const [lo, hi] = [this.#lo[split]!, this.#hi[split]!];
    const middle = shiftFloor(lo + hi, 1);
    this.#hi[split] = middle;
    this.#open(child, seen);
    this.#lo[split] = middle + 1;
    this.#hi[split] = hi;
    this.#open(child + 1, seen);
    this.#lo[split] = lo;
  }

  /** Bounds the piece in lo, hi; closes it or queues it. */
  #open(node: number, seen: number): void {
    this.boxes++;
    const bound = this.#tools.bound(this.piece.box, this.#lo, this.#hi, this.#target(seen));
    if (bound > this.#target(seen)) this.#tryPoints();
    const isOpen = bound > this.#target(seen);
    const split = isOpen ? this.#tools.chooser.choose(this.#tools.view(), this.#lo, this.#hi) : -1;
    if (split < 0) this.closedBound = Math.max(this.closedBound, bound);
    else this.queue.push(this.#lo, this.#hi, bound, split, node);
  }

  /** Exact sums at the corner that the linear bound points at, and in the middle; an improvement is followed up. */
  #tryPoints(): void {
    const { coefficients, stepCoefficients } = this.#tools.view();
    const inputs = coefficients.length;
    const before = this.incumbent?.value;
    for (const isCorner of [true, false]) {
      for (let i = 0; i < this.#point.length; i++) {
        const c = i < inputs ? coefficients[i]! : stepCoefficients![i - inputs]!;
        const [lo, hi] = [this.#lo[i]!, this.#hi[i]!];
        this.#point[i] = isCorner && c !== 0 ? (c > 0 ? hi : lo) : shiftFloor(lo + hi, 1);
      }
      this.#tryPoint();
    }
    if (this.boxes === 1) this.#scatter();
    if (this.incumbent !== undefined && this.incumbent.value !== before) this.#climb();
  }

  /** Random points and corners of the whole piece, the same every time. */
  #scatter(): void {
    const { lo, hi } = this.piece;
    const stream = RandomStream.fromSeed(this.piece.box, 'verify/scatter');
    for (let n = 0; n < SCATTERED; n++) {
      for (let i = 0; i < this.#point.length; i++) {
        const width = Math.min(hi[i]! - lo[i]!, U32_MAX);
        const draw = stream.below(3);
        this.#point[i] = draw === 0 ? lo[i]! : draw === 1 ? hi[i]! : lo[i]! + stream.below(width + 1);
      }
      this.#tryPoint();
    }
  }

  /** From the incumbent, one coordinate at a time, to the ends of the whole piece and steps towards them. */
  #climb(): void {
    const { lo, hi } = this.piece;
    for (let sweep = 0; sweep < CLIMB_SWEEPS; sweep++) {
      const before = this.incumbent!.value;
      for (let i = 0; i < this.#point.length; i++) {
        const own = this.incumbent!.point[i]!;
        for (const share of CLIMB_SHARES) {
          this.incumbent!.point.forEach((r, j) => (this.#point[j] = r));
          const end = share > 0 ? hi[i]! : lo[i]!;
          this.#point[i] = own + Math.trunc((end - own) * Math.abs(share));
          this.#tryPoint();
        }
      }
      if (this.incumbent!.value === before) return;
    }
  }

  #tryPoint(): void {
    const { property, evaluator, sign } = this.#tools;
    const sides = property.box[this.piece.box]!;
    if (property.rel.length > 0) {
      // The second run has to stay in the box: the step gives way.
      for (let i = 0; i < sides.length; i++) {
        const [least, most] = sides[i]!;
        const to = Math.min(Math.max(this.#point[i]! + this.#point[sides.length + i]!, least), most);
        const step = to - this.#point[i]!;
        if (step < property.rel[i]![0] || step > property.rel[i]![1]) return;
        this.#point[sides.length + i] = step;
      }
    }
    const value = sign * evaluator.sum(this.#point) + 0;
    if (this.incumbent === undefined || value > this.incumbent.value) {
      this.incumbent = { value, point: this.#point.slice() };
    }
  }
}
