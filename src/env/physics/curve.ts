/** A volt-var curve as reals, for physics: the same knots as the integer curve of the device, and its slope. */
import { fail } from '../../base/errors.ts';
import type { VoltVarCurve } from '../../grid/voltVar.ts';

const MICRO = 1000000;

export interface RealCurve {
  readonly vPu: Float64Array;
  readonly share: Float64Array;
  /** Slope after knot j, share per pu. */
  readonly slope: Float64Array;
}

/**
 * @throws `env.voltVarCurve` unless knots ascend and shares do not: a local loop that pushes the voltage
 * further away has no unique settling point.
 */
export function realCurve(curve: VoltVarCurve): RealCurve {
  const { vMicroPu, shareMicro } = curve;
  const ascending = vMicroPu.every((v, j) => j === 0 || v > vMicroPu[j - 1]!);
  const falling = shareMicro.every((s, j) => j === 0 || s <= shareMicro[j - 1]!);
  if (vMicroPu.length < 1 || vMicroPu.length !== shareMicro.length || !ascending || !falling) {
    throw fail('env.voltVarCurve', { expected: 'ascending knots with non-increasing shares', got: curve });
  }
  const slope = new Float64Array(vMicroPu.length);
  for (let j = 0; j + 1 < slope.length; j++) {
    slope[j] = (shareMicro[j + 1]! - shareMicro[j]!) / (vMicroPu[j + 1]! - vMicroPu[j]!);
  }
  return {
    vPu: Float64Array.from(vMicroPu, (v) => v / MICRO),
    share: Float64Array.from(shareMicro, (s) => s / MICRO),
    slope,
  };
}

/** Index of the last knot at or below v, -1 before the first: the linear piece that v lies on. */
export function pieceAt(curve: RealCurve, v: number): number {
  const { vPu } = curve;
  let j = vPu.length - 1;
  while (j >= 0 && v < vPu[j]!) j--;
  return j;
}

/** Share on that piece at v. */
export function shareOnPiece(curve: RealCurve, piece: number, v: number): number {
  const j = piece < 0 ? 0 : piece;
  if (piece < 0) return curve.share[0]!;
  return curve.share[j]! + curve.slope[j]! * (v - curve.vPu[j]!);
}
