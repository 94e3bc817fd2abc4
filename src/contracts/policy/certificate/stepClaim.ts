/** What a step of the last layer's units from x to x' can do to the outputs, envelopes included. */
import { ceilDiv, ceilDivBig, floorDivBig, pow2, SAFE_MAX, shiftFloor } from '../../../base/fixed.ts';
import { UNIT_INTEGER, type OutputSpec } from '../../../grid/interface.ts';
import type { Ranges } from './backward.ts';
import type { Term } from './claim.ts';
import { tableGreatest, tableLeast, type EnvelopeTables, type HeadBounds } from './head.ts';

const LONGEST = 65534;

/**
 * Steps of the outputs: at most max(m*d/2^t + 1 - 2^-t, capHi) for a step d of the unit, at least
 * min(m*d/2^t - (1 - 2^-t), capLo). A clamp, and an envelope with bounds that move, is monotone and never
 * stretches: it moves by no more than the most that its argument and its bounds do.
 */
export class HeadSteps {
  readonly lo: number[];
  readonly hi: number[];
  /** [outputs]; undefined where neither clamp nor envelope can touch the output. */
  readonly capLo: (number | undefined)[];
  readonly capHi: (number | undefined)[];
  readonly #outputs: readonly OutputSpec[];
  readonly #envelopes: readonly EnvelopeTables[];
  readonly #from: HeadBounds;
  readonly #to: HeadBounds;

  constructor(outputs: readonly OutputSpec[], envelopes: readonly EnvelopeTables[], from: HeadBounds, to: HeadBounds) {
    this.#outputs = outputs;
    this.#envelopes = envelopes;
    this.#from = from;
    this.#to = to;
    this.lo = outputs.map(() => 0);
    this.hi = outputs.map(() => 0);
    this.capLo = outputs.map(() => undefined);
    this.capHi = outputs.map(() => undefined);
  }

  /** unit: ranges of the last layer's units in x (0, 1) and x' (2, 3); steps of units; steps of raw inputs. */
  set(unit: readonly Ranges[], unitLo: Ranges, unitHi: Ranges, stepLo: Ranges, stepHi: Ranges): void {
    for (let d = 0; d < this.#outputs.length; d++) {
      const spec = this.#outputs[d]!;
      const { m, t } = spec;
      // The unit is clamped to +-32767 first, so its step is within twice that.
      const [low, high] = [unitLo[d]!, unitHi[d]!].map((u) => Math.min(Math.max(u, 0 - LONGEST), LONGEST) * m);
      const [a, b] = m >= 0 ? [low!, high!] : [high!, low!];
      const isCut = this.#isCut(d, unit);
      this.capLo[d] = this.capHi[d] = isCut ? 0 : undefined;
      this.lo[d] = isCut ? Math.min(0, shiftFloor(a, t)) : shiftFloor(a, t);
      this.hi[d] = isCut ? Math.max(0, ceilDiv(b, pow2(t))) : ceilDiv(b, pow2(t));
    }
    this.#envelopes.forEach((envelope, e) => {
      if (!this.#from.isIdle[e] || !this.#to.isIdle[e]) this.#envelope(envelope, e, stepLo, stepHi);
    });
    for (let d = 0; d < this.#outputs.length; d++) {
      this.lo[d] = Math.max(this.lo[d]!, this.#to.lo[d]! - this.#from.hi[d]!);
      this.hi[d] = Math.min(this.hi[d]!, this.#to.hi[d]! - this.#from.lo[d]!);
    }
  }

  /** Can the unit or the output be clamped in either run? Judged before envelopes, so from the units. */
  #isCut(d: number, unit: readonly Ranges[]): boolean {
    const { m, t, c, lo, hi } = this.#outputs[d]!;
    const least = Math.min(unit[0]![d]!, unit[2]![d]!);
    const most = Math.max(unit[1]![d]!, unit[3]![d]!);
    if (least < 0 - UNIT_INTEGER || most > UNIT_INTEGER) return true;
    const [a, b] = m >= 0 ? [least * m, most * m] : [most * m, least * m];
    return shiftFloor(a, t) + c < lo || ceilDiv(b, pow2(t)) + 1 + c > hi;
  }

  #envelope({ d, sk, si, r, h, negated }: EnvelopeTables, e: number, stepLo: Ranges, stepHi: Ranges): void {
    const low = sk === 'in' ? stepLo[si]! : this.lo[si]!;
    const high = sk === 'in' ? stepHi[si]! : this.hi[si]!;
    const upper = this.#tableSteps(r, h, e, low, high);
    const lower = this.#tableSteps(r, negated, e, low, high);
    const most = Math.max(upper[1], 0 - lower[0]);
    const least = Math.min(upper[0], 0 - lower[1]);
    this.capHi[d] = Math.max(this.capHi[d] ?? most, most);
    this.capLo[d] = Math.min(this.capLo[d] ?? least, least);
    this.hi[d] = Math.max(this.hi[d]!, most);
    this.lo[d] = Math.min(this.lo[d]!, least);
  }

  /** Range of v(r') - v(r) of a table: from its values in both runs, and from its slopes. */
  #tableSteps(r: readonly number[], v: readonly number[], e: number, low: number, high: number): [number, number] {
    const [a, b] = [this.#from.sourceLo[e]!, this.#from.sourceHi[e]!];
    const [a2, b2] = [this.#to.sourceLo[e]!, this.#to.sourceHi[e]!];
    const most = tableGreatest(r, v, a2, b2) - tableLeast(r, v, a, b);
    const least = tableLeast(r, v, a2, b2) - tableGreatest(r, v, a, b);
    const [steepLeast, steepMost] = slopeSteps(r, v, Math.min(a, a2), Math.max(b, b2), low, high);
    return [Math.max(least, steepLeast), Math.min(most, steepMost)];
  }

  /** The term c*(step of output d) in the step of its unit over [lo, hi]. */
  term(d: number, c: number, lo: number, hi: number): Term {
    const { m, t } = this.#outputs[d]!;
    const cap = c > 0 ? this.capHi[d] : this.capLo[d];
    const coefficient = BigInt(c);
    const [slope, shift] = [BigInt(m), BigInt(t)];
    // In units of 2^-t; m = 0 has nothing to round.
    const rounding = m === 0 ? 0n : (1n << shift) - 1n;
    const most = (u: number): bigint => {
      const free = coefficient * (slope * BigInt(u)) + (coefficient < 0n ? -coefficient : coefficient) * rounding;
      if (cap === undefined) return free;
      const capped = (coefficient * BigInt(cap)) << shift;
      return free > capped ? free : capped;
    };
    // `most` is convex in u, so it stays below its chord, and a line above both ends is above it.
    const isSloped = cap === undefined || lo >= hi;
    const num = isSloped ? coefficient * slope : most(hi) - most(lo);
    const den = isSloped ? 1n << shift : BigInt(hi - lo) << shift;
    const constant = (weight: bigint, up: bigint, down: bigint): bigint => {
      const at = (u: number): bigint => ceilDivBig(most(u) * up - ((weight * BigInt(u) * down) << shift), 1n << shift);
      const [a, b] = [at(lo), at(hi)];
      return a > b ? a : b;
    };
    return { num, den, constant };
  }
}

/** Steps of a table whose argument moves by low..high inside [from, to], from the slopes there; 1 for rounding. */
function slopeSteps(
  r: readonly number[],
  v: readonly number[],
  from: number,
  to: number,
  low: number,
  high: number,
): readonly [number, number] {
  let [least, most] = [0, 0];
  const isInside = from >= r[0]! && to <= r[r.length - 1]!;
  let isFirst = isInside;
  for (let j = 0; j + 1 < r.length; j++) {
    if (r[j + 1]! <= from || r[j]! >= to) continue;
    const [rise, run] = [BigInt(v[j + 1]! - v[j]!), BigInt(r[j + 1]! - r[j]!)];
    for (const step of [low, high]) {
      const product = rise * BigInt(step);
      const above = Number(ceilDivBig(product, run)) + 1;
      const below = Number(floorDivBig(product, run)) - 1;
      // Rounded or not, a segment is monotone: what does not rise, rises by 0 at most.
      const up = product > 0n ? above : Math.min(0, above);
      const down = product < 0n ? below : Math.max(0, below);
      most = isFirst ? up : Math.max(most, up);
      least = isFirst ? down : Math.min(least, down);
      isFirst = false;
    }
  }
  if (from >= to) return [0 - SAFE_MAX, SAFE_MAX];
  return [least, most];
}
