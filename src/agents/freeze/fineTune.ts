/**
 * Quantisation-aware fine-tuning (docs/reference/freeze.md): a network that is taught to do on integers what the given
 * one does in reals, and to need no more range than that takes. The forward pass is that of the integer network (weights at
 * their nearest integer, activations on their grid), the backward pass is that of the real one (straight-through estimator,
 * Bengio et al. 2013), the loss is the squared distance from what the given policy issues, and weights of the
 * last layer that stand out are drawn in first and it is fitted again, because the largest sum of a row decides the resolution
 * of all (3.6).
 * Plain arrays, + - * / and sqrt alone: same policy, points and options, same weights on every engine.
 */
import { isGridPactError } from '../../base/errors.ts';
import { clamp } from '../../base/fixed.ts';
import { RandomStream } from '../../base/random.ts';
import { Adam } from '../adam.ts';
import { activateReal, FIXED_ONE, type FloatLayer, type FloatPolicy } from './floatPolicy.ts';
import type { FineTune } from './freezeModel.ts';
import { exactWeights, nearest } from './integerLayers.ts';
import { floatSums, inputBox, integerNetwork, type IntegerLayer } from './integerNetwork.ts';
import type { ReferencePoints } from './measure.ts';
import { certifiedRanges } from './reach.ts';
import { factorise, solve } from './rounding.ts';

export interface DistilOptions {
  /** Passes over the points; default 20. */
  readonly epochs?: number;
  /** Of a step, as a share of the size of a layer's weights; default 0.001, falling to 0. */
  readonly learningRate?: number;
  /** Weights of the last layer are drawn in to this many times its median, and refitted; default 4. */
  readonly outlier?: number;
  /** Of the order of points; default 1. */
  readonly seed?: number;
}

const MOST_POINTS = 4096;
const BATCH = 64;
const REFIT_RIDGE = 1e-7;
/** Far below gradients of errors of 1e-5. */
const EPSILON = 1e-10;

/** A `fineTune.tune` of the freeze. */
export function distil({ epochs = 20, learningRate = 0.001, outlier = 4, seed = 1 }: DistilOptions = {}): FineTune {
  return (policy, points) => {
    const pupil = new Pupil(policy, points);
    pupil.drawIn(outlier);
    pupil.refit();
    const stream = RandomStream.fromSeed(seed, 'freeze/distil');
    for (let epoch = 0; epoch < epochs; epoch++) {
      const left = 1 - epoch / epochs;
      pupil.epoch(stream, learningRate * left * left);
    }
    pupil.refit();
    return pupil.policy();
  };
}

/** Weights of one layer under training, with its optimiser. */
interface Trained {
  readonly float: FloatLayer;
  /** [weights, bias] */
  readonly params: Float32Array;
  readonly gradient: Float32Array;
  readonly adam: Adam;
  /** Median of |weights| at the start: the unit of a step. */
  readonly size: number;
}

class Pupil {
  readonly #policy: FloatPolicy;
  readonly #trained: readonly Trained[];
  readonly #count: number;
  readonly #x: Int32Array;
  /** [count][last outSize]: what the given policy has, after its last activation. */
  readonly #target: Float64Array;

  constructor(policy: FloatPolicy, points: ReferencePoints) {
    const n = policy.interface.inputs.length;
    this.#policy = policy;
    this.#count = Math.min(points.count, MOST_POINTS);
    this.#x = points.x.slice(0, this.#count * n);
    const last = policy.layers.at(-1)!;
    const sums = floatSums(policy.layers, this.#x, this.#count).at(-1)!;
    this.#target = sums.map((u) => activateReal(last.activation, u));
    this.#trained = policy.layers.map((float) => {
      const params = new Float32Array(float.weights.length + float.bias.length);
      params.set(float.weights);
      params.set(float.bias, float.weights.length);
      const sizes = float.weights.map((w) => Math.abs(w)).sort();
      const size = sizes[sizes.length >> 1]! || 1;
      return {
        float,
        params,
        gradient: new Float32Array(params.length),
        adam: new Adam(params.length, { epsilon: EPSILON }),
        size,
      };
    });
  }

  policy(): FloatPolicy {
    const layers = this.#trained.map(({ float, params }) => ({
      ...float,
      weights: params.slice(0, float.weights.length),
      bias: params.slice(float.weights.length),
    }));
    return { ...this.#policy, layers };
  }

  /** No weight of the last layer above `most` times its median. */
  drawIn(most: number): void {
    const { params, float, size } = this.#trained.at(-1)!;
    for (let k = 0; k < float.weights.length; k++) params[k] = clamp(params[k]!, -most * size, most * size);
  }

  /** The last layer that fits best to what the others give: least squares over the points that are not cut. */
  refit(): void {
    const { layers } = this.policy();
    const last = layers.at(-1)!;
    if (last.activation === 'tanh') return;
    const [n, m] = [last.inSize, last.outSize];
    const before = layers.slice(0, -1);
    const sums = floatSums(before, this.#x, this.#count).at(-1);
    const inputs =
      sums?.map((z) => activateReal(before.at(-1)!.activation, z)) ??
      Float64Array.from(this.#x, (value) => value / FIXED_ONE);
    const { params } = this.#trained.at(-1)!;
    for (let o = 0; o < m; o++) {
      const target = (row: number): number => this.#target[row * m + o]!;
      const open = this.#rows().filter((p) => this.#policy.actionTable !== undefined || Math.abs(target(p)) < 1);
      const own = [...last.weights.subarray(o * n, (o + 1) * n), last.bias[o]!];
      const fitted = leastSquares(inputs, n, open, target, own);
      params.set(fitted.subarray(0, n), o * n);
      params[last.weights.length + o] = fitted[n]!;
    }
  }

  #rows(): Int32Array {
    return Int32Array.from({ length: this.#count }, (_, p) => p);
  }

  /** Scales are those that the weights have at its beginning. */
  epoch(stream: RandomStream, rate: number): void {
    const grid = gridOf(this.policy());
    const order = this.#rows();
    stream.shuffle(order);
    for (let from = 0; from < order.length; from += BATCH) {
      const rows = order.subarray(from, from + BATCH);
      const layers = this.#trained.map((trained, l) => heldLayer(trained, grid?.[l]));
      for (const { gradient } of this.#trained) gradient.fill(0);
      for (const row of rows) this.#learn(row, layers, grid);
      for (const { params, gradient, adam, size } of this.#trained) {
        for (let k = 0; k < gradient.length; k++) gradient[k]! /= rows.length;
        adam.step(params, gradient, rate * size);
      }
    }
  }

  /** Adds the gradient of (u - target)^2 / 2 of one point. */
  #learn(row: number, layers: readonly FloatLayer[], grid: readonly IntegerLayer[] | undefined): void {
    const n = this.#policy.interface.inputs.length;
    const inputs: Float64Array[] = [];
    const sums: Float64Array[] = [];
    let x: Float64Array = Float64Array.from(this.#x.subarray(row * n, (row + 1) * n), (value) => value / FIXED_ONE);
    layers.forEach((layer, l) => {
      inputs.push(x);
      const z = rowSums(layer, x);
      sums.push(z);
      x = z.map((value, o) => onGrid(activateReal(layer.activation, value), grid?.[l], o));
    });
    const m = x.length;
    let dy: Float64Array = x.map((u, o) => this.#miss(u, this.#target[row * m + o]!));
    for (let l = layers.length - 1; l >= 0; l--) {
      const layer = layers[l]!;
      const dz = dy.map((d, o) => d * slopeOf(layer.activation, sums[l]![o]!));
      dy = backward(layer, inputs[l]!, dz, this.#trained[l]!.gradient);
    }
  }

  /** Outputs are cut at +-1, logits are not: nothing is to be learnt where both stand beyond the cut. */
  #miss(u: number, target: number): number {
    if (this.#policy.actionTable !== undefined) return u - target;
    return clamp(u, -1, 1) - clamp(target, -1, 1);
  }
}

/** Where integers of the policy lie; undefined where none fit yet, and then it is trained in reals. */
function gridOf(policy: FloatPolicy): IntegerLayer[] | undefined {
  const ranges = certifiedRanges(policy.layers, inputBox(policy.interface.inputs), 1);
  const reach = ranges.map(({ hi }) => hi.map((top) => Math.max(0, top)));
  try {
    return integerNetwork(policy, reach, []);
  } catch (error) {
    if (isGridPactError(error, 'freeze.scale')) return undefined;
    throw error;
  }
}

/** w and b with the least sum over rows of (w x + b - target)^2, near `from` where the rows do not tell. */
function leastSquares(
  x: Float64Array,
  n: number,
  rows: Int32Array,
  target: (row: number) => number,
  from: readonly number[],
): Float64Array {
  const size = n + 1;
  const gram = new Float64Array(size * size);
  const pull = new Float64Array(size);
  const row = new Float64Array(size).fill(1);
  for (const p of rows) {
    row.set(x.subarray(p * n, (p + 1) * n));
    let miss = target(p);
    for (let i = 0; i < size; i++) miss -= from[i]! * row[i]!;
    for (let i = 0; i < size; i++) {
      pull[i]! += row[i]! * miss;
      for (let j = 0; j < size; j++) gram[i * size + j]! += row[i]! * row[j]!;
    }
  }
  let trace = 0;
  for (let i = 0; i < size; i++) trace += gram[i * size + i]!;
  for (let i = 0; i < size; i++) gram[i * size + i]! += (REFIT_RIDGE * trace) / size + 1e-12;
  const factor = new Float64Array(size * size);
  factorise(gram, size, factor);
  return solve(factor, size, pull).map((by, i) => from[i]! + by);
}

/** The layer with its weights at the nearest integer of the grid. */
function heldLayer({ float, params }: Trained, grid: IntegerLayer | undefined): FloatLayer {
  const weights = params.slice(0, float.weights.length);
  const layer = { ...float, weights, bias: params.slice(float.weights.length) };
  if (grid === undefined) return layer;
  const counts = exactWeights({ ...grid.plan, float: layer });
  for (let at = 0; at < weights.length; at++) if (counts[at] !== 0) weights[at]! *= nearest(counts[at]!) / counts[at]!;
  return layer;
}

/** The nearest value that the integer layer can give. */
function onGrid(a: number, grid: IntegerLayer | undefined, o: number): number {
  if (grid === undefined || grid.plan.activation === 'identity') return a;
  const scale = grid.plan.activation === 'tanh' ? FIXED_ONE - 1 : grid.plan.outScale[o]!;
  return Math.floor(a * scale + 0.5) / scale;
}

function rowSums({ inSize, outSize, weights, bias }: FloatLayer, x: Float64Array): Float64Array {
  const z = new Float64Array(outSize);
  let at = 0;
  for (let o = 0; o < outSize; o++) {
    let sum = bias[o]!;
    for (let i = 0; i < inSize; i++) sum += weights[at++]! * x[i]!;
    z[o] = sum;
  }
  return z;
}

function slopeOf(activation: FloatLayer['activation'], z: number): number {
  if (activation === 'identity') return 1;
  if (activation === 'relu') return z > 0 ? 1 : 0;
  if (activation === 'hardtanh') return z > -1 && z < 1 ? 1 : 0;
  const y = activateReal('tanh', z);
  return 1 - y * y;
}

/** dW += dz x^T, db += dz; returns W^T dz. */
function backward(layer: FloatLayer, x: Float64Array, dz: Float64Array, gradient: Float32Array): Float64Array {
  const { inSize, outSize, weights } = layer;
  const dx = new Float64Array(inSize);
  for (let o = 0; o < outSize; o++) {
    const d = dz[o]!;
    if (d === 0) continue;
    for (let i = 0; i < inSize; i++) {
      gradient[o * inSize + i]! += d * x[i]!;
      dx[i]! += d * weights[o * inSize + i]!;
    }
    gradient[weights.length + o]! += d;
  }
  return dx;
}
