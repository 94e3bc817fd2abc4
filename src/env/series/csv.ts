/**
 * Measured series as CSV: one header line, one row per instant, evenly spaced.
 *
 * Columns: the first is time (`time`, `date_time` or `timestamp`), ISO 8601, UTC unless it carries an offset; every
 * other is a number, named `name` or `name [unit]`, unit one of
 *   power W kW MW -> W; reactive power var kvar Mvar -> var; frequency Hz mHz -> Hz;
 *   price /MWh /kWh, with or without a currency before the stroke ($, EUR ...) -> per MWh;
 *   carbon intensity kg/kWh g/kWh kg/MWh -> kg/kWh.
 * Values come back in the unit after the arrow; without a unit, as they stand.
 *
 * What is wrong with single rows is reported by line, not thrown: a row that cannot be read is left out
 * (`series.row`), as is one that does not come after its predecessor (`series.order`) or falls between the evenly
 * spaced instants (`series.grid`; the commonest spacing is the step); missing instants are filled by holding the
 * last row (`series.gap`). A file that is not such a table, or is bad in more than a given share of
 * its rows, is refused.
 */
import { fail } from '../../base/errors.ts';

export interface SeriesIssue {
  /** 1-based line of the file. */
  readonly line: number;
  readonly code: 'series.row' | 'series.order' | 'series.grid' | 'series.gap' | 'series.range';
  readonly message: string;
}

export interface SeriesReport {
  readonly issues: readonly SeriesIssue[];
  /** Rows that were read. */
  readonly goodRows: number;
  /** Rows left out, and instants filled by holding. */
  readonly badRows: number;
  readonly filledRows: number;
}

export interface SeriesTable {
  /** Without the time column, units stripped. */
  readonly columns: readonly string[];
  /** Of the values, column by column; '' where the header names none. */
  readonly units: readonly (SeriesUnit | '')[];
  readonly startMs: number;
  readonly stepMs: number;
  readonly steps: number;
  /** Row-major steps x columns. */
  readonly values: Float64Array;
  /** Per step, the 1-based line of the file it was read from; a held one has the line of the row it holds. */
  readonly lines: Int32Array;
}

export interface ReadOptions {
  /** Refused above this share of bad rows; 0.05. */
  readonly maxBadShare?: number;
  /** Unit of columns whose header names none; none. */
  readonly defaultUnit?: keyof typeof UNITS;
}

/** What values are brought to. */
export type SeriesUnit = 'W' | 'var' | 'Hz' | '/MWh' | 'kg/kWh';

const UNITS = {
  W: ['W', 1],
  kW: ['W', 1000],
  MW: ['W', 1000000],
  var: ['var', 1],
  kvar: ['var', 1000],
  Mvar: ['var', 1000000],
  Hz: ['Hz', 1],
  mHz: ['Hz', 0.001],
  '/MWh': ['/MWh', 1],
  '/kWh': ['/MWh', 1000],
  'kg/kWh': ['kg/kWh', 1],
  'g/kWh': ['kg/kWh', 0.001],
  'kg/MWh': ['kg/kWh', 0.001],
} as const satisfies Record<string, readonly [SeriesUnit, number]>;
const TIME_NAMES = ['time', 'date_time', 'timestamp'];
const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:?\d\d)?$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** Instants times columns of a table: 400 MB. Gaps are filled, so a short file can ask for a long table. */
const MAX_VALUES = 50000000;
/** Characters of a file: a year of seconds with a few columns. */
const MAX_CHARACTERS = 1000000000 / 4;

interface Row {
  readonly line: number;
  readonly tMs: number;
  readonly values: readonly number[];
}

interface Column {
  readonly name: string;
  readonly unit: SeriesUnit | '';
  readonly scale: number;
}

/** @throws `series.header`, `series.rows`. */
export function readSeriesCsv(text: string, options: ReadOptions = {}): { table: SeriesTable; report: SeriesReport } {
  const lines = linesOf(text);
  const columns = readHeader(lines[0] ?? '', options.defaultUnit);
  const issues: SeriesIssue[] = [];
  const rows = onGrid(readRows(lines, columns, issues), issues);
  const badRows = issues.length;
  const allowed = (options.maxBadShare ?? 0.05) * (rows.length + badRows);
  if (rows.length < 2 || badRows > allowed) {
    throw fail('series.rows', {
      expected: `2 rows or more, at most ${Math.floor(allowed)} bad`,
      got: { goodRows: rows.length, badRows, first: issues.slice(0, 5) },
    });
  }
  const table = lay(columns, rows, issues);
  const filledRows = table.steps - rows.length;
  issues.sort((a, b) => a.line - b.line);
  return { table, report: { issues, goodRows: rows.length, badRows, filledRows } };
}

/** Lines of a file of bounded size. @throws `series.rows`. */
export function linesOf(text: string): string[] {
  if (text.length > MAX_CHARACTERS) {
    throw fail('series.rows', { expected: `at most ${MAX_CHARACTERS} characters`, got: text.length });
  }
  return text.split(/\r?\n/);
}

/** Column index by name. @throws `series.header`. */
export function columnIndex(table: SeriesTable, name: string): number {
  const index = table.columns.indexOf(name);
  if (index < 0) throw fail('series.header', { expected: `a column ${name}`, got: table.columns.slice(0, 8) });
  return index;
}

function readHeader(line: string, defaultUnit: keyof typeof UNITS | undefined): Column[] {
  const [time = '', ...names] = line
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((cell) => cell.trim());
  if (!TIME_NAMES.includes(time.toLowerCase()) || names.length === 0) {
    throw fail('series.header', {
      expected: `${TIME_NAMES.join(' or ')}, then number columns`,
      got: line.slice(0, 80),
    });
  }
  const columns = names.map((name) => readColumn(name, defaultUnit));
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name)) throw fail('series.header', { expected: 'every column once', got: name });
    seen.add(name);
  }
  return columns;
}

function readColumn(cell: string, defaultUnit: keyof typeof UNITS | undefined): Column {
  const match = /^([A-Za-z][\w.-]*)\s*(?:\[(?:\$|[A-Z]{3}(?=\/))?([\w/]+)\])?$/.exec(cell);
  const unit = match?.[2] ?? defaultUnit;
  if (match === null || (unit !== undefined && !Object.hasOwn(UNITS, unit))) {
    throw fail('series.header', { expected: `name [unit], unit of ${Object.keys(UNITS).join(' ')}`, got: cell });
  }
  if (unit === undefined) return { name: match[1]!, unit: '', scale: 1 };
  const [si, scale] = UNITS[unit as keyof typeof UNITS];
  return { name: match[1]!, unit: si, scale };
}

function readRows(lines: readonly string[], columns: readonly Column[], issues: SeriesIssue[]): Row[] {
  const rows: Row[] = [];
  for (let n = 1; n < lines.length; n++) {
    if (lines[n]!.trim() === '') continue;
    const row = readRow(lines[n]!, n + 1, columns);
    if (typeof row === 'string') issues.push({ line: n + 1, code: 'series.row', message: row });
    else if (rows.length > 0 && row.tMs <= rows.at(-1)!.tMs) {
      issues.push({ line: n + 1, code: 'series.order', message: 'not later than the row before it' });
    } else rows.push(row);
  }
  return rows;
}

/** The row, or what is wrong with it. */
function readRow(text: string, line: number, columns: readonly Column[]): Row | string {
  const cells = text.split(',').map((cell) => cell.trim());
  if (cells.length !== columns.length + 1) return `${cells.length} cells, expected ${columns.length + 1}`;
  const tMs = parseTimeMs(cells[0]!);
  if (tMs === undefined) return `time not ISO 8601: ${cells[0]!.slice(0, 40)}`;
  const bad = cells.findIndex((cell, i) => i > 0 && !NUMBER.test(cell));
  if (bad >= 0) return `${columns[bad - 1]!.name} is not a number: ${cells[bad]!.slice(0, 40)}`;
  const values = columns.map(({ scale }, i) => Number(cells[i + 1]) * scale);
  const huge = values.findIndex((value) => !Number.isFinite(value));
  if (huge >= 0) return `${columns[huge]!.name} is too large: ${cells[huge + 1]!.slice(0, 40)}`;
  return { line, tMs, values };
}

/** UTC ms; undefined when it is not an ISO 8601 instant. Digits beyond the millisecond are cut off. */
export function parseTimeMs(text: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const date = match[1]!;
  const [hour, minute, second] = [Number(match[2]), Number(match[3]), Number(match[4] ?? 0)];
  const ms = Number((match[5] ?? '').slice(0, 3).padEnd(3, '0'));
  const midnight = Date.parse(`${date}T00:00:00Z`);
  // Some engines roll 31 February over instead of refusing it.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) return undefined;
  const offsetMs = parseOffsetMs(match[6] ?? 'Z');
  if (hour > 23 || minute > 59 || second > 59 || offsetMs === undefined) return undefined;
  return midnight + ((hour * 60 + minute) * 60 + second) * 1000 + ms - offsetMs;
}

/** `Z`, `+02:00`, `-0330`; undefined beyond +-23:59. */
function parseOffsetMs(text: string): number | undefined {
  if (text === 'Z') return 0;
  const digits = text.slice(1).replace(':', '');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (hours > 23 || minutes > 59) return undefined;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60000;
}

/** One row per instant of the grid; what is missing is held and reported. */
function lay(columns: readonly Column[], rows: readonly Row[], issues: SeriesIssue[]): SeriesTable {
  const stepMs = commonestStep(rows);
  const startMs = rows[0]!.tMs;
  const steps = Math.floor((rows.at(-1)!.tMs - startMs) / stepMs) + 1;
  if (steps > 4 * rows.length + 1000) {
    throw fail('series.rows', { expected: `rows every ${stepMs} ms`, got: `${rows.length} rows over ${steps} steps` });
  }
  if (steps * columns.length > MAX_VALUES) {
    throw fail('series.rows', {
      expected: `instants x columns of at most ${MAX_VALUES}`,
      got: `${steps} x ${columns.length}`,
    });
  }
  const values = new Float64Array(steps * columns.length);
  const lines = new Int32Array(steps);
  let next = 0;
  for (let t = 0; t < steps; t++) {
    const first = next;
    while (next < rows.length && rows[next]!.tMs <= startMs + t * stepMs) next++;
    if (next === first) noteGap(issues, rows[next]!, stepMs);
    values.set(rows[next - 1]!.values, t * columns.length);
    lines[t] = rows[next - 1]!.line;
  }
  return {
    columns: columns.map(({ name }) => name),
    units: columns.map(({ unit }) => unit),
    startMs,
    stepMs,
    steps,
    values,
    lines,
  };
}

/** Leaves out rows between the instants of the grid that starts at the first row. */
function onGrid(rows: readonly Row[], issues: SeriesIssue[]): Row[] {
  if (rows.length < 2) return [...rows];
  const stepMs = commonestStep(rows);
  return rows.filter(({ line, tMs }) => {
    const on = (tMs - rows[0]!.tMs) % stepMs === 0;
    if (!on) issues.push({ line, code: 'series.grid', message: `not a multiple of ${stepMs} ms after the first row` });
    return on;
  });
}

function noteGap(issues: SeriesIssue[], after: Row, stepMs: number): void {
  const last = issues.at(-1);
  // One report per gap, at the row that ends it.
  if (last?.code === 'series.gap' && last.line === after.line) return;
  issues.push({
    line: after.line,
    code: 'series.gap',
    message: `instants missing before this row; held (step ${stepMs} ms)`,
  });
}

function commonestStep(rows: readonly Row[]): number {
  const counts = new Map<number, number>();
  for (let i = 1; i < rows.length; i++) {
    const step = rows[i]!.tMs - rows[i - 1]!.tMs;
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  return [...counts].reduce((best, entry) =>
    entry[1] > best[1] || (entry[1] === best[1] && entry[0] < best[0]) ? entry : best,
  )[0];
}
