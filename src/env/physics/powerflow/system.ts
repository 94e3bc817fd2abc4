/**
 * Newton's linear system of a compiled network, in elimination order and flat arrays.
 *
 * Per pq bus the equation is written as currents, so that blocks between pq buses are constant:
 *   sum_j Y_ij dV_j + (I_i / conj V_i) conj(dV_i) = conj(dS_i / V_i)
 * and per pv bus as active power, with its angle as the one unknown (dV = j V dtheta):
 *   Re(conj(V_i) sum_j Y_ij dV_j + I_i conj(dV_i)) = dP_i
 * Both are the polar Newton equations, rows and columns scaled by V: the step is the same. It is applied in polar
 * form, d ln|V| + j dtheta = dV / V, the rotation by the rational (2,2) approximant of e^(j dtheta), which has
 * modulus 1 and an error of dtheta^5 / 720: no trigonometry, and convergence stays quadratic.
 */
import { newtonPlan, type NewtonPlan } from './plan.ts';
import type { PowerFlowModel } from './admittance.ts';

/** A step changes a magnitude by no more than these factors. */
const SHRINK_MIN = 0.3;
const GROW_MAX = 2;

const MISMATCH = 0;
const CHANGE = 1;

export class NewtonSystem {
  readonly plan: NewtonPlan;
  /** 1: magnitude held (pv). All arrays are by position; voltages and currents are [re, im] pairs. */
  readonly held: Uint8Array;
  readonly v: Float64Array;
  readonly current: Float64Array;
  /** Given injections. */
  readonly p: Float64Array;
  readonly q: Float64Array;
  /** Injections that the voltages make, filled by `evaluate` (and for slack buses by `evaluateSlack`). */
  readonly pCalc: Float64Array;
  readonly qCalc: Float64Array;
  /** Right side, then step. */
  readonly rhs: Float64Array;

  /** A number that a long function returns is an object on the heap; one in an array is not. */
  readonly #measures = new Float64Array(2);

  /** @param switchable pv buses keep two unknowns, so that `held` may change between assemblies */
  constructor(model: PowerFlowModel, switchable: boolean) {
    this.plan = newtonPlan(model, switchable);
    const { unknownCount, liveCount, isPv } = this.plan;
    this.held = isPv.slice();
    this.v = new Float64Array(2 * liveCount);
    this.current = new Float64Array(2 * liveCount);
    this.p = new Float64Array(liveCount);
    this.q = new Float64Array(liveCount);
    this.pCalc = new Float64Array(liveCount);
    this.qCalc = new Float64Array(liveCount);
    this.rhs = new Float64Array(2 * unknownCount);
  }

  /** Largest |dP| or |dQ| at the last `evaluate`, pu; NaN when a voltage is. */
  get mismatchPu(): number {
    return this.#measures[MISMATCH]!;
  }

  /** Largest change of a voltage in the last `applyStep`, pu; NaN when a step is. */
  get changePu(): number {
    return this.#measures[CHANGE]!;
  }

  /**
   * Currents and injections at the present voltages of the buses to solve for, the right side of the next step,
   * and its size, `mismatchPu`.
   */
  evaluate(): void {
    const { v, current, p, q, pCalc, qCalc, rhs, held } = this;
    const { unknownCount, rowStart, column, y, diagonal } = this.plan;
    let worst = 0;
    let t = 0;
    for (let i = 0; i < unknownCount; i++) {
      const e = v[2 * i]!;
      const f = v[2 * i + 1]!;
      const gi = diagonal[2 * i]!;
      const bi = diagonal[2 * i + 1]!;
      // I_i = sum_j Y_ij V_j
      let re = gi * e - bi * f;
      let im = gi * f + bi * e;
      for (const end = rowStart[i + 1]!; t < end; t++) {
        const j = column[t]!;
        const g = y[2 * t]!;
        const b = y[2 * t + 1]!;
        const ej = v[j]!;
        const fj = v[j + 1]!;
        re += g * ej - b * fj;
        im += g * fj + b * ej;
      }
      current[2 * i] = re;
      current[2 * i + 1] = im;
      // S_i = V_i conj(I_i)
      const pi = e * re + f * im;
      const qi = f * re - e * im;
      pCalc[i] = pi;
      qCalc[i] = qi;
      const dP = p[i]! - pi;
      const sizeP = Math.abs(dP);
      if (!(sizeP <= worst)) worst = sizeP;
      if (held[i] === 1) {
        rhs[2 * i] = dP;
        rhs[2 * i + 1] = 0;
      } else {
        const dQ = q[i]! - qi;
        const sizeQ = Math.abs(dQ);
        if (!(sizeQ <= worst)) worst = sizeQ;
        // conj(dS / V) = conj(dS) V / |V|^2
        const scale = 1 / (e * e + f * f);
        rhs[2 * i] = (dP * e + dQ * f) * scale;
        rhs[2 * i + 1] = (dP * f - dQ * e) * scale;
      }
    }
    this.#measures[MISMATCH] = worst;
  }

  /** Currents and injections of the slack buses. */
  evaluateSlack(): void {
    const { v, current, pCalc, qCalc } = this;
    const { unknownCount, liveCount, rowStart, column, y, diagonal } = this.plan;
    for (let i = unknownCount; i < liveCount; i++) {
      const e = v[2 * i]!;
      const f = v[2 * i + 1]!;
      let re = diagonal[2 * i]! * e - diagonal[2 * i + 1]! * f;
      let im = diagonal[2 * i]! * f + diagonal[2 * i + 1]! * e;
      for (let t = rowStart[i]!; t < rowStart[i + 1]!; t++) {
        const j = column[t]!;
        re += y[2 * t]! * v[j]! - y[2 * t + 1]! * v[j + 1]!;
        im += y[2 * t]! * v[j + 1]! + y[2 * t + 1]! * v[j]!;
      }
      current[2 * i] = re;
      current[2 * i + 1] = im;
      pCalc[i] = e * re + f * im;
      qCalc[i] = f * re - e * im;
    }
  }

  /** The Jacobian at the voltages and currents of the last `evaluate`, into `a`. */
  assemble(a: Float64Array): void {
    a.set(this.plan.constant);
    this.#assembleDiagonal(a);
    this.#assembleSwitchable(a);
    this.#assemblePvPv(a);
    this.#assemblePvPq(a);
    this.#assemblePqPv(a);
  }

  #assembleDiagonal(a: Float64Array): void {
    const { v, current, held } = this;
    const { unknownCount, diagonal, diagonalAt, size } = this.plan;
    for (let i = 0; i < unknownCount; i++) {
      const e = v[2 * i]!;
      const f = v[2 * i + 1]!;
      const g = diagonal[2 * i]!;
      const b = diagonal[2 * i + 1]!;
      const re = current[2 * i]!;
      const im = current[2 * i + 1]!;
      const d = diagonalAt[i]!;
      if (size[i] === 1) {
        // dP_i / dtheta_i = -B_ii |V|^2 - Q_i
        a[d] = -b * (e * e + f * f) - (f * re - e * im);
      } else if (held[i] === 1) {
        // Re(conj(V) Y dV + I conj(dV)) = dP and Re(conj(V) dV) = 0
        a[d] = e * g + f * b + re;
        a[d + 1] = f * g - e * b + im;
        a[d + 2] = e;
        a[d + 3] = f;
      } else {
        // Y dV + c conj(dV), c = I / conj(V)
        const scale = 1 / (e * e + f * f);
        const cRe = (re * e - im * f) * scale;
        const cIm = (re * f + im * e) * scale;
        a[d] = g + cRe;
        a[d + 1] = cIm - b;
        a[d + 2] = b + cIm;
        a[d + 3] = g - cRe;
      }
    }
  }

  /** Re(conj(V_i) Y_ij dV_j) */
  #assemblePvPq(a: Float64Array): void {
    const { index, y } = this.plan.pvRowPqColumn;
    const { v } = this;
    for (let t = 0, s = 0; t < index.length; t += 3, s += 2) {
      const i = index[t]!;
      const at = index[t + 2]!;
      const e = v[i]!;
      const f = v[i + 1]!;
      const g = y[s]!;
      const b = y[s + 1]!;
      a[at] = e * g + f * b;
      a[at + 1] = f * g - e * b;
    }
  }

  /** Y_ij j V_j dtheta_j */
  #assemblePqPv(a: Float64Array): void {
    const { index, y } = this.plan.pqRowPvColumn;
    const { v } = this;
    for (let t = 0, s = 0; t < index.length; t += 3, s += 2) {
      const j = index[t + 1]!;
      const at = index[t + 2]!;
      const e = v[j]!;
      const f = v[j + 1]!;
      const g = y[s]!;
      const b = y[s + 1]!;
      a[at] = -(g * f + b * e);
      a[at + 1] = g * e - b * f;
    }
  }

  /** Re(conj(V_i) Y_ij j V_j) dtheta_j */
  #assemblePvPv(a: Float64Array): void {
    const { index, y } = this.plan.pvRowPvColumn;
    const { v } = this;
    for (let t = 0, s = 0; t < index.length; t += 3, s += 2) {
      const i = index[t]!;
      const j = index[t + 1]!;
      const e = v[j]!;
      const f = v[j + 1]!;
      const g = y[s]!;
      const b = y[s + 1]!;
      a[index[t + 2]!] = v[i + 1]! * (g * e - b * f) - v[i]! * (g * f + b * e);
    }
  }

  #assembleSwitchable(a: Float64Array): void {
    const { index, y } = this.plan.switchable;
    const { v, held } = this;
    for (let t = 0, s = 0; t < index.length; t += 3, s += 2) {
      const i = index[t]!;
      if (held[i >> 1] === 0) continue;
      const at = index[t + 2]!;
      const e = v[i]!;
      const f = v[i + 1]!;
      const g = y[s]!;
      const b = y[s + 1]!;
      a[at] = e * g + f * b;
      a[at + 1] = f * g - e * b;
      a[at + 2] = 0;
      a[at + 3] = 0;
    }
  }

  /** Apply the step in `rhs`; its size is in `changePu`. */
  applyStep(): void {
    const { v, rhs } = this;
    const { unknownCount, size } = this.plan;
    let worst = 0;
    for (let i = 0; i < unknownCount; i++) {
      const e = v[2 * i]!;
      const f = v[2 * i + 1]!;
      let theta = rhs[2 * i]!;
      let ratio = 1;
      if (size[i] === 2) {
        // d ln|V| + j dtheta = dV conj(V) / |V|^2
        const dRe = theta;
        const dIm = rhs[2 * i + 1]!;
        const scale = 1 / (e * e + f * f);
        ratio = 1 + (dRe * e + dIm * f) * scale;
        theta = (dIm * e - dRe * f) * scale;
        if (ratio < SHRINK_MIN) ratio = SHRINK_MIN;
        else if (ratio > GROW_MAX) ratio = GROW_MAX;
      }
      // e^(j theta) ~ (a + jb)^2 / (a^2 + b^2), a = 1 - theta^2 / 12, b = theta / 2
      const a = 1 - (theta * theta) / 12;
      const b = 0.5 * theta;
      const a2 = a * a;
      const b2 = b * b;
      const scale = ratio / (a2 + b2);
      const cos = (a2 - b2) * scale;
      const sin = 2 * a * b * scale;
      const re = e * cos - f * sin;
      const im = e * sin + f * cos;
      v[2 * i] = re;
      v[2 * i + 1] = im;
      const change = (re - e) * (re - e) + (im - f) * (im - f);
      if (!(change <= worst)) worst = change;
    }
    this.#measures[CHANGE] = Math.sqrt(worst);
  }

  /**
   * Into an assembled Jacobian: the injection Q of a pq bus moves by `slope` pu per pu of its voltage magnitude,
   *   -conj(j k d|V| / V) = j k V (e de + f df) / |V|^3
   */
  addReactiveSlope(a: Float64Array, bus: number, slope: number): void {
    const i = this.plan.positionOf[bus]!;
    if (!this.#isFree(i)) return;
    const d = this.plan.diagonalAt[i]!;
    const e = this.v[2 * i]!;
    const f = this.v[2 * i + 1]!;
    const square = e * e + f * f;
    const k = slope / (square * Math.sqrt(square));
    a[d]! -= k * e * f;
    a[d + 1]! -= k * f * f;
    a[d + 2]! += k * e * e;
    a[d + 3]! += k * e * f;
  }

  /** The step that one more pu of Q at a bus asks for, by factors of the present Jacobian. False: the bus is held. */
  unitReactiveStep(bus: number, factors: Float64Array): boolean {
    const i = this.plan.positionOf[bus]!;
    if (!this.#isFree(i)) return false;
    const e = this.v[2 * i]!;
    const f = this.v[2 * i + 1]!;
    this.rhs.fill(0);
    // conj(j / V) = -j V / |V|^2
    this.rhs[2 * i] = f / (e * e + f * f);
    this.rhs[2 * i + 1] = -e / (e * e + f * f);
    this.plan.lu.solve(factors, this.rhs);
    return true;
  }

  /** d|V| of a bus in the step at hand; 0 where the magnitude is held. */
  magnitudeStep(bus: number): number {
    const i = this.plan.positionOf[bus]!;
    if (!this.#isFree(i)) return 0;
    const e = this.v[2 * i]!;
    const f = this.v[2 * i + 1]!;
    return (this.rhs[2 * i]! * e + this.rhs[2 * i + 1]! * f) / Math.sqrt(e * e + f * f);
  }

  #isFree(i: number): boolean {
    return i >= 0 && i < this.plan.unknownCount && this.held[i] === 0;
  }
}
