/**
 * Fill-reducing elimination order by minimum degree on the bus graph, and the fill that it makes. Degrees are
 * weighted by the size of a bus's block; ties go to the least new fill, then to the lowest node, so that the
 * order is a function of the graph alone. Source: Tinney & Walker, Proc. IEEE 55(11), 1967 (scheme 2).
 *
 * Degrees and fills are kept exact edge by edge and the nodes in a heap, so that the time goes with the fill and not
 * with the square of the nodes.
 */

export interface Elimination {
  /** Node at each position. */
  readonly order: Int32Array;
  /** Per position, the nodes that are still present when it is eliminated and that it touches, fill included. */
  readonly structure: readonly (readonly number[])[];
}

/**
 * @param neighbours per node, its neighbours; symmetric, without the node itself
 * @param weight per node, rows of its block
 */
export function eliminationOrder(neighbours: readonly Iterable<number>[], weight: ArrayLike<number>): Elimination {
  const graph = new EliminationGraph(neighbours, weight);
  const heap = new NodeHeap(graph.degree, graph.fill);
  const order = new Int32Array(neighbours.length);
  const structure: number[][] = [];
  for (let position = 0; position < order.length; position++) {
    const node = heap.take();
    order[position] = node;
    structure.push([...graph.around(node)]);
    for (const changed of graph.eliminate(node)) heap.set(changed, graph.degree[changed]!, graph.fill[changed]!);
  }
  return { order, structure };
}

class EliminationGraph {
  /** Summed weights of the neighbours. */
  readonly degree: Float64Array;
  /** Pairs of neighbours that are not neighbours of each other yet. */
  readonly fill: Float64Array;

  readonly #graph: readonly Set<number>[];
  readonly #weight: ArrayLike<number>;

  constructor(neighbours: readonly Iterable<number>[], weight: ArrayLike<number>) {
    this.#graph = neighbours.map((list) => new Set(list));
    this.#weight = weight;
    this.degree = Float64Array.from(this.#graph, (set) => [...set].reduce((sum, node) => sum + weight[node]!, 0));
    this.fill = Float64Array.from(this.#graph, (set) => (set.size * (set.size - 1)) / 2);
    this.#graph.forEach((set, a) => {
      // Neighbours of each other are no fill: each such pair is met at both ends.
      for (const b of set) if (b < a) this.#common(a, b, (c) => this.fill[c]!--);
    });
  }

  around(node: number): ReadonlySet<number> {
    return this.#graph[node]!;
  }

  /** The neighbours of the node become neighbours of each other. Returns every node whose place may have changed. */
  eliminate(node: number): ReadonlySet<number> {
    const graph = this.#graph;
    const around = [...graph[node]!];
    const changed = new Set(around);
    for (let i = 0; i < around.length; i++) {
      for (let j = 0; j < i; j++) {
        if (!graph[around[i]!]!.has(around[j]!)) this.#join(around[i]!, around[j]!, changed);
      }
    }
    for (const a of around) {
      // Its neighbours that the node does not touch are pairs with the node.
      this.fill[a]! -= graph[a]!.size - around.length;
      this.degree[a]! -= this.#weight[node]!;
      graph[a]!.delete(node);
    }
    changed.delete(node);
    return changed;
  }

  #join(a: number, b: number, changed: Set<number>): void {
    let common = 0;
    this.#common(a, b, (c) => {
      common++;
      this.fill[c]!--;
      changed.add(c);
    });
    this.#gain(a, b, common);
    this.#gain(b, a, common);
    this.#graph[a]!.add(b);
    this.#graph[b]!.add(a);
  }

  /** What a node gets by a neighbour more: pairs with those of its neighbours that this one does not touch. */
  #gain(node: number, neighbour: number, common: number): void {
    this.fill[node]! += this.#graph[node]!.size - common;
    this.degree[node]! += this.#weight[neighbour]!;
  }

  #common(a: number, b: number, visit: (node: number) => void): void {
    const [small, large] = this.#graph[a]!.size < this.#graph[b]!.size ? [a, b] : [b, a];
    for (const c of this.#graph[small]!) if (this.#graph[large]!.has(c)) visit(c);
  }
}

/** Nodes 0..n-1 in a binary heap by degree, then fill, then number. */
class NodeHeap {
  readonly #degree: Float64Array;
  readonly #fill: Float64Array;
  readonly #nodes: Int32Array;
  /** Place of each node. */
  readonly #place: Int32Array;
  #count: number;

  constructor(degree: Float64Array, fill: Float64Array) {
    // Its own copies: the heap is in order only while one node at a time changes.
    this.#degree = degree.slice();
    this.#fill = fill.slice();
    this.#nodes = Int32Array.from(degree, (_, k) => k);
    this.#place = this.#nodes.slice();
    this.#count = degree.length;
    for (let k = (this.#count >> 1) - 1; k >= 0; k--) this.#sink(k);
  }

  /** The first node, which leaves. */
  take(): number {
    const first = this.#nodes[0]!;
    this.#put(this.#nodes[--this.#count]!, 0);
    if (this.#count > 1) this.#sink(0);
    return first;
  }

  set(node: number, degree: number, fill: number): void {
    this.#degree[node] = degree;
    this.#fill[node] = fill;
    this.#rise(this.#place[node]!);
    this.#sink(this.#place[node]!);
  }

  #before(a: number, b: number): boolean {
    const degree = this.#degree[a]! - this.#degree[b]!;
    const fill = this.#fill[a]! - this.#fill[b]!;
    return degree !== 0 ? degree < 0 : fill !== 0 ? fill < 0 : a < b;
  }

  #put(node: number, place: number): void {
    this.#nodes[place] = node;
    this.#place[node] = place;
  }

  #rise(from: number): void {
    const node = this.#nodes[from]!;
    let place = from;
    while (place > 0) {
      const up = (place - 1) >> 1;
      if (!this.#before(node, this.#nodes[up]!)) break;
      this.#put(this.#nodes[up]!, place);
      place = up;
    }
    this.#put(node, place);
  }

  #sink(from: number): void {
    const node = this.#nodes[from]!;
    let place = from;
    for (let child = 2 * place + 1; child < this.#count; child = 2 * place + 1) {
      if (child + 1 < this.#count && this.#before(this.#nodes[child + 1]!, this.#nodes[child]!)) child++;
      if (!this.#before(this.#nodes[child]!, node)) break;
      this.#put(this.#nodes[child]!, place);
      place = child;
    }
    this.#put(node, place);
  }
}
