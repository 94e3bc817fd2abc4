/**
 * Exact integer arithmetic on JS numbers. Consensus code divides only through these helpers;
 * the lint rule for consensus rooms bans bare `/`, `%` and `**`.
 * Every argument must be a safe integer; results outside the safe range throw `base.integer`.
 */
import { fail } from './errors.ts';

export const I32_MIN = -2147483648;
export const I32_MAX = 2147483647;
export const U32_MAX = 4294967295;
/** Number.MAX_SAFE_INTEGER, 2^53 - 1. */
export const SAFE_MAX = 9007199254740991;

export function assertInt(value: unknown, lo: number, hi: number, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < lo || (value as number) > hi) {
    throw fail('base.integer', { expected: `${what}: integer in [${lo}, ${hi}]`, got: value });
  }
  return value as number;
}

export function clamp(x: number, lo: number, hi: number): number {
  return Math.min(Math.max(x, lo), hi);
}

/** Saturate a safe integer to i32. */
export function saturateI32(x: number): number {
  return clamp(x, I32_MIN, I32_MAX);
}

/** a mod b in [0, b), b > 0. */
export function floorMod(a: number, b: number): number {
  const r = a % b;
  return r < 0 ? r + b : r + 0;
}

/** floor(a / b), b > 0. Exact: a quotient is taken only when it leaves a remainder in [0, b). */
export function floorDiv(a: number, b: number): number {
  const near = Math.floor(a / b);
  const whole = near * b;
  const rest = a - whole;
  // `near` may be one off where a / b rounds; a remainder of safe integers is exact.
  if (rest >= 0 && rest < b && whole >= -SAFE_MAX && whole <= SAFE_MAX) return near + 0;
  return floorDivExact(a, b);
}

/** The dividend is first made a multiple of b. */
function floorDivExact(a: number, b: number): number {
  const q = (a - floorMod(a, b)) / b;
  // a - mod may leave the safe range only when a is within b of -2^53.
  return Number.isSafeInteger(a - floorMod(a, b)) ? q + 0 : Number(floorDivBig(BigInt(a), BigInt(b)));
}

/** ceil(a / b), b > 0. */
export function ceilDiv(a: number, b: number): number {
  return 0 - floorDiv(0 - a, b);
}

const POW2 = Array.from({ length: 53 }, (_, i) => 2 ** i);

/** 2^t, t in [0, 52]. */
export function pow2(t: number): number {
  return POW2[t]!;
}

/** floor(a / 2^t), t in [0, 52]: exact for safe a, because dividing by a power of two never rounds. */
export function shiftFloor(a: number, t: number): number {
  return Math.floor(a / POW2[t]!) + 0;
}

export function floorDivBig(a: bigint, b: bigint): bigint {
  const q = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q;
}

export function ceilDivBig(a: bigint, b: bigint): bigint {
  return -floorDivBig(-a, b);
}

/** Back to a number. @throws `base.integer` outside +-(2^53-1): money and energy never round. */
export function toSafe(x: bigint, what = 'result'): number {
  if (x > 9007199254740991n || x < -9007199254740991n) {
    throw fail('base.integer', { expected: `${what} within +-(2^53-1)`, got: x });
  }
  return Number(x);
}

/** floor(a*b / c), c > 0, exact for any safe a, b. */
export function mulDivFloor(a: number, b: number, c: number): number {
  const product = a * b;
  if (Number.isSafeInteger(product)) return floorDiv(product, c);
  return toSafe(floorDivBig(BigInt(a) * BigInt(b), BigInt(c)));
}

/** ceil(a*b / c), c > 0. */
export function mulDivCeil(a: number, b: number, c: number): number {
  return 0 - mulDivFloor(0 - a, b, c);
}

/** floor(sqrt(n)) for a safe integer n >= 0. */
export function isqrt(n: number): number {
  assertInt(n, 0, SAFE_MAX, 'isqrt argument');
  // Newton from above on integers: monotone decreasing, stops at the floor. It needs a start below n: n >= 4.
  if (n < 4) return n === 0 ? 0 : 1;
  let x = n;
  let y = Math.min(94906266, floorDiv(n, 2) + 1);
  while (y < x) {
    x = y;
    y = floorDiv(x + floorDiv(n, x), 2);
  }
  return x;
}

/** Checked sum. @throws `base.integer` when it leaves the safe range. */
export function addSafe(a: number, b: number): number {
  return assertInt(a + b, -SAFE_MAX, SAFE_MAX, 'sum');
}
