/**
 * Newton's method on a tree, by elimination from the leaves: exact steps of the AC power flow at about twice the cost
 * of a sweep, with devices whose reactive power follows their voltage as a part of the Jacobian.
 *
 * With the subtree at bus k reduced to J_k = h + M dV_k (2x2 reals) and V_k = V_up - Z J_k,
 *   dV_k = D (dV_up + w),  D = (1 + Z M)^-1,  w = V_up - V_k - Z h,  and the parent sees J_k = h + M D w + M D dV_up.
 */
import { J_IM, J_RE, P, Q, R, RECORD, V_IM, V_RE, X } from './busRecords.ts';

/** Fields of a bus in elimination: M row by row, becoming D; h, becoming w. */
const M00 = 0;
const M01 = 1;
const M10 = 2;
const M11 = 3;
const H_RE = 4;
const H_IM = 5;

export class TreeNewton {
  readonly #records: Float64Array;
  readonly #above: Int32Array;
  readonly #eliminated: Float64Array;

  /** Bus records in sweep order, and by place the start of the parent's record. */
  constructor(records: Float64Array, above: Int32Array) {
    this.#records = records;
    this.#above = above;
    this.#eliminated = new Float64Array(records.length);
  }

  /** Before `step`: reactive injection at the record `at` moves by `slope` pu per pu of voltage magnitude. */
  addSlope(at: number, slope: number): void {
    const m = this.#eliminated;
    const e = this.#records[at + V_RE]!;
    const f = this.#records[at + V_IM]!;
    const square = e * e + f * f;
    const k = slope / (square * Math.sqrt(square));
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
    const d = this.#records;
    const m = this.#eliminated;
    const above = this.#above;
    for (let n = above.length - 1; n > 0; n--) {
      const at = n * RECORD;
      const up = above[n]!;
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
      const m00 = m[at + M00]! + alpha;
      const m01 = m[at + M01]! + beta;
      const m10 = m[at + M10]! + beta;
      const m11 = m[at + M11]! - alpha;
      const hRe = m[at + H_RE]! - iRe;
      const hIm = m[at + H_IM]! - iIm;
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
      const n00 = m00 * d00 + m01 * d10;
      const n01 = m00 * d01 + m01 * d11;
      const n10 = m10 * d00 + m11 * d10;
      const n11 = m10 * d01 + m11 * d11;
      m[at + M00] = d00;
      m[at + M01] = d01;
      m[at + M10] = d10;
      m[at + M11] = d11;
      m[at + H_RE] = wRe;
      m[at + H_IM] = wIm;
      m[up + M00]! += n00;
      m[up + M01]! += n01;
      m[up + M10]! += n10;
      m[up + M11]! += n11;
      m[up + H_RE]! += hRe + n00 * wRe + n01 * wIm;
      m[up + H_IM]! += hIm + n10 * wRe + n11 * wIm;
    }
  }

  /** From the root down, leaving the fields at 0 for the next step; the J fields of the records carry the steps, and are found again by the next sweep. */
  #substitute(): number {
    const d = this.#records;
    const m = this.#eliminated;
    const above = this.#above;
    d[J_RE] = 0;
    d[J_IM] = 0;
    m.fill(0, 0, RECORD);
    let worst = 0;
    for (let n = 1; n < above.length; n++) {
      const at = n * RECORD;
      const up = above[n]!;
      const a = d[up + J_RE]! + m[at + H_RE]!;
      const b = d[up + J_IM]! + m[at + H_IM]!;
      const re = m[at + M00]! * a + m[at + M01]! * b;
      const im = m[at + M10]! * a + m[at + M11]! * b;
      d[at + J_RE] = re;
      d[at + J_IM] = im;
      d[at + V_RE]! += re;
      d[at + V_IM]! += im;
      m[at + M00] = 0;
      m[at + M01] = 0;
      m[at + M10] = 0;
      m[at + M11] = 0;
      m[at + H_RE] = 0;
      m[at + H_IM] = 0;
      const change = re * re + im * im;
      if (!(change <= worst)) worst = change;
    }
    return Math.sqrt(worst);
  }
}
