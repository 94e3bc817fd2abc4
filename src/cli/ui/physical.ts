/** Integers of artifacts and properties as a person reads them: "50000" of `hz.e-6` is 0.05 Hz. */
import { UNIT_SCALE, unitName, type Unit } from '../../grid/units.ts';
import { fixed } from './format.ts';

/** With its unit. */
export function physical(value: number, unit: Unit): string {
  return `${physicalNumber(value, unit)} ${unitName(unit)}`.trimEnd();
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
