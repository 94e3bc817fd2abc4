/** Ranges of the steps between two runs of the network, x to x', unit by unit. */
import { ceilDiv, floorDiv, pow2, shiftFloor } from '../../../base/fixed.ts';
import { UNIT_INTEGER, type InputSpec } from '../../../grid/interface.ts';
import { BackwardPass, NO_BOUND, type Ranges } from './backward.ts';
import { flatLine, identityLine, stepHigh, stepLine, unitLines, type UnitLines } from './lines.ts';
import type { BoundLayer } from './network.ts';
import type { RunBounds } from './run.ts';

export class StepBounds {
  /** [inputs], steps of the normalised inputs. */
  readonly xLo: number[];
  readonly xHi: number[];
  readonly lines: readonly UnitLines[];
  readonly outLo: readonly number[][];
  readonly outHi: readonly number[][];
  readonly pass: BackwardPass;
  readonly #inputs: readonly InputSpec[];
  readonly #layers: readonly BoundLayer[];
  readonly #from: RunBounds;
  readonly #to: RunBounds;

  constructor(inputs: readonly InputSpec[], layers: readonly BoundLayer[], from: RunBounds, to: RunBounds) {
    const zeros = (size: number): number[] => new Array<number>(size).fill(0);
    this.#inputs = inputs;
    this.#layers = layers;
    this.#from = from;
    this.#to = to;
    this.xLo = zeros(inputs.length);
    this.xHi = zeros(inputs.length);
    this.lines = layers.map(({ outSize }) => unitLines(outSize));
    this.outLo = layers.map(({ outSize }) => zeros(outSize));
    this.outHi = layers.map(({ outSize }) => zeros(outSize));
    this.pass = new BackwardPass(layers, true);
  }

  /** Both runs have their boxes: rawLo, rawHi of x and of x'; stepLo, stepHi of x' - x. */
  setBox(raw: readonly Ranges[], stepLo: Ranges, stepHi: Ranges): void {
    const [fromLo, fromHi, toLo, toHi] = raw as [Ranges, Ranges, Ranges, Ranges];
    for (let i = 0; i < this.#inputs.length; i++) {
      const spec = this.#inputs[i]!;
      const inside = Math.min(fromLo[i]!, toLo[i]!) >= spec.lo && Math.max(fromHi[i]!, toHi[i]!) <= spec.hi;
      this.#setInput(i, inside ? stepLo[i]! : Math.min(0, stepLo[i]!), inside ? stepHi[i]! : Math.max(0, stepHi[i]!));
    }
  }

  /** floor((v' m + r)/2^t) - floor((v m + r)/2^t) lies between floor and ceil of (v' - v) m / 2^t; a clamp only shortens it. */
  #setInput(i: number, stepLo: number, stepHi: number): void {
    const { m, t } = this.#inputs[i]!;
    const { xLo: aLo, xHi: aHi } = this.#from;
    const { xLo: bLo, xHi: bHi } = this.#to;
    const isCut = Math.min(aLo[i]!, bLo[i]!) <= 0 - UNIT_INTEGER || Math.max(aHi[i]!, bHi[i]!) >= UNIT_INTEGER;
    const low = shiftFloor(stepLo * m, t);
    const high = ceilDiv(stepHi * m, pow2(t));
    this.xLo[i] = Math.max(isCut ? Math.min(0, low) : low, bLo[i]! - aHi[i]!);
    this.xHi[i] = Math.min(isCut ? Math.max(0, high) : high, bHi[i]! - aLo[i]!);
  }

  /** After both runs. */
  propagate(tight: boolean): void {
    for (let l = 0; l < this.#layers.length; l++) {
      this.#interval(l);
      if (tight && l > 0) this.#tighten(l);
      this.#activate(l);
    }
  }

  upper(from: number, w: ArrayLike<number>, at: number, sign: number): number {
    return this.pass.upper(from, w, at, sign, this.lines, this.outLo, this.outHi, this.xLo, this.xHi);
  }

  upperOfLast(w: ArrayLike<number>, at: number, sign: number): number {
    return this.upper(this.#layers.length - 1, w, at, sign);
  }

  #interval(l: number): void {
    const { inSize, outSize, weights, magnitudes, shift } = this.#layers[l]!;
    const fromLo = l === 0 ? this.xLo : this.outLo[l - 1]!;
    const fromHi = l === 0 ? this.xHi : this.outHi[l - 1]!;
    const { lo: aLo, hi: aHi } = this.#from.lines[l]!;
    const { lo: bLo, hi: bHi } = this.#to.lines[l]!;
    const { lo, hi } = this.lines[l]!;
    const unit = pow2(shift + 1);
    for (let o = 0; o < outSize; o++) {
      const row = o * inSize;
      let middle = 0;
      let spread = 0;
      for (let i = 0; i < inSize; i++) {
        const a = fromLo[i]!;
        const b = fromHi[i]!;
        middle += weights[row + i]! * (a + b);
        spread += magnitudes[row + i]! * (b - a);
      }
      lo[o] = Math.max(floorDiv(middle - spread, unit), bLo[o]! - aHi[o]!);
      hi[o] = Math.min(ceilDiv(middle + spread, unit), bHi[o]! - aLo[o]!);
    }
  }

  #tighten(l: number): void {
    const { inSize, outSize, weights, shift } = this.#layers[l]!;
    const { lo, hi } = this.lines[l]!;
    for (let o = 0; o < outSize; o++) {
      if (lo[o]! >= hi[o]!) continue;
      const high = this.upper(l - 1, weights, o * inSize, 1);
      if (high !== NO_BOUND) hi[o] = Math.min(hi[o]!, ceilDiv(high, pow2(shift)));
      const low = this.upper(l - 1, weights, o * inSize, -1);
      if (low !== NO_BOUND) lo[o] = Math.max(lo[o]!, floorDiv(0 - low, pow2(shift)));
    }
  }

  #activate(l: number): void {
    const { outSize, activation, clamp } = this.#layers[l]!;
    const from = this.#from.lines[l]!;
    const to = this.#to.lines[l]!;
    for (let o = 0; o < outSize; o++) {
      const low = Math.min(from.lo[o]!, to.lo[o]!);
      const high = Math.max(from.hi[o]!, to.hi[o]!);
      if (activation === 'identity' || (clamp !== undefined && low >= clamp[0] && high <= clamp[1])) this.#keep(l, o);
      else if (clamp !== undefined && (high <= clamp[0] || low >= clamp[1])) this.#vanish(l, o);
      else this.#shorten(l, o, activation === 'tanh');
    }
  }

  #keep(l: number, o: number): void {
    this.outLo[l]![o] = this.lines[l]!.lo[o]!;
    this.outHi[l]![o] = this.lines[l]!.hi[o]!;
    identityLine(this.lines[l]!, o);
  }

  #vanish(l: number, o: number): void {
    this.outLo[l]![o] = 0;
    this.outHi[l]![o] = 0;
    flatLine(this.lines[l]!, o, 0, 0);
  }

  #shorten(l: number, o: number, isTanh: boolean): void {
    const lines = this.lines[l]!;
    const low = 0 - stepHigh(0 - lines.lo[o]!, isTanh);
    const high = stepHigh(lines.hi[o]!, isTanh);
    this.outLo[l]![o] = Math.max(low, this.#to.outLo[l]![o]! - this.#from.outHi[l]![o]!);
    this.outHi[l]![o] = Math.min(high, this.#to.outHi[l]![o]! - this.#from.outLo[l]![o]!);
    stepLine(lines, o, isTanh);
  }
}
