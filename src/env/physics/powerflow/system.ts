/**
 * Newton's linear system of a compiled network, in elimination order and flat arrays.
 *
 * Per pq bus the equation is written as currents, so that blocks between pq buses are constant:
 *   sum_j Y_ij dV_j + (I_i / conj V_i) conj(dV_i) = conj(dS_i / V_i)
 * and per pv bus as active power, with its angle as the one unknown (dV = j V dtheta):
 *   Re(conj(V_i) * the left side above * ...) = dP_i
 * Both are the polar Newton equations, rows and columns scaled by V: the step is the same. It is applied in polar
 * form, d ln|V| + j dtheta = dV / V, the rotation by the rational (2,2) approximant of e^(j dtheta), which has
 * modulus 1 and an error of dtheta^5 / 720: no trigonometry, and convergence stays quadratic.
 */
import { BUS, type PowerFlowModel } from './admittance.ts';
import { BlockLu } from './blockLu.ts';
import { eliminationOrder } from './ordering.ts';

/** A step changes a magnitude by no more than these factors. */
const SHRINK_MIN = 0.3;
const GROW_MAX = 2;

/** Block of a pv bus, rebuilt at every assembly: Y_ij and where it goes. */
interface BlockList {
  /** Triples: slot of row bus, slot of column bus, place among the values. */
  readonly index: Int32Array;
  readonly y: Float64Array;
}

export class NewtonSystem {
  readonly model: PowerFlowModel;
  readonly lu: BlockLu;
  /** Buses to solve for, then slack buses; dead buses have no position. */
  readonly unknownCount: number;
  readonly liveCount: number;
  readonly busAt: Int32Array;
  /** Position of each bus; -1 when dead. */
  readonly positionOf: Int32Array;
  /**
   * The smallest mismatch that voltages of double precision can resolve here, pu: a unit in the last place of a
   * voltage near 1 moves the power of bus i by |Y_ii| times it.
   */
  readonly attainablePu: number;
  /** 1: magnitude held (pv). */
  readonly held: Uint8Array;
  /** Everything below by position. Voltages and currents as [re, im] pairs. */
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

  /** Unknowns of each bus: 2, or 1 where the magnitude is held for good. */
  readonly #size: Uint8Array;
  readonly #rowStart: Int32Array;
  readonly #column: Int32Array;
  readonly #y: Float64Array;
  readonly #yDiagonal: Float64Array;
  readonly #diagonalAt: Int32Array;
  /** The constant blocks, and zeros where fill will come. */
  readonly #constant: Float64Array;
  readonly #pvRowPqColumn: BlockList;
  readonly #pqRowPvColumn: BlockList;
  readonly #pvRowPvColumn: BlockList;
  /** Rows of buses whose magnitude may be held or free. */
  readonly #switchable: BlockList;

  /** @param switchable pv buses keep two unknowns, so that `held` may change between assemblies */
  constructor(model: PowerFlowModel, switchable: boolean) {
    this.model = model;
    const unknown = busesOf(model, (kind) => kind === BUS.pq || kind === BUS.pv);
    const slack = busesOf(model, (kind) => kind === BUS.slack);
    const n = unknown.length;
    const size = unknown.map((k) => (model.kind[k] === BUS.pv && !switchable ? 1 : 2));
    const elimination = eliminationOrder(graphOf(model, unknown), size);
    this.lu = new BlockLu(elimination, size);
    this.unknownCount = n;
    this.liveCount = n + slack.length;
    this.busAt = Int32Array.from([...Array.from(elimination.order, (node) => unknown[node]!), ...slack]);
    this.positionOf = new Int32Array(model.busCount).fill(-1);
    this.busAt.forEach((bus, k) => (this.positionOf[bus] = k));
    this.held = Uint8Array.from(this.busAt, (bus) => (model.kind[bus] === BUS.pv ? 1 : 0));
    this.#size = Uint8Array.from(elimination.order, (node) => size[node]!);
    this.v = new Float64Array(2 * this.liveCount);
    this.current = new Float64Array(2 * this.liveCount);
    this.p = new Float64Array(this.liveCount);
    this.q = new Float64Array(this.liveCount);
    this.pCalc = new Float64Array(this.liveCount);
    this.qCalc = new Float64Array(this.liveCount);
    this.rhs = new Float64Array(2 * n);
    const rows = permutedRows(model, this.busAt, this.positionOf);
    this.#rowStart = rows.rowStart;
    this.#column = rows.column;
    this.#y = rows.y;
    this.#yDiagonal = rows.diagonal;
    this.attainablePu = 2 * Number.EPSILON * largestModulus(rows.diagonal);
    this.#diagonalAt = Int32Array.from({ length: n }, (_, k) => this.lu.offset(k, k));
    this.#constant = new Float64Array(this.lu.valueCount);
    const isHeld = (k: number): boolean => this.held[k] === 1;
    const small = (k: number): boolean => this.#size[k] === 1;
    this.#pvRowPqColumn = this.#blocks((i, j) => small(i) && !small(j));
    this.#pqRowPvColumn = this.#blocks((i, j) => !small(i) && small(j));
    this.#pvRowPvColumn = this.#blocks((i, j) => small(i) && small(j));
    this.#switchable = this.#blocks((i) => isHeld(i) && !small(i));
    this.#fillConstant(this.#blocks((i, j) => !small(i) && !small(j)));
  }

  #blocks(wanted: (i: number, j: number) => boolean): BlockList {
    const index: number[] = [];
    const y: number[] = [];
    for (let i = 0; i < this.unknownCount; i++) {
      for (let t = this.#rowStart[i]!; t < this.#rowStart[i + 1]!; t++) {
        const j = this.#column[t]! / 2;
        if (j >= this.unknownCount || !wanted(i, j)) continue;
        index.push(2 * i, 2 * j, this.lu.offset(i, j));
        y.push(this.#y[2 * t]!, this.#y[2 * t + 1]!);
      }
    }
    return { index: Int32Array.from(index), y: Float64Array.from(y) };
  }

  #fillConstant({ index, y }: BlockList): void {
    for (let t = 0; t < index.length / 3; t++) {
      this.#constant.set([y[2 * t]!, -y[2 * t + 1]!, y[2 * t + 1]!, y[2 * t]!], index[3 * t + 2]!);
    }
  }

  /**
   * Currents and injections at the present voltages of the buses to solve for, the right side of the next step,
   * and its size: the largest |dP| or |dQ|, pu (NaN when a voltage is).
   */
  evaluate(): number {
    const { v, current, p, q, pCalc, qCalc, rhs, held, unknownCount } = this;
    const rowStart = this.#rowStart;
    const column = this.#column;
    const y = this.#y;
    const diagonal = this.#yDiagonal;
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
    return worst;
  }

  /** Currents and injections of the slack buses. */
  evaluateSlack(): void {
    const { v, current, pCalc, qCalc } = this;
    for (let i = this.unknownCount; i < this.liveCount; i++) {
      const e = v[2 * i]!;
      const f = v[2 * i + 1]!;
      let re = this.#yDiagonal[2 * i]! * e - this.#yDiagonal[2 * i + 1]! * f;
      let im = this.#yDiagonal[2 * i]! * f + this.#yDiagonal[2 * i + 1]! * e;
      for (let t = this.#rowStart[i]!; t < this.#rowStart[i + 1]!; t++) {
        const j = this.#column[t]!;
        re += this.#y[2 * t]! * v[j]! - this.#y[2 * t + 1]! * v[j + 1]!;
        im += this.#y[2 * t]! * v[j + 1]! + this.#y[2 * t + 1]! * v[j]!;
      }
      current[2 * i] = re;
      current[2 * i + 1] = im;
      pCalc[i] = e * re + f * im;
      qCalc[i] = f * re - e * im;
    }
  }

  /** The Jacobian at the voltages and currents of the last `evaluate`, into `a`. */
  assemble(a: Float64Array): void {
    a.set(this.#constant);
    this.#assembleDiagonal(a);
    if (this.#switchable.index.length > 0) this.#assembleSwitchable(a);
    if (this.#pvRowPvColumn.index.length > 0) this.#assemblePvPv(a);
    this.#assemblePvPq(a);
    this.#assemblePqPv(a);
  }

  #assembleDiagonal(a: Float64Array): void {
    const { v, current, held, unknownCount } = this;
    const diagonal = this.#yDiagonal;
    const at = this.#diagonalAt;
    const size = this.#size;
    for (let i = 0; i < unknownCount; i++) {
      const e = v[2 * i]!;
      const f = v[2 * i + 1]!;
      const g = diagonal[2 * i]!;
      const b = diagonal[2 * i + 1]!;
      const re = current[2 * i]!;
      const im = current[2 * i + 1]!;
      const d = at[i]!;
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
    const { index, y } = this.#pvRowPqColumn;
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
    const { index, y } = this.#pqRowPvColumn;
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
    const { index, y } = this.#pvRowPvColumn;
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
    const { index, y } = this.#switchable;
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

  /** Apply the step in `rhs`. Returns the square of the largest voltage change (NaN when a step is). */
  applyStep(): number {
    const { v, rhs, unknownCount } = this;
    const size = this.#size;
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
    return worst;
  }

  /** The step that one more pu of Q at a bus asks for, by factors of the present Jacobian. False: the bus is held. */
  unitReactiveStep(bus: number, factors: Float64Array): boolean {
    const i = this.positionOf[bus]!;
    if (!this.#isFree(i)) return false;
    const e = this.v[2 * i]!;
    const f = this.v[2 * i + 1]!;
    this.rhs.fill(0);
    // conj(j / V) = -j V / |V|^2
    this.rhs[2 * i] = f / (e * e + f * f);
    this.rhs[2 * i + 1] = -e / (e * e + f * f);
    this.lu.solve(factors, this.rhs);
    return true;
  }

  /** d|V| of a bus in the step at hand; 0 where the magnitude is held. */
  magnitudeStep(bus: number): number {
    const i = this.positionOf[bus]!;
    if (!this.#isFree(i)) return 0;
    const e = this.v[2 * i]!;
    const f = this.v[2 * i + 1]!;
    return (this.rhs[2 * i]! * e + this.rhs[2 * i + 1]! * f) / Math.sqrt(e * e + f * f);
  }

  #isFree(i: number): boolean {
    return i >= 0 && i < this.unknownCount && this.held[i] === 0;
  }
}

function busesOf(model: PowerFlowModel, wanted: (kind: number) => boolean): number[] {
  return Array.from(model.kind.keys()).filter((k) => wanted(model.kind[k]!));
}

/** Neighbours among the buses to solve for, by their place in that list. */
function graphOf(model: PowerFlowModel, unknown: readonly number[]): number[][] {
  const node = new Int32Array(model.busCount).fill(-1);
  unknown.forEach((bus, k) => (node[bus] = k));
  return unknown.map((bus) =>
    Array.from(model.column.subarray(model.rowStart[bus]!, model.rowStart[bus + 1]!), (j) => node[j]!).filter(
      (k) => k >= 0 && unknown[k] !== bus,
    ),
  );
}

/** Y in elimination order, the diagonal apart; columns as slots, twice the position. */
function permutedRows(
  model: PowerFlowModel,
  busAt: Int32Array,
  positionOf: Int32Array,
): { rowStart: Int32Array; column: Int32Array; y: Float64Array; diagonal: Float64Array } {
  const rowStart = new Int32Array(busAt.length + 1);
  const diagonal = new Float64Array(2 * busAt.length);
  const column: number[] = [];
  const y: number[] = [];
  busAt.forEach((bus, i) => {
    for (let t = model.rowStart[bus]!; t < model.rowStart[bus + 1]!; t++) {
      const value = model.y.subarray(2 * t, 2 * t + 2);
      if (model.column[t] === bus) {
        diagonal.set(value, 2 * i);
        continue;
      }
      column.push(2 * positionOf[model.column[t]!]!);
      y.push(...value);
    }
    rowStart[i + 1] = column.length;
  });
  return { rowStart, column: Int32Array.from(column), y: Float64Array.from(y), diagonal };
}

function largestModulus(pairs: Float64Array): number {
  let square = 0;
  for (let k = 0; k < pairs.length; k += 2) square = Math.max(square, pairs[k]! ** 2 + pairs[k + 1]! ** 2);
  return Math.sqrt(square);
}
