/** The layers of a policy in doubles, divided by their powers of two, and the lines that bound their activations. */
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import { rowBound } from '../contracts/policy/checks.ts';
import { halfUnit } from '../grid/interface.ts';

export interface FloatLayer {
  readonly inSize: number;
  readonly outSize: number;
  readonly clamp: readonly [number, number] | undefined;
  /** W / 2^s, (b + r(s)) / 2^s and the most that floor takes off, 1 - 2^-s: exact. */
  readonly weights: Float64Array;
  readonly magnitudes: Float64Array;
  /** The same weights, [inSize][outSize]. */
  readonly columns: Float64Array;
  readonly offset: Float64Array;
  readonly rounding: number;
  /** The largest R of the slack. */
  readonly reach: number;
  /** Ranges of arguments and outputs, and lines, of the box last bounded. */
  readonly lo: Float64Array;
  readonly hi: Float64Array;
  readonly outLo: Float64Array;
  readonly outHi: Float64Array;
  readonly upSlope: Float64Array;
  readonly upConst: Float64Array;
  readonly loSlope: Float64Array;
  readonly loConst: Float64Array;
}

/** y = clamp(z, low, high) over [a, b]: the lines of contracts/policy/certificate/lines.ts in doubles. */
export function clampLines(layer: FloatLayer, o: number, a: number, b: number, low: number, high: number): void {
  const bottom = Math.min(Math.max(a, low), high);
  const top = Math.min(Math.max(b, low), high);
  layer.outLo[o] = bottom;
  layer.outHi[o] = top;
  if (a >= low && b <= high) return setLines(layer, o, 1, 0, 1, 0);
  if (bottom === top) return setLines(layer, o, 0, top, 0, bottom);
  const up = a < low ? (top - low) / (top - a) : high - a >= b - high ? 1 : 0;
  const down = b > high ? (high - bottom) / (b - bottom) : b - low >= low - a ? 1 : 0;
  let above = bottom - up * a;
  let below = bottom - down * a;
  for (let k = 0; k < 3; k++) {
    const z = k === 0 ? Math.max(a, low) : k === 1 ? Math.min(b, high) : b;
    const y = Math.min(Math.max(z, low), high);
    above = Math.max(above, y - up * z);
    below = Math.min(below, y - down * z);
  }
  setLines(layer, o, up, above, down, below);
}

export function setLines(
  layer: FloatLayer,
  o: number,
  up: number,
  upConst: number,
  down: number,
  loConst: number,
): void {
  layer.upSlope[o] = up;
  layer.upConst[o] = upConst;
  layer.loSlope[o] = down;
  layer.loConst[o] = loConst;
}

export function floatLayers(policy: LoadedPolicy): readonly FloatLayer[] {
  let xmax: ArrayLike<number> = policy.xmax;
  return policy.layers.map((layer): FloatLayer => {
    const { inSize, outSize, shift, activation, exponent, bias } = layer;
    const unit = 2 ** shift;
    const weights = Float64Array.from(layer.weights, (w) => w / unit);
    const magnitudes = weights.map((w) => Math.abs(w));
    const reaches = Array.from({ length: outSize }, (_, o) => rowBound(layer, o, xmax) / unit);
    const fresh = (): Float64Array => new Float64Array(outSize);
    const relu = [0, 32767] as const;
    const clamp =
      activation === 'relu'
        ? relu
        : activation === 'hardtanh'
          ? ([-(2 ** exponent), 2 ** exponent] as const)
          : undefined;
    xmax = new Int32Array(outSize).fill(activation === 'hardtanh' ? 2 ** exponent : 32767);
    return {
      inSize,
      outSize,
      clamp,
      weights,
      magnitudes,
      columns: Float64Array.from(weights, (_, at) => weights[(at % outSize) * inSize + Math.floor(at / outSize)]!),
      offset: Float64Array.from(bias, (b) => (b + halfUnit(shift)) / unit),
      rounding: 1 - 1 / unit,
      reach: Math.max(...reaches),
      lo: fresh(),
      hi: fresh(),
      outLo: fresh(),
      outHi: fresh(),
      upSlope: fresh(),
      upConst: fresh(),
      loSlope: fresh(),
      loConst: fresh(),
    };
  });
}
