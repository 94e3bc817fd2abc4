/** Raw integers as quantities that a person reads. */
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import { UNIT_SCALE, type Unit } from '../grid/units.ts';

/** What one SI unit of each integer unit is called. */
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

export interface Quantity {
  readonly n: string;
  readonly value: number;
  readonly unit: string;
}

/** point: raw inputs, then for two runs the steps, named `step of` the input. */
export function toPhysical({ interface: { inputs } }: LoadedPolicy, point: readonly number[]): readonly Quantity[] {
  return point.map((raw, i) => {
    const { n, u } = inputs[i < inputs.length ? i : i - inputs.length]!;
    return { n: i < inputs.length ? n : `step of ${n}`, value: raw / UNIT_SCALE[u], unit: UNIT_NAME[u] };
  });
}
