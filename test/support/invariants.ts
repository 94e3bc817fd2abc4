/**
 * Physics that must hold after every power flow, recomputed here from voltages and impedances alone, without
 * the solver's own currents.
 */
import { expect } from 'vitest';
import type { RadialTopology } from '../../src/env/physics/topology.ts';

export interface SolvedFlow {
  readonly topology: RadialTopology;
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
  readonly lossPu: number;
  readonly feedInPu: number;
}

/** Net complex power that leaves every bus into the network, S_k = V_k conj(sum of branch currents). */
export function networkInjections(flow: SolvedFlow): { p: Float64Array; q: Float64Array } {
  const { topology, vRe, vIm } = flow;
  const iRe = new Float64Array(topology.busCount);
  const iIm = new Float64Array(topology.busCount);
  for (let k = 0; k < topology.busCount; k++) {
    const up = topology.parent[k]!;
    if (up < 0) continue;
    // I = (V_k - V_up) / (r + jx), out of bus k
    const r = topology.rPu[k]!;
    const x = topology.xPu[k]!;
    const re = vRe[k]! - vRe[up]!;
    const im = vIm[k]! - vIm[up]!;
    const a = (re * r + im * x) / (r * r + x * x);
    const b = (im * r - re * x) / (r * r + x * x);
    iRe[k]! += a;
    iIm[k]! += b;
    iRe[up]! -= a;
    iIm[up]! -= b;
  }
  return {
    p: iRe.map((a, k) => vRe[k]! * a + vIm[k]! * iIm[k]!),
    q: iRe.map((a, k) => vIm[k]! * a - vRe[k]! * iIm[k]!),
  };
}

/** KCL at every bus and feed-in = load + losses, within `tolerancePu`. */
export function expectFlowInvariants(
  flow: SolvedFlow,
  pInjPu: Float64Array,
  qInjPu: Float64Array,
  tolerancePu = 1e-8,
): void {
  const { p, q } = networkInjections(flow);
  let worst = 0;
  let sum = 0;
  for (let k = 0; k < p.length; k++) {
    if (k === flow.topology.slack) continue;
    worst = Math.max(worst, Math.abs(p[k]! - pInjPu[k]!), Math.abs(q[k]! - qInjPu[k]!));
    sum += pInjPu[k]!;
  }
  expect(worst, 'KCL residual, pu').toBeLessThan(tolerancePu);
  expect(Math.abs(flow.feedInPu + sum - flow.lossPu), 'feed-in = load + losses').toBeLessThan(tolerancePu);
  expect(flow.lossPu).toBeGreaterThanOrEqual(0);
}
