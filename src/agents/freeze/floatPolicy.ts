/**
 * The float policy as trained, with the meaning the freeze holds it to (docs/spec/policy.md 3.7):
 * observation_i = normaliseInput(r_i) / 32768; layers in real numbers; u from the last layer; the issued
 * output is y = clamp(u * 32768, +-32767) through scaleOutput.
 */
import { fail } from '../../base/errors.ts';
import { tanhReal } from '../../base/realMath.ts';
import { scaleOutput, type PolicyInterface } from '../../grid/interface.ts';
import type { Activation } from '../../contracts/policy/artifact.ts';

export interface FloatLayer {
  readonly inSize: number;
  readonly outSize: number;
  /** [outSize][inSize], row-major. */
  readonly weights: Float32Array;
  /** [outSize]. */
  readonly bias: Float32Array;
  /** Hidden: relu, hardtanh (clamp at +-1) or tanh. Last: identity, hardtanh or tanh. */
  readonly activation: Activation;
}

export interface FloatPolicy {
  readonly layers: readonly FloatLayer[];
  readonly interface: PolicyInterface;
  /** Normalised observations [rows][inputs] that it meets at work; the freeze fits its scales to them. */
  readonly calibration?: Float32Array;
  /**
   * i32 [actions][outputs], row-major, in the units of the outputs: the last layer (identity) gives one logit an action,
   * and the greatest picks a row, the lowest index winning ties. Left out: the outputs are continuous.
   */
  readonly actionTable?: Int32Array;
}

/** Closed intervals, one per unit. */
export interface Range {
  readonly lo: Float64Array;
  readonly hi: Float64Array;
}

/** Fixed point of observations and of u: one is 2^15. */
export const FIXED_ONE = 32768;

/** @throws `freeze.shape`, `freeze.weights`. */
export function checkFloatPolicy(policy: FloatPolicy): void {
  const { layers, actionTable } = policy;
  const { inputs, outputs } = policy.interface;
  let width = inputs.length;
  layers.forEach((layer, l) => {
    checkShape(layer, l, width);
    checkFinite(layer, l);
    const last = l === layers.length - 1;
    if (layer.activation === (last ? 'relu' : 'identity') || (last && actionTable && layer.activation !== 'identity')) {
      const ends = actionTable === undefined ? 'identity, hardtanh or tanh' : 'identity before an action table';
      const rule = last ? `${ends} in the last layer` : 'identity in the last layer only';
      throw fail('freeze.shape', { expected: { layer: l, rule }, got: layer.activation });
    }
    width = layer.outSize;
  });
  const lastOutSize = actionTable === undefined ? outputs.length : actionTable.length / outputs.length;
  if (layers.length === 0 || width !== lastOutSize) {
    throw fail('freeze.shape', {
      expected: { layersAtLeast: 1, lastOutSize },
      got: { layers: layers.length, lastOutSize: width },
    });
  }
}

function checkShape({ inSize, outSize, weights, bias }: FloatLayer, layer: number, width: number): void {
  const got = { layer, inSize, weights: weights.length, bias: bias.length };
  const expected = { layer, inSize: width, weights: width * outSize, bias: outSize };
  if (got.inSize !== expected.inSize || got.weights !== expected.weights || got.bias !== expected.bias) {
    throw fail('freeze.shape', { expected, got });
  }
}

function checkFinite({ inSize, weights, bias }: FloatLayer, layer: number): void {
  const weight = weights.findIndex((value) => !Number.isFinite(value));
  if (weight >= 0) {
    const row = Math.floor(weight / inSize);
    throw fail('freeze.weights', {
      expected: 'finite',
      got: { layer, row, column: weight - row * inSize, value: String(weights[weight]) },
    });
  }
  const row = bias.findIndex((value) => !Number.isFinite(value));
  if (row >= 0) throw fail('freeze.weights', { expected: 'finite', got: { layer, row, bias: String(bias[row]) } });
}

export function activateReal(activation: Activation, z: number): number {
  if (activation === 'relu') return Math.max(z, 0);
  if (activation === 'hardtanh') return Math.min(Math.max(z, -1), 1);
  return activation === 'tanh' ? tanhReal(z) : z;
}

/** Runs the float network on normalised integers; `activations[l]` holds layer l's outputs of the last run. */
export class FloatNetwork {
  readonly activations: readonly Float64Array[];
  readonly #policy: FloatPolicy;
  readonly #observation: Float64Array;

  constructor(policy: FloatPolicy) {
    this.#policy = policy;
    this.#observation = new Float64Array(policy.interface.inputs.length);
    this.activations = policy.layers.map((layer) => new Float64Array(layer.outSize));
  }

  /** x: normalised inputs at `from`; out: issued outputs in their units, before the envelopes. */
  run(x: Int32Array, from: number, out: Int32Array): void {
    const { layers, interface: policyInterface } = this.#policy;
    for (let i = 0; i < this.#observation.length; i++) this.#observation[i] = x[from + i]! / FIXED_ONE;
    let input: Float64Array = this.#observation;
    layers.forEach((layer, l) => {
      evaluateReal(layer, input, this.activations[l]!);
      input = this.activations[l]!;
    });
    const { actionTable } = this.#policy;
    const row = actionTable === undefined ? 0 : greatestLogit(input) * out.length;
    for (let d = 0; d < out.length; d++) {
      out[d] = actionTable?.[row + d] ?? scaleOutput(policyInterface.outputs[d]!, input[d]! * FIXED_ONE);
    }
  }
}

/** The lowest index wins ties. */
export function greatestLogit(logits: ArrayLike<number>): number {
  let best = 0;
  for (let a = 1; a < logits.length; a++) if (logits[a]! > logits[best]!) best = a;
  return best;
}

function evaluateReal(
  { inSize, outSize, weights, bias, activation }: FloatLayer,
  x: Float64Array,
  y: Float64Array,
): void {
  let at = 0;
  for (let o = 0; o < outSize; o++) {
    let sum = bias[o]!;
    for (let i = 0; i < inSize; i++) sum += weights[at++]! * x[i]!;
    y[o] = activateReal(activation, sum);
  }
}

/** Interval propagation: what each unit of the layer can reach before its activation. */
export function preActivationRange({ inSize, outSize, weights, bias }: FloatLayer, input: Range): Range {
  const lo = new Float64Array(outSize);
  const hi = new Float64Array(outSize);
  for (let o = 0; o < outSize; o++) {
    lo[o] = hi[o] = bias[o]!;
    for (let i = 0; i < inSize; i++) {
      const w = weights[o * inSize + i]!;
      lo[o]! += w * (w >= 0 ? input.lo[i]! : input.hi[i]!);
      hi[o]! += w * (w >= 0 ? input.hi[i]! : input.lo[i]!);
    }
  }
  return { lo, hi };
}

/** Every activation is monotone, so ends map to ends. */
export function activationRange(activation: Activation, { lo, hi }: Range): Range {
  return { lo: lo.map((z) => activateReal(activation, z)), hi: hi.map((z) => activateReal(activation, z)) };
}
