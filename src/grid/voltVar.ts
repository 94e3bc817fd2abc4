/**
 * The inverter's own volt-var curve with a dispatched offset, in integers: the form of voltage setpoint
 * this project dispatches. A base share from the ledger (one interval old) plus a local curve (live) keeps
 * a fast cloud from turning a good setpoint into a bad one. Device and settlement run the same function.
 */
import { clamp, floorDiv, isqrt } from '../base/fixed.ts';
import { evaluateTable } from './interface.ts';

/** Piecewise-linear share of reactive capability against voltage. */
export interface VoltVarCurve {
  readonly vMicroPu: readonly number[];
  readonly shareMicro: readonly number[];
}

/** Share of live capability, 1e-6; MAPDN's |a| <= 0.8. */
export const MAX_SHARE_MICRO = 800000;

export interface VoltVarSetpoint {
  readonly offsetMicro: number;
  /** Symmetric limit on the total share after the curve; 0 switches reactive power off. */
  readonly limitMicro: number;
}

/** Reactive capability left beside P: floor(sqrt(S^2 - P^2)), 0 when |P| >= S. */
export function capabilityVar(sMaxVa: number, pW: number): number {
  const p = Math.min(Math.abs(pW), sMaxVa);
  return isqrt(sMaxVa * sMaxVa - p * p);
}

/** The setpoint as projected on the live circle: a function of (setpoint, measured V, measured P, rating). */
export function projectVoltVar(
  setpoint: VoltVarSetpoint,
  curve: VoltVarCurve,
  vMicroPu: number,
  pW: number,
  sMaxVa: number,
): number {
  const wanted = setpoint.offsetMicro + evaluateTable(curve.vMicroPu, curve.shareMicro, vMicroPu);
  const share = clamp(wanted, -setpoint.limitMicro, setpoint.limitMicro);
  const magnitude = floorDiv(Math.abs(share) * capabilityVar(sMaxVa, pW), 1000000);
  return share < 0 ? 0 - magnitude : magnitude;
}
