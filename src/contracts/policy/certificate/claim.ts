/**
 * The claimed sum over outputs as a sum over the last layer's units: for each output a weight, any weight, and the
 * constant that makes it true over the range of its unit. BigInt: few operations, and no overflow to think of.
 */
import { ceilDivBig, floorDivBig, SAFE_MAX, shiftFloor } from '../../../base/fixed.ts';
import { halfUnit, type OutputSpec } from '../../../grid/interface.ts';
import { NO_BOUND } from './backward.ts';
import { scaledUnit } from './head.ts';

/** Weights of the units have about this many bits in all. */
const WEIGHT_BITS = 20;

/** One term c*G(u), G monotone in the unit u over [lo, hi]. */
export interface Term {
  /** The slope of `weight` to be had, num/den per unit, den > 0. */
  readonly num: bigint;
  readonly den: bigint;
  /** 2^up * largest of (c*G(u) - weight*2^down*u / 2^up). */
  constant(weight: bigint, up: bigint, down: bigint): bigint;
}

/** c*G(u), G(u) = min(max(s(u), floor), cap), s the scaled unit, whole u in [lo, hi]. */
export function outputTerm(spec: OutputSpec, c: number, lo: number, hi: number, floor: number, cap: number): Term {
  const g = (u: number): number => Math.min(Math.max(scaledUnit(spec, u), floor), cap);
  const first = lastLike(lo, hi, g);
  const last = 0 - lastLike(0 - hi, 0 - lo, (u) => g(0 - u));
  const { num, den } = slopeOf(spec, c, { lo, hi, first, last, g });
  const coefficient = BigInt(c);
  const [m, t] = [BigInt(spec.m), BigInt(spec.t)];
  // Between the flat ends s(u) <= (u*m + r)/2^t + c' and >= that less 1 - 2^-t; the sign of c says which counts.
  const offset = BigInt(halfUnit(spec.t)) + (BigInt(spec.c) << t) - (c < 0 ? (1n << t) - 1n : 0n);
  const constant = (weight: bigint, up: bigint, down: bigint): bigint => {
    const flat = (u: number): bigint => coefficient * BigInt(g(u)) * up - weight * BigInt(u) * down;
    const slanted = (u: number): bigint =>
      ceilDivBig(coefficient * (BigInt(u) * m + offset) * up - ((weight * BigInt(u) * down) << t), 1n << t);
    const ends = [lo, Math.min(first, hi), Math.max(last, lo), hi].map(flat);
    const between = first + 1 < last ? [first + 1, last - 1].map(slanted) : [];
    return [...ends, ...between].reduce((a, b) => (a > b ? a : b));
  };
  return { num, den, constant };
}

/** The unit itself, or its step. */
export function unitTerm(c: number, lo: number, hi: number): Term {
  const num = BigInt(c);
  const constant = (weight: bigint, up: bigint, down: bigint): bigint => {
    const [a, b] = [lo, hi].map((u) => (num * up - weight * down) * BigInt(u)) as [bigint, bigint];
    return a > b ? a : b;
  };
  return { num, den: 1n, constant };
}

/** Largest u in [lo, hi] with g(u) = g(lo); g monotone. */
function lastLike(lo: number, hi: number, g: (u: number) => number): number {
  const value = g(lo);
  if (g(hi) === value) return hi;
  let [same, other] = [lo, hi];
  while (other - same > 1) {
    const middle = shiftFloor(same + other, 1);
    if (g(middle) === value) same = middle;
    else other = middle;
  }
  return same;
}

interface Shape {
  readonly lo: number;
  readonly hi: number;
  /** End of the flat start, start of the flat end. */
  readonly first: number;
  readonly last: number;
  g(u: number): number;
}

/** Above (c > 0) the line from the lower left over the bend, below that from the upper right, as for a clamp. */
function slopeOf({ m, t }: OutputSpec, c: number, { lo, hi, first, last, g }: Shape): { num: bigint; den: bigint } {
  const rising = BigInt(c) * BigInt(m) >= 0n;
  const between = (a: number, b: number): { num: bigint; den: bigint } =>
    a === b ? { num: 0n, den: 1n } : { num: BigInt(c) * BigInt(g(b) - g(a)), den: BigInt(b - a) };
  if (first >= hi) return { num: 0n, den: 1n };
  // c*G as a function of u: the bend where it turns up decides for a line above it.
  const bendsLeft = first > lo;
  const bendsRight = last < hi;
  if (rising ? bendsLeft : bendsRight) return rising ? between(lo, last) : between(first, hi);
  const straight = { num: BigInt(c) * BigInt(m), den: 1n << BigInt(t) };
  if (!(rising ? bendsRight : bendsLeft)) return straight;
  const slanted = rising ? last - lo : hi - first;
  return 2 * slanted >= hi - lo ? straight : { num: 0n, den: 1n };
}

/** The same claim in weights over units: sum <= (2^down * sum_j weights[j]*u_j + constant) / 2^up. */
export interface UnitClaim {
  readonly weights: number[];
  readonly constant: bigint;
  readonly up: bigint;
  readonly down: bigint;
}

/** terms[j]: of unit j, undefined where it does not enter. */
export function unitClaim(terms: readonly (Term | undefined)[]): UnitClaim {
  const size = (term: Term | undefined): bigint =>
    term === undefined ? 0n : ceilDivBig(term.num < 0n ? -term.num : term.num, term.den);
  const total = terms.reduce((sum, term) => sum + size(term), 0n);
  const spare = WEIGHT_BITS - total.toString(2).length;
  const up = 1n << BigInt(Math.max(0, spare));
  const down = 1n << BigInt(Math.max(0, 0 - spare));
  const weights = terms.map((term) =>
    term === undefined ? 0n : floorDivBig(2n * term.num * up + term.den * down, 2n * term.den * down),
  );
  const constant = terms.reduce((sum, term, j) => sum + (term?.constant(weights[j]!, up, down) ?? 0n), 0n);
  return { weights: weights.map(Number), constant, up, down };
}

/** The bound on the claimed sum from one on the weighted sum of units, rounded down: the sum is whole. */
export function claimBound({ constant, up, down }: UnitClaim, unitsUpper: number): number {
  if (unitsUpper === NO_BOUND) return NO_BOUND;
  const bound = floorDivBig(BigInt(unitsUpper) * down + constant, up);
  return bound > SAFE_MAX || bound < 0 - SAFE_MAX ? NO_BOUND : Number(bound);
}
