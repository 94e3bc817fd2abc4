/**
 * Machines, fleets and the load step of a frequency study as text, like the case format: a header of provenance and
 * bases, then the tables [machine], [fleet] and [step], whose first line names quantity and unit of every column.
 * docs/reference/frequency.md shows one.
 */
import { fail } from '../../base/errors.ts';
import type { BatteryRating } from '../../grid/asset.ts';
import type { Machine } from '../physics/frequency/machineNetwork.ts';
import type { Governor } from '../physics/frequency/rotorSystem.ts';
import { DECIMAL, printable, shiftToken } from './decimal.ts';

export interface StudyMachine extends Machine {
  readonly hS: number;
  readonly dPu: number;
  /** None: a condenser. */
  readonly governor: Governor | undefined;
}

export interface StudyFleet {
  readonly bus: number;
  readonly rating: BatteryRating;
}

export interface StudyStep {
  /** Of steps that are drawn from together. */
  readonly set: string;
  readonly bus: number;
  readonly atMs: number;
  /** On the base of the study. */
  readonly demandPu: number;
  /** The size is varied by +- this share. */
  readonly spread: number;
  /** Share of the machines' inertias that is there. */
  readonly inertia: number;
}

export interface FrequencyStudy {
  readonly name: string;
  /** Name of the built-in network. */
  readonly network: string;
  readonly provenance: string;
  readonly f0Hz: number;
  readonly baseMva: number;
  readonly machines: readonly StudyMachine[];
  readonly fleets: readonly StudyFleet[];
  readonly steps: readonly StudyStep[];
}

const MAGIC = 'gridpact-machines 1';
const COLUMNS = {
  machine: ['bus', 'base_MVA', 'H_s', 'D_pu', 'xd1_pu', 'r_pu', 't_governor_s', 't_turbine_s'],
  fleet: ['bus', 'p_MW', 'e_MWh', 'eta_charge', 'eta_discharge', 'soc_min', 'soc_max'],
  step: ['set', 'bus', 'at_ms', 'demand_pu', 'spread', 'inertia'],
} as const;
const HEADER_KEYS = ['name', 'network', 'source', 'f0_Hz', 'base_MVA'] as const;

type Table = keyof typeof COLUMNS;
type Row = Readonly<Record<string, string>> & { readonly line: string };

/** @throws `env.caseText`: what was expected begins with the line. */
export function parseMachines(text: string): FrequencyStudy {
  const lines = text.split('\n').map((line, i) => ({ line: `line ${i + 1}`, said: line.replace(/#.*/, '').trim() }));
  if (lines[0]?.said !== MAGIC) throw refuse('line 1', MAGIC, lines[0]?.said ?? '');
  const spoken = lines.slice(1).filter(({ said }) => said !== '');
  const first = spoken.findIndex(({ said }) => said.startsWith('['));
  const header = readHeader(first < 0 ? spoken : spoken.slice(0, first));
  const tables = readTables(first < 0 ? [] : spoken.slice(first));
  return {
    name: header.get('name')!,
    network: header.get('network')!,
    provenance: header.get('source')!,
    f0Hz: positive({ line: 'header', f0_Hz: header.get('f0_Hz')! }, 'f0_Hz'),
    baseMva: positive({ line: 'header', base_MVA: header.get('base_MVA')! }, 'base_MVA'),
    machines: tables.machine.map(machineOf),
    fleets: tables.fleet.map(fleetOf),
    steps: tables.step.map(stepOf),
  };
}

interface Line {
  readonly line: string;
  readonly said: string;
}

function readHeader(lines: readonly Line[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { line, said } of lines) {
    const key = /^\S+/.exec(said)![0];
    const value = said.slice(key.length).trim();
    if (!HEADER_KEYS.some((known) => known === key)) throw refuse(line, `one of ${HEADER_KEYS.join(', ')}`, key);
    const before = found.get(key);
    if (before !== undefined && key !== 'source') throw refuse(line, `${key} once`, said);
    found.set(key, before === undefined ? value : `${before}\n${value}`);
  }
  const missing = HEADER_KEYS.find((key) => found.get(key) === undefined || found.get(key) === '');
  if (missing !== undefined) throw refuse('header', `a value for ${missing}`, 'none');
  return found;
}

function readTables(lines: readonly Line[]): Record<Table, Row[]> {
  const tables: Record<Table, Row[]> = { machine: [], fleet: [], step: [] };
  let table: Table = 'machine';
  let names: readonly string[] | undefined;
  for (const { line, said } of lines) {
    const cells = said.split(/\s+/);
    if (said.startsWith('[')) {
      table = tableOf(line, said);
      names = undefined;
    } else if (names === undefined) {
      names = columnsOf(line, table, cells);
    } else {
      if (cells.length !== names.length) throw refuse(line, `${names.length} cells in a row`, String(cells.length));
      tables[table].push({ line, ...Object.fromEntries(names.map((name, i) => [name, cells[i]!])) });
    }
  }
  for (const name of Object.keys(COLUMNS) as Table[]) {
    if (tables[name].length === 0) throw refuse('tables', `rows in [${name}]`, 'none');
  }
  return tables;
}

function tableOf(line: string, said: string): Table {
  const table = (Object.keys(COLUMNS) as Table[]).find((name) => said === `[${name}]`);
  if (table === undefined) throw refuse(line, 'one of [machine] [fleet] [step]', said);
  return table;
}

function columnsOf(line: string, table: Table, names: readonly string[]): readonly string[] {
  const wanted: readonly string[] = COLUMNS[table];
  const fits = names.length === wanted.length && wanted.every((name) => names.includes(name));
  if (!fits) throw refuse(line, `the columns ${wanted.join(' ')}`, names.join(' '));
  return names;
}

function machineOf(row: Row): StudyMachine {
  const governed = row['r_pu'] !== '-';
  return {
    bus: id(row, 'bus'),
    baseMva: positive(row, 'base_MVA'),
    hS: positive(row, 'H_s'),
    dPu: number(row, 'D_pu'),
    xTransientPu: positive(row, 'xd1_pu'),
    governor: governed
      ? {
          rPu: positive(row, 'r_pu'),
          tGovernorS: number(row, 't_governor_s'),
          tTurbineS: number(row, 't_turbine_s'),
        }
      : undefined,
  };
}

function fleetOf(row: Row): StudyFleet {
  return {
    bus: id(row, 'bus'),
    rating: {
      pMaxW: positive(row, 'p_MW', 6),
      eMaxWh: positive(row, 'e_MWh', 6),
      etaChargeMicro: positive(row, 'eta_charge', 6),
      etaDischargeMicro: positive(row, 'eta_discharge', 6),
      socMinMicro: number(row, 'soc_min', 6),
      socMaxMicro: positive(row, 'soc_max', 6),
    },
  };
}

function stepOf(row: Row): StudyStep {
  return {
    set: row['set']!,
    bus: id(row, 'bus'),
    atMs: number(row, 'at_ms'),
    demandPu: number(row, 'demand_pu'),
    spread: number(row, 'spread'),
    inertia: positive(row, 'inertia'),
  };
}

function id(row: Row, name: string): number {
  const token = row[name]!;
  if (!/^\d{1,15}$/.test(token)) throw refuse(row.line, `a bus number in column ${name}`, token);
  return Number(token);
}

function positive(row: Row, name: string, places = 0): number {
  const value = number(row, name, places);
  if (!(value > 0)) throw refuse(row.line, `${name} > 0`, row[name]!);
  return value;
}

/** Times 10^places, from the decimal text. */
function number(row: Row, name: string, places = 0): number {
  const token = row[name]!;
  const value = DECIMAL.test(token) ? shiftToken(token, places) : NaN;
  if (!(value >= 0 && value < Infinity)) throw refuse(row.line, `a number >= 0 in column ${name}`, token);
  return value;
}

function refuse(line: string, expected: string, got: string): Error {
  return fail('env.caseText', { expected: `${line}: ${expected}`, got: printable(got) });
}
