/**
 * Elementary functions from + - * / and sqrt alone, so that training and synthetic series give the
 * same bits on every engine (Math.exp and friends differ between engines). Error <= 1e-14 on the ranges used
 * here, relative for exp and absolute for ln, tanh, sin and cos; tested against Math.*. Not for consensus code, which has no reals at all.
 */
import type { RandomStream } from './random.ts';

const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;
const PI = 3.141592653589793;
const HALF_PI_HI = 1.5707963267341256;
const HALF_PI_LO = 6.077100506506192e-11;

/** 2^k for integer k in [-1022, 1023], exactly. */
function pow2(k: number): number {
  let result = 1;
  let base = k < 0 ? 0.5 : 2;
  for (let n = Math.abs(k); n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result *= base;
    base *= base;
  }
  return result;
}

export function expReal(x: number): number {
  if (x > 709) return Infinity;
  if (x < -708) return 0;
  const k = Math.floor(x / LN2_HI + 0.5);
  const r = x - k * LN2_HI - k * LN2_LO;
  // exp(r), |r| <= ln2/2, Taylor to r^14
  let sum = 1;
  for (let n = 14; n >= 1; n--) sum = 1 + (r * sum) / n;
  return sum * pow2(k);
}

/** Natural logarithm, x > 0. */
export function lnReal(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let m = x;
  let k = 0;
  while (m >= 1.4142135623730951) {
    m *= 0.5;
    k++;
  }
  while (m < 0.7071067811865476) {
    m *= 2;
    k--;
  }
  // ln m = 2 atanh(s), s = (m-1)/(m+1), |s| <= 0.1716
  const s = (m - 1) / (m + 1);
  const s2 = s * s;
  let sum = 0;
  for (let n = 21; n >= 1; n -= 2) sum = 1 / n + s2 * sum;
  return k * LN2_HI + (2 * s * sum + k * LN2_LO);
}

/** x^y, x >= 0; relative error <= 1e-12 while |y ln x| <= 40. */
export function powReal(x: number, y: number): number {
  return x === 0 && y > 0 ? 0 : expReal(y * lnReal(x));
}

export function tanhReal(x: number): number {
  if (x > 20) return 1;
  if (x < -20) return -1;
  if (Math.abs(x) < 1e-5) return x - (x * x * x) / 3;
  const e = expReal(2 * x);
  return (e - 1) / (e + 1);
}

export function sinReal(x: number): number {
  const k = Math.floor(x / (PI / 2) + 0.5);
  const r = x - k * HALF_PI_HI - k * HALF_PI_LO;
  const quadrant = ((k % 4) + 4) % 4;
  const value = quadrant % 2 === 0 ? sinSeries(r) : cosSeries(r);
  return quadrant < 2 ? value : -value;
}

export function cosReal(x: number): number {
  return sinReal(x + PI / 2);
}

/** Angle of the point (x, y) in (-pi, pi]; 0 at the origin. */
export function atan2Real(y: number, x: number): number {
  const radius = Math.sqrt(x * x + y * y);
  if (radius === 0) return 0;
  // tan(a/2) = sin a / (1 + cos a), three times: |a| <= pi/2 becomes |a/8| <= pi/16
  let t = y / (radius + Math.abs(x));
  for (let n = 0; n < 2; n++) t = t / (1 + Math.sqrt(1 + t * t));
  const t2 = t * t;
  let sum = 0;
  for (let n = 25; n >= 1; n -= 2) sum = 1 / n - t2 * sum;
  const angle = 8 * t * sum;
  if (x >= 0) return angle;
  return y < 0 ? -PI - angle : PI - angle;
}

function sinSeries(r: number): number {
  const r2 = r * r;
  let sum = 1;
  for (let n = 18; n >= 2; n -= 2) sum = 1 - (r2 * sum) / (n * (n + 1));
  return r * sum;
}

function cosSeries(r: number): number {
  const r2 = r * r;
  let sum = 1;
  for (let n = 17; n >= 1; n -= 2) sum = 1 - (r2 * sum) / (n * (n + 1));
  return sum;
}

/** Uniform in [0, 1) with 53 bits. */
export function uniform(stream: RandomStream): number {
  const hi = stream.next() >>> 5;
  const lo = stream.next() >>> 6;
  return (hi * 67108864 + lo) / 9007199254740992;
}

/** Standard normal by Marsaglia's polar method, one value per call so that state is the stream's alone. */
export function normal(stream: RandomStream): number {
  for (;;) {
    const u = 2 * uniform(stream) - 1;
    const v = 2 * uniform(stream) - 1;
    const s = u * u + v * v;
    if (s > 0 && s < 1) return u * Math.sqrt((-2 * lnReal(s)) / s);
  }
}
