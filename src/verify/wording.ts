/** Physical quantities to raw integers, always to the stronger side, and boxes and claims in words. */
import { fail } from '../base/errors.ts';
import { I32_MAX, I32_MIN } from '../base/fixed.ts';
import type { Interval } from '../contracts/policy/certificate/property.ts';
import type { InputSpec, PolicyInterface } from '../grid/interface.ts';
import { UNIT_SCALE, unitName, type Unit } from '../grid/units.ts';

/** Physical [from, to] by input name; null leaves a side open. */
export type Where = Readonly<Record<string, readonly [number | null, number | null]>>;

/** Within this share of a count a product is taken to be whole: 0.2 Hz are 200 000 counts of 1 uHz. */
const NEARLY = 1e-6;

function nearest(value: number, unit: Unit): number {
  const counts = value * UNIT_SCALE[unit];
  return Math.abs(counts - Math.round(counts)) < NEARLY ? Math.round(counts) : counts;
}

/** Counts at or below, at or above a physical value. */
export function countsBelow(value: number, unit: Unit): number {
  return Math.floor(nearest(value, unit)) + 0;
}

export function countsAbove(value: number, unit: Unit): number {
  return Math.ceil(nearest(value, unit)) + 0;
}

/**
 * Beyond these raw values an input changes nothing: the network clamps it and every envelope has reached its last knot.
 * So a claim over this range is one over all readings.
 */
function effectiveRange({ inputs, envelopes }: PolicyInterface, i: number): Interval {
  const { lo, hi } = inputs[i]!;
  const knots = envelopes.filter(({ sk, si }) => sk === 'in' && si === i).flatMap(({ r }) => r);
  return [Math.min(lo, ...knots), Math.max(hi, ...knots)];
}

/** The box of a `where`, outward: every reading that a physical bound leaves possible is inside. */
export function boxOf(policy: PolicyInterface, where: Where): readonly Interval[] {
  for (const name of Object.keys(where)) indexOf(policy.inputs, name, 'input');
  return policy.inputs.map(({ n, u }, i): Interval => {
    const [least, most] = effectiveRange(policy, i);
    const sides = Object.hasOwn(where, n) ? where[n]! : undefined;
    if (sides === undefined) return [least, most];
    const from = sides[0] === null ? least : countsBelow(sides[0], u);
    const to = sides[1] === null ? Math.max(most, from) : countsAbove(sides[1], u);
    const low = sides[0] === null ? Math.min(least, to) : from;
    if (low > to || low < I32_MIN || to > I32_MAX) {
      throw fail('verify.suite', { expected: { input: n, rule: 'from <= to, both i32 in counts' }, got: sides });
    }
    return [low, to];
  });
}

/** @throws `verify.suite` when there is no input or output of that name. */
export function indexOf(list: readonly { readonly n: string }[], name: string, kind: 'input' | 'output'): number {
  const found = list.findIndex(({ n }) => n === name);
  if (found < 0) throw fail('verify.suite', { expected: { [kind]: list.map(({ n }) => n) }, got: name });
  return found;
}

export function inUnit(value: number, unit: Unit): string {
  const name = unitName(unit);
  return name === '' ? String(value) : `${value} ${name}`;
}

/** "f.dev from 0.2 Hz up, soc from 0.1 to 0.9" or "any input". */
export function whereInWords(inputs: readonly InputSpec[], where: Where): string {
  const parts = inputs.flatMap(({ n, u }) => {
    const sides = Object.hasOwn(where, n) ? where[n]! : undefined;
    if (sides === undefined) return [];
    const [from, to] = sides;
    if (from === null) return to === null ? [] : [`${n} up to ${inUnit(to, u)}`];
    if (to === null) return [`${n} from ${inUnit(from, u)} up`];
    return [from === to ? `${n} at ${inUnit(from, u)}` : `${n} from ${from} to ${inUnit(to, u)}`];
  });
  return parts.length === 0 ? 'for any inputs' : `with ${parts.join(', ')}, whatever else is measured`;
}
