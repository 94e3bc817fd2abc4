/** What every power-flow solver of this folder's kind offers, so that a feeder can stand on any of them. */

export interface SolveOptions {
  /**
   * What counts as solved, in the solver's own residual (see `residualPu`), pu; default 1e-10. Absolute: it should be
   * small beside the loads. Newton falls short of it where double precision does (`NewtonPowerFlow.attainablePu`).
   */
  readonly tolerancePu?: number;
  readonly maxIterations?: number;
  /** Start from the present voltages instead of the cold start; default false. */
  readonly warm?: boolean;
}

export const DEFAULT_TOLERANCE_PU = 1e-10;

/**
 * Voltages, injections and bus order are those of `network.buses`; everything is per unit on `network.baseMva`.
 * Signs: P > 0 export, Q > 0 injected. No method throws after construction.
 */
export interface PowerFlow {
  /** Complex bus voltages. May be written between solves: a warm solve and `iterate` start from them. */
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
  /** Magnitudes, filled by `finish`. */
  readonly vmPu: Float64Array;
  /** Angles, filled by `angles`. */
  readonly vaRad: Float64Array;
  converged: boolean;
  iterations: number;
  /** What the solver drives to zero: the sweep its largest voltage change, Newton its largest power mismatch. */
  residualPu: number;
  /** Power lost in branches, and power fed in at the slack bus (all slack buses together); filled by `finish`. */
  lossPu: number;
  lossQPu: number;
  feedInPu: number;
  feedInQPu: number;
  flatStart(): void;
  /**
   * Net injections per bus; entries of slack buses are ignored. A divergence gives `converged = false` and
   * finite, clamped voltages.
   */
  solve(pInjPu: Float64Array, qInjPu: Float64Array, options?: SolveOptions): boolean;
  /**
   * One step from the present voltages, a function of them and the injections alone. Returns the largest change
   * of a bus voltage, pu; NaN when it blew up. For callers that settle other loops between steps; they call
   * `finish` at the end.
   */
  iterate(pInjPu: Float64Array, qInjPu: Float64Array): number;
  /** Magnitudes, losses and feed-in at the present voltages; clamps them first unless `converged`. */
  finish(): void;
  angles(): Float64Array;
}

/** Magnitudes reported after a divergence are held inside this range, so that a bad outcome stays priceable. */
export const V_CLAMP_MIN_PU = 0.1;
export const V_CLAMP_MAX_PU = 2;

export function clampVoltages(vRe: Float64Array, vIm: Float64Array): void {
  for (let k = 0; k < vRe.length; k++) {
    const magnitude = Math.sqrt(vRe[k]! ** 2 + vIm[k]! ** 2);
    if (magnitude >= V_CLAMP_MIN_PU && magnitude <= V_CLAMP_MAX_PU) continue;
    const scale = magnitude > V_CLAMP_MAX_PU && magnitude < Infinity ? V_CLAMP_MAX_PU / magnitude : 0;
    vRe[k] = scale > 0 ? vRe[k]! * scale : V_CLAMP_MIN_PU;
    vIm[k] = scale > 0 ? vIm[k]! * scale : 0;
  }
}

export function finite(x: number): number {
  return Number.isFinite(x) ? x : 0;
}
