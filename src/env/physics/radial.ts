/**
 * AC power flow of a radial network by backward/forward sweep on typed arrays, no allocation per solve.
 * Balanced, single-phase equivalent, constant-power injections. Signs: P > 0 export, Q > 0 injected.
 * Source of the method: Shirmohammadi et al., IEEE Trans. Power Systems 3(2), 1988.
 */
import type { Network } from '../../grid/network.ts';
import { radialTopology, type RadialTopology } from './topology.ts';

export interface SolveOptions {
  /** Largest change of a bus voltage in one sweep that counts as solved, pu; default 1e-10. */
  readonly tolerancePu?: number;
  /** Default 100. */
  readonly maxIterations?: number;
  /** Start from the present voltages instead of the flat profile; default false. */
  readonly warm?: boolean;
}

export const DEFAULT_TOLERANCE_PU = 1e-10;
const MAX_ITERATIONS = 100;
/** Magnitudes reported after a divergence are held inside this range, so that a bad outcome stays priceable. */
const V_CLAMP_MIN_PU = 0.1;
const V_CLAMP_MAX_PU = 2;

export class RadialPowerFlow {
  readonly topology: RadialTopology;
  /** Complex bus voltages, pu, in the order of `network.buses`. */
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
  /** Filled by `finish`. */
  readonly vmPu: Float64Array;
  readonly vaRad: Float64Array;
  converged = false;
  iterations = 0;
  /** Largest voltage change in the last sweep, pu: the power mismatch at bus k is at most |S_k| * this / |V_k|. */
  residualPu = Infinity;
  /** Line losses and power fed in at the slack bus, pu. */
  lossPu = 0;
  lossQPu = 0;
  feedInPu = 0;
  feedInQPu = 0;

  readonly #jRe: Float64Array;
  readonly #jIm: Float64Array;

  /** @throws `env.networkNotRadial`. */
  constructor(network: Network | RadialTopology) {
    this.topology = 'order' in network ? network : radialTopology(network);
    const n = this.topology.busCount;
    this.vRe = new Float64Array(n);
    this.vIm = new Float64Array(n);
    this.vmPu = new Float64Array(n);
    this.vaRad = new Float64Array(n);
    this.#jRe = new Float64Array(n);
    this.#jIm = new Float64Array(n);
    this.flatStart();
  }

  flatStart(): void {
    this.vRe.fill(this.topology.slackVPu);
    this.vIm.fill(0);
  }

  /**
   * Solve for net injections per bus (pu on `baseMva`, order of `network.buses`; the slack bus's own entry is
   * ignored). Never throws: a divergence gives `converged = false` and finite, clamped voltages.
   */
  solve(pInjPu: Float64Array, qInjPu: Float64Array, options: SolveOptions = {}): boolean {
    const { tolerancePu = DEFAULT_TOLERANCE_PU, maxIterations = MAX_ITERATIONS, warm = false } = options;
    if (!warm) this.flatStart();
    this.converged = false;
    this.iterations = 0;
    while (this.iterations < maxIterations && !this.converged) {
      this.residualPu = this.sweep(pInjPu, qInjPu);
      this.iterations++;
      this.converged = this.residualPu <= tolerancePu;
      if (!(this.residualPu < V_CLAMP_MAX_PU)) break;
    }
    this.finish();
    return this.converged;
  }

  /** One backward and one forward pass. Returns the largest voltage change (NaN when it blew up). */
  sweep(pInjPu: Float64Array, qInjPu: Float64Array): number {
    this.#backward(pInjPu, qInjPu);
    return this.#forward();
  }

  /** J_k = -conj(S_k / V_k) + sum of J over the buses k feeds, J_k flowing from the parent into k. */
  #backward(p: Float64Array, q: Float64Array): void {
    const { order, parent } = this.topology;
    const { vRe, vIm } = this;
    const jRe = this.#jRe;
    const jIm = this.#jIm;
    jRe.fill(0);
    jIm.fill(0);
    for (let n = order.length - 1; n > 0; n--) {
      const k = order[n]!;
      const up = parent[k]!;
      const re = vRe[k]!;
      const im = vIm[k]!;
      const scale = 1 / (re * re + im * im);
      const a = jRe[k]! - (p[k]! * re + q[k]! * im) * scale;
      const b = jIm[k]! - (p[k]! * im - q[k]! * re) * scale;
      jRe[k] = a;
      jIm[k] = b;
      jRe[up]! += a;
      jIm[up]! += b;
    }
  }

  /** V_k = V_parent - (r + jx) J_k */
  #forward(): number {
    const { order, parent, rPu, xPu, slack, slackVPu } = this.topology;
    const { vRe, vIm } = this;
    const jRe = this.#jRe;
    const jIm = this.#jIm;
    vRe[slack] = slackVPu;
    vIm[slack] = 0;
    let worst = 0;
    for (let n = 1; n < order.length; n++) {
      const k = order[n]!;
      const up = parent[k]!;
      const a = jRe[k]!;
      const b = jIm[k]!;
      const re = vRe[up]! - (rPu[k]! * a - xPu[k]! * b);
      const im = vIm[up]! - (rPu[k]! * b + xPu[k]! * a);
      const dRe = re - vRe[k]!;
      const dIm = im - vIm[k]!;
      const change = dRe * dRe + dIm * dIm;
      if (!(change <= worst)) worst = change;
      vRe[k] = re;
      vIm[k] = im;
    }
    return Math.sqrt(worst);
  }

  /** Magnitudes, losses and feed-in from the last sweep; clamps what a divergence left behind. Angles by `angles()`. */
  finish(): void {
    if (!this.converged) this.#clampVoltages();
    const { vRe, vIm, vmPu } = this;
    const { order, rPu, xPu, slack, slackVPu } = this.topology;
    const jRe = this.#jRe;
    const jIm = this.#jIm;
    let loss = 0;
    let lossQ = 0;
    for (let n = 0; n < order.length; n++) {
      const k = order[n]!;
      vmPu[k] = Math.sqrt(vRe[k]! * vRe[k]! + vIm[k]! * vIm[k]!);
      if (n === 0) continue;
      const square = jRe[k]! * jRe[k]! + jIm[k]! * jIm[k]!;
      loss += rPu[k]! * square;
      lossQ += xPu[k]! * square;
    }
    this.lossPu = finite(loss);
    this.lossQPu = finite(lossQ);
    this.feedInPu = finite(slackVPu * jRe[slack]!);
    this.feedInQPu = finite(-slackVPu * jIm[slack]!);
  }

  /** Voltage angles, rad, for reports; not needed on the hot path. */
  angles(): Float64Array {
    for (let k = 0; k < this.vaRad.length; k++) this.vaRad[k] = Math.atan2(this.vIm[k]!, this.vRe[k]!);
    return this.vaRad;
  }

  #clampVoltages(): void {
    for (let k = 0; k < this.vRe.length; k++) {
      const magnitude = Math.sqrt(this.vRe[k]! ** 2 + this.vIm[k]! ** 2);
      if (magnitude >= V_CLAMP_MIN_PU && magnitude <= V_CLAMP_MAX_PU) continue;
      const scale = magnitude > V_CLAMP_MAX_PU && magnitude < Infinity ? V_CLAMP_MAX_PU / magnitude : 0;
      this.vRe[k] = scale > 0 ? this.vRe[k]! * scale : V_CLAMP_MIN_PU;
      this.vIm[k] = scale > 0 ? this.vIm[k]! * scale : 0;
    }
  }
}

function finite(x: number): number {
  return Number.isFinite(x) ? x : 0;
}
