/**
 * AC optimal power flow of a radial feeder: the reactive powers of the inverters that lose least with every counted
 * bus in band,
 *   minimise loss(q)   subject to   vMin <= v_b(q) <= vMax for all counted buses b,   |q_s| <= qMax_s
 * by sequential quadratic programs: losses by their gradient and Gauss-Newton matrix, voltages by their exact
 * gradient, a line search on loss + PENALTY x (largest excess over the band). Where no q keeps the band, the largest
 * excess is made as small as it can be. All per unit on the network's base.
 */
import { solveConvexProgram, type ConvexSolution } from './convexProgram.ts';
import type { FeederDerivatives } from './feederDerivatives.ts';

export interface OptimalFlowLimits {
  readonly vMinPu: number;
  readonly vMaxPu: number;
  /** By site. */
  readonly qMaxPu: Float64Array;
  /** Counted buses, by index. */
  readonly counted: Int32Array;
}

export interface OptimalFlowResult {
  readonly qPu: Float64Array;
  readonly lossPu: number;
  /** By how much the band is broken at worst, pu; 0 where it is kept. */
  readonly excessPu: number;
  /**
   * Karush-Kuhn-Tucker residual, infinity norm over stationarity (pu loss per pu reactive power) and complementarity
   * of the nonlinear problem at `qPu`; NaN without a power flow.
   */
  readonly kktResidual: number;
  readonly iterations: number;
  readonly solved: boolean;
}

/** Loss that one pu of excess over the band costs: above the sum of multipliers that feeders have (below 5). */
const PENALTY = 100;
const MAX_ITERATIONS = 60;
const STEP_TOLERANCE_PU = 1e-10;
/** Against gradients of 0.01 to 0.1 pu loss per pu. */
const KKT_TOLERANCE = 1e-9;
const BACKTRACKS = 40;
/** Of the promised decrease, what a step must keep. */
const ARMIJO = 1e-4;
/** Curvature added where an inverter moves no loss, as a share of the largest. */
const RIDGE = 1e-9;

/** `start`: where to begin, kept within the limits. `flow` holds the injections and ends at the solution. */
export function optimalFlow(
  flow: FeederDerivatives,
  limits: OptimalFlowLimits,
  start: Float64Array,
): OptimalFlowResult {
  const q = start.map((x, s) => Math.min(Math.max(x, -limits.qMaxPu[s]!), limits.qMaxPu[s]!));
  if (!flow.solve(q)) return unsolved(flow, q);
  let kktResidual = Infinity;
  let done = false;
  let iterations = 0;
  for (; iterations < MAX_ITERATIONS && !done; iterations++) {
    flow.differentiate();
    const step = stepProgram(flow, limits, q);
    kktResidual = residual(flow, limits, q, step);
    const largest = step.x.reduce((most, d) => Math.max(most, Math.abs(d)), 0);
    done = kktResidual < KKT_TOLERANCE || largest < STEP_TOLERANCE_PU || !lineSearch(flow, limits, q, step);
  }
  flow.solve(q);
  return {
    qPu: q,
    lossPu: flow.lossPu,
    excessPu: excess(flow, limits),
    kktResidual,
    iterations,
    solved: flow.converged,
  };
}

function unsolved(flow: FeederDerivatives, q: Float64Array): OptimalFlowResult {
  return { qPu: q, lossPu: flow.lossPu, excessPu: Infinity, kktResidual: NaN, iterations: 0, solved: false };
}

/** Largest distance of a counted bus beyond the band, pu. */
function excess(flow: FeederDerivatives, { vMinPu, vMaxPu, counted }: OptimalFlowLimits): number {
  let worst = 0;
  for (const b of counted) worst = Math.max(worst, flow.vmPu[b]! - vMaxPu, vMinPu - flow.vmPu[b]!);
  return worst;
}

/** Rows: v <= vMax of all counted buses, v >= vMin of all, q <= qMax of all sites, q >= -qMax of all; in terms of the step. */
function stepProgram(flow: FeederDerivatives, limits: OptimalFlowLimits, q: Float64Array): ConvexSolution {
  const { vMinPu, vMaxPu, qMaxPu, counted } = limits;
  const n = q.length;
  const elastic = 2 * counted.length;
  const rows = new Float64Array((elastic + 2 * n) * n);
  const bounds = new Float64Array(elastic + 2 * n);
  counted.forEach((b, k) => {
    const low = counted.length + k;
    bounds[k] = vMaxPu - flow.vmPu[b]!;
    bounds[low] = flow.vmPu[b]! - vMinPu;
    for (let s = 0; s < n; s++) {
      rows[k * n + s] = flow.voltageGradient[b * n + s]!;
      rows[low * n + s] = -flow.voltageGradient[b * n + s]!;
    }
  });
  for (let s = 0; s < n; s++) {
    const up = elastic + s;
    const down = elastic + n + s;
    rows[up * n + s] = 1;
    rows[down * n + s] = -1;
    bounds[up] = qMaxPu[s]! - q[s]!;
    bounds[down] = qMaxPu[s]! + q[s]!;
  }
  return solveConvexProgram({
    hessian: curvature(flow),
    gradient: flow.lossGradient,
    rows,
    bounds,
    elastic,
    penalty: PENALTY,
  });
}

function curvature({ lossCurvature, siteBus }: FeederDerivatives): Float64Array {
  const n = siteBus.length;
  const hessian = lossCurvature.slice();
  let largest = 0;
  for (let s = 0; s < n; s++) largest = Math.max(largest, hessian[s * n + s]!);
  for (let s = 0; s < n; s++) hessian[s * n + s]! += RIDGE * largest;
  return hessian;
}

/** Halve the step until the merit falls by its share of what was promised; false when it does not. */
function lineSearch(
  flow: FeederDerivatives,
  limits: OptimalFlowLimits,
  q: Float64Array,
  step: ConvexSolution,
): boolean {
  const merit = flow.lossPu + PENALTY * excess(flow, limits);
  let slope = PENALTY * (step.slack - excess(flow, limits));
  for (let s = 0; s < q.length; s++) slope += flow.lossGradient[s]! * step.x[s]!;
  const trial = new Float64Array(q.length);
  for (let k = 0, t = 1; k < BACKTRACKS; k++, t *= 0.5) {
    for (let s = 0; s < q.length; s++) trial[s] = q[s]! + t * step.x[s]!;
    if (flow.solve(trial) && flow.lossPu + PENALTY * excess(flow, limits) <= merit + ARMIJO * t * Math.min(slope, 0)) {
      q.set(trial);
      return true;
    }
  }
  flow.solve(q);
  return false;
}

/**
 * Stationarity with the program's multipliers, and complementarity, of the nonlinear problem at q:
 *   | d loss/dq + sum mu_i a_i |,   mu_i |slack_i|
 */
function residual(flow: FeederDerivatives, limits: OptimalFlowLimits, q: Float64Array, step: ConvexSolution): number {
  const n = q.length;
  const { counted, qMaxPu, vMinPu, vMaxPu } = limits;
  const mu = step.multipliers;
  const along = flow.lossGradient.slice();
  let worst = 0;
  counted.forEach((b, k) => {
    const upper = mu[k]!;
    const lower = mu[counted.length + k]!;
    for (let s = 0; s < n; s++) along[s]! += (upper - lower) * flow.voltageGradient[b * n + s]!;
    if (step.slack > 0) return;
    worst = Math.max(worst, upper * Math.abs(vMaxPu - flow.vmPu[b]!), lower * Math.abs(flow.vmPu[b]! - vMinPu));
  });
  for (let s = 0; s < n; s++) {
    const upper = mu[2 * counted.length + s]!;
    const lower = mu[2 * counted.length + n + s]!;
    along[s]! += upper - lower;
    worst = Math.max(worst, upper * (qMaxPu[s]! - q[s]!), lower * (qMaxPu[s]! + q[s]!), Math.abs(along[s]!));
  }
  return worst;
}
