/** The open pieces of a search and the tree of how they came about. Flat arrays that double: no object per piece. */

const FIRST_CAPACITY = 256;

/** A max-heap of pieces by their bound; equal bounds come out in the order they went in. */
export class PieceQueue {
  readonly #dims: number;
  #size = 0;
  #capacity = FIRST_CAPACITY;
  /** Heap positions -> slots. */
  #heap = new Int32Array(FIRST_CAPACITY);
  #free = Int32Array.from({ length: FIRST_CAPACITY }, (_, i) => FIRST_CAPACITY - 1 - i);
  /** Per slot: bound, tree node, split, then coordinates [lo..., hi...]. */
  #bound = new Float64Array(FIRST_CAPACITY);
  #node = new Int32Array(FIRST_CAPACITY);
  #split = new Int16Array(FIRST_CAPACITY);
  #sides: Float64Array;

  constructor(dims: number) {
    this.#dims = dims;
    this.#sides = new Float64Array(2 * dims * FIRST_CAPACITY);
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes that a piece takes. */
  get pieceBytes(): number {
    return 16 * this.#dims + 24;
  }

  /** Of the piece that `pop` gives next; undefined when empty. */
  get topBound(): number | undefined {
    return this.#size === 0 ? undefined : this.#bound[this.#heap[0]!]!;
  }

  push(lo: ArrayLike<number>, hi: ArrayLike<number>, bound: number, split: number, node: number): void {
    if (this.#size === this.#capacity) this.#grow();
    const slot = this.#free[this.#capacity - 1 - this.#size]!;
    const at = 2 * this.#dims * slot;
    for (let i = 0; i < this.#dims; i++) {
      this.#sides[at + i] = lo[i]!;
      this.#sides[at + this.#dims + i] = hi[i]!;
    }
    this.#bound[slot] = bound;
    this.#split[slot] = split;
    this.#node[slot] = node;
    this.#rise(this.#size++, slot);
  }

  /** Takes the piece of the largest bound: its sides into lo and hi. */
  pop(lo: Float64Array, hi: Float64Array): { readonly bound: number; readonly split: number; readonly node: number } {
    const slot = this.#heap[0]!;
    const at = 2 * this.#dims * slot;
    for (let i = 0; i < this.#dims; i++) {
      lo[i] = this.#sides[at + i]!;
      hi[i] = this.#sides[at + this.#dims + i]!;
    }
    const moved = this.#heap[--this.#size]!;
    this.#free[this.#capacity - 1 - this.#size] = slot;
    if (this.#size > 0) this.#sink(moved);
    return { bound: this.#bound[slot]!, split: this.#split[slot]!, node: this.#node[slot]! };
  }

  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.#bound[a]!, this.#bound[b]!];
    return x > y || (x === y && this.#node[a]! < this.#node[b]!);
  }

  #rise(from: number, slot: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(slot, this.#heap[parent]!)) break;
      this.#heap[at] = this.#heap[parent]!;
      at = parent;
    }
    this.#heap[at] = slot;
  }

  #sink(slot: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child++;
      if (!this.#isBefore(this.#heap[child]!, slot)) break;
      this.#heap[at] = this.#heap[child]!;
      at = child;
    }
    this.#heap[at] = slot;
  }

  #grow(): void {
    const capacity = 2 * this.#capacity;
    const grown = <T extends Int32Array | Int16Array | Float64Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    // Full: every slot below the old capacity is taken, every one above is free.
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
    this.#heap = grown(this.#heap, new Int32Array(capacity));
    this.#bound = grown(this.#bound, new Float64Array(capacity));
    this.#node = grown(this.#node, new Int32Array(capacity));
    this.#split = grown(this.#split, new Int16Array(capacity));
    this.#sides = grown(this.#sides, new Float64Array(2 * this.#dims * capacity));
    this.#capacity = capacity;
  }
}

/** A node is closed, open, or split into two nodes that follow each other. */
const CLOSED = -1;

/** Binary tree of splits; node 0 is the root. */
export class SplitTree {
  #size = 1;
  #split = new Int16Array(FIRST_CAPACITY).fill(CLOSED);
  #child = new Int32Array(FIRST_CAPACITY);

  get size(): number {
    return this.#size;
  }

  /** Returns the first of the two new nodes. */
  split(node: number, dim: number): number {
    if (this.#size + 2 > this.#split.length) this.#grow();
    const child = this.#size;
    this.#size += 2;
    this.#split[node] = dim;
    this.#child[node] = child;
    return child;
  }

  /** The coordinate it splits, or CLOSED. */
  dimOf(node: number): number {
    return this.#split[node]!;
  }

  childOf(node: number): number {
    return this.#child[node]!;
  }

  #grow(): void {
    const split = new Int16Array(2 * this.#split.length).fill(CLOSED);
    const child = new Int32Array(2 * this.#child.length);
    split.set(this.#split);
    child.set(this.#child);
    this.#split = split;
    this.#child = child;
  }
}
