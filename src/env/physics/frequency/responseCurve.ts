/**
 * How a fleet answers a frequency deviation: a continuous piecewise-linear curve that never rises, and the delivery
 * curves of products in use. Export is positive, so a low frequency is answered with a positive share.
 */
import { fail } from '../../../base/errors.ts';

/** Piece j reaches from knot j-1 to knot j; the first and last go on for ever. share = intercept + slope x deviation. */
export interface ResponseCurve {
  /** Ascending; pieces = knots + 1. */
  readonly knot: Float64Array;
  readonly intercept: Float64Array;
  /** <= 0. */
  readonly slope: Float64Array;
}

/** Integer points of a delivery curve for |deviation|: micro-hertz and 1e-6 of the contracted power. */
export interface DeliveryCurve {
  readonly deviationMicroHz: readonly number[];
  readonly shareMicro: readonly number[];
}

/**
 * NESO Dynamic Containment, Moderation and Regulation (Response Service Terms, table 1) and continental FCR
 * (full at 200 mHz, insensitive within 10 mHz). Linear between points, 0 before the first, constant after the last.
 */
export const DELIVERY_CURVES = {
  dynamicContainment: { deviationMicroHz: [15000, 200000, 500000], shareMicro: [0, 50000, 1000000] },
  dynamicModeration: { deviationMicroHz: [15000, 100000, 200000], shareMicro: [0, 50000, 1000000] },
  dynamicRegulation: { deviationMicroHz: [15000, 200000], shareMicro: [0, 1000000] },
  // P = -P_fcr clamp(df / 0.2 Hz): the insensitivity range is a tolerance of the meter, not part of the curve.
  fcr: { deviationMicroHz: [0, 200000], shareMicro: [0, 1000000] },
} as const satisfies Record<string, DeliveryCurve>;

export type DeliveryProduct = keyof typeof DELIVERY_CURVES;

const MICRO = 1000000;

/** Both directions of a delivery curve, over deviation in pu of f0. @throws `env.frequency`. */
export function deliveryResponse({ deviationMicroHz, shareMicro }: DeliveryCurve, f0Hz: number): ResponseCurve {
  const at = deviationMicroHz.map((x) => x / MICRO / f0Hz);
  const share = shareMicro.map((x) => x / MICRO);
  const last = share.length - 1;
  const points: [number, number][] = [];
  for (let j = last; j >= 0; j--) points.push([-at[j]!, share[j]!]);
  for (let j = at[0] === 0 ? 1 : 0; j <= last; j++) points.push([at[j]!, -share[j]!]);
  return curveThrough(points, 0, 0);
}

/** Straight droop outside a deadband: -(deviation - deadband) / R, in pu power per pu frequency. @throws `env.frequency`. */
export function droopResponse(rPu: number, deadbandPu: number): ResponseCurve {
  if (!(rPu > 0) || !(deadbandPu >= 0)) {
    throw fail('env.frequency', { expected: 'rPu > 0 and deadbandPu >= 0', got: { rPu, deadbandPu } });
  }
  const points: [number, number][] =
    deadbandPu === 0
      ? [[0, 0]]
      : [
          [-deadbandPu, 0],
          [deadbandPu, 0],
        ];
  return curveThrough(points, -1 / rPu, -1 / rPu);
}

/** No answer at all: what moves such a fleet is its set point. */
export function noResponse(): ResponseCurve {
  return curveThrough([[0, 0]], 0, 0);
}

/** Value at a deviation. */
export function responseAt(curve: ResponseCurve, deviationPu: number): number {
  let j = 0;
  while (j < curve.knot.length && deviationPu > curve.knot[j]!) j++;
  return curve.intercept[j]! + curve.slope[j]! * deviationPu;
}

function curveThrough(points: readonly (readonly [number, number])[], first: number, last: number): ResponseCurve {
  const pieces = points.length + 1;
  const curve = {
    knot: Float64Array.from(points, ([x]) => x),
    intercept: new Float64Array(pieces),
    slope: new Float64Array(pieces),
  };
  for (let j = 0; j < pieces; j++) {
    const [x, y] = points[Math.max(0, j - 1)]!;
    const [nextX, nextY] = points[Math.min(j, points.length - 1)]!;
    const slope = j === 0 ? first : j === pieces - 1 ? last : (nextY - y) / (nextX - x);
    if (!(slope <= 0) || !Number.isFinite(slope)) {
      throw fail('env.frequency', { expected: 'ascending deviations with shares that never rise', got: points });
    }
    curve.slope[j] = slope;
    curve.intercept[j] = y - slope * x;
  }
  return curve;
}
