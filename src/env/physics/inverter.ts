/** The P-Q circle of an inverter, P^2 + Q^2 <= S^2, with priority to active power. */

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
