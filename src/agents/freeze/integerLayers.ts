/**
 * Float layers to integer layers (docs/reference/freeze.md). An integer unit holds (real value) * scale. Every relu unit
 * has a scale of its own, which the next layer's weights take back out: relu(k*z) = k*relu(z) for k > 0, exact cross-layer
 * equalisation. tanh, hardtanh and the output have the scale the format gives them. The weights of a layer share one
 * shift; a row that would break 3.6 at that shift gives way by a smaller scale of its own.
 */
import { fail } from '../../base/errors.ts';
import { I32_MAX } from '../../base/fixed.ts';
import {
  MAX_HARDTANH_EXPONENT,
  MAX_LAYER_SHIFT,
  type Activation,
  type DenseLayer,
} from '../../contracts/policy/artifact.ts';
import { rowBound } from '../../contracts/policy/checks.ts';
import { UNIT_INTEGER } from '../../grid/interface.ts';
import { FIXED_ONE, type FloatLayer } from './floatPolicy.ts';

/** A layer's place among integers: all but the rounding of its weights. */
export interface LayerPlan {
  readonly float: FloatLayer;
  readonly index: number;
  readonly activation: Activation;
  readonly shift: number;
  /** [inSize], [outSize]: integer counts per real unit going in, and before the activation. */
  readonly inScale: Float64Array;
  readonly outScale: Float64Array;
  /** [inSize]: the largest integers that 3.6 counts with. */
  readonly xmax: ArrayLike<number>;
}

/** 3.4: z of a tanh is Q15.16, its result 32767 at 1. */
const TANH_INPUT_ONE = 65536;
/** Room in 3.6 and in 16 bits for weights that are rounded away from their nearest integer: counts a weight. */
const ROUNDING_ROOM = 2;
/** Of a unit whose weights are 0 or next to it. */
const MAX_SCALE = 2 ** 40;

/** The head clamps at +-32767, which is the last layer's hardtanh at full resolution. */
export function integerActivation(activation: Activation, last: boolean): Activation {
  return last && activation === 'hardtanh' ? 'identity' : activation;
}

/** The scale of what comes out of a layer: that of z, but for tanh. */
export function scaleAfter({ activation, outScale }: LayerPlan): Float64Array {
  return activation === 'tanh' ? outScale.map(() => UNIT_INTEGER) : outScale;
}

export type Draft = Omit<LayerPlan, 'shift' | 'outScale'>;

/**
 * A hidden layer of relus at a shift of choice, the others at the largest that fits. reach: per unit, what its relu must
 * hold. @throws `freeze.scale`.
 */
export function planLayer(draft: Draft, reach: Float64Array, shift: number): LayerPlan {
  const { activation, float } = draft;
  if (activation !== 'relu') return planFixed(draft);
  const outScale = reach.map((top, o) => Math.min(filledScale(top), largestScale(float, o, draft, shift)));
  return { ...draft, shift, outScale };
}

/** Logits: only their order counts, so the whole sum is kept, at shift 0 and the largest scale that all rows share. */
export function planLogits(draft: Draft): LayerPlan {
  const scale = draft.float.bias.reduce(
    (held, _, o) => Math.min(held, largestScale(draft.float, o, draft, 0)),
    MAX_SCALE,
  );
  return { ...draft, shift: 0, outScale: new Float64Array(draft.float.outSize).fill(scale) };
}

/** The shift at which half of the rows can fill their relu and keep 3.6: lower wastes weights, higher activations. */
export function medianShift(draft: Draft, reach: Float64Array): number {
  const shifts: number[] = [];
  reach.forEach((top, o) => {
    if (top <= 0) return;
    const ratio = largestScale(draft.float, o, draft, 0) / filledScale(top);
    let shift = 0;
    while (shift < MAX_LAYER_SHIFT && 2 ** (shift + 1) <= ratio) shift++;
    shifts.push(shift);
  });
  return shifts.sort((a, b) => a - b)[shifts.length >> 1] ?? 0;
}

/** Takes `top` to 32767. A unit that is always 0 has the largest scale, so that the weights behind it take no room. */
function filledScale(top: number): number {
  return top > 0 ? UNIT_INTEGER / top : MAX_SCALE;
}

/** The largest scale at which row o keeps 3.6 and 16 bits at that shift. */
function largestScale(
  { inSize, weights, bias }: FloatLayer,
  o: number,
  { inScale, xmax }: Draft,
  shift: number,
): number {
  let sum = Math.abs(bias[o]!);
  let room = 2 ** Math.max(shift - 1, 0) + 1;
  let largest = 0;
  for (let i = 0; i < inSize; i++) {
    const w = Math.abs(weights[o * inSize + i]!) / inScale[i]!;
    sum += w * xmax[i]!;
    largest = Math.max(largest, w);
    room += ROUNDING_ROOM * xmax[i]!;
  }
  const unit = 2 ** shift;
  const bySum = sum > 0 ? (I32_MAX - room) / (sum * unit) : Infinity;
  const byWeight = largest > 0 ? (UNIT_INTEGER - ROUNDING_ROOM) / (largest * unit) : Infinity;
  return Math.min(bySum, byWeight, MAX_SCALE);
}

/** The largest shift at which all rows keep 3.6 and 16 bits at the scale of the format. */
function planFixed(draft: Draft): LayerPlan {
  const { activation, float, index } = draft;
  const scale =
    activation === 'tanh' ? TANH_INPUT_ONE : activation === 'hardtanh' ? 2 ** MAX_HARDTANH_EXPONENT : FIXED_ONE;
  const outScale = new Float64Array(float.outSize).fill(scale);
  for (let shift = MAX_LAYER_SHIFT; shift >= 0; shift--) {
    const plan = { ...draft, shift, outScale };
    if (nearestRows(plan) !== undefined) return plan;
  }
  const largestWeight = float.weights.reduce(
    (held, w, at) => Math.max(held, (Math.abs(w) * scale) / draft.inScale[at % float.inSize]!),
    0,
  );
  const expected = { weightAtMost: UNIT_INTEGER, rowSumAtMost: I32_MAX };
  throw fail('freeze.scale', { expected, got: { layer: index, largestWeight } });
}

/** W[o][i] = w * outScale_o / inScale_i * 2^s, not rounded. */
export function exactWeights({ float, inScale, outScale, shift }: LayerPlan): Float64Array {
  const unit = 2 ** shift;
  return Float64Array.from(
    float.weights,
    (w, at) => (w * outScale[Math.floor(at / float.inSize)]! * unit) / inScale[at % float.inSize]!,
  );
}

/** Every weight and bias at its nearest integer, half away from zero. @throws `freeze.scale`. */
export function nearestLayer(plan: LayerPlan): DenseLayer {
  const layer = nearestRows(plan);
  if (layer !== undefined) return layer;
  throw fail('freeze.scale', { expected: { rowSumAtMost: I32_MAX }, got: { layer: plan.index, shift: plan.shift } });
}

function nearestRows(plan: LayerPlan): DenseLayer | undefined {
  const { float, outScale, shift } = plan;
  const w = exactWeights(plan).map(nearest);
  const b = Float64Array.from(float.bias, (value, o) => nearest(value * outScale[o]! * 2 ** shift));
  if (w.some((v) => Math.abs(v) > UNIT_INTEGER) || b.some((v) => Math.abs(v) > I32_MAX)) return undefined;
  const layer = denseLayer(plan, Int16Array.from(w), Int32Array.from(b));
  return rowsFit(layer, plan.xmax) ? layer : undefined;
}

export function denseLayer(plan: LayerPlan, weights: Int16Array, bias: Int32Array): DenseLayer {
  const { float, activation, shift } = plan;
  const exponent = activation === 'hardtanh' ? MAX_HARDTANH_EXPONENT : 0;
  return { inSize: float.inSize, outSize: float.outSize, shift, weights, bias, activation, exponent };
}

/** Half away from zero. */
export function nearest(v: number): number {
  const magnitude = Math.floor(Math.abs(v) + 0.5);
  return v < 0 ? 0 - magnitude : magnitude;
}

function rowsFit(layer: DenseLayer, xmax: ArrayLike<number>): boolean {
  for (let row = 0; row < layer.outSize; row++) if (rowBound(layer, row, xmax) > I32_MAX) return false;
  return true;
}
