/** Ranges of everything that one run of the network computes while its inputs stay in a box. */
import { shiftFloor } from '../../../base/fixed.ts';
import { normaliseInput, type InputSpec } from '../../../grid/interface.ts';
import { tanhInteger } from '../execute.ts';
import { BackwardPass, NO_BOUND } from './backward.ts';
import { clampLine, flatLine, identityLine, tanhLine, unitLines, type UnitLines } from './lines.ts';
import type { BoundLayer } from './network.ts';

export class RunBounds {
  /** [inputs], normalised. */
  readonly xLo: Int32Array;
  readonly xHi: Int32Array;
  /** [layers]: arguments of the activations with their lines; outputs of the activations, [layers][units]. */
  readonly lines: readonly UnitLines[];
  readonly outLo: readonly Int32Array[];
  readonly outHi: readonly Int32Array[];
  readonly pass: BackwardPass;
  readonly #inputs: readonly InputSpec[];
  readonly #layers: readonly BoundLayer[];

  constructor(inputs: readonly InputSpec[], layers: readonly BoundLayer[]) {
    this.#inputs = inputs;
    this.#layers = layers;
    this.xLo = new Int32Array(inputs.length);
    this.xHi = new Int32Array(inputs.length);
    this.lines = layers.map(({ outSize }) => unitLines(outSize));
    this.outLo = layers.map(({ outSize }) => new Int32Array(outSize));
    this.outHi = layers.map(({ outSize }) => new Int32Array(outSize));
    this.pass = new BackwardPass(layers, false);
  }

  /** The normaliser is monotone, so ends map to ends. */
  setBox(rawLo: ArrayLike<number>, rawHi: ArrayLike<number>): void {
    for (let i = 0; i < this.#inputs.length; i++) {
      this.xLo[i] = normaliseInput(this.#inputs[i]!, rawLo[i]!);
      this.xHi[i] = normaliseInput(this.#inputs[i]!, rawHi[i]!);
    }
  }

  /**
   * Layer by layer: intervals, exact at a point. `tight`: also linear bounds of the arguments from the second layer on,
   * where they can tell a unit's branch; the last layer's when `tightLast`.
   */
  propagate(tight: boolean, tightLast: boolean): void {
    const last = this.#layers.length - 1;
    for (let l = 0; l <= last; l++) {
      this.#interval(l);
      if (tight && l > 0 && (l < last || tightLast)) this.#tighten(l);
      this.#activate(l);
    }
  }

  /** Largest value of sum_j sign*w[at+j]*out_j over the last layer's units. */
  upperOfLast(w: ArrayLike<number>, at: number, sign: number): number {
    return this.upper(this.#layers.length - 1, w, at, sign);
  }

  upper(from: number, w: ArrayLike<number>, at: number, sign: number): number {
    return this.pass.upper(from, w, at, sign, this.lines, this.outLo, this.outHi, this.xLo, this.xHi);
  }

  /** z = (W x + b + r) >> s with x between its ends: (sum W*(lo+hi) +- |W|*(hi-lo)) / 2. */
  #interval(l: number): void {
    const { inSize, outSize, weights, magnitudes, offset, shift } = this.#layers[l]!;
    const fromLo = l === 0 ? this.xLo : this.outLo[l - 1]!;
    const fromHi = l === 0 ? this.xHi : this.outHi[l - 1]!;
    const { lo, hi } = this.lines[l]!;
    for (let o = 0; o < outSize; o++) {
      const row = o * inSize;
      let middle = 2 * offset[o]!;
      let spread = 0;
      for (let i = 0; i < inSize; i++) {
        const a = fromLo[i]!;
        const b = fromHi[i]!;
        middle += weights[row + i]! * (a + b);
        spread += magnitudes[row + i]! * (b - a);
      }
      lo[o] = shiftFloor(middle - spread, shift + 1);
      hi[o] = shiftFloor(middle + spread, shift + 1);
    }
  }

  #tighten(l: number): void {
    const { inSize, outSize, weights, offset, shift } = this.#layers[l]!;
    const { lo, hi } = this.lines[l]!;
    for (let o = 0; o < outSize; o++) {
      if (this.#isSettled(l, lo[o]!, hi[o]!)) continue;
      const high = this.upper(l - 1, weights, o * inSize, 1);
      if (high !== NO_BOUND) hi[o] = Math.min(hi[o]!, shiftFloor(high + offset[o]!, shift));
      const low = this.upper(l - 1, weights, o * inSize, -1);
      if (low !== NO_BOUND) lo[o] = Math.max(lo[o]!, shiftFloor(offset[o]! - low, shift));
    }
  }

  /** A clamp that stays on one of its branches gains nothing from a tighter range. */
  #isSettled(l: number, lo: number, hi: number): boolean {
    if (lo === hi) return true;
    const { clamp } = this.#layers[l]!;
    return clamp !== undefined && (hi <= clamp[0] || lo >= clamp[1] || (lo >= clamp[0] && hi <= clamp[1]));
  }

  #activate(l: number): void {
    const { outSize, activation, clamp } = this.#layers[l]!;
    const lines = this.lines[l]!;
    const outLo = this.outLo[l]!;
    const outHi = this.outHi[l]!;
    for (let o = 0; o < outSize; o++) {
      const lo = lines.lo[o]!;
      const hi = lines.hi[o]!;
      if (clamp !== undefined) {
        outLo[o] = Math.min(Math.max(lo, clamp[0]), clamp[1]);
        outHi[o] = Math.min(Math.max(hi, clamp[0]), clamp[1]);
        clampLine(lines, o, clamp[0], clamp[1]);
      } else if (activation === 'tanh') {
        const yLo = (outLo[o] = tanhInteger(lo));
        const yHi = (outHi[o] = tanhInteger(hi));
        if (yLo === yHi) flatLine(lines, o, yLo, yHi);
        else tanhLine(lines, o, yLo, yHi);
      } else {
        outLo[o] = lo;
        outHi[o] = hi;
        identityLine(lines, o);
      }
    }
  }
}
