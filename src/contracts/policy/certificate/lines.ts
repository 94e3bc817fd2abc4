/**
 * Straight lines above and below each activation over the range its argument can have, in integers (docs/spec/policy.md
 * 4.4). A line is (slope*z + constant) / 2^14. A slope may be any integer; the constant is what makes the line
 * true, so that how a slope is chosen decides how tight a bound is and never whether it holds.
 */
import { floorDiv, shiftFloor } from '../../../base/fixed.ts';
import { UNIT_INTEGER } from '../../../grid/interface.ts';
import { TANH_TABLE } from '../tanhTable.ts';
import type { DenseLayer } from '../artifact.ts';

export const LINE_BITS = 14;
const ONE = 16384;
/** Constants beyond this would leave exact numbers further on; such a unit gets a flat line. */
const MAX_CONSTANT = 4294967296;
/** 3.4: the last z before tanh is flat. */
const TANH_MAX = 524287;

/** Per unit of one layer. `lo` and `hi` are the range of the argument; numbers, because steps exceed i32. */
export interface UnitLines {
  readonly lo: number[];
  readonly hi: number[];
  readonly upSlope: number[];
  readonly upConst: number[];
  readonly loSlope: number[];
  readonly loConst: number[];
}

export function unitLines(size: number): UnitLines {
  const zeros = (): number[] => new Array<number>(size).fill(0);
  return { lo: zeros(), hi: zeros(), upSlope: zeros(), upConst: zeros(), loSlope: zeros(), loConst: zeros() };
}

/** 3.4: what an activation clamps to; undefined for identity and tanh. */
export function clampOf({ activation, exponent }: DenseLayer): readonly [number, number] | undefined {
  if (activation === 'relu') return [0, UNIT_INTEGER];
  if (activation === 'hardtanh') return [0 - (1 << exponent), 1 << exponent];
  return undefined;
}

/** Smallest step of the tanh table from entry 0 to i: no segment up to there rises by less. */
const TANH_LEAST_STEP = leastSteps();

function leastSteps(): readonly number[] {
  const least: number[] = [];
  for (let i = 0; i + 1 < TANH_TABLE.length; i++) {
    const step = TANH_TABLE[i + 1]! - TANH_TABLE[i]!;
    least.push(i === 0 ? step : Math.min(step, least[i - 1]!));
  }
  return least;
}

function setLine(
  lines: UnitLines,
  o: number,
  upSlope: number,
  upConst: number,
  loSlope: number,
  loConst: number,
): void {
  lines.upSlope[o] = upSlope;
  lines.upConst[o] = upConst;
  lines.loSlope[o] = loSlope;
  lines.loConst[o] = loConst;
}

/** y = z. */
export function identityLine(lines: UnitLines, o: number): void {
  setLine(lines, o, ONE, 0, ONE, 0);
}

/** low <= y <= high, whatever z is. */
export function flatLine(lines: UnitLines, o: number, low: number, high: number): void {
  setLine(lines, o, 0, high * ONE, 0, low * ONE);
}

function nearest(numerator: number, denominator: number): number {
  return floorDiv(2 * numerator + denominator, 2 * denominator);
}

/** y = clamp(z, a, b) over lines.lo[o] <= z <= lines.hi[o]. */
export function clampLine(lines: UnitLines, o: number, a: number, b: number): void {
  const l = lines.lo[o]!;
  const u = lines.hi[o]!;
  if (l >= a && u <= b) return identityLine(lines, o);
  if (u <= a) return flatLine(lines, o, a, a);
  if (l >= b) return flatLine(lines, o, b, b);
  const top = Math.min(u, b);
  const bottom = Math.max(l, a);
  // Above: from (l, a) to the upper bend; without a lower bend y = z or y = b, whichever is nearer on more of the range.
  const up = l < a ? nearest((top - a) * ONE, top - l) : b - l >= u - b ? ONE : 0;
  const down = u > b ? nearest((b - bottom) * ONE, u - bottom) : u - a >= a - l ? ONE : 0;
  let above = bottom * ONE - up * l;
  let below = bottom * ONE - down * l;
  for (const z of [Math.max(l, a), top, u]) {
    const y = Math.min(Math.max(z, a), b) * ONE;
    above = Math.max(above, y - up * z);
    below = Math.min(below, y - down * z);
  }
  if (Math.abs(above) > MAX_CONSTANT || Math.abs(below) > MAX_CONSTANT) return flatLine(lines, o, bottom, top);
  setLine(lines, o, up, above, down, below);
}

/**
 * y = tanhInteger(z), which is yLo and yHi at the ends. Between them the table rises by at least `least` per 1024,
 * and rounding moves a value by at most 1/2: y(z) - least*z/1024 grows but for 1 at most.
 */
export function tanhLine(lines: UnitLines, o: number, yLo: number, yHi: number): void {
  const l = lines.lo[o]!;
  const u = lines.hi[o]!;
  const reach = Math.max(Math.abs(l), Math.abs(u));
  const slope = reach > TANH_MAX ? 0 : TANH_LEAST_STEP[reach >> 10]! << (LINE_BITS - 10);
  if (slope === 0) return flatLine(lines, o, yLo, yHi);
  setLine(lines, o, slope, (yHi + 1) * ONE - slope * u, slope, (yLo - 1) * ONE - slope * l);
}

/**
 * A step of an activation from one run to the other, given the step d of its argument with lines.lo[o] <= d <= lines.hi[o]:
 * between 0 and d for a clamp, between 0 and d/2 (and 1 for rounding) for tanh.
 */
export function stepLine(lines: UnitLines, o: number, isTanh: boolean): void {
  const l = lines.lo[o]!;
  const u = lines.hi[o]!;
  const width = Math.max(1, u - l);
  // Above lies the chord of the convex max(0, rise*d + extra), below that of the concave min(0, rise*d - extra).
  const aboveL = stepAbove(l, isTanh);
  const aboveU = stepAbove(u, isTanh);
  const belowL = 0 - stepAbove(0 - l, isTanh);
  const belowU = 0 - stepAbove(0 - u, isTanh);
  const up = nearest(aboveU - aboveL, width);
  const down = nearest(belowU - belowL, width);
  const above = Math.max(aboveL - up * l, aboveU - up * u);
  const below = Math.min(belowL - down * l, belowU - down * u);
  if (above > MAX_CONSTANT || below < 0 - MAX_CONSTANT) setLine(lines, o, 0, aboveU, 0, belowL);
  else setLine(lines, o, up, above, down, below);
}

/** 2^14 times the most that an activation rises while its argument rises by d; 0 for d < 0. */
function stepAbove(d: number, isTanh: boolean): number {
  return Math.max(0, isTanh ? d * (ONE >> 1) + ONE : d * ONE);
}

/** The same as a range of whole steps. */
export function stepHigh(d: number, isTanh: boolean): number {
  return Math.max(0, isTanh ? shiftFloor(d, 1) + 1 : d);
}
