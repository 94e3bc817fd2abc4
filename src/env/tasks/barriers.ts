/**
 * Voltage barriers l(v) of the MAPDN environment (Wang et al., NeurIPS 2021), per bus, v in pu, for
 * comparison on its terms:
 *   l1               |v - 1|
 *   l2               2 (v - 1)^2
 *   courantBeltrami  max(0, v - 1.05)^2 + max(0, 0.95 - v)^2
 *   bowl             2 |v - 1| - 0.095 where |v - 1| > 0.05, else 0.04 - 0.01 N(v; 1, 0.1)
 *   bump             exp(-1 / (1 - v^4)) where |v| < 1, mirrored in 1 up to 3, else 0
 * N(v; m, s) is the normal density. Every barrier is the same at v and 2 - v near 1.
 */
import { expReal } from '../../base/realMath.ts';

const HALF_BAND_PU = 0.05;
const BOWL_SIGMA = 0.1;
const SQRT_TWO_PI = 2.5066282746310002;

export const BARRIERS = {
  l1: (v: number): number => Math.abs(v - 1),
  l2: (v: number): number => 2 * (v - 1) * (v - 1),
  courantBeltrami: (v: number): number => square(Math.max(0, v - 1.05)) + square(Math.max(0, 0.95 - v)),
  bowl,
  bump,
} as const satisfies Record<string, (v: number) => number>;

export type BarrierName = keyof typeof BARRIERS;

function bowl(v: number): number {
  const deviation = Math.abs(v - 1);
  if (deviation > HALF_BAND_PU) return 2 * deviation - 0.095;
  const z = deviation / BOWL_SIGMA;
  return 0.04 - (0.01 * expReal(-0.5 * z * z)) / (BOWL_SIGMA * SQRT_TWO_PI);
}

function bump(v: number): number {
  const mirrored = v > 1 ? v - 2 : v;
  const left = 1 - square(mirrored * mirrored);
  return left > 0 ? expReal(-1 / left) : 0;
}

function square(x: number): number {
  return x * x;
}
