/**
 * Float layers to integer layers (docs/spec/policy.md 3.7). An integer unit holds (real value) * scale.
 * Every relu unit has a scale of its own, which fills its 15 bits; the next layer's weights take it back out
 * (relu(k*z) = k*relu(z) for k > 0). tanh, hardtanh and the output have the scale the format gives them.
 * On top of that the weights of a layer share the largest power of two that 3.6 lets stand, its shift.
 */
import { fail } from '../../base/errors.ts';
import { I32_MAX } from '../../base/fixed.ts';
import {
  MAX_HARDTANH_EXPONENT,
  MAX_LAYER_SHIFT,
  type Activation,
  type DenseLayer,
} from '../../contracts/policy/artifact.ts';
import { activationMaximum, inputMaxima, rowBound } from '../../contracts/policy/checks.ts';
import { normaliseInput, UNIT_INTEGER, type InputSpec } from '../../grid/interface.ts';
import {
  activationRange,
  FIXED_ONE,
  preActivationRange,
  type FloatLayer,
  type FloatPolicy,
  type Range,
} from './floatPolicy.ts';

export interface QuantisedLayer {
  readonly layer: DenseLayer;
  /** [inSize], [outSize]: integer counts per real unit going in, and before the activation. */
  readonly inScale: Float64Array;
  readonly outScale: Float64Array;
  /** Certified ranges of the float layer: of its inputs, and before its activation. */
  readonly input: Range;
  readonly preActivation: Range;
}

/** 3.4: z of a tanh is Q15.16, its result 32767 at 1. */
const TANH_INPUT_ONE = 65536;
/** A relu range is never taken below this share of its row's weights, or one quiet unit would starve the shift of all. */
const QUIETEST_SHARE = 1 / 64;

/**
 * reluMaximum: per hidden layer and unit, what its relu may be cut at; Infinity leaves the certified range.
 * @throws `freeze.scale`, with the layer and its largest weight at shift 0, when no shift fits.
 */
export function quantise(policy: FloatPolicy, reluMaximum: readonly Float64Array[]): QuantisedLayer[] {
  const { inputs } = policy.interface;
  let range = inputRange(inputs);
  let inScale: Float64Array = new Float64Array(inputs.length).fill(FIXED_ONE);
  let xmax: ArrayLike<number> = inputMaxima(inputs);
  return policy.layers.map((float, l) => {
    const preActivation = preActivationRange(float, range);
    const activation = integerActivation(float.activation, l === policy.layers.length - 1);
    const outScale = chooseScale(float, activation, inScale, preActivation, reluMaximum[l]!);
    const layer = quantiseLayer(float, l, activation, inScale, outScale, xmax);
    const quantised = { layer, inScale, outScale, input: range, preActivation };
    range = activationRange(float.activation, preActivation);
    inScale = activation === 'tanh' ? new Float64Array(float.outSize).fill(UNIT_INTEGER) : outScale;
    xmax = new Int32Array(float.outSize).fill(activationMaximum(layer));
    return quantised;
  });
}

/** The head clamps at +-32767, which is the last layer's hardtanh at full resolution. */
function integerActivation(activation: Activation, last: boolean): Activation {
  return last && activation === 'hardtanh' ? 'identity' : activation;
}

function inputRange(inputs: readonly InputSpec[]): Range {
  return {
    lo: Float64Array.from(inputs, (spec) => normaliseInput(spec, spec.lo) / FIXED_ONE),
    hi: Float64Array.from(inputs, (spec) => normaliseInput(spec, spec.hi) / FIXED_ONE),
  };
}

function chooseScale(
  float: FloatLayer,
  activation: Activation,
  inScale: Float64Array,
  preActivation: Range,
  reluMaximum: Float64Array,
): Float64Array {
  const scale = new Float64Array(float.outSize);
  if (activation === 'tanh') return scale.fill(TANH_INPUT_ONE);
  if (activation === 'hardtanh') return scale.fill(2 ** MAX_HARDTANH_EXPONENT);
  if (activation === 'identity') return scale.fill(FIXED_ONE);
  return scale.map((_, o) => {
    const reach = Math.min(preActivation.hi[o]!, reluMaximum[o]!);
    return scaleFor(Math.max(reach, QUIETEST_SHARE * rowReach(float, o, inScale)));
  });
}

/** What row o could reach if every integer input stood at 32767. */
function rowReach({ inSize, weights, bias }: FloatLayer, o: number, inScale: Float64Array): number {
  let sum = Math.abs(bias[o]!);
  for (let i = 0; i < inSize; i++) sum += (Math.abs(weights[o * inSize + i]!) * UNIT_INTEGER) / inScale[i]!;
  return sum;
}

/** Takes `reach` to 32767, the top of a relu; 1 for a unit that is always 0. */
function scaleFor(reach: number): number {
  return reach > 0 ? UNIT_INTEGER / reach : 1;
}

function quantiseLayer(
  float: FloatLayer,
  index: number,
  activation: Activation,
  inScale: Float64Array,
  outScale: Float64Array,
  xmax: ArrayLike<number>,
): DenseLayer {
  const { inSize, outSize } = float;
  // W[o][i] = w * outScale_o / inScale_i * 2^s, b[o] = b * outScale_o * 2^s
  const weights = Float64Array.from(
    float.weights,
    (w, at) => (w * outScale[Math.floor(at / inSize)]!) / inScale[at % inSize]!,
  );
  const bias = Float64Array.from(float.bias, (b, o) => b * outScale[o]!);
  const exponent = activation === 'hardtanh' ? MAX_HARDTANH_EXPONENT : 0;
  for (let shift = MAX_LAYER_SHIFT; shift >= 0; shift--) {
    const w = roundedTo(weights, 2 ** shift, UNIT_INTEGER);
    const b = roundedTo(bias, 2 ** shift, I32_MAX);
    if (w === undefined || b === undefined) continue;
    const rows = { weights: Int16Array.from(w), bias: Int32Array.from(b) };
    const layer = { inSize, outSize, shift, ...rows, activation, exponent };
    if (rowsFit(layer, xmax)) return layer;
  }
  const largestWeight = weights.reduce((held, w) => Math.max(held, Math.abs(w)), 0);
  const expected = { weightAtMost: UNIT_INTEGER, rowSumAtMost: I32_MAX };
  throw fail('freeze.scale', { expected, got: { layer: index, largestWeight } });
}

/** Round half away from zero; undefined when a value leaves +-limit. */
function roundedTo(values: Float64Array, factor: number, limit: number): Float64Array | undefined {
  const out = values.map((v) => {
    const magnitude = Math.floor(Math.abs(v) * factor + 0.5);
    return v < 0 ? 0 - magnitude : magnitude;
  });
  return out.every((v) => Math.abs(v) <= limit) ? out : undefined;
}

function rowsFit(layer: DenseLayer, xmax: ArrayLike<number>): boolean {
  for (let row = 0; row < layer.outSize; row++) if (rowBound(layer, row, xmax) > I32_MAX) return false;
  return true;
}
