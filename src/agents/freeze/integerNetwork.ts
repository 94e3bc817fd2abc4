/** A float network as integer layers: plan, rounding and what the float network has inside, layer after layer. */
import { evaluateLayer } from '../../contracts/policy/execute.ts';
import { activationMaximum, inputMaxima } from '../../contracts/policy/checks.ts';
import { MAX_LAYER_SHIFT, type DenseLayer } from '../../contracts/policy/artifact.ts';
import { normaliseInput, type InputSpec } from '../../grid/interface.ts';
import { activateReal, FIXED_ONE, type FloatLayer, type FloatPolicy, type Range } from './floatPolicy.ts';
import {
  integerActivation,
  medianShift,
  nearestLayer,
  planLayer,
  planLogits,
  scaleAfter,
  type LayerPlan,
} from './integerLayers.ts';
import { roundLayer } from './rounding.ts';

/** A layer as it will be frozen, with what relates it to the float one. */
export interface IntegerLayer {
  readonly plan: LayerPlan;
  readonly layer: DenseLayer;
}

/** Points on which rounding is chosen. */
export interface SamplePoints {
  readonly count: number;
  /** i32 [count][inputs], normalised. */
  readonly x: Int32Array;
  /** Per layer [count][outSize]: values of the float network before its activation. */
  readonly z: readonly Float64Array[];
}

/** The box of real inputs. */
export function inputBox(inputs: readonly InputSpec[]): Range {
  return {
    lo: Float64Array.from(inputs, (spec) => normaliseInput(spec, spec.lo) / FIXED_ONE),
    hi: Float64Array.from(inputs, (spec) => normaliseInput(spec, spec.hi) / FIXED_ONE),
  };
}

/**
 * lifts: one a hidden layer of relus, by how much its shift is above the median of what its rows can fill. reach: per
 * layer and unit, what a relu must hold. samples: absent, every weight goes to its nearest integer.
 * @throws `freeze.scale`.
 */
export function integerNetwork(
  policy: FloatPolicy,
  reach: readonly Float64Array[],
  lifts: readonly number[],
  samples?: SamplePoints,
): IntegerLayer[] {
  const { inputs } = policy.interface;
  let inScale: Float64Array = new Float64Array(inputs.length).fill(FIXED_ONE);
  let xmax: ArrayLike<number> = inputMaxima(inputs);
  let x = samples?.x ?? new Int32Array(0);
  return policy.layers.map((float, index) => {
    const last = index === policy.layers.length - 1;
    const draft = { float, index, activation: integerActivation(float.activation, last), inScale, xmax };
    const plan =
      last && policy.actionTable !== undefined
        ? planLogits(draft)
        : planLayer(
            draft,
            reach[index]!,
            Math.min(MAX_LAYER_SHIFT, medianShift(draft, reach[index]!) + (lifts[index] ?? 0)),
          );
    const layer =
      samples === undefined ? nearestLayer(plan) : roundLayer(plan, { count: samples.count, x, z: samples.z[index]! });
    inScale = scaleAfter(plan);
    xmax = new Int32Array(float.outSize).fill(activationMaximum(layer));
    if (samples !== undefined && !last) x = runLayer(layer, x, samples.count);
    return { plan, layer };
  });
}

/** [count][outSize] integers after the activation. */
function runLayer(layer: DenseLayer, x: Int32Array, count: number): Int32Array {
  const { inSize, outSize } = layer;
  const out = new Int32Array(count * outSize);
  for (let p = 0; p < count; p++) {
    evaluateLayer(layer, x.subarray(p * inSize, (p + 1) * inSize), out.subarray(p * outSize, (p + 1) * outSize));
  }
  return out;
}

/**
 * What the float network has before each activation for rows of normalised inputs: per layer [count][outSize]. `hold`
 * may change each of these values before its activation.
 */
export function floatSums(
  layers: readonly FloatLayer[],
  x: Int32Array,
  count: number,
  hold?: (z: number, layer: number, unit: number) => number,
): Float64Array[] {
  let input: Float64Array = Float64Array.from(x, (value) => value / FIXED_ONE);
  return layers.map((layer, l) => {
    const z = sums(layer, input, count);
    if (hold !== undefined) z.forEach((value, at) => (z[at] = hold(value, l, at % layer.outSize)));
    input = z.map((value) => activateReal(layer.activation, value));
    return z;
  });
}

function sums({ inSize, outSize, weights, bias }: FloatLayer, x: Float64Array, count: number): Float64Array {
  const z = new Float64Array(count * outSize);
  for (let p = 0; p < count; p++) {
    let at = 0;
    for (let o = 0; o < outSize; o++) {
      let sum = bias[o]!;
      for (let i = 0; i < inSize; i++) sum += weights[at++]! * x[p * inSize + i]!;
      z[p * outSize + o] = sum;
    }
  }
  return z;
}
