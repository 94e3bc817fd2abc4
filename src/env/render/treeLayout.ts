/**
 * A radial network on a grid: depth from the root across, rows down. The deepest branch runs straight on, every other
 * takes the nearest row that is free over its whole length.
 */

export interface Graph {
  readonly count: number;
  /** Pairs of node indices. */
  readonly edges: readonly (readonly [number, number])[];
}

export function neighboursOf({ count, edges }: Graph): number[][] {
  const links: number[][] = Array.from({ length: count }, () => []);
  for (const [a, b] of edges) {
    if (a === b) continue;
    if (!links[a]!.includes(b)) links[a]!.push(b);
    if (!links[b]!.includes(a)) links[b]!.push(a);
  }
  return links;
}

interface Tree {
  readonly children: readonly (readonly number[])[];
  readonly depth: Int32Array;
  /** Depth of the deepest node below. */
  readonly reach: Int32Array;
}

/** Node positions x, y as pairs; undefined when the graph is not one tree. */
export function treeLayout(graph: Graph, root: number): Float64Array | undefined {
  const tree = hang(graph, root);
  if (tree === undefined) return undefined;
  const xy = new Float64Array(2 * graph.count);
  const taken = new Map<number, Span[]>();
  place(tree, root, 0, xy, taken);
  return xy;
}

function hang(graph: Graph, root: number): Tree | undefined {
  const links = neighboursOf(graph);
  const children: number[][] = Array.from({ length: graph.count }, () => []);
  const depth = new Int32Array(graph.count).fill(-1);
  const order = [root];
  depth[root] = 0;
  for (const node of order) {
    for (const next of links[node]!) {
      if (depth[next]! >= 0) continue;
      depth[next] = depth[node]! + 1;
      children[node]!.push(next);
      order.push(next);
    }
  }
  const edgeCount = links.reduce((sum, list) => sum + list.length, 0) / 2;
  if (order.length !== graph.count || edgeCount !== graph.count - 1) return undefined;
  const reach = depth.slice();
  for (let i = order.length - 1; i >= 0; i--) {
    for (const child of children[order[i]!]!) reach[order[i]!] = Math.max(reach[order[i]!]!, reach[child]!);
  }
  for (const list of children) list.sort((a, b) => reach[b]! - reach[a]! || a - b);
  return { children, depth, reach };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The straight run that begins at `start` in `row`, then all that leaves it, the last to leave first. */
function place(tree: Tree, start: number, row: number, xy: Float64Array, taken: Map<number, Span[]>): void {
  const run: number[] = [];
  for (let node: number | undefined = start; node !== undefined; node = tree.children[node]![0]) run.push(node);
  take(taken, row, { from: tree.depth[start]! - 1, to: tree.depth[run.at(-1)!]! });
  for (const node of run) {
    xy[2 * node] = tree.depth[node]!;
    xy[2 * node + 1] = row;
  }
  for (const node of run.reverse()) {
    for (const child of tree.children[node]!.slice(1)) {
      const span = { from: tree.depth[child]! - 1, to: tree.reach[child]! };
      place(tree, child, freeRow(taken, row, span), xy, taken);
    }
  }
}

function take(taken: Map<number, Span[]>, row: number, span: Span): void {
  const spans = taken.get(row) ?? [];
  taken.set(row, [...spans, span]);
}

function freeRow(taken: Map<number, Span[]>, near: number, { from, to }: Span): number {
  const free = (row: number): boolean => (taken.get(row) ?? []).every((s) => s.to < from || s.from > to);
  for (let distance = 1; ; distance++) {
    if (free(near + distance)) return near + distance;
    if (free(near - distance)) return near - distance;
  }
}
