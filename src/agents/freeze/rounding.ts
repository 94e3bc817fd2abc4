/**
 * Rounding that answers for the layer, not for each weight (docs/reference/freeze.md): the integers of a row are chosen
 * so that its sums on sample points come closest to those of the float network, given the integers that really arrive
 * there. Errors of earlier layers and of the row's own weights cancel as far as the points can tell; the bias takes the
 * mean. Successive rounding with compensation as in OPTQ (Frantar et al. 2023), which is Babai's nearest plane, then
 * single steps of +-1 while one helps. A ridge holds every weight near its own value in directions that points do not show.
 */
import { I32_MAX } from '../../base/fixed.ts';
import type { DenseLayer } from '../../contracts/policy/artifact.ts';
import { rowBound } from '../../contracts/policy/checks.ts';
import { UNIT_INTEGER } from '../../grid/interface.ts';
import { denseLayer, exactWeights, nearest, nearestLayer, type LayerPlan } from './integerLayers.ts';

/** Rows of what arrives at a layer, and what the float network has before its activation for them. */
export interface LayerSamples {
  readonly count: number;
  /** i32 [count][inSize]: the integers that arrive. */
  readonly x: Int32Array;
  /** [count][outSize], real: what the sums should be. */
  readonly z: Float64Array;
}

/** Weight of a point at which the unit is cut off, and its sum does not matter. */
const CUT_WEIGHT = 0.01;
/** Fewer points than this many a weight say too little; then every weight goes to its nearest integer. */
const POINTS_PER_WEIGHT = 4;
/** A relu is counted as open from this share of its reach below 0, an output to this far beyond its clamp. */
const NEAR = 0.02;
/** Ridge, as a share of the mean diagonal. */
const RIDGE = 0.3;
const SWEEPS = 30;
/** Wider rows share one Gram matrix, every point counting the same: n^2 of each row would take minutes. */
const OWN_GRAM_WIDTH = 96;

/** The integer layer of a plan that fits the samples best. */
export function roundLayer(plan: LayerPlan, samples: LayerSamples): DenseLayer {
  const plain = nearestLayer(plan);
  if (samples.count < POINTS_PER_WEIGHT * plan.float.inSize) return plain;
  const exact = exactWeights(plan);
  const weights = plain.weights.slice();
  const bias = plain.bias.slice();
  const row = new RowRounding(plan, samples);
  for (let o = 0; o < plan.float.outSize; o++) {
    row.round(o, exact.subarray(o * plan.float.inSize, (o + 1) * plan.float.inSize));
    writeRow(plan, plain, o, row, weights, bias);
  }
  return denseLayer(plan, weights, bias);
}

/** Kept only where it fits 16 bits, 32 bits and 3.6. */
function writeRow(
  plan: LayerPlan,
  plain: DenseLayer,
  o: number,
  { result, bias: offset }: RowRounding,
  weights: Int16Array,
  bias: Int32Array,
): void {
  const { inSize } = plan.float;
  if (!result.every((w) => Math.abs(w) <= UNIT_INTEGER) || !(Math.abs(offset) <= I32_MAX)) return;
  weights.set(result, o * inSize);
  bias[o] = offset;
  if (rowBound(denseLayer(plan, weights, bias), o, plan.xmax) <= I32_MAX) return;
  weights.set(plain.weights.subarray(o * inSize, (o + 1) * inSize), o * inSize);
  bias[o] = plain.bias[o]!;
}

/** One row at a time; scratch memory for the largest. */
class RowRounding {
  /** Integers of the last row. */
  readonly result: Float64Array;
  bias = 0;
  readonly #plan: LayerPlan;
  readonly #samples: LayerSamples;
  readonly #weight: Float64Array;
  readonly #mean: Float64Array;
  /** [inSize][inSize]: sum_p v_p (x - mean)(x - mean)^T + ridge. */
  readonly #gram: Float64Array;
  readonly #factor: Float64Array;
  /** sum_p v_p (x - mean) (target - exact sum). */
  readonly #pull: Float64Array;
  #meanTarget = 0;
  #shared = false;

  constructor(plan: LayerPlan, samples: LayerSamples) {
    const n = plan.float.inSize;
    this.result = new Float64Array(n);
    this.#plan = plan;
    this.#samples = samples;
    this.#weight = new Float64Array(samples.count);
    this.#mean = new Float64Array(n);
    this.#gram = new Float64Array(n * n);
    this.#factor = new Float64Array(n * n);
    this.#pull = new Float64Array(n);
  }

  /** exact: [inSize], the weights without rounding, in counts. */
  round(o: number, exact: Float64Array): void {
    const n = exact.length;
    if (n > OWN_GRAM_WIDTH) this.#weight.fill(1);
    else this.#weigh(o);
    this.#centre(o);
    if (!this.#shared) this.#accumulateGram();
    this.#shared = n > OWN_GRAM_WIDTH;
    this.#accumulatePull(o, exact);
    const target = exact.slice();
    const shift = solve(this.#factor, n, this.#pull);
    for (let i = 0; i < n; i++) target[i]! += shift[i]!;
    this.#nearestPlane(target);
    this.#step(target);
    let offset = this.#meanTarget;
    for (let i = 0; i < n; i++) offset -= this.result[i]! * this.#mean[i]!;
    this.bias = nearest(offset);
  }

  /** How much each point matters to the row. */
  #weigh(o: number): void {
    const { z, count } = this.#samples;
    const { float, activation } = this.#plan;
    const m = float.outSize;
    let reach = 0;
    for (let p = 0; p < count; p++) reach = Math.max(reach, Math.abs(z[p * m + o]!));
    for (let p = 0; p < count; p++) {
      const value = z[p * m + o]!;
      const open =
        activation === 'relu' ? value > -NEAR * reach : activation === 'tanh' ? true : Math.abs(value) < 1 + NEAR;
      this.#weight[p] = open ? 1 : CUT_WEIGHT;
    }
  }

  /** Weighted means of what arrives and of what is wanted, in counts of the sum. */
  #centre(o: number): void {
    const { x, z, count } = this.#samples;
    const { float, outScale, shift } = this.#plan;
    const n = float.inSize;
    let total = 0;
    this.#mean.fill(0);
    this.#meanTarget = 0;
    for (let p = 0; p < count; p++) {
      const v = this.#weight[p]!;
      total += v;
      this.#meanTarget += v * z[p * float.outSize + o]!;
      for (let i = 0; i < n; i++) this.#mean[i]! += v * x[p * n + i]!;
    }
    this.#meanTarget *= (outScale[o]! * 2 ** shift) / total;
    for (let i = 0; i < n; i++) this.#mean[i]! /= total;
  }

  /** sum v (x - mean)(x - mean)^T = sum v x x^T - (sum v) mean mean^T; half of what relus give is 0 and skipped. */
  #accumulateGram(): void {
    const { x, count } = this.#samples;
    const n = this.#mean.length;
    const gram = this.#gram.fill(0);
    const at = new Int32Array(n);
    const value = new Float64Array(n);
    let total = 0;
    for (let p = 0; p < count; p++) {
      const v = this.#weight[p]!;
      total += v;
      let open = 0;
      for (let i = 0; i < n; i++) {
        if (x[p * n + i] === 0) continue;
        at[open] = i;
        value[open++] = x[p * n + i]!;
      }
      for (let i = 0; i < open; i++) {
        const c = v * value[i]!;
        const row = at[i]! * n;
        for (let j = 0; j <= i; j++) gram[row + at[j]!]! += c * value[j]!;
      }
    }
    this.#finishGram(total);
  }

  #finishGram(total: number): void {
    const n = this.#mean.length;
    const gram = this.#gram;
    let trace = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) gram[i * n + j]! -= total * this.#mean[i]! * this.#mean[j]!;
      trace += gram[i * n + i]!;
    }
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) gram[j * n + i] = gram[i * n + j]!;
      gram[i * n + i]! += RIDGE * (trace / n) + 1;
    }
    factorise(gram, n, this.#factor);
  }

  #accumulatePull(o: number, exact: Float64Array): void {
    const { x, z, count } = this.#samples;
    const { float, outScale, shift } = this.#plan;
    const n = exact.length;
    const unit = outScale[o]! * 2 ** shift;
    this.#pull.fill(0);
    for (let p = 0; p < count; p++) {
      let miss = z[p * float.outSize + o]! * unit - this.#meanTarget;
      for (let i = 0; i < n; i++) miss -= exact[i]! * (x[p * n + i]! - this.#mean[i]!);
      miss *= this.#weight[p]!;
      for (let i = 0; i < n; i++) this.#pull[i]! += miss * (x[p * n + i]! - this.#mean[i]!);
    }
  }

  /** Babai: with gram = L L^T, ||L^T (w - target)|| is kept small from the last weight to the first. */
  #nearestPlane(target: Float64Array): void {
    const n = target.length;
    for (let i = n - 1; i >= 0; i--) {
      let centre = target[i]!;
      // (L^T d)_i = L_ii d_i + sum_{j>i} L_ji d_j
      for (let j = i + 1; j < n; j++) {
        centre -= (this.#factor[j * n + i]! * (this.result[j]! - target[j]!)) / this.#factor[i * n + i]!;
      }
      this.result[i] = nearest(centre);
    }
  }

  /** Single steps of +-1 while one lowers (w - target)^T gram (w - target). */
  #step(target: Float64Array): void {
    const n = target.length;
    const slope = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) slope[i]! += this.#gram[i * n + j]! * (this.result[j]! - target[j]!);
    }
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      let moved = false;
      for (let i = 0; i < n; i++) {
        const by = slope[i]! > 0 ? -1 : 1;
        if (2 * by * slope[i]! + this.#gram[i * n + i]! >= 0) continue;
        this.result[i]! += by;
        for (let j = 0; j < n; j++) slope[j]! += by * this.#gram[i * n + j]!;
        moved = true;
      }
      if (!moved) return;
    }
  }
}

/** Cholesky: the lower L with L L^T = a, n x n. */
export function factorise(a: Float64Array, n: number, out: Float64Array): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= out[i * n + k]! * out[j * n + k]!;
      out[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-300)) : sum / out[j * n + j]!;
    }
  }
}

/** L L^T y = b. */
export function solve(factor: Float64Array, n: number, b: Float64Array): Float64Array {
  const y = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) y[i]! -= factor[i * n + k]! * y[k]!;
    y[i]! /= factor[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) y[i]! -= factor[k * n + i]! * y[k]!;
    y[i]! /= factor[i * n + i]!;
  }
  return y;
}
