/**
 * AC power flow of a radial network by Newton's method on branch currents: one pass towards the root eliminates, one
 * back substitutes, in 2x2 blocks and without fill-in, so that a step costs little more than a sweep and convergence is
 * quadratic up to the edge of collapse. For small feeders that are solved millions of times. Balanced, single-phase
 * equivalent, constant-power injections, no shunts. Signs: P > 0 export, Q > 0 injected. No allocation per solve.
 *
 * With J_k the current from the parent into bus k, everything below k is linearised around the present voltage,
 *   J_k = a_k + A_k dV_k,  a_k = -conj(S_k / V_k) + sum a'_c,  A_k dV = conj(S_k) / conj(V_k)^2 conj(dV) + sum A'_c dV
 * over the buses c that k feeds, and Ohm's law on the branch, V_k + dV_k = V_p + dV_p - z (a_k + A_k dV_k), gives
 *   dV_k = M (e + dV_p),  M = (1 + z A_k)^-1,  e = V_p - V_k - z a_k,  A'_k = A_k M,  a'_k = a_k + A'_k e
 */
import type { Network } from '../../../grid/network.ts';
import { radialTopology, type RadialTopology } from '../topology.ts';

export interface RadialNewtonOptions {
  /** Largest change of a bus voltage in the last step, pu. What is left after it is about its square. */
  readonly tolerancePu: number;
  readonly maxIterations: number;
}

/** Fields of a bus record. A and a: sums over what the bus feeds while the pass comes by, 0 between passes. */
const RECORD = 20;
const V_RE = 0;
const V_IM = 1;
const P = 2;
const Q = 3;
const R = 4;
const X = 5;
const A11 = 6;
const A12 = 7;
const A21 = 8;
const A22 = 9;
const A_RE = 10;
const A_IM = 11;
const M11 = 12;
const M12 = 13;
const M21 = 14;
const M22 = 15;
const E_RE = 16;
const E_IM = 17;
const D_RE = 18;
const D_IM = 19;
/** Where the current from the parent is left by `#currents`. */
const J_RE = E_RE;
const J_IM = E_IM;

export class RadialNewton {
  readonly topology: RadialTopology;
  /** By bus, in the order of `network.buses`; of the last solution that converged. */
  readonly vmPu: Float64Array;
  /** Magnitude of the current from the parent, by bus; 0 at the slack bus. */
  readonly currentPu: Float64Array;
  iterations = 0;
  lossPu = 0;
  /** Power fed in at the slack bus. */
  feedInPu = 0;
  feedInQPu = 0;

  /** Bus records in an order in which every bus comes after its parent. */
  readonly #records: Float64Array;
  /** Start of the parent's record, by place. */
  readonly #above: Int32Array;

  /** @throws `env.networkNotRadial`. */
  constructor(network: Network) {
    this.topology = radialTopology(network);
    const { busCount, order, parent, rPu, xPu, slackVPu } = this.topology;
    this.vmPu = new Float64Array(busCount).fill(slackVPu);
    this.currentPu = new Float64Array(busCount);
    this.#records = new Float64Array(busCount * RECORD);
    this.#above = new Int32Array(busCount);
    const placeOf = new Int32Array(busCount);
    order.forEach((bus, place) => (placeOf[bus] = place));
    order.forEach((bus, place) => {
      this.#above[place] = place === 0 ? 0 : placeOf[parent[bus]!]! * RECORD;
      this.#records[place * RECORD + R] = rPu[bus]!;
      this.#records[place * RECORD + X] = xPu[bus]!;
    });
  }

  /**
   * From the flat profile, for net injections per bus (pu, order of `network.buses`; the slack bus's own entry is
   * ignored). Never throws. False: no solution was found, and results are those of the solve before.
   */
  solve(pInjPu: Float64Array, qInjPu: Float64Array, { tolerancePu, maxIterations }: RadialNewtonOptions): boolean {
    this.#start(pInjPu, qInjPu);
    const enough = tolerancePu * tolerancePu;
    for (this.iterations = 1; this.iterations <= maxIterations; this.iterations++) {
      this.#eliminate();
      const change = this.#substitute();
      if (change <= enough) {
        this.#report();
        return true;
      }
      // NaN, or the linear system was singular
      if (!(change < Infinity)) return false;
    }
    return false;
  }

  #start(pInjPu: Float64Array, qInjPu: Float64Array): void {
    const d = this.#records;
    const { order, slackVPu } = this.topology;
    for (let n = 0; n < order.length; n++) {
      const at = n * RECORD;
      const bus = order[n]!;
      d[at + V_RE] = slackVPu;
      d[at + V_IM] = 0;
      d[at + P] = pInjPu[bus]!;
      d[at + Q] = qInjPu[bus]!;
      for (let i = A11; i <= A_IM; i++) d[at + i] = 0;
    }
  }

  #eliminate(): void {
    const d = this.#records;
    const above = this.#above;
    for (let n = above.length - 1; n > 0; n--) {
      const at = n * RECORD;
      const up = above[n]!;
      const vRe = d[at + V_RE]!;
      const vIm = d[at + V_IM]!;
      const p = d[at + P]!;
      const q = d[at + Q]!;
      const inverse = 1 / (vRe * vRe + vIm * vIm);
      // i = conj(S / V), c = conj(S) / conj(V)^2 = i / conj(V)
      const iRe = (p * vRe + q * vIm) * inverse;
      const iIm = (p * vIm - q * vRe) * inverse;
      const cRe = (iRe * vRe - iIm * vIm) * inverse;
      const cIm = (iRe * vIm + iIm * vRe) * inverse;
      const a11 = d[at + A11]! + cRe;
      const a12 = d[at + A12]! + cIm;
      const a21 = d[at + A21]! + cIm;
      const a22 = d[at + A22]! - cRe;
      const aRe = d[at + A_RE]! - iRe;
      const aIm = d[at + A_IM]! - iIm;
      const r = d[at + R]!;
      const x = d[at + X]!;
      const n11 = 1 + r * a11 - x * a21;
      const n12 = r * a12 - x * a22;
      const n21 = x * a11 + r * a21;
      const n22 = 1 + x * a12 + r * a22;
      const scale = 1 / (n11 * n22 - n12 * n21);
      const m11 = n22 * scale;
      const m12 = -n12 * scale;
      const m21 = -n21 * scale;
      const m22 = n11 * scale;
      const eRe = d[up + V_RE]! - vRe - (r * aRe - x * aIm);
      const eIm = d[up + V_IM]! - vIm - (r * aIm + x * aRe);
      const b11 = a11 * m11 + a12 * m21;
      const b12 = a11 * m12 + a12 * m22;
      const b21 = a21 * m11 + a22 * m21;
      const b22 = a21 * m12 + a22 * m22;
      d[up + A11]! += b11;
      d[up + A12]! += b12;
      d[up + A21]! += b21;
      d[up + A22]! += b22;
      d[up + A_RE]! += aRe + b11 * eRe + b12 * eIm;
      d[up + A_IM]! += aIm + b21 * eRe + b22 * eIm;
      d[at + M11] = m11;
      d[at + M12] = m12;
      d[at + M21] = m21;
      d[at + M22] = m22;
      d[at + E_RE] = eRe;
      d[at + E_IM] = eIm;
      d[at + A11] = 0;
      d[at + A12] = 0;
      d[at + A21] = 0;
      d[at + A22] = 0;
      d[at + A_RE] = 0;
      d[at + A_IM] = 0;
    }
  }

  /** Returns the square of the largest change of a voltage. */
  #substitute(): number {
    const d = this.#records;
    const above = this.#above;
    let worst = 0;
    for (let n = 1; n < above.length; n++) {
      const at = n * RECORD;
      const up = above[n]!;
      const yRe = d[at + E_RE]! + d[up + D_RE]!;
      const yIm = d[at + E_IM]! + d[up + D_IM]!;
      const dRe = d[at + M11]! * yRe + d[at + M12]! * yIm;
      const dIm = d[at + M21]! * yRe + d[at + M22]! * yIm;
      d[at + D_RE] = dRe;
      d[at + D_IM] = dIm;
      d[at + V_RE]! += dRe;
      d[at + V_IM]! += dIm;
      const change = dRe * dRe + dIm * dIm;
      if (!(change <= worst)) worst = change;
    }
    return worst;
  }

  /** Currents, magnitudes, losses and feed-in at the present voltages: J_k = -conj(S_k / V_k) + sum J_c. */
  #report(): void {
    const d = this.#records;
    const above = this.#above;
    const { order, slackVPu } = this.topology;
    for (let at = 0; at < d.length; at += RECORD) {
      d[at + J_RE] = 0;
      d[at + J_IM] = 0;
    }
    let loss = 0;
    for (let n = above.length - 1; n > 0; n--) {
      const at = n * RECORD;
      const up = above[n]!;
      const vRe = d[at + V_RE]!;
      const vIm = d[at + V_IM]!;
      const p = d[at + P]!;
      const q = d[at + Q]!;
      const square = vRe * vRe + vIm * vIm;
      const jRe = d[at + J_RE]! - (p * vRe + q * vIm) / square;
      const jIm = d[at + J_IM]! - (p * vIm - q * vRe) / square;
      d[up + J_RE]! += jRe;
      d[up + J_IM]! += jIm;
      const j2 = jRe * jRe + jIm * jIm;
      loss += d[at + R]! * j2;
      this.vmPu[order[n]!] = Math.sqrt(square);
      this.currentPu[order[n]!] = Math.sqrt(j2);
    }
    this.lossPu = loss;
    this.feedInPu = slackVPu * d[J_RE]!;
    this.feedInQPu = -slackVPu * d[J_IM]!;
  }
}
