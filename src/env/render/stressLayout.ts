/**
 * A meshed network in the plane so that distances on paper follow the number of branches between buses: stress
 * majorisation (Gansner, Koren, North, GD 2004), one bus at a time. No chance in it: the same network, the same picture.
 */
import { neighboursOf, type Graph } from './treeLayout.ts';

/** Pairs looked at in all. */
const PASSES_BUDGET = 40000000;

/** Node positions x, y as pairs, the longer extent across. */
export function stressLayout(graph: Graph): Float64Array {
  const distances = allDistances(graph);
  const xy = firstGuess(graph.count, distances);
  const passes = Math.min(300, Math.max(12, Math.floor(PASSES_BUDGET / (graph.count * graph.count + 1))));
  for (let pass = 0; pass < passes; pass++) relax(xy, distances, graph.count);
  return turned(xy, graph.count);
}

/** Branches between every pair; islands stand two further apart than anything in one of them. */
function allDistances(graph: Graph): Uint16Array {
  const { count } = graph;
  const links = neighboursOf(graph);
  const distances = new Uint16Array(count * count).fill(65535);
  let far = 1;
  for (let from = 0; from < count; from++) {
    const row = distances.subarray(from * count, (from + 1) * count);
    const queue = [from];
    row[from] = 0;
    for (const node of queue) {
      for (const next of links[node]!) {
        if (row[next] !== 65535) continue;
        row[next] = row[node]! + 1;
        far = Math.max(far, row[next]);
        queue.push(next);
      }
    }
  }
  return distances.map((d) => (d === 65535 ? far + 2 : d));
}

/** Distances from two buses far from each other, and a little of the index so that no two coincide. */
function firstGuess(count: number, distances: Uint16Array): Float64Array {
  const a = farthest(count, distances, [0]);
  const b = farthest(count, distances, [a]);
  const c = farthest(count, distances, [a, b]);
  const d = (i: number, j: number): number => distances[i * count + j]!;
  const xy = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    xy[2 * i] = d(a, i) - d(b, i) + 0.013 * ((i * 7) % 11);
    xy[2 * i + 1] = 2 * d(c, i) - d(a, i) - d(b, i) + 0.017 * ((i * 5) % 13);
  }
  return xy;
}

/** The node whose least distance to the given ones is greatest, by index where equal. */
function farthest(count: number, distances: Uint16Array, from: readonly number[]): number {
  let best = 0;
  let most = -1;
  for (let i = 0; i < count; i++) {
    const least = from.reduce((min, j) => Math.min(min, distances[j * count + i]!), 65535);
    if (least > most) [best, most] = [i, least];
  }
  return best;
}

/** p_i = sum_j w_ij (p_j + d_ij (p_i - p_j) / |p_i - p_j|) / sum_j w_ij,  w = d^-2 */
function relax(xy: Float64Array, distances: Uint16Array, count: number): void {
  for (let i = 0; i < count; i++) {
    let [x, y, weight] = [0, 0, 0];
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      const d = distances[i * count + j]!;
      const dx = xy[2 * i]! - xy[2 * j]!;
      const dy = xy[2 * i + 1]! - xy[2 * j + 1]!;
      const w = 1 / (d * d);
      const pull = d / Math.max(1e-9, Math.sqrt(dx * dx + dy * dy));
      x += w * (xy[2 * j]! + pull * dx);
      y += w * (xy[2 * j + 1]! + pull * dy);
      weight += w;
    }
    if (weight === 0) continue;
    xy[2 * i] = x / weight;
    xy[2 * i + 1] = y / weight;
  }
}

/** Principal axis across: the eigenvector of the larger eigenvalue of the 2 x 2 covariance. */
function turned(xy: Float64Array, count: number): Float64Array {
  let [mx, my, xx, xy2, yy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    mx += xy[2 * i]! / count;
    my += xy[2 * i + 1]! / count;
  }
  for (let i = 0; i < count; i++) {
    const [dx, dy] = [xy[2 * i]! - mx, xy[2 * i + 1]! - my];
    xx += dx * dx;
    xy2 += dx * dy;
    yy += dy * dy;
  }
  const half = (xx - yy) / 2;
  const root = Math.sqrt(half * half + xy2 * xy2);
  const [ex, ey] = xy2 === 0 ? (xx >= yy ? [1, 0] : [0, 1]) : [half + root, xy2];
  const length = Math.sqrt(ex * ex + ey * ey);
  const [c, s] = length > 0 ? [ex / length, ey / length] : [1, 0];
  const out = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const [dx, dy] = [xy[2 * i]! - mx, xy[2 * i + 1]! - my];
    out[2 * i] = c * dx + s * dy;
    out[2 * i + 1] = c * dy - s * dx;
  }
  return out;
}
