/**
 * The P-Q circle of an inverter, P^2 + Q^2 <= S^2: capability, projection onto it with priority to P, to Q or to the
 * power factor, and how a setpoint is followed in time.
 */
import { expReal } from '../../base/realMath.ts';

/** Reactive capability beside P, var: sqrt(S^2 - P^2), 0 when |P| >= S. */
export function capabilityVarReal(sMaxVa: number, pW: number): number {
  const left = sMaxVa * sMaxVa - pW * pW;
  return left > 0 ? Math.sqrt(left) : 0;
}

/** q = share * sqrt(S^2 - P^2), var; share in [-1, 1]. */
export function reactiveOfShare(share: number, sMaxVa: number, pW: number): number {
  return share * capabilityVarReal(sMaxVa, pW);
}

export interface PqPoint {
  readonly pW: number;
  readonly qVar: number;
}

/** Nearest allowed point with P kept: P is clipped to +-S first, then Q to what is left. */
export function projectPPriority(sMaxVa: number, pW: number, qVar: number): PqPoint {
  const p = Math.min(Math.max(pW, -sMaxVa), sMaxVa);
  const room = capabilityVarReal(sMaxVa, p);
  return { pW: p, qVar: Math.min(Math.max(qVar, -room), room) };
}

/** Nearest allowed point with Q kept: Q is clipped to +-S first, then P to what is left. */
function projectQPriority(sMaxVa: number, pW: number, qVar: number): PqPoint {
  const { pW: q, qVar: p } = projectPPriority(sMaxVa, qVar, pW);
  return { pW: p, qVar: q };
}

/** Nearest allowed point on the ray through (P, Q), which is the nearest of all: both are scaled alike. */
function projectPowerFactor(sMaxVa: number, pW: number, qVar: number): PqPoint {
  const s = Math.sqrt(pW * pW + qVar * qVar);
  if (s <= sMaxVa) return { pW, qVar };
  const scale = sMaxVa / s;
  return { pW: pW * scale, qVar: qVar * scale };
}

export type PqPriority = 'p' | 'q' | 'power-factor';

/** The feasible point for a wanted one. */
export function projectPq(priority: PqPriority, sMaxVa: number, pW: number, qVar: number): PqPoint {
  if (priority === 'p') return projectPPriority(sMaxVa, pW, qVar);
  if (priority === 'q') return projectQPriority(sMaxVa, pW, qVar);
  return projectPowerFactor(sMaxVa, pW, qVar);
}

export interface InverterResponse {
  readonly sMaxVa: number;
  readonly priority: PqPriority;
  /** Greatest change of P; Infinity: none. */
  readonly rampWPerS: number;
  /** First-order lag of P and Q behind the setpoint; 0: none. */
  readonly timeConstantS: number;
}

/**
 * Where the inverter is `dtS` seconds after it got a setpoint, from where it was. The setpoint is projected first;
 *   x' = target + (x - target) e^(-dt / tau), then |P' - P| <= ramp dt, then projected again.
 */
export function followSetpoint(inverter: InverterResponse, from: PqPoint, wanted: PqPoint, dtS: number): PqPoint {
  const { sMaxVa, priority, rampWPerS, timeConstantS } = inverter;
  const target = projectPq(priority, sMaxVa, wanted.pW, wanted.qVar);
  const left = timeConstantS > 0 ? expReal(-dtS / timeConstantS) : 0;
  const pW = target.pW + (from.pW - target.pW) * left;
  const most = rampWPerS * dtS;
  const ramped = Math.min(Math.max(pW, from.pW - most), from.pW + most);
  // P cannot move faster, so it is Q that yields.
  return projectPPriority(sMaxVa, ramped, target.qVar + (from.qVar - target.qVar) * left);
}
