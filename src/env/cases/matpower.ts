/**
 * Reader of the MATPOWER case format, version 2, unit conversions at the end of distribution cases included.
 * Format: MATPOWER 8 User's Manual, appendix B, and its caseformat.m. Semantics are those of its AC power flow:
 *   bus type   1 PQ, 2 PV, 3 slack, 4 isolated; a PV bus without a machine in service is PQ (bustypes.m)
 *   set point  of PV and slack buses: VG of their machine in service, of several the last one (runpf.m)
 *   branch     TAP 0 is 1; a rating of 0 is none
 * Columns and fields that a power flow does not use (costs, names, DC lines, results) are not kept.
 */
import { fail } from '../../base/errors.ts';
import type { Branch, Bus, BusKind, Generator, Network } from '../../grid/network.ts';
import { shiftDecimal } from './decimal.ts';
import type { Matrix } from './matlabText.ts';
import { readTables } from './matpowerTables.ts';

/** Characters of text that are read at all. */
export const MAX_CASE_CHARS = 64 * 1024 * 1024;

const BUS_COLUMNS = 13;
const GEN_COLUMNS = 10;
const BRANCH_COLUMNS = 11;
const KINDS: readonly BusKind[] = ['pq', 'pv', 'slack', 'isolated'];

/**
 * @param name of the network; the function name of the file when left out.
 * @throws `env.caseFile`: what was expected begins with the line.
 */
export function parseMatpower(text: string, name?: string): Network {
  if (text.length > MAX_CASE_CHARS) {
    throw fail('env.caseFile', { expected: `at most ${MAX_CASE_CHARS} characters`, got: text.length });
  }
  const tables = readTables(text);
  const generators = readGenerators(new Rows(tables.gen, 'gen', GEN_COLUMNS));
  const buses = readBuses(new Rows(tables.bus, 'bus', BUS_COLUMNS), generators);
  const branches = readBranches(new Rows(tables.branch, 'branch', BRANCH_COLUMNS), buses);
  const slack = [...buses.values()].find((bus) => bus.kind === 'slack');
  if (slack === undefined) throw fail('env.caseFile', { expected: 'a slack bus (type 3)', got: 'none in mpc.bus' });
  const caseName = name ?? (tables.name === '' ? 'case' : tables.name);
  return {
    name: caseName,
    provenance: `MATPOWER case file${tables.name === '' ? '' : ` ${tables.name}`}`,
    baseMva: tables.baseMva,
    baseKv: slack.baseKv ?? 0,
    buses: [...buses.values()],
    branches,
    generators: generators.map(({ generator }) => generator),
  };
}

/** The rows of one table, and what is wrong with them in words. */
class Rows {
  readonly table: string;
  readonly count: number;
  readonly #matrix: Matrix;

  constructor(matrix: Matrix, table: string, columns: number) {
    this.#matrix = matrix;
    this.table = table;
    this.count = matrix.rows;
    if (matrix.rows > 0 && matrix.columns < columns) {
      throw this.refuse(0, `a ${table} row of at least ${columns} numbers`, String(matrix.columns));
    }
  }

  line(row: number): number {
    return this.#matrix.lines[row]!;
  }

  refuse(row: number, expected: string, got: string): Error {
    return fail('env.caseFile', { expected: `line ${this.line(row)}: ${expected}`, got });
  }

  /** Any number, infinite bounds included; column 1-based. @throws `env.caseFile` when it is NaN. */
  bound(row: number, column: number, what: string): number {
    const value = this.#matrix.data[row * this.#matrix.columns + column - 1]!;
    if (value !== value) throw this.refuse(row, `a number for ${this.#cell(column, what)}`, 'NaN');
    return value;
  }

  finite(row: number, column: number, what: string): number {
    const value = this.bound(row, column, what);
    if (value - value !== 0) throw this.refuse(row, `a finite number for ${this.#cell(column, what)}`, String(value));
    return value;
  }

  /** MW or Mvar in the file, W or var here. */
  power(row: number, column: number, what: string): number {
    const value = shiftDecimal(this.finite(row, column, what), 6);
    if (value - value !== 0) throw this.refuse(row, `a power for ${this.#cell(column, what)}`, 'too large a number');
    return value;
  }

  busId(row: number, column: number, what: string): number {
    const id = this.finite(row, column, what);
    if (Number.isSafeInteger(id) && id >= 0) return id;
    throw this.refuse(row, `a bus number for ${this.#cell(column, what)}`, String(id));
  }

  #cell(column: number, what: string): string {
    return `${what} (column ${column} of ${this.table})`;
  }
}

interface ReadGenerator {
  readonly row: number;
  readonly rows: Rows;
  readonly generator: Generator;
}

function readGenerators(rows: Rows): ReadGenerator[] {
  return Array.from({ length: rows.count }, (_, row) => {
    const inService = rows.finite(row, 8, 'GEN_STATUS') > 0;
    const generator: Generator = {
      bus: rows.busId(row, 1, 'GEN_BUS'),
      pW: rows.power(row, 2, 'PG'),
      qVar: rows.power(row, 3, 'QG'),
      qMinVar: shiftDecimal(rows.bound(row, 5, 'QMIN'), 6),
      qMaxVar: shiftDecimal(rows.bound(row, 4, 'QMAX'), 6),
      pMinW: shiftDecimal(rows.bound(row, 10, 'PMIN'), 6),
      pMaxW: shiftDecimal(rows.bound(row, 9, 'PMAX'), 6),
      vSetPu: rows.finite(row, 6, 'VG'),
      ...(inService ? {} : { inService }),
    };
    if (inService && generator.vSetPu <= 0) throw rows.refuse(row, 'VG > 0', String(generator.vSetPu));
    return { row, rows, generator };
  });
}

function readBuses(rows: Rows, generators: readonly ReadGenerator[]): Map<number, Bus> {
  const setPoints = new Map<number, number>();
  for (const { generator } of generators) {
    if (generator.inService !== false) setPoints.set(generator.bus, generator.vSetPu);
  }
  const buses = new Map<number, Bus>();
  const lines = new Map<number, number>();
  for (let row = 0; row < rows.count; row++) {
    const bus = readBus(rows, row, setPoints);
    const first = lines.get(bus.id);
    if (first !== undefined) throw rows.refuse(row, 'each bus once', `bus ${bus.id}, also on line ${first}`);
    lines.set(bus.id, rows.line(row));
    buses.set(bus.id, bus);
  }
  for (const { row, rows: table, generator } of generators) {
    if (!buses.has(generator.bus)) throw table.refuse(row, 'a generator at a bus of mpc.bus', `bus ${generator.bus}`);
  }
  return buses;
}

function readBus(rows: Rows, row: number, setPoints: ReadonlyMap<number, number>): Bus {
  const id = rows.busId(row, 1, 'BUS_I');
  const kind = busKind(rows, row, id, setPoints);
  const vmPu = rows.finite(row, 8, 'VM');
  if (vmPu <= 0 && kind !== 'isolated') throw rows.refuse(row, 'VM > 0', String(vmPu));
  const controlled = kind === 'pv' || kind === 'slack';
  const baseKv = rows.finite(row, 10, 'BASE_KV');
  if (baseKv < 0) throw rows.refuse(row, 'BASE_KV >= 0', String(baseKv));
  return {
    id,
    kind,
    loadPW: rows.power(row, 3, 'PD'),
    loadQVar: rows.power(row, 4, 'QD'),
    vSetPu: controlled ? setPoints.get(id)! : vmPu,
    ...nonzero('vaDeg', rows.finite(row, 9, 'VA')),
    ...nonzero('shuntPW', rows.power(row, 5, 'GS')),
    ...nonzero('shuntQVar', rows.power(row, 6, 'BS')),
    ...finite('vMinPu', rows.bound(row, 13, 'VMIN')),
    ...finite('vMaxPu', rows.bound(row, 12, 'VMAX')),
    ...nonzero('baseKv', baseKv),
    ...finite('area', rows.bound(row, 7, 'BUS_AREA')),
  };
}

function busKind(rows: Rows, row: number, id: number, setPoints: ReadonlyMap<number, number>): BusKind {
  const type = rows.finite(row, 2, 'BUS_TYPE');
  const kind = KINDS[type - 1];
  if (kind === undefined) throw rows.refuse(row, 'bus type 1, 2, 3 or 4', String(type));
  if (kind === 'slack' && !setPoints.has(id)) {
    throw rows.refuse(row, 'a generator in service at the slack bus', `none at bus ${id}`);
  }
  return kind === 'pv' && !setPoints.has(id) ? 'pq' : kind;
}

function readBranches(rows: Rows, buses: ReadonlyMap<number, Bus>): Branch[] {
  return Array.from({ length: rows.count }, (_, row) => {
    const end = (column: number, what: string): number => {
      const id = rows.busId(row, column, what);
      if (!buses.has(id)) throw rows.refuse(row, `a branch between buses of mpc.bus (${what})`, `bus ${id}`);
      return id;
    };
    const branch: Branch = {
      fromBus: end(1, 'F_BUS'),
      toBus: end(2, 'T_BUS'),
      rPu: rows.finite(row, 3, 'BR_R'),
      xPu: rows.finite(row, 4, 'BR_X'),
      ...nonzero('bPu', rows.finite(row, 5, 'BR_B')),
      ...nonzero('tap', rows.finite(row, 9, 'TAP')),
      ...nonzero('shiftDeg', rows.finite(row, 10, 'SHIFT')),
      ...finite('rateVa', rating(rows, row)),
      ...(rows.finite(row, 11, 'BR_STATUS') > 0 ? {} : { inService: false }),
    };
    checkBranch(rows, row, branch);
    return branch;
  });
}

function checkBranch(rows: Rows, row: number, { fromBus, toBus, rPu, xPu, inService }: Branch): void {
  if (inService === false) return;
  if (fromBus === toBus) throw rows.refuse(row, 'a branch between two buses', `${fromBus} to ${toBus}`);
  if (rPu === 0 && xPu === 0) {
    throw rows.refuse(
      row,
      'an impedance that is not zero on a branch in service',
      `branch ${fromBus} to ${toBus}: r = x = 0`,
    );
  }
}

/** VA; not finite when there is none. */
function rating(rows: Rows, row: number): number {
  const mva = rows.bound(row, 6, 'RATE_A');
  if (mva < 0) throw rows.refuse(row, 'RATE_A >= 0', String(mva));
  return mva === 0 ? Infinity : shiftDecimal(mva, 6);
}

function nonzero<K extends string>(key: K, value: number): Partial<Record<K, number>> {
  return value === 0 ? {} : ({ [key]: value } as Record<K, number>);
}

function finite<K extends string>(key: K, value: number): Partial<Record<K, number>> {
  return value - value !== 0 ? {} : ({ [key]: value } as Record<K, number>);
}
