/**
 * The least that a slot of ANM6 can cost at a given power of the storage, by AC power flow: what a dynamic program over
 * the state of charge needs, because a slot's cost depends on the state of charge through that power only.
 *   c(slot, p6) = min over p2, p4, q2, q4, q6 of -r
 * The minimum is sought by Nelder and Mead's simplex (1965) from the best point of a neighbouring power, with restarts:
 * costs have edges where a limit begins to bind, and five free numbers.
 */
import { ANM6_LOADS, ANM6_RENEWABLES, ANM6_STORAGE } from '../../../env/cases/anm6Devices.ts';
import { anm6Reward } from '../../../env/tasks/anm6Easy.ts';
import { ANM6_BASE_W, Anm6Grid, SOC_MAX_PU_H } from '../../../env/tasks/anm6Grid.ts';

/** A slot's least cost over a grid of storage power, and the setpoints that reach it. */
export interface StageCosts {
  /** Per power of the grid. */
  readonly cost: Float64Array;
  /** Powers x 6, W and var, in the order of the policy's outputs. */
  readonly setpoints: Int32Array;
}

const MW = 1e6;
const BASE_MVA = ANM6_BASE_W / MW;
const FREE = 5;
const OUTPUTS = 6;
/** Where each free number stands among the setpoints. */
const OUTPUT_OF = [0, 1, 2, 3, 5] as const;
const P_STORE = 4;
const Q_STORE = 4;
const TOLERANCE_PU = 1e-10;
const COLLAPSED = 1e6;
/** So that a limit is met from within: the optimum lies on it, and a hair beyond counts as a broken step. */
const BROKEN = 1e-5;
/** Per MW that a free number lies beyond its bounds, where nothing else changes any more. */
const OUTSIDE = 1e-3;
/** First edge of the simplex, MW; smaller when it starts again from what was found. */
const EDGES_MW = [3, 0.5] as const;
const ITERATIONS = 120;
const START_MW = [10, 15, 0, 0, 0] as const;

const LOWER = [
  ...ANM6_RENEWABLES.map(({ rating }) => rating.pMin),
  ...ANM6_RENEWABLES.map(({ rating }) => rating.qMin),
];
const UPPER = [
  ...ANM6_RENEWABLES.map(({ rating }) => rating.pMax),
  ...ANM6_RENEWABLES.map(({ rating }) => rating.qMax),
];

/**
 * Largest |q| of the storage at a power, MW and Mvar: within it a setpoint is reached as it is, and p is not moved for
 * q's sake.
 */
function storeReactiveMvar(pMw: number): number {
  const { pMax, pPlus, qMax, qPlus } = ANM6_STORAGE.rating;
  return qMax - (Math.max(0, Math.abs(pMw) - pPlus) / (pMax - pPlus)) * (qMax - qPlus);
}

export class StageSolver {
  readonly #grid = new Anm6Grid(TOLERANCE_PU);
  readonly #simplex = new NelderMead(FREE);
  readonly #setpoints = new Float64Array(OUTPUTS);
  readonly #x = new Float64Array(FREE);
  /** MW and Mvar; of the sources' power, what the slot lets them give. */
  readonly #upper = Float64Array.from(UPPER);

  /** `track`: of the slot, pu. `powersMw`: rising, discharging positive. */
  solve(track: Float64Array, powersMw: Float64Array): StageCosts {
    const count = powersMw.length;
    const cost = new Float64Array(count).fill(Infinity);
    const best = new Float64Array(count * FREE);
    ANM6_RENEWABLES.forEach(({ rating }, i) => {
      this.#upper[i] = Math.min(rating.pMax, Math.max(0, track[ANM6_LOADS.length + i]! * BASE_MVA));
    });
    // Each power by itself, then from what its neighbours found, upwards and downwards.
    for (let k = 0; k < count; k++) {
      START_MW.forEach((x, i) => (this.#x[i] = x));
      this.#improve(track, powersMw[k]!, k, cost, best);
    }
    for (let k = 0; k < count; k++) this.#improve(track, powersMw[k]!, k, cost, best);
    for (let k = count - 1; k >= 0; k--) this.#improve(track, powersMw[k]!, k, cost, best);
    const setpoints = new Int32Array(count * OUTPUTS);
    for (let k = 0; k < count; k++) {
      this.#spread(best.subarray(k * FREE, k * FREE + FREE), powersMw[k]!);
      for (let d = 0; d < OUTPUTS; d++) setpoints[k * OUTPUTS + d] = Math.floor(this.#setpoints[d]! + 0.5);
    }
    return { cost, setpoints };
  }

  /** From where the last search ended; keeps what is better than known, and goes on from the better of the two. */
  #improve(track: Float64Array, pMw: number, k: number, cost: Float64Array, best: Float64Array): void {
    const known = best.subarray(k * FREE, k * FREE + FREE);
    let value = Infinity;
    const f = (x: Float64Array): number => this.#cost(track, x, pMw);
    for (const edge of EDGES_MW) value = this.#simplex.minimise(f, this.#x, edge, ITERATIONS);
    if (value < cost[k]!) {
      cost[k] = value;
      known.set(this.#x);
    } else this.#x.set(known);
  }

  #cost(track: Float64Array, x: Float64Array, pMw: number): number {
    const outsideMw = this.#spread(x, pMw);
    const grid = this.#grid;
    // Half full, the storage can give and take its rating.
    grid.socPuH = SOC_MAX_PU_H / 2;
    if (!grid.solve(track, this.#setpoints)) return COLLAPSED;
    const violation = grid.violationPuH();
    const extra = (violation > 0 ? BROKEN : 0) + OUTSIDE * outsideMw;
    return extra - anm6Reward(grid.energyLossPuH(), violation);
  }

  /** To `#setpoints`, W and var; returns how far the free numbers were outside of their bounds, MW. */
  #spread(x: Float64Array, pMw: number): number {
    const most = storeReactiveMvar(pMw);
    let outside = 0;
    for (let i = 0; i < FREE; i++) {
      const low = i === Q_STORE ? -most : LOWER[i]!;
      const high = i === Q_STORE ? most : this.#upper[i]!;
      const inside = Math.min(Math.max(x[i]!, low), high);
      outside += Math.abs(x[i]! - inside);
      this.#setpoints[OUTPUT_OF[i]!] = inside * MW;
    }
    this.#setpoints[P_STORE] = pMw * MW;
    return outside;
  }
}

/** Nelder and Mead, Computer Journal 7, 1965: reflect 1, expand 2, contract 1/2, shrink 1/2. */
class NelderMead {
  readonly #n: number;
  readonly #points: Float64Array[];
  readonly #values: Float64Array;
  readonly #centre: Float64Array;
  readonly #trial: Float64Array;
  readonly #further: Float64Array;

  constructor(n: number) {
    this.#n = n;
    this.#points = Array.from({ length: n + 1 }, () => new Float64Array(n));
    this.#values = new Float64Array(n + 1);
    this.#centre = new Float64Array(n);
    this.#trial = new Float64Array(n);
    this.#further = new Float64Array(n);
  }

  /** Moves `x` to the best point found and returns its value. */
  minimise(f: (x: Float64Array) => number, x: Float64Array, edge: number, iterations: number): number {
    const points = this.#points;
    const values = this.#values;
    points.forEach((point, k) => {
      point.set(x);
      if (k > 0) point[k - 1]! += edge;
      values[k] = f(point);
    });
    for (let i = 0; i < iterations; i++) this.#iterate(f);
    const best = this.#extreme(-1);
    x.set(points[best]!);
    return values[best]!;
  }

  #iterate(f: (x: Float64Array) => number): void {
    const values = this.#values;
    const best = this.#extreme(-1);
    const worst = this.#extreme(1);
    this.#centreWithout(worst);
    const reflected = this.#at(worst, -1, this.#trial, f);
    if (reflected < values[best]!) {
      const expanded = this.#at(worst, -2, this.#further, f);
      if (expanded < reflected) this.#replace(worst, this.#further, expanded);
      else this.#replace(worst, this.#trial, reflected);
      return;
    }
    if (this.#secondWorst(worst) > reflected) return this.#replace(worst, this.#trial, reflected);
    const contracted = this.#at(worst, reflected < values[worst]! ? -0.5 : 0.5, this.#further, f);
    if (contracted < Math.min(reflected, values[worst]!)) return this.#replace(worst, this.#further, contracted);
    this.#shrink(best, f);
  }

  /** centre + t (worst - centre) */
  #at(worst: number, t: number, out: Float64Array, f: (x: Float64Array) => number): number {
    for (let i = 0; i < this.#n; i++) {
      const c = this.#centre[i]!;
      out[i] = c + t * (this.#points[worst]![i]! - c);
    }
    return f(out);
  }

  #replace(k: number, point: Float64Array, value: number): void {
    this.#points[k]!.set(point);
    this.#values[k] = value;
  }

  #shrink(best: number, f: (x: Float64Array) => number): void {
    const to = this.#points[best]!;
    this.#points.forEach((point, k) => {
      if (k === best) return;
      for (let i = 0; i < this.#n; i++) point[i] = to[i]! + 0.5 * (point[i]! - to[i]!);
      this.#values[k] = f(point);
    });
  }

  #centreWithout(worst: number): void {
    this.#centre.fill(0);
    this.#points.forEach((point, k) => {
      if (k === worst) return;
      for (let i = 0; i < this.#n; i++) this.#centre[i]! += point[i]! / this.#n;
    });
  }

  #secondWorst(worst: number): number {
    let value = -Infinity;
    this.#values.forEach((v, k) => (value = k !== worst && v > value ? v : value));
    return value;
  }

  /** Place of the least (-1) or greatest (1) value. */
  #extreme(sign: number): number {
    const values = this.#values;
    let at = 0;
    for (let k = 1; k < values.length; k++) if (sign * values[k]! > sign * values[at]!) at = k;
    return at;
  }
}
