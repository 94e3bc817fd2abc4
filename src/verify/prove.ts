/**
 * Proving a property of a policy: search, then a certificate that the integer checker accepts. A first search of each
 * box is cut into one task per open piece; tasks take turns of fixed length and hear the best value of the others
 * between rounds. So verdict, counterexample, bound and certificate do not depend on how many threads there are, as
 * long as no budget of time or memory ends the search.
 */
import { systemClock, type Clock } from '../base/clock.ts';
import { fail } from '../base/errors.ts';
import { toPhysical } from './physical.ts';
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import type { LoadedCertificate } from '../contracts/policy/certificate/certificate.ts';
import { checkCertificate, rootPiece, type CheckedClaim } from '../contracts/policy/certificate/check.ts';
import type { LoadedProperty } from '../contracts/policy/certificate/property.ts';
import { certify, type Uncertified } from './certify.ts';
import { hireCrew, ownCrew, type Crew, type TaskState } from './crew.ts';
import { joined, preorder } from './preorder.ts';
import { PieceSearch, SearchTools, type Incumbent, type Piece } from './search.ts';

export type Verdict = 'PROVED' | 'REFUTED' | 'UNKNOWN';
/** What ended a search without an answer. */
export type Exhausted = 'boxes' | 'seconds' | 'memory' | 'aborted';

export interface ProveBudget {
  /** Pieces bounded in all. */
  readonly boxes: number;
  readonly seconds: number;
  /** Of open pieces. */
  readonly bytes: number;
}

const DEFAULT_BUDGET: ProveBudget = { boxes: 1000000, seconds: 60, bytes: 536870912 };

export interface ProveProgress {
  readonly boxes: number;
  readonly openPieces: number;
  readonly seconds: number;
  /** In the property's own sense: no sum is beyond it, and the furthest seen. */
  readonly bound: number;
  readonly best: number | undefined;
}

export interface ProveOptions {
  readonly budget?: Partial<ProveBudget>;
  /** Threads beside this one; 0 or 1 searches here. */
  readonly workers?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ProveProgress) => void;
}

export interface ProofResult {
  readonly verdict: Verdict;
  readonly exhausted: Exhausted | undefined;
  /** In the property's own sense: the sum is never above it (`min`: below). */
  readonly bound: number;
  /** The furthest sum seen: the counterexample's when refuted. */
  readonly best: number | undefined;
  /** Where: raw inputs, then the steps of a second run. */
  readonly point: readonly number[] | undefined;
  /** The same in physical units, by input name. */
  readonly at: readonly { readonly n: string; readonly value: number; readonly unit: string }[] | undefined;
  readonly boxes: number;
  readonly seconds: number;
  /** Of a proof, checked; else why it has none. */
  readonly certificate: LoadedCertificate | undefined;
  readonly checked: CheckedClaim | undefined;
  readonly uncertified: Uncertified | undefined;
}

/** Pieces of the first search of a box, and the turns of tasks by round. */
const FIRST_BOXES = 128;
const TURN_BOXES = [256, 512, 1024, 2048];

interface Found {
  readonly incumbent: Incumbent | undefined;
  readonly bound: number;
  readonly boxes: number;
  readonly exhausted: Exhausted | undefined;
  readonly isRefuted: boolean;
  /** Pre-order trees of all boxes; undefined unless everything is closed. */
  readonly trees: Uint8Array | undefined;
}

/** @throws `property.mismatch`, `verify.budget`. */
export async function prove(
  policy: LoadedPolicy,
  property: LoadedProperty,
  options: ProveOptions = {},
): Promise<ProofResult> {
  const search = new ProofSearch(policy, property, options);
  const found = await search.run();
  const { tools } = search;
  const { sign } = tools;
  const isProved = found.trees !== undefined && !found.isRefuted;
  const limit = property.mode === 'forall' ? property.rhs : (found.incumbent?.value ?? 0) + property.tol;
  const certified = isProved ? certify(tools, found.trees!, limit, found.incumbent) : undefined;
  const certificate = typeof certified === 'object' ? certified : undefined;
  const point = found.incumbent?.point;
  return {
    verdict: found.isRefuted ? 'REFUTED' : isProved ? 'PROVED' : 'UNKNOWN',
    exhausted: found.exhausted,
    bound: certificate?.bound ?? sign * found.bound + 0,
    best: found.incumbent === undefined ? undefined : sign * found.incumbent.value + 0,
    point,
    at: point === undefined ? undefined : toPhysical(policy, point),
    boxes: found.boxes,
    seconds: search.seconds(),
    certificate,
    checked: certificate === undefined ? undefined : checkCertificate(policy, property, certificate),
    uncertified: typeof certified === 'string' ? certified : undefined,
  };
}

class ProofSearch {
  readonly tools: SearchTools;
  readonly #options: ProveOptions;
  readonly #budget: ProveBudget;
  readonly #clock: Clock;
  readonly #startMs: number;
  #incumbent: Incumbent | undefined;
  #states: TaskState[] = [];
  /** Of the first searches: their boxes and what they closed. */
  #firstBoxes = 0;
  #closedBound = Number.NEGATIVE_INFINITY;

  constructor(policy: LoadedPolicy, property: LoadedProperty, options: ProveOptions) {
    this.tools = new SearchTools(policy, property);
    this.#options = options;
    this.#budget = { ...DEFAULT_BUDGET, ...options.budget };
    this.#clock = options.clock ?? systemClock;
    this.#startMs = this.#clock.nowMs();
    for (const [name, value] of Object.entries(this.#budget)) {
      if (!(value > 0)) throw fail('verify.budget', { expected: { [name]: 'more than 0' }, got: String(value) });
    }
  }

  seconds(): number {
    return (this.#clock.nowMs() - this.#startMs) / 1000;
  }

  async run(): Promise<Found> {
    const { property } = this.tools;
    const first = property.box.map((_, b) => new PieceSearch(this.tools, { box: b, ...rootPiece(property, b) }));
    for (const search of first) {
      search.run(Math.min(FIRST_BOXES, this.#budget.boxes), this.#seen);
      this.#firstBoxes += search.boxes;
      this.#hear(search.incumbent);
      if (search.isRefuted()) return this.#found(undefined, undefined);
    }
    const { pieces, places } = this.#openPieces(first);
    if (pieces.length === 0) return this.#found(undefined, joined(first.map(({ tree }) => preorder(tree))));
    const workers = this.#options.workers ?? 0;
    const crew = workers > 1 ? hireCrew(workers, this.tools) : ownCrew(this.tools);
    try {
      const exhausted = await this.#rounds(crew, pieces);
      if (exhausted !== undefined || this.#isRefuted) return this.#found(exhausted, undefined);
      const grafts = first.map(() => new Map<number, Uint8Array>());
      const subtrees = await Promise.all(pieces.map((_, task) => crew.tree(task)));
      places.forEach(({ search, node }, task) => grafts[search]!.set(node, subtrees[task]!));
      return this.#found(undefined, joined(first.map(({ tree }, s) => preorder(tree, grafts[s]))));
    } finally {
      await crew.close();
    }
  }

  /** What the first searches left open, largest bound first within each box. */
  #openPieces(first: readonly PieceSearch[]): {
    pieces: Piece[];
    places: { readonly search: number; readonly node: number }[];
  } {
    const pieces: Piece[] = [];
    const places: { readonly search: number; readonly node: number }[] = [];
    const lo = new Float64Array(this.tools.bounder.dims);
    const hi = new Float64Array(lo.length);
    first.forEach((search, s) => {
      while (!search.isDone(this.#seen)) {
        const { bound, node } = search.queue.pop(lo, hi);
        pieces.push({ box: search.piece.box, lo: Array.from(lo), hi: Array.from(hi) });
        places.push({ search: s, node });
        this.#states.push(startState(pieces.length - 1, bound));
      }
      this.#closedBound = Math.max(this.#closedBound, search.bound);
    });
    return { pieces, places };
  }

  /** Turns for every task that is not done, round after round. */
  async #rounds(crew: Crew, pieces: readonly Piece[]): Promise<Exhausted | undefined> {
    for (let round = 0; ; round++) {
      const seen = this.#seen;
      const boxes = TURN_BOXES[Math.min(round, TURN_BOXES.length - 1)]!;
      const open = this.#states.filter(({ isDone }) => !isDone).map(({ task }) => task);
      let exhausted: Exhausted | undefined;
      const takeTurn = async (task: number): Promise<void> => {
        exhausted ??= this.#exhausted();
        if (exhausted !== undefined) return;
        this.#states[task] = await crew.run({ task, boxes, seen }, round === 0 ? pieces[task] : undefined);
        this.#options.onProgress?.(this.#progress());
      };
      // Each thread takes its tasks in order, and an exhausted budget is noticed between two of them.
      const lanes = Array.from({ length: crew.size }, (_, lane) => open.filter((task) => task % crew.size === lane));
      await Promise.all(
        lanes.map(async (lane) => {
          for (const task of lane) {
            await takeTurn(task);
            if (crew.size === 1 && this.#states[task]!.isRefuted) return;
          }
        }),
      );
      const refuted = this.#states.find(({ isRefuted }) => isRefuted);
      if (refuted !== undefined) {
        this.#incumbent = refuted.incumbent;
        return undefined;
      }
      for (const { incumbent } of this.#states) this.#hear(incumbent);
      this.#close();
      if (exhausted !== undefined) return exhausted;
      if (this.#states.every(({ isDone }) => isDone)) return undefined;
    }
  }

  /** A task whose bound no longer rises above the best value seen is done without another turn. */
  #close(): void {
    const { mode, tol } = this.tools.property;
    if (mode === 'forall') return;
    this.#states = this.#states.map((state) => ({ ...state, isDone: state.bound <= this.#seen + tol }));
  }

  #exhausted(): Exhausted | undefined {
    if (this.#options.signal?.aborted === true) return 'aborted';
    const { boxes, seconds, bytes } = this.#budget;
    const { boxes: used, openPieces } = this.#progress();
    if (used >= boxes) return 'boxes';
    if (this.seconds() >= seconds) return 'seconds';
    const pieceBytes = 16 * this.tools.bounder.dims + 24;
    return openPieces * pieceBytes >= bytes ? 'memory' : undefined;
  }

  get #seen(): number {
    return this.#incumbent?.value ?? Number.NEGATIVE_INFINITY;
  }

  get #isRefuted(): boolean {
    const { mode, rhs } = this.tools.property;
    return mode === 'forall' && this.#seen > rhs;
  }

  #hear(incumbent: Incumbent | undefined): void {
    if (incumbent !== undefined && incumbent.value > this.#seen) this.#incumbent = incumbent;
  }

  #progress(): ProveProgress {
    const { sign } = this.tools;
    let [boxes, openPieces] = [this.#firstBoxes, 0];
    for (const state of this.#states) {
      boxes += state.boxes;
      openPieces += state.openPieces;
    }
    const best = this.#incumbent === undefined ? undefined : sign * this.#incumbent.value + 0;
    return { boxes, openPieces, seconds: this.seconds(), bound: sign * this.#bound() + 0, best };
  }

  #bound(): number {
    let bound = Math.max(this.#closedBound, this.#seen);
    for (const state of this.#states) bound = Math.max(bound, state.bound);
    return bound;
  }

  #found(exhausted: Exhausted | undefined, trees: Uint8Array | undefined): Found {
    const { boxes } = this.#progress();
    const isRefuted = this.#isRefuted;
    return { incumbent: this.#incumbent, bound: this.#bound(), boxes, exhausted, isRefuted, trees };
  }
}

function startState(task: number, bound: number): TaskState {
  return { task, boxes: 0, bound, openPieces: 1, incumbent: undefined, isDone: false, isRefuted: false };
}
