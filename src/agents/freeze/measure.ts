/**
 * What the freeze costs in accuracy: measured against the float policy on seeded points of the raw input
 * box, and bounded a priori. Errors are shares of an output's rated range, hi - lo.
 */
import { fail } from '../../base/errors.ts';
import { assertInt } from '../../base/fixed.ts';
import { RandomStream } from '../../base/random.ts';
import type { LoadedPolicy } from '../../contracts/policy/artifact.ts';
import { createExecutor } from '../../contracts/policy/execute.ts';
import { normaliseInput, UNIT_INTEGER, type OutputSpec, type PolicyInterface } from '../../grid/interface.ts';
import { FIXED_ONE, FloatNetwork, type FloatPolicy } from './floatPolicy.ts';
import type { QuantisedLayer } from './quantise.ts';

/** Normalised inputs and what the float policy issues for them. */
export interface ReferencePoints {
  readonly count: number;
  /** The first so many rows are calibration observations, the rest grid points. */
  readonly calibration: number;
  /** i32 [count][inputs]. */
  readonly x: Int32Array;
  /** i32 [count][outputs], in their units, before the envelopes. */
  readonly issued: Int32Array;
}

export interface MeasuredError {
  readonly maxError: number;
  readonly meanError: number;
}

/** Table, interpolation and rounding of the integer tanh, and its cut at 8: under two counts of 2^-15. */
const TANH_ERROR = 2 / FIXED_ONE;

/**
 * calibration: normalised observations [rows][inputs] (x/32768), as a policy is trained on them.
 * @throws `freeze.calibration`.
 */
export function referencePoints(
  policy: FloatPolicy,
  calibration: Float32Array,
  gridPoints: number,
  seed: number | string,
): ReferencePoints {
  const { inputs, outputs } = policy.interface;
  const rows = calibrationRows(calibration, inputs.length);
  const count = rows + gridPoints;
  const x = new Int32Array(count * inputs.length);
  calibration.forEach((value, at) => (x[at] = nearestInput(value, at)));
  fillGrid(policy.interface, x.subarray(rows * inputs.length), seed);
  const issued = new Int32Array(count * outputs.length);
  const network = new FloatNetwork(policy);
  for (let n = 0; n < count; n++) {
    network.run(x, n * inputs.length, issued.subarray(n * outputs.length, (n + 1) * outputs.length));
  }
  return { count, calibration: rows, x, issued };
}

function calibrationRows(calibration: Float32Array, inputs: number): number {
  const rows = Math.floor(calibration.length / inputs);
  if (rows * inputs !== calibration.length) {
    throw fail('freeze.calibration', { expected: `a multiple of ${inputs} values`, got: calibration.length });
  }
  return rows;
}

function nearestInput(value: number, at: number): number {
  if (!Number.isFinite(value))
    throw fail('freeze.calibration', { expected: 'finite values', got: { at, value: String(value) } });
  return Math.min(Math.max(Math.floor(value * FIXED_ONE + 0.5), -UNIT_INTEGER), UNIT_INTEGER);
}

/** Raw inputs uniform in their boxes, state inputs too, then normalised. */
function fillGrid({ inputs }: PolicyInterface, x: Int32Array, seed: number | string): void {
  const stream = RandomStream.fromSeed(assertSeed(seed), 'freeze/grid');
  for (let at = 0; at < x.length; at++) {
    const spec = inputs[at % inputs.length]!;
    x[at] = normaliseInput(spec, spec.lo + stream.below(spec.hi - spec.lo + 1));
  }
}

function assertSeed(seed: number | string): number | string {
  return typeof seed === 'string' ? seed : assertInt(seed, 0, Number.MAX_SAFE_INTEGER, 'seed');
}

/** The largest activation each unit shows on the calibration rows and the first `gridPoints` grid points. */
export function observedMaxima(policy: FloatPolicy, points: ReferencePoints, gridPoints: number): Float64Array[] {
  const { inputs, outputs } = policy.interface;
  const network = new FloatNetwork(policy);
  const out = new Int32Array(outputs.length);
  const maxima = policy.layers.map((layer) => new Float64Array(layer.outSize));
  for (let n = 0; n < Math.min(points.count, points.calibration + gridPoints); n++) {
    network.run(points.x, n * inputs.length, out);
    network.activations.forEach((activation, l) => {
      const held = maxima[l]!;
      for (let o = 0; o < held.length; o++) held[o] = Math.max(held[o]!, activation[o]!);
    });
  }
  return maxima;
}

/** The integer policy against the float one on the first `count` points from `from` on. */
export function measureError(
  policy: LoadedPolicy,
  points: ReferencePoints,
  from: number,
  count: number,
): MeasuredError {
  const { max, sum } = outputErrors(policy, points, from, count);
  const total = sum.reduce((held, each) => held + each, 0);
  return {
    maxError: max.reduce((held, each) => Math.max(held, each), 0),
    meanError: count === 0 ? 0 : total / (count * max.length),
  };
}

/** The same, output by output: [outputs] greatest error and sum of errors. */
export function outputErrors(
  policy: LoadedPolicy,
  points: ReferencePoints,
  from: number,
  count: number,
): { readonly max: Float64Array; readonly sum: Float64Array } {
  const { inputs, outputs } = policy.interface;
  const executor = createExecutor(policy);
  const x = new Int32Array(inputs.length);
  const out = new Int32Array(outputs.length);
  const max = new Float64Array(outputs.length);
  const sum = new Float64Array(outputs.length);
  for (let n = from; n < from + count; n++) {
    x.set(points.x.subarray(n * inputs.length, (n + 1) * inputs.length));
    executor.inferNetwork(x, out);
    for (let d = 0; d < outputs.length; d++) {
      const error = Math.abs(out[d]! - points.issued[n * outputs.length + d]!) / ratedRange(outputs[d]!);
      max[d] = Math.max(max[d]!, error);
      sum[d]! += error;
    }
  }
  return { max, sum };
}

export function ratedRange({ lo, hi }: OutputSpec): number {
  return Math.max(1, hi - lo);
}

/**
 * A bound over the whole input box, from the certified ranges; loose, but true without measuring:
 * e_l = |Wq| e_{l-1} + |Wq - W| amax + |bq - b| + half a count (+ saturation of relu, + the tanh table)
 */
export function errorBound(policy: FloatPolicy, layers: readonly QuantisedLayer[]): number {
  let error: Float64Array = new Float64Array(policy.interface.inputs.length);
  layers.forEach((quantised, l) => (error = layerBound(policy, quantised, l, error)));
  let bound = 0;
  policy.interface.outputs.forEach((spec, d) => {
    // y is out by error * 2^15, and by 1 where tanh stands for 32767 instead of 32768; the floor adds at most 1.
    const counts = ((error[d]! * FIXED_ONE + 1) * Math.abs(spec.m)) / 2 ** spec.t + 1;
    bound = Math.max(bound, Math.min(1, counts / ratedRange(spec)));
  });
  return bound;
}

function layerBound(policy: FloatPolicy, quantised: QuantisedLayer, l: number, before: Float64Array): Float64Array {
  const { weights, bias, activation } = policy.layers[l]!;
  const { layer, inScale, outScale, input, preActivation } = quantised;
  return outScale.map((scale, o) => {
    const unit = scale * 2 ** layer.shift;
    let error = Math.abs(layer.bias[o]! / unit - bias[o]!) + 0.5 / scale;
    for (let i = 0; i < layer.inSize; i++) {
      const at = o * layer.inSize + i;
      const real = (layer.weights[at]! * inScale[i]!) / unit;
      const amax = Math.max(Math.abs(input.lo[i]!), Math.abs(input.hi[i]!));
      error += Math.abs(real) * before[i]! + Math.abs(real - weights[at]!) * amax;
    }
    if (activation === 'relu') error += Math.max(0, preActivation.hi[o]! - UNIT_INTEGER / scale);
    return activation === 'tanh' ? error + TANH_ERROR : error;
  });
}
