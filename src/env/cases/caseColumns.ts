/** The columns of the case text format: the name says the quantity and its unit. docs/reference/case-format.md */
import type { Branch, Bus, BusKind, Generator } from '../../grid/network.ts';

export interface CaseColumn {
  /** Field of the record. */
  readonly key: string;
  /** Column names, and by how many tens each lies above the unit of the field; one of them may stand in a table. */
  readonly names: readonly (readonly [name: string, places: number])[];
  readonly kind: 'number' | 'id' | 'busKind' | 'flag';
  readonly required: boolean;
  /** Bounds may be `inf` and `-inf`. */
  readonly bound?: boolean;
  /** The first name is in pu, the second in ohm. */
  readonly impedance?: boolean;
}

export type TableName = 'bus' | 'branch' | 'generator';

export const BUS_KINDS: readonly BusKind[] = ['slack', 'pv', 'pq', 'isolated'];

const BUS: readonly (CaseColumn & { readonly key: keyof Bus | 'x' | 'y' })[] = [
  { key: 'id', names: [['id', 0]], kind: 'id', required: true },
  { key: 'kind', names: [['kind', 0]], kind: 'busKind', required: true },
  { key: 'loadPW', names: watts('load'), kind: 'number', required: true },
  { key: 'loadQVar', names: vars('load'), kind: 'number', required: true },
  { key: 'vSetPu', names: [['v_set_pu', 0]], kind: 'number', required: true },
  optional('vaDeg', [['va_deg', 0]]),
  optional('shuntPW', watts('shunt')),
  optional('shuntQVar', vars('shunt')),
  optional('vMinPu', [['v_min_pu', 0]]),
  optional('vMaxPu', [['v_max_pu', 0]]),
  optional('baseKv', [['base_kV', 0]]),
  optional('area', [['area', 0]]),
  optional('x', [['x', 0]]),
  optional('y', [['y', 0]]),
];

const BRANCH: readonly (CaseColumn & { readonly key: keyof Branch })[] = [
  { key: 'fromBus', names: [['from', 0]], kind: 'id', required: true },
  { key: 'toBus', names: [['to', 0]], kind: 'id', required: true },
  { key: 'rPu', names: [['r_pu', 0], ['r_ohm', 0]], kind: 'number', required: true, impedance: true }, // prettier-ignore
  { key: 'xPu', names: [['x_pu', 0], ['x_ohm', 0]], kind: 'number', required: true, impedance: true }, // prettier-ignore
  optional('bPu', [['b_pu', 0]]),
  optional('tap', [['tap', 0]]),
  optional('shiftDeg', [['shift_deg', 0]]),
  optional('rateVa', units('rate', 'VA')),
  { key: 'inService', names: [['in_service', 0]], kind: 'flag', required: false },
];

const GENERATOR: readonly (CaseColumn & { readonly key: keyof Generator })[] = [
  { key: 'bus', names: [['bus', 0]], kind: 'id', required: true },
  { key: 'pW', names: watts('p'), kind: 'number', required: true },
  { key: 'qVar', names: vars('q'), kind: 'number', required: true },
  { key: 'qMinVar', names: vars('q_min'), kind: 'number', required: true, bound: true },
  { key: 'qMaxVar', names: vars('q_max'), kind: 'number', required: true, bound: true },
  { key: 'pMinW', names: watts('p_min'), kind: 'number', required: true, bound: true },
  { key: 'pMaxW', names: watts('p_max'), kind: 'number', required: true, bound: true },
  { key: 'vSetPu', names: [['v_set_pu', 0]], kind: 'number', required: true },
  { key: 'inService', names: [['in_service', 0]], kind: 'flag', required: false },
];

export const CASE_TABLES: Readonly<Record<TableName, readonly CaseColumn[]>> = {
  bus: BUS,
  branch: BRANCH,
  generator: GENERATOR,
};

export const TABLE_NAMES: readonly TableName[] = ['bus', 'branch', 'generator'];

/** z_pu = z_ohm / (kV^2 / MVA) */
export function ohmPerPu(baseKv: number, baseMva: number): number {
  return (baseKv * baseKv) / baseMva;
}

function optional<K extends string>(key: K, names: CaseColumn['names']): CaseColumn & { readonly key: K } {
  return { key, names, kind: 'number', required: false };
}

function watts(stem: string): CaseColumn['names'] {
  return units(stem, 'W');
}

function vars(stem: string): CaseColumn['names'] {
  return units(stem, 'var');
}

function units(stem: string, unit: string): CaseColumn['names'] {
  return [
    [`${stem}_${unit}`, 0],
    [`${stem}_k${unit}`, 3],
    [`${stem}_M${unit}`, 6],
  ];
}
