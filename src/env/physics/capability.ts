/**
 * The P-Q region of a generator or storage unit, and the nearest point of it in closed form. The region is
 *   pMin <= P <= pMax,  lower(P) <= Q <= upper(P)
 * with `upper` concave and `lower` convex, linear between at most four corners each. Any one unit of power.
 */

/** Where a generator or storage unit can work: a box whose corners of high |P| are cut off; any one unit. */
export interface CapabilityRating {
  readonly pMin: number;
  readonly pMax: number;
  readonly qMin: number;
  readonly qMax: number;
  /** From `pPlus` to `pMax` the limits on Q shrink linearly to `qPlus` and `qMinus`. */
  readonly pPlus: number;
  /** From `pMinus` down to `pMin` they do the same; left out where power flows one way. */
  readonly pMinus?: number;
  readonly qPlus: number;
  readonly qMinus: number;
}

/** A piecewise-linear edge: corners by rising p, and the slope after each corner but the last. */
interface Edge {
  readonly p: Float64Array;
  readonly q: Float64Array;
  readonly slope: Float64Array;
}

export class CapabilityRegion {
  readonly pMin: number;
  readonly pMax: number;
  /** The point last projected to. */
  p = 0;
  q = 0;

  readonly #upper: Edge;
  readonly #lower: Edge;

  /** `unit`: what one unit of the region is in the rating's, as 100 for per-unit on 100 MVA of a rating in MW. */
  constructor(rating: CapabilityRating, unit = 1) {
    const { pMin, pMax, qMin, qMax, pPlus, pMinus = pMin, qPlus, qMinus } = rating;
    this.pMin = pMin / unit;
    this.pMax = pMax / unit;
    const cut = rating.pMinus !== undefined;
    const p = [pMin, pMinus, pPlus, pMax].map((x) => x / unit);
    this.#upper = edge(p, [cut ? qPlus : qMax, qMax, qMax, qPlus], unit);
    this.#lower = edge(p, [cut ? qMinus : qMin, qMin, qMin, qMinus], unit);
  }

  /**
   * To `p`, `q`: the point of the region with pLow <= P <= pHigh that is nearest to the one given. The two bounds
   * stand for what varies: the sun, the state of charge; pLow <= pHigh, both within [pMin, pMax].
   */
  project(p: number, q: number, pLow: number, pHigh: number): void {
    const inside = p < pLow ? pLow : p > pHigh ? pHigh : p;
    this.p = inside;
    this.q = q;
    if (q > height(this.#upper, inside)) this.#ontoEdge(this.#upper, p, q, pLow, pHigh);
    else if (q < height(this.#lower, inside)) this.#ontoEdge(this.#lower, p, q, pLow, pHigh);
  }

  /**
   * Nearest of the nearest points of the edge's pieces. On the line q_i + s (x - p_i) the foot of (p, q) is at
   *   x = p_i + ((p - p_i) + s (q - q_i)) / (1 + s^2)
   */
  #ontoEdge(edge: Edge, p: number, q: number, pLow: number, pHigh: number): void {
    let best = Infinity;
    for (let i = 0; i < edge.slope.length; i++) {
      const from = edge.p[i]! > pLow ? edge.p[i]! : pLow;
      const to = edge.p[i + 1]! < pHigh ? edge.p[i + 1]! : pHigh;
      if (from > to) continue;
      const s = edge.slope[i]!;
      const foot = edge.p[i]! + (p - edge.p[i]! + s * (q - edge.q[i]!)) / (1 + s * s);
      const x = foot < from ? from : foot > to ? to : foot;
      const y = edge.q[i]! + s * (x - edge.p[i]!);
      const distance = (x - p) * (x - p) + (y - q) * (y - q);
      if (distance >= best) continue;
      best = distance;
      this.p = x;
      this.q = y;
    }
  }
}

function edge(p: readonly number[], q: readonly number[], unit: number): Edge {
  const scaled = q.map((y) => y / unit);
  return {
    p: Float64Array.from(p),
    q: Float64Array.from(scaled),
    slope: Float64Array.from({ length: p.length - 1 }, (_, i) => slopeOf(p, scaled, i)),
  };
}

/** A piece of no width has slope 0: it is one corner. */
function slopeOf(p: readonly number[], q: readonly number[], i: number): number {
  const width = p[i + 1]! - p[i]!;
  return width > 0 ? (q[i + 1]! - q[i]!) / width : 0;
}

/** The edge at p, which lies between its first and last corner. */
function height(edge: Edge, p: number): number {
  let i = 0;
  while (i + 1 < edge.slope.length && p > edge.p[i + 1]!) i++;
  return edge.q[i]! + edge.slope[i]! * (p - edge.p[i]!);
}
