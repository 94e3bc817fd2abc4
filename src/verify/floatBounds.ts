/**
 * Bounds of one run in double precision (mode 1 of docs/spec/policy.md 4.4): exact integer intervals, and linear bounds with
 * the slack that rounding can amount to. Only + - * / and floor in a fixed order, so deterministic; never part of a
 * certificate. It serves claims about one output; others take the integer bounds.
 *
 * Slack: a weighted sum carried back through a layer is made of terms whose sizes add up to at most
 * sum_j |A_j|*(|beta_j| + R_j), R_j the row bound of 3.6 in units of z, since |alpha| <= 1. Each result goes through
 * fewer than N roundings, so it is off by at most gamma_N = N*2^-53 / (1 - N*2^-53) of that.
 */
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import { envelopeTables, HeadBounds } from '../contracts/policy/certificate/head.ts';
import type { Property } from '../contracts/policy/certificate/property.ts';
import { normaliseInput, type InputSpec } from '../grid/interface.ts';
import { clampLines, floatLayers, setLines, type FloatLayer } from './floatLayers.ts';
import type { SplitView } from './split.ts';

/** Far more than the roundings of any one result: widths and depth are at most 256 and 4. */
const ROUNDINGS = 8192;
const GAMMA = (ROUNDINGS * 2 ** -53) / (1 - ROUNDINGS * 2 ** -53);

/** Can this class bound the property? One run, one output of a continuous head (or one unit), no tanh. */
export function isFloatBounded({ head, layers }: LoadedPolicy, { rel, lin, at }: Property): boolean {
  if (layers.some(({ activation }) => activation === 'tanh')) return false;
  return rel.length === 0 && (head.kind === 'cont' || at === 'unit') && lin.filter((c) => c !== 0).length === 1;
}

export class FloatBounds {
  readonly view: SplitView;
  readonly #inputs: readonly InputSpec[];
  readonly #layers: readonly FloatLayer[];
  readonly #head: HeadBounds;
  readonly #isUnit: boolean;
  readonly #output: number;
  readonly #coefficient: number;
  /** +1: the bounded sum grows with the unit. */
  readonly #sense: 1 | -1;
  readonly #gain: number;
  readonly #xLo: Float64Array;
  readonly #xHi: Float64Array;
  readonly #row: Float64Array;
  readonly #next: Float64Array;
  /** Of the second layer: slopes above and below of the units that count, and which they are. */
  readonly #most: Float64Array;
  readonly #least: Float64Array;
  readonly #live: Int32Array;
  readonly #coefficients: Float64Array;
  readonly #unitLo: Float64Array;
  readonly #unitHi: Float64Array;

  constructor(policy: LoadedPolicy, property: Property) {
    const { inputs, outputs, envelopes } = policy.interface;
    this.#inputs = inputs;
    this.#layers = floatLayers(policy);
    this.#head = new HeadBounds(outputs, property.at === 'out' ? envelopeTables(envelopes) : []);
    this.#isUnit = property.at === 'unit';
    this.#output = property.lin.findIndex((c) => c !== 0);
    this.#coefficient = property.lin[this.#output]! * (property.mode === 'min' ? -1 : 1);
    const spec = outputs[this.#output];
    const slope = this.#isUnit ? 1 : spec!.m / 2 ** spec!.t;
    this.#sense = this.#coefficient * slope >= 0 ? 1 : -1;
    this.#gain = Math.abs(this.#coefficient * slope);
    const widest = Math.max(...this.#layers.map(({ inSize, outSize }) => Math.max(inSize, outSize)));
    this.#xLo = new Float64Array(inputs.length);
    this.#xHi = new Float64Array(inputs.length);
    this.#row = new Float64Array(widest);
    this.#next = new Float64Array(widest);
    this.#most = new Float64Array(widest);
    this.#least = new Float64Array(widest);
    this.#live = new Int32Array(widest);
    this.#coefficients = new Float64Array(inputs.length);
    const last = this.#layers[this.#layers.length - 1]!;
    this.#unitLo = last.outLo;
    this.#unitHi = last.outHi;
    const run = {
      xLo: this.#xLo,
      xHi: this.#xHi,
      lines: this.#layers,
      outLo: this.#layers.map(({ outLo }) => outLo),
      outHi: this.#layers.map(({ outHi }) => outHi),
    };
    this.view = {
      runs: [run],
      heads: [this.#head],
      steps: undefined,
      coefficients: this.#coefficients,
      stepCoefficients: undefined,
    };
  }

  /** The largest sum over [lo, hi] or more (`min` negated). Stops at the interval bound when that is within `enough`. */
  bound(lo: ArrayLike<number>, hi: ArrayLike<number>, enough: number): number {
    for (let i = 0; i < this.#inputs.length; i++) {
      this.#xLo[i] = normaliseInput(this.#inputs[i]!, lo[i]!);
      this.#xHi[i] = normaliseInput(this.#inputs[i]!, hi[i]!);
    }
    const last = this.#layers.length - 1;
    for (let l = 0; l <= last; l++) {
      this.#interval(l);
      this.#activate(l);
    }
    const plain = this.#sumBound(lo, hi);
    if (plain <= enough) {
      this.#coefficients.fill(0);
      return plain;
    }
    for (let l = 1; l < last; l++) {
      if (l > 1) this.#interval(l);
      this.#tighten(l);
      this.#activate(l);
    }
    if (last > 0) {
      this.#interval(last);
      this.#tightenOutput(last);
      this.#activate(last);
    } else this.#firstCoefficients();
    return Math.min(plain, this.#sumBound(lo, hi));
  }

  #sumBound(lo: ArrayLike<number>, hi: ArrayLike<number>): number {
    const d = this.#output;
    const c = this.#coefficient;
    if (this.#isUnit) return c * (c > 0 ? this.#unitHi[d]! : this.#unitLo[d]!) + 0;
    this.#head.setUnits(this.#unitLo, this.#unitHi, lo, hi);
    return c * (c > 0 ? this.#head.hi[d]! : this.#head.lo[d]!) + 0;
  }

  /** Sums of |W|*|x| + |b| stay below 2^31 before the division by 2^s, so these are exact. */
  #interval(l: number): void {
    const { inSize, outSize, weights, magnitudes, offset, lo, hi } = this.#layers[l]!;
    const fromLo = l === 0 ? this.#xLo : this.#layers[l - 1]!.outLo;
    const fromHi = l === 0 ? this.#xHi : this.#layers[l - 1]!.outHi;
    let at = 0;
    for (let o = 0; o < outSize; o++) {
      let middle = 2 * offset[o]!;
      let spread = 0;
      for (let i = 0; i < inSize; i++, at++) {
        const a = fromLo[i]!;
        const b = fromHi[i]!;
        middle += weights[at]! * (a + b);
        spread += magnitudes[at]! * (b - a);
      }
      lo[o] = Math.floor((middle - spread) / 2);
      hi[o] = Math.floor((middle + spread) / 2);
    }
  }

  #activate(l: number): void {
    const layer = this.#layers[l]!;
    const { outSize, clamp, lo, hi, outLo, outHi } = layer;
    for (let o = 0; o < outSize; o++) {
      const a = lo[o]!;
      const b = hi[o]!;
      if (clamp !== undefined) clampLines(layer, o, a, b, clamp[0], clamp[1]);
      else {
        outLo[o] = a;
        outHi[o] = b;
        setLines(layer, o, 1, 0, 1, 0);
      }
    }
  }

  /** Linear bounds of arguments whose clamp is undecided. */
  #tighten(l: number): void {
    const { outSize, clamp, lo, hi } = this.#layers[l]!;
    for (let o = 0; o < outSize; o++) {
      const a = lo[o]!;
      const b = hi[o]!;
      if (a === b || clamp === undefined) continue;
      if (b <= clamp[0] || a >= clamp[1] || (a >= clamp[0] && b <= clamp[1])) continue;
      if (l === 1) this.#tightenSecond(o);
      else {
        hi[o] = Math.min(b, Math.floor(this.#upper(l, o, 1)));
        lo[o] = Math.max(a, Math.floor(0 - this.#upper(l, o, -1)));
      }
    }
  }

  /** Both sides at once for the second layer, where most of the work lies. */
  #tightenSecond(o: number): void {
    const below = this.#layers[0]!;
    const { inSize, offset: belowOffset, upSlope, upConst, loSlope, loConst, rounding } = below;
    const { weights, offset, lo, hi, inSize: units } = this.#layers[1]!;
    const most = this.#most;
    const least = this.#least;
    const live = this.#live;
    let above = offset[o]!;
    let under = above;
    let total = 0;
    let largest = 0;
    let count = 0;
    for (let j = 0, from = o * units; j < units; j++, from++) {
      const w = weights[from]!;
      if (w === 0) continue;
      const isUp = w > 0;
      const upS = isUp ? upSlope[j]! : loSlope[j]!;
      const upC = isUp ? upConst[j]! : loConst[j]!;
      const loS = isUp ? loSlope[j]! : upSlope[j]!;
      const loC = isUp ? loConst[j]! : upConst[j]!;
      if (upS === 0 && loS === 0 && upC === 0 && loC === 0) continue;
      total += Math.abs(w);
      largest = Math.max(largest, Math.abs(upC), Math.abs(loC));
      const a = w * upS;
      const b = w * loS;
      above += w * upC + (isUp ? a * belowOffset[j]! : a * (belowOffset[j]! - rounding));
      under += w * loC + (isUp ? b * (belowOffset[j]! - rounding) : b * belowOffset[j]!);
      most[count] = a;
      least[count] = b;
      live[count++] = j;
    }
    const columns = below.columns;
    for (let i = 0, at = 0; i < inSize; i++, at += units) {
      let a = 0;
      let b = 0;
      let a2 = 0;
      let b2 = 0;
      let k = 0;
      // Two sums of each kind: an addition need not wait for the one before it.
      for (; k + 1 < count; k += 2) {
        const w = columns[at + live[k]!]!;
        const w2 = columns[at + live[k + 1]!]!;
        a += most[k]! * w;
        b += least[k]! * w;
        a2 += most[k + 1]! * w2;
        b2 += least[k + 1]! * w2;
      }
      if (k < count) {
        const w = columns[at + live[k]!]!;
        a += most[k]! * w;
        b += least[k]! * w;
      }
      a += a2;
      b += b2;
      const xLo = this.#xLo[i]!;
      const xHi = this.#xHi[i]!;
      above += a * (a > 0 ? xHi : xLo);
      under += b * (b > 0 ? xLo : xHi);
    }
    const slack = GAMMA * (Math.abs(offset[o]!) + total * (largest + below.reach + 1));
    hi[o] = Math.min(hi[o]!, Math.floor(above + slack));
    lo[o] = Math.max(lo[o]!, Math.floor(under - slack));
  }

  #tightenOutput(l: number): void {
    const { lo, hi } = this.#layers[l]!;
    const o = this.#output;
    const bound = this.#upper(l, o, this.#sense);
    if (this.#sense > 0) hi[o] = Math.min(hi[o]!, Math.floor(bound));
    else lo[o] = Math.max(lo[o]!, Math.floor(0 - bound));
    for (let i = 0; i < this.#coefficients.length; i++) this.#coefficients[i] = this.#next[i]! * this.#gain;
  }

  /** A single layer is bounded exactly by intervals; its weights say how. */
  #firstCoefficients(): void {
    const { inSize, weights } = this.#layers[0]!;
    for (let i = 0; i < inSize; i++) {
      this.#coefficients[i] = this.#sense * weights[this.#output * inSize + i]! * this.#gain;
    }
  }

  /** The most that sign*v of unit o of layer l >= 1 can be, v before its floor; its coefficients are left in `next`. */
  #upper(l: number, o: number, sign: number): number {
    const { inSize, weights, offset } = this.#layers[l]!;
    let row = this.#row;
    let next = this.#next;
    for (let j = 0; j < inSize; j++) row[j] = sign * weights[o * inSize + j]!;
    let sum = sign * offset[o]!;
    let sizes = Math.abs(offset[o]!);
    for (let k = l - 1; k >= 0; k--) {
      const below = this.#layers[k]!;
      let largest = 0;
      next.fill(0, 0, below.inSize);
      let total = 0;
      for (let j = 0; j < below.outSize; j++) {
        const a = row[j]!;
        if (a === 0) continue;
        const slope = a > 0 ? below.upSlope[j]! : below.loSlope[j]!;
        const constant = a > 0 ? below.upConst[j]! : below.loConst[j]!;
        total += Math.abs(a);
        largest = Math.max(largest, Math.abs(constant));
        sum += a * constant;
        if (slope === 0) continue;
        const w = a * slope;
        // floor(v) >= v - (1 - 2^-s) counts where the weight is negative.
        sum += w > 0 ? w * below.offset[j]! : w * (below.offset[j]! - below.rounding);
        const at = j * below.inSize;
        for (let i = 0; i < below.inSize; i++) next[i]! += w * below.weights[at + i]!;
      }
      sizes += total * (largest + below.reach + 1);
      if (k > 0) [row, next] = [next, row];
    }
    for (let i = 0; i < this.#xLo.length; i++) sum += next[i]! * (next[i]! > 0 ? this.#xHi[i]! : this.#xLo[i]!);
    if (next !== this.#next) this.#next.set(next);
    return sum + GAMMA * sizes;
  }
}
