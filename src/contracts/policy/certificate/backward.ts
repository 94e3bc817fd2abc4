/**
 * The linear bound of docs/spec/policy.md 4.4 in integers: a weighted sum of the units of one layer is carried back to the
 * inputs, each activation replaced by a line above or below it according to the sign of its weight, and rounding
 * by the most it can add. All arithmetic is exact on numbers below 2^53: weights are kept to a sum of 2^20 in units
 * of 2^-q, and whatever rounding a weight loses is paid for with the range of its unit.
 */
import { pow2, SAFE_MAX, shiftFloor } from '../../../base/fixed.ts';
import { LINE_BITS, type UnitLines } from './lines.ts';
import { widestLayer, type BoundLayer } from './network.ts';

/** No bound: exact numbers would have been left. */
export const NO_BOUND = SAFE_MAX;
const WEIGHT_SUM_BITS = 20;
const WEIGHT_SUM = 1048576;
const CONSTANT_BITS = 51;
/** |q| beyond this is given up. */
const MAX_BITS = 44;

/** Ranges of the units of a layer: i32, or numbers for steps. */
export type Ranges = ArrayLike<number>;

export class BackwardPass {
  /** Of the last pass: what stood before each input, in units of 2^-coefficientBits. */
  readonly coefficients: number[];
  coefficientBits = 0;
  readonly #layers: readonly BoundLayer[];
  readonly #isStep: boolean;
  /** The sum: weights and constant, in units of 2^-q; `left` once exact numbers were. */
  readonly #weights: number[];
  readonly #next: number[];
  #constant = 0;
  #q = 0;
  #left = false;

  /** @param isStep bounds sums of steps between two runs: no biases, and rounding goes both ways. */
  constructor(layers: readonly BoundLayer[], isStep: boolean) {
    this.#layers = layers;
    this.#isStep = isStep;
    const widest = widestLayer(layers);
    this.#weights = new Array<number>(widest).fill(0);
    this.#next = new Array<number>(widest).fill(0);
    this.coefficients = new Array<number>(layers[0]!.inSize).fill(0);
  }

  /**
   * The largest value of sum_j sign*w[at+j]*a_j, a the outputs of layer `from`, as an integer, or NO_BOUND.
   * lines, outLo, outHi: [layers][units], of arguments and outputs of the activations; xLo, xHi: [inputs].
   */
  upper(
    from: number,
    w: ArrayLike<number>,
    at: number,
    sign: number,
    lines: readonly UnitLines[],
    outLo: readonly Ranges[],
    outHi: readonly Ranges[],
    xLo: Ranges,
    xHi: Ranges,
  ): number {
    const size = this.#layers[from]!.outSize;
    for (let j = 0; j < size; j++) this.#next[j] = sign * w[at + j]!;
    this.#constant = 0;
    this.#q = 0;
    this.#left = false;
    this.#rescale(size, 0, 0, outLo[from]!, outHi[from]!);
    for (let l = from; l > 0; l--) {
      this.#throughActivation(this.#layers[l]!, lines[l]!);
      const added = this.#throughAffine(this.#layers[l]!);
      this.#rescale(this.#layers[l]!.inSize, added, this.#layers[l]!.shift, outLo[l - 1]!, outHi[l - 1]!);
    }
    this.#throughActivation(this.#layers[0]!, lines[0]!);
    return this.#close(xLo, xHi);
  }

  #close(xLo: Ranges, xHi: Ranges): number {
    const { inSize, shift } = this.#layers[0]!;
    let sum = this.#throughAffine(this.#layers[0]!);
    for (let i = 0; i < inSize; i++) {
      const c = this.#next[i]!;
      this.coefficients[i] = c;
      sum += c * (c > 0 ? xHi[i]! : xLo[i]!);
    }
    this.coefficientBits = this.#q + shift;
    // The sum is a whole number, so its bound may be rounded down: floor((constant + sum/2^shift) / 2^q).
    const bound = scaled(this.#constant + shiftFloor(sum, shift), 0 - this.#q, false);
    return this.#left || bound > SAFE_MAX || bound < 0 - SAFE_MAX ? NO_BOUND : bound;
  }

  /** weights over outputs -> weights over arguments of a layer's activations. */
  #throughActivation({ outSize }: BoundLayer, lines: UnitLines): void {
    const { lo, hi, upSlope, upConst, loSlope, loConst } = lines;
    const weights = this.#weights;
    const next = this.#next;
    let constant = 0;
    for (let j = 0; j < outSize; j++) {
      const w = weights[j]!;
      if (w > 0) {
        next[j] = w * upSlope[j]!;
        constant += w * upConst[j]!;
      } else if (w < 0) {
        next[j] = w * loSlope[j]!;
        constant += w * loConst[j]!;
      } else next[j] = 0;
    }
    this.#rescale(outSize, constant, LINE_BITS, lo, hi);
  }

  /** weights over arguments -> next over inputs of a layer, in units of 2^-(q+shift); returns the constant, too. */
  #throughAffine({ inSize, outSize, shift, weights: matrix, offset }: BoundLayer): number {
    const next = this.#next;
    for (let i = 0; i < inSize; i++) next[i] = 0;
    // floor(v) lies in [v - (1 - 2^-s), v]; the difference of two floors within 1 - 2^-s of that of their arguments.
    const rounding = pow2(shift) - 1;
    let constant = 0;
    for (let o = 0; o < outSize; o++) {
      const w = this.#weights[o]!;
      if (w === 0) continue;
      const row = o * inSize;
      for (let i = 0; i < inSize; i++) next[i] = next[i]! + w * matrix[row + i]!;
      if (!this.#isStep) constant += w * offset[o]!;
      if (w < 0) constant -= w * rounding;
      else if (this.#isStep) constant += w * rounding;
    }
    return constant;
  }

  /**
   * next, in units of 2^-(q+extra), to weights with a sum of about 2^20, and `added` (same units) into the constant.
   * lo, hi: ranges of what the weights stand before.
   */
  #rescale(size: number, added: number, extra: number, lo: Ranges, hi: Ranges): void {
    const next = this.#next;
    const weights = this.#weights;
    let sum = 0;
    for (let j = 0; j < size; j++) sum += Math.abs(next[j]!);
    const h = this.#shiftFor(sum, extra);
    if (h <= 0) {
      const factor = pow2(0 - h);
      for (let j = 0; j < size; j++) weights[j] = next[j]! * factor;
    } else {
      const half = pow2(h - 1);
      const unit = pow2(h);
      for (let j = 0; j < size; j++) {
        const value = next[j]!;
        if (value === 0) {
          weights[j] = 0;
          continue;
        }
        const kept = shiftFloor(value + half, h);
        const lost = value - kept * unit;
        weights[j] = kept;
        added += lost * (lost > 0 ? hi[j]! : lo[j]!);
      }
    }
    const constant = scaled(this.#constant, extra - h, true) + scaled(added, 0 - h, true);
    this.#constant = constant;
    this.#q += extra - h;
    const isExact = Math.abs(added) <= SAFE_MAX && Math.abs(constant) <= SAFE_MAX && Math.abs(this.#q) <= MAX_BITS;
    if (!isExact) this.#left = true;
  }

  /** How far to shift: the sum to at most 2^20 and, while the constant allows it, above 2^19. */
  #shiftFor(sum: number, extra: number): number {
    let h = 0;
    if (sum > WEIGHT_SUM) while (sum > WEIGHT_SUM * pow2(h)) h++;
    else if (sum > 0) while (h > 0 - WEIGHT_SUM_BITS && sum * pow2(1 - h) <= WEIGHT_SUM) h--;
    h = Math.max(h, this.#q + extra - MAX_BITS);
    while (h < extra && Math.abs(this.#constant) > pow2(Math.max(0, CONSTANT_BITS - (extra - h)))) h++;
    return h;
  }
}

/** value * 2^bits, up or down to a whole number; bits within +-52. */
function scaled(value: number, bits: number, up: boolean): number {
  if (bits >= 0) return value * pow2(bits);
  return up ? 0 - shiftFloor(0 - value, 0 - bits) : shiftFloor(value, 0 - bits);
}
