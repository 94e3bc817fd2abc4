/**
 * Fill-reducing elimination order by minimum degree on the bus graph, and the fill that it makes. Degrees are
 * weighted by the size of a bus's block; ties go to the least new fill, then to the lowest node, so that the
 * order is a function of the graph alone. Source: Tinney & Walker, Proc. IEEE 55(11), 1967 (scheme 2).
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
  const graph = neighbours.map((list) => new Set(list));
  const degree = graph.map((set) => weightOf(set, weight));
  const left = new Set(graph.keys());
  const order = new Int32Array(graph.length);
  const structure: number[][] = [];
  for (let position = 0; position < graph.length; position++) {
    const node = cheapest(left, degree, graph);
    left.delete(node);
    order[position] = node;
    structure.push([...graph[node]!]);
    eliminate(node, graph);
    for (const other of graph[node]!) degree[other] = weightOf(graph[other]!, weight);
  }
  return { order, structure };
}

function weightOf(set: ReadonlySet<number>, weight: ArrayLike<number>): number {
  let sum = 0;
  for (const node of set) sum += weight[node]!;
  return sum;
}

function cheapest(left: ReadonlySet<number>, degree: readonly number[], graph: readonly Set<number>[]): number {
  let least = Infinity;
  for (const node of left) if (degree[node]! < least) least = degree[node]!;
  let best = -1;
  let bestFill = Infinity;
  for (const node of left) {
    if (degree[node] !== least) continue;
    const fill = fillOf(graph[node]!, graph);
    if (fill < bestFill) {
      best = node;
      bestFill = fill;
    }
    if (fill === 0) break;
  }
  return best;
}

/** Pairs of neighbours that are not neighbours of each other yet. */
function fillOf(around: ReadonlySet<number>, graph: readonly Set<number>[]): number {
  const list = [...around];
  let fill = 0;
  for (let a = 0; a < list.length; a++) {
    for (let b = 0; b < a; b++) if (!graph[list[a]!]!.has(list[b]!)) fill++;
  }
  return fill;
}

/** The neighbours of an eliminated node become neighbours of each other. */
function eliminate(node: number, graph: readonly Set<number>[]): void {
  const around = [...graph[node]!];
  for (const a of around) {
    graph[a]!.delete(node);
    for (const b of around) if (a !== b) graph[a]!.add(b);
  }
}
