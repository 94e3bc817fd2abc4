/**
 * Cases in the text format of this project, read: a header of provenance and bases, then tables whose first line
 * names quantity and unit of every column. docs/reference/case-format.md has the format, caseFormat.ts the writer.
 */
import { fail, type GridPactError } from '../../base/errors.ts';
import type { Branch, Bus, Generator, Network } from '../../grid/network.ts';
import { BUS_KINDS, CASE_TABLES, ohmPerPu, TABLE_NAMES, type CaseColumn, type TableName } from './caseColumns.ts';
import { DECIMAL, printable, shiftToken } from './decimal.ts';

/** First line of every case text. */
export const CASE_TEXT_MAGIC = 'gridpact-case 1';

const MAX_CHARS = 64 * 1024 * 1024;
const MAX_ROWS = 1000000;
const HEADER_KEYS = ['name', 'source', 'licence', 'base_MVA', 'base_kV'] as const;
type HeaderKey = (typeof HEADER_KEYS)[number];

/** @throws `env.caseText`: what was expected begins with the line. */
export function parseCase(text: string): Network {
  if (text.length > MAX_CHARS)
    throw fail('env.caseText', { expected: `at most ${MAX_CHARS} characters`, got: text.length });
  return new CaseTextReader(text).read();
}

type Cell = number | string | boolean;

interface Row {
  readonly line: number;
  readonly cells: Readonly<Record<string, Cell>>;
}

interface ColumnPlace {
  readonly column: CaseColumn;
  readonly name: string;
  readonly places: number;
}

interface Header {
  readonly name: string;
  readonly provenance: string;
  readonly licence?: string;
  readonly baseMva: number;
  readonly baseKv: number;
}

class CaseTextReader {
  readonly #lines: readonly string[];
  /** Index of the line that `#next` gives. */
  #at = 0;
  /** 1-based line of what is being read. */
  #line = 1;

  constructor(text: string) {
    this.#lines = text.replace(/^\uFEFF/, '').split('\n');
  }

  read(): Network {
    const magic = this.#next(false);
    if (magic !== CASE_TEXT_MAGIC) throw this.#refuse(CASE_TEXT_MAGIC, magic ?? 'an empty file');
    const header = this.#header();
    const tables = this.#tables(header);
    for (const needed of ['bus', 'branch'] as const) {
      if (tables[needed] === undefined) throw this.#refuse(`a table [${needed}]`, 'none in the whole file');
    }
    const busLines = this.#checkBuses(tables.bus!);
    tables.branch!.forEach((row) => this.#checkBranch(row, busLines));
    tables.generator?.forEach((row) => this.#checkGenerator(row, busLines));
    const layout = this.#layout(tables.bus!);
    return {
      ...header,
      buses: tables.bus!.map(({ cells: { x: _x, y: _y, ...bus } }) => bus as unknown as Bus),
      branches: tables.branch!.map(({ cells }) => cells as unknown as Branch),
      ...(tables.generator === undefined
        ? {}
        : { generators: tables.generator.map(({ cells }) => cells as unknown as Generator) }),
      ...(layout === undefined ? {} : { layout }),
    };
  }

  #refuse(expected: string, got: string, line = this.#line): GridPactError {
    return fail('env.caseText', { expected: `line ${line}: ${expected}`, got: printable(got) });
  }

  /** The next line that says something, without blanks around it; in a table a comment may follow a row. */
  #next(inTable: boolean): string | undefined {
    while (this.#at < this.#lines.length) {
      this.#line = this.#at + 1;
      const line = this.#lines[this.#at++]!.trim();
      const said = inTable ? line.replace(/#.*/, '').trimEnd() : line;
      if (said !== '' && !said.startsWith('#')) return said;
    }
    this.#line = this.#lines.length;
    return undefined;
  }

  #header(): Header {
    const found: Partial<Record<HeaderKey, string>> = {};
    for (let line = this.#next(false); line !== undefined; line = this.#next(false)) {
      if (line.startsWith('[')) {
        this.#at--;
        break;
      }
      const [key, value] = this.#headerLine(line);
      const before = found[key];
      if (before !== undefined && key !== 'source') throw this.#refuse(`${key} once`, line);
      found[key] = before === undefined ? value : `${before}\n${value}`;
    }
    for (const key of HEADER_KEYS) {
      if (found[key] === undefined && key !== 'licence')
        throw this.#refuse(`${key} in the header`, 'none before the first table');
    }
    return {
      name: found.name!,
      provenance: found.source!,
      ...(found.licence === undefined ? {} : { licence: found.licence }),
      baseMva: Number(found.base_MVA),
      baseKv: Number(found.base_kV),
    };
  }

  #headerLine(line: string): [HeaderKey, string] {
    const name = /^\S+/.exec(line)![0];
    const key = HEADER_KEYS.find((known) => known === name);
    if (key === undefined) throw this.#refuse(`one of ${HEADER_KEYS.join(', ')}, or a table such as [bus]`, line);
    const raw = line.slice(name.length).trim();
    if (raw === '') throw this.#refuse(`a value behind ${key}`, 'none');
    const value = raw.startsWith('"') ? this.#quoted(raw) : raw;
    if (key === 'base_MVA' || key === 'base_kV') this.#base(key, value);
    return [key, value];
  }

  #quoted(raw: string): string {
    try {
      const value: unknown = JSON.parse(raw);
      if (typeof value === 'string') return value;
    } catch {
      // Falls through: what is wrong is the same for every form of it.
    }
    throw this.#refuse('a string that ends with its quote, as in JSON', raw);
  }

  #base(key: HeaderKey, value: string): void {
    const base = DECIMAL.test(value) ? Number(value) : NaN;
    const least = key === 'base_MVA' ? '> 0' : '>= 0 (0: none is known)';
    if (!(base >= 0 && base < Infinity) || (key === 'base_MVA' && base === 0))
      throw this.#refuse(`${key} ${least}`, value);
  }

  #tables(header: Header): Partial<Record<TableName, Row[]>> {
    const tables: Partial<Record<TableName, Row[]>> = {};
    for (let line = this.#next(true); line !== undefined; line = this.#next(true)) {
      const table = TABLE_NAMES.find((name) => line === `[${name}]`);
      if (table === undefined) throw this.#refuse(`one of ${TABLE_NAMES.map((name) => `[${name}]`).join(' ')}`, line);
      if (tables[table] !== undefined) throw this.#refuse(`[${table}] once`, 'a second one');
      tables[table] = this.#table(table, header);
    }
    return tables;
  }

  #table(table: TableName, header: Header): Row[] {
    const places = this.#columns(table, header);
    const rows: Row[] = [];
    for (let line = this.#next(true); line !== undefined; line = this.#next(true)) {
      if (line.startsWith('[')) {
        this.#at--;
        break;
      }
      const tokens = line.split(/\s+/);
      if (tokens.length !== places.length) {
        throw this.#refuse(
          `${places.length} cells in a ${table} row, as in the line of columns`,
          String(tokens.length),
        );
      }
      if (rows.length >= MAX_ROWS) throw this.#refuse(`at most ${MAX_ROWS} rows in [${table}]`, 'more');
      rows.push({ line: this.#line, cells: this.#row(tokens, places, header) });
    }
    return rows;
  }

  #columns(table: TableName, header: Header): ColumnPlace[] {
    const line = this.#next(true);
    if (line === undefined || line.startsWith('['))
      throw this.#refuse(`a line of columns behind [${table}]`, line ?? 'the end');
    const places = line.split(/\s+/).map((name) => this.#column(table, name, header));
    for (const [i, { column, name }] of places.entries()) {
      if (places.findIndex((other) => other.column === column) !== i) throw this.#refuse('each quantity once', name);
    }
    for (const column of CASE_TABLES[table]) {
      if (!column.required || places.some((place) => place.column === column)) continue;
      throw this.#refuse(`a column ${column.names.map(([name]) => name).join(' or ')} in [${table}]`, line);
    }
    return places;
  }

  #column(table: TableName, name: string, header: Header): ColumnPlace {
    for (const column of CASE_TABLES[table]) {
      const known = column.names.find(([other]) => other === name);
      if (known === undefined) continue;
      if (isOhm(column, name) && header.baseKv === 0) throw this.#refuse(`base_kV > 0 in the header for ${name}`, '0');
      return { column, name, places: known[1] };
    }
    const all = CASE_TABLES[table].flatMap(({ names }) => names.map(([known]) => known));
    throw this.#refuse(`a column of [${table}]: ${all.join(' ')}`, name);
  }

  #row(tokens: readonly string[], places: readonly ColumnPlace[], header: Header): Record<string, Cell> {
    const cells: Record<string, Cell> = {};
    tokens.forEach((token, i) => {
      const place = places[i]!;
      if (token === '-' && !place.column.required) return;
      const cell = this.#cell(token, place);
      cells[place.column.key] = isOhm(place.column, place.name) ? this.#perUnit(cell as number, header) : cell;
    });
    return cells;
  }

  #perUnit(ohm: number, { baseKv, baseMva }: Header): number {
    const pu = ohm / ohmPerPu(baseKv, baseMva);
    if (pu - pu === 0) return pu;
    throw this.#refuse('an impedance that is finite on base_kV and base_MVA', String(ohm));
  }

  #cell(token: string, { column, name, places }: ColumnPlace): Cell {
    switch (column.kind) {
      case 'busKind':
        if (BUS_KINDS.some((kind) => kind === token)) return token;
        throw this.#refuse(`${BUS_KINDS.join(', ')} in column ${name}`, token);
      case 'flag':
        if (token === 'yes' || token === 'no') return token === 'yes';
        throw this.#refuse(`yes, no or - in column ${name}`, token);
      case 'id':
        if (/^\d{1,15}$/.test(token)) return Number(token);
        throw this.#refuse(`a bus number in column ${name}`, token);
      case 'number':
        return this.#number(token, column, name, places);
    }
  }

  #number(token: string, column: CaseColumn, name: string, places: number): number {
    if (column.bound === true && (token === 'inf' || token === '-inf')) return token === 'inf' ? Infinity : -Infinity;
    const value = DECIMAL.test(token) ? shiftToken(token, places) : NaN;
    if (value - value === 0) return value;
    throw this.#refuse(`a number in column ${name}${column.required ? '' : ', or -'}`, token);
  }

  #checkBuses(rows: readonly Row[]): ReadonlyMap<number, number> {
    const lines = new Map<number, number>();
    for (const { line, cells } of rows) {
      const id = cells['id'] as number;
      const first = lines.get(id);
      if (first !== undefined) throw this.#refuse('each bus once', `bus ${id}, also on line ${first}`, line);
      lines.set(id, line);
      if ((cells['vSetPu'] as number) > 0 || cells['kind'] === 'isolated') continue;
      throw this.#refuse('v_set_pu > 0', String(cells['vSetPu']), line);
    }
    if (!rows.some(({ cells }) => cells['kind'] === 'slack'))
      throw this.#refuse('a bus of kind slack', 'none in [bus]');
    return lines;
  }

  #checkBranch(row: Row, busLines: ReadonlyMap<number, number>): void {
    const { line, cells } = row;
    this.#knownBus(row, 'fromBus', busLines);
    this.#knownBus(row, 'toBus', busLines);
    if (cells['inService'] === false) return;
    const name = `${cells['fromBus']} to ${cells['toBus']}`;
    if (cells['fromBus'] === cells['toBus']) throw this.#refuse('a branch between two buses', name, line);
    if (cells['rPu'] === 0 && cells['xPu'] === 0) {
      throw this.#refuse('an impedance that is not zero on a branch in service', `branch ${name}`, line);
    }
  }

  #checkGenerator(row: Row, busLines: ReadonlyMap<number, number>): void {
    this.#knownBus(row, 'bus', busLines);
    const { vSetPu, inService } = row.cells;
    if (inService !== false && !((vSetPu as number) > 0)) throw this.#refuse('v_set_pu > 0', String(vSetPu), row.line);
  }

  #knownBus({ line, cells }: Row, key: string, busLines: ReadonlyMap<number, number>): void {
    const id = cells[key] as number;
    if (!busLines.has(id)) throw this.#refuse('a bus of [bus]', `bus ${id}`, line);
  }

  /** Of the buses that have coordinates; none at all when the table has no such columns. */
  #layout(rows: readonly Row[]): Network['layout'] {
    const layout: Record<number, readonly [number, number]> = {};
    let drawn = false;
    for (const { line, cells } of rows) {
      const { x, y, id } = cells;
      if ((x === undefined) !== (y === undefined)) throw this.#refuse('both x and y, or neither', 'one of them', line);
      if (x === undefined) continue;
      layout[id as number] = [x as number, y as number];
      drawn = true;
    }
    return drawn ? layout : undefined;
  }
}

function isOhm(column: CaseColumn, name: string): boolean {
  return column.impedance === true && name.endsWith('_ohm');
}
