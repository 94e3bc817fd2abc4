/**
 * Physics that must hold after every power flow, recomputed here from voltages and impedances alone, without
 * the solver's own currents.
 */
import { expect } from 'vitest';
import { BUS } from '../../src/env/physics/powerflow/admittance.ts';
import type { NewtonPowerFlow } from '../../src/env/physics/powerflow/newton.ts';
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

/**
 * The same for any network, from branch flows: what leaves every bus through branches and shunt is what is
 * injected there (where the injection is given), and generation = load + branch losses + shunts.
 */
export function expectNetworkInvariants(
  flow: NewtonPowerFlow,
  pInjPu: Float64Array,
  qInjPu: Float64Array,
  tolerancePu = 1e-10,
): void {
  const { model, vmPu } = flow;
  const p = model.gShuntPu.map((g, k) => g * vmPu[k]! ** 2);
  const q = model.bShuntPu.map((b, k) => -b * vmPu[k]! ** 2);
  let lossP = 0;
  let lossQ = 0;
  flow.branchFlows().forEach(({ fromPPu, fromQPu, toPPu, toQPu }, k) => {
    p[model.branches.from[k]!]! += fromPPu;
    q[model.branches.from[k]!]! += fromQPu;
    p[model.branches.to[k]!]! += toPPu;
    q[model.branches.to[k]!]! += toQPu;
    lossP += fromPPu + toPPu;
    lossQ += fromQPu + toQPu;
  });
  // Sums of many large flows round.
  const rounding = tolerancePu + 1e-14 * model.y.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
  const limited = flow.limitedBuses();
  let feedIn = 0;
  let sum = 0;
  for (let k = 0; k < model.busCount; k++) {
    if (model.kind[k] === BUS.dead) continue;
    if (model.kind[k] === BUS.slack) feedIn += p[k]!;
    else expect(Math.abs(p[k]! - pInjPu[k]!), `P at bus ${k}`).toBeLessThan(rounding);
    if (model.kind[k] === BUS.pq) expect(Math.abs(q[k]! - qInjPu[k]!), `Q at bus ${k}`).toBeLessThan(rounding);
    else if (limited[k] === 0) expect(Math.abs(vmPu[k]! - model.vSetPu[k]!), `V at bus ${k}`).toBeLessThan(1e-12);
    expect(Math.abs(flow.pNetPu[k]! - p[k]!)).toBeLessThan(rounding);
    expect(Math.abs(flow.qNetPu[k]! - q[k]!)).toBeLessThan(rounding);
    sum += flow.pNetPu[k]!;
  }
  expect(Math.abs(flow.feedInPu - feedIn), 'feed-in').toBeLessThan(rounding);
  expect(Math.abs(flow.lossPu - lossP), 'losses').toBeLessThan(rounding * model.busCount);
  expect(Math.abs(flow.lossQPu - lossQ), 'reactive losses').toBeLessThan(rounding * model.busCount);
  expect(Math.abs(sum - flow.lossPu - flow.shuntPu), 'injections = losses').toBeLessThan(rounding * model.busCount);
}
