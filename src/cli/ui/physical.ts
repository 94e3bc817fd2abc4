/** Integers of artifacts and properties as a person reads them: "50000" of `hz.e-6` is 0.05 Hz. */
import { UNIT_SCALE, type Unit } from '../../grid/units.ts';
import { fixed } from './format.ts';

/** The unit that is printed; nothing where a number stands alone. */
export const PHYSICAL: Readonly<Record<Unit, string>> = {
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

/** With its unit. */
export function physical(value: number, unit: Unit): string {
  return `${physicalNumber(value, unit)} ${PHYSICAL[unit]}`.trimEnd();
}

/** Without. */
function physicalNumber(value: number, unit: Unit): string {
  const decimals = Math.round(Math.log10(UNIT_SCALE[unit]));
  return trimmed(fixed(value / UNIT_SCALE[unit], decimals));
}

export function physicalRange({ lo, hi, u }: { readonly lo: number; readonly hi: number; readonly u: Unit }): string {
  return `${physicalNumber(lo, u)} .. ${physical(hi, u)}`;
}

/** No zeros that say nothing: 1.050000 -> 1.05. */
export function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
