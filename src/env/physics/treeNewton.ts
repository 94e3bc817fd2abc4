/**
 * Newton's method on a tree, by elimination from the leaves: exact steps of the AC power flow at about twice the cost
 * of a sweep, with devices whose reactive power follows their voltage as a part of the Jacobian.
 *
 * With the subtree at bus k reduced to J_k = h + M dV_k (2x2 reals) and V_k = V_up - Z J_k,
 *   dV_k = D (dV_up + w),  D = (1 + Z M)^-1,  w = V_up - V_k - Z h,  and the parent sees J_k = h + M D w + M D dV_up.
 * Along a chain (treeChains.ts) M and h stay in local variables.
 */
import { P, Q, R, RECORD, V_IM, V_RE, X } from './busRecords.ts';
import type { TreeChains } from './treeChains.ts';

/** What children that do not go on a chain, and devices, hand to a bus: M row by row, then h. Zero between steps. */
const M00 = 0;
const M01 = 1;
const M10 = 2;
const M11 = 3;
const H_RE = 4;
const H_IM = 5;
/** What elimination leaves for the way back: D row by row, then w. */
const D00 = 0;
const D01 = 1;
const D10 = 2;
const D11 = 3;
const W_RE = 4;
const W_IM = 5;

export class TreeNewton {
  readonly #records: Float64Array;
  readonly #chains: TreeChains;
  readonly #joined: Uint8Array;
  readonly #handed: Float64Array;
  readonly #factors: Float64Array;
  /** Steps of voltage of buses that children off the chain hang on; others pass them on in local variables. */
  readonly #moved: Float64Array;

  /** Bus records in the order of the chains. */
  constructor(records: Float64Array, chains: TreeChains) {
    this.#records = records;
    this.#chains = chains;
    this.#joined = chains.joined.slice();
    this.#handed = new Float64Array(records.length);
    this.#factors = new Float64Array(records.length);
    this.#moved = new Float64Array(records.length);
  }

  /** Before `step`: reactive injection at the record `at` moves by `slope` pu per pu of voltage magnitude. */
  addSlope(at: number, slope: number): void {
    const m = this.#handed;
    const e = this.#records[at + V_RE]!;
    const f = this.#records[at + V_IM]!;
    const square = e * e + f * f;
    const k = slope / (square * Math.sqrt(square));
    this.#joined[at / RECORD] = 1;
    m[at + M00]! -= k * e * f;
    m[at + M01]! -= k * f * f;
    m[at + M10]! += k * e * e;
    m[at + M11]! += k * e * f;
  }

  /** One step from the voltages and injections in the records; returns the largest movement of a voltage, pu. */
  step(): number {
    this.#eliminate();
    return this.#substitute();
  }

  #eliminate(): void {
    const { above, chained } = this.#chains;
    const d = this.#records;
    const joined = this.#joined;
    const handed = this.#handed;
    const k = this.#factors;
    let m00 = 0;
    let m01 = 0;
    let m10 = 0;
    let m11 = 0;
    let hRe = 0;
    let hIm = 0;
    for (let n = above.length - 1; n > 0; n--) {
      const at = n * RECORD;
      if (joined[n] === 1) {
        m00 += handed[at + M00]!;
        m01 += handed[at + M01]!;
        m10 += handed[at + M10]!;
        m11 += handed[at + M11]!;
        hRe += handed[at + H_RE]!;
        hIm += handed[at + H_IM]!;
        for (let field = 0; field < 6; field++) handed[at + field] = 0;
      }
      const e = d[at + V_RE]!;
      const f = d[at + V_IM]!;
      const p = d[at + P]!;
      const q = d[at + Q]!;
      // I = conj(S / V); dI = -(I / conj(V)) conj(dV) = -(alpha + j beta) conj(dV)
      const inverse = 1 / (e * e + f * f);
      const iRe = (p * e + q * f) * inverse;
      const iIm = (p * f - q * e) * inverse;
      const alpha = (iRe * e - iIm * f) * inverse;
      const beta = (iRe * f + iIm * e) * inverse;
      m00 += alpha;
      m01 += beta;
      m10 += beta;
      m11 -= alpha;
      hRe -= iRe;
      hIm -= iIm;
      const up = above[n]!;
      const r = d[at + R]!;
      const x = d[at + X]!;
      const wRe = d[up + V_RE]! - e - (r * hRe - x * hIm);
      const wIm = d[up + V_IM]! - f - (r * hIm + x * hRe);
      const a00 = 1 + r * m00 - x * m10;
      const a01 = r * m01 - x * m11;
      const a10 = x * m00 + r * m10;
      const a11 = 1 + x * m01 + r * m11;
      const scale = 1 / (a00 * a11 - a01 * a10);
      const d00 = a11 * scale;
      const d01 = -a01 * scale;
      const d10 = -a10 * scale;
      const d11 = a00 * scale;
      k[at + D00] = d00;
      k[at + D01] = d01;
      k[at + D10] = d10;
      k[at + D11] = d11;
      k[at + W_RE] = wRe;
      k[at + W_IM] = wIm;
      const n00 = m00 * d00 + m01 * d10;
      const n01 = m00 * d01 + m01 * d11;
      const n10 = m10 * d00 + m11 * d10;
      const n11 = m10 * d01 + m11 * d11;
      hRe += n00 * wRe + n01 * wIm;
      hIm += n10 * wRe + n11 * wIm;
      m00 = n00;
      m01 = n01;
      m10 = n10;
      m11 = n11;
      if (chained[n] === 1) continue;
      handed[up + M00]! += m00;
      handed[up + M01]! += m01;
      handed[up + M10]! += m10;
      handed[up + M11]! += m11;
      handed[up + H_RE]! += hRe;
      handed[up + H_IM]! += hIm;
      m00 = m01 = m10 = m11 = hRe = hIm = 0;
    }
    handed.fill(0, 0, RECORD);
  }

  /** From the root down. */
  #substitute(): number {
    const { above, chained } = this.#chains;
    const d = this.#records;
    const joined = this.#joined;
    const k = this.#factors;
    const moved = this.#moved;
    let re = 0;
    let im = 0;
    let worst = 0;
    for (let n = 1; n < above.length; n++) {
      const at = n * RECORD;
      if (chained[n] === 0) {
        const up = above[n]!;
        re = moved[up + V_RE]!;
        im = moved[up + V_IM]!;
      }
      const a = re + k[at + W_RE]!;
      const b = im + k[at + W_IM]!;
      re = k[at + D00]! * a + k[at + D01]! * b;
      im = k[at + D10]! * a + k[at + D11]! * b;
      d[at + V_RE]! += re;
      d[at + V_IM]! += im;
      if (joined[n] === 1) {
        moved[at + V_RE] = re;
        moved[at + V_IM] = im;
      }
      const change = re * re + im * im;
      if (!(change <= worst)) worst = change;
    }
    return Math.sqrt(worst);
  }
}
