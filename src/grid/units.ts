/**
 * Integer units of measurements and setpoints (spec/policy.md 3.12, closed list), and readings of
 * quantities with units ("5 kW") in recipes and fleet files by mathjs, loaded only when asked for.
 */
import { fail } from '../base/errors.ts';

/** Unit -> how many integer counts make one SI unit (1 Hz, 1 W, 1 Wh, 1 pu, 1, 1 s). */
export const UNIT_SCALE = {
  'hz.e-3': 1000,
  'hz.e-6': 1000000,
  w: 1,
  var: 1,
  wh: 1,
  'wh.e-3': 1000,
  'v.pu.e-6': 1000000,
  'ratio.e-3': 1000,
  'ratio.e-6': 1000000,
  'cur.e-6.per-mwh': 1000000,
  s: 1,
  ms: 1000,
  idx: 1,
} as const;

export type Unit = keyof typeof UNIT_SCALE;

/** What one SI unit of each is called; nothing where a number stands alone. */
const UNIT_NAME: Readonly<Record<Unit, string>> = {
  'hz.e-3': 'Hz',
  'hz.e-6': 'Hz',
  w: 'W',
  var: 'var',
  wh: 'Wh',
  'wh.e-3': 'Wh',
  'v.pu.e-6': 'pu',
  'ratio.e-3': '',
  'ratio.e-6': '',
  'cur.e-6.per-mwh': 'per MWh',
  s: 's',
  ms: 's',
  idx: '',
};

export function unitName(unit: Unit): string {
  return UNIT_NAME[unit];
}

export function isUnit(value: unknown): value is Unit {
  return typeof value === 'string' && Object.hasOwn(UNIT_SCALE, value);
}

/**
 * A plain number (already in `unit`) or text with a unit, to `unit` (mathjs spelling: 'W', 'VA', 'Wh', 's').
 * @throws `base.unit` when it cannot be read or has another dimension.
 */
export async function quantity(value: number | string, unit: string): Promise<number> {
  if (typeof value === 'number') return value;
  const { unit: parse } = await import('mathjs');
  try {
    // mathjs has no reactive units; VA, var and W share the dimension of power.
    const readable = (text: string): string => text.replace(/VA\b|[vV]ar\b/g, 'W');
    return parse(readable(value)).toNumber(readable(unit));
  } catch (cause) {
    throw fail('base.unit', { expected: `a quantity in ${unit}`, got: value, cause });
  }
}
