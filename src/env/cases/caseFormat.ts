/** The writer of the case text format. What it writes, `parseCase` reads back to the same bits. */
import { fail } from '../../base/errors.ts';
import type { Network } from '../../grid/network.ts';
import { CASE_TABLES, ohmPerPu, TABLE_NAMES, type CaseColumn, type TableName } from './caseColumns.ts';
import { CASE_TEXT_MAGIC } from './caseText.ts';
import { decimalText } from './decimal.ts';

type Rows = readonly Readonly<Record<string, unknown>>[];

/** Tables whose largest power is this or more are written in M, others in k. */
const MEGA_FROM = 1e7;

/**
 * @param impedance unit of r and x; ohm stands on the base of the header, and gives way to pu where a value has no
 * decimal in ohm that leads back to it exactly. Default pu.
 * @throws `env.caseText` on a number that is not finite where one must be, and on coordinates of no bus.
 */
export function formatCase(network: Network, impedance: 'pu' | 'ohm' = 'pu'): string {
  const { name, provenance, licence, baseMva, baseKv } = network;
  const header = [
    ['name', quoted(name)],
    ...provenance.split('\n').map((line) => ['source', quoted(line)]),
    ...(licence === undefined ? [] : [['licence', quoted(licence)]]),
    ['base_MVA', plain(baseMva, 0, 'baseMva')],
    ['base_kV', plain(baseKv, 0, 'baseKv')],
  ];
  const tables = TABLE_NAMES.flatMap((table) => {
    const rows = rowsOf(network, table);
    return rows === undefined ? [] : ['', `[${table}]`, ...formatTable(table, rows, network, impedance)];
  });
  return [CASE_TEXT_MAGIC, ...header.map(([key, value]) => `${key!.padEnd(9)}${value}`), ...tables, ''].join('\n');
}

function rowsOf(network: Network, table: TableName): Rows | undefined {
  if (table === 'generator') return network.generators as Rows | undefined;
  if (table === 'branch') return network.branches as unknown as Rows;
  const { layout = {}, buses } = network;
  const ids = new Set(buses.map(({ id }) => id));
  for (const id of Object.keys(layout)) {
    if (!ids.has(Number(id)))
      throw fail('env.caseText', { expected: 'coordinates of buses of the network', got: `bus ${id}` });
  }
  return buses.map((bus) => ({ ...bus, x: layout[bus.id]?.[0], y: layout[bus.id]?.[1] }));
}

function formatTable(table: TableName, rows: Rows, network: Network, impedance: 'pu' | 'ohm'): string[] {
  const places = largestPower(table, rows) >= MEGA_FROM ? 6 : 3;
  const used = CASE_TABLES[table].filter(({ key, required }) => required || rows.some((row) => row[key] !== undefined));
  const columns = used.map((column) => {
    const ohm = column.impedance === true && impedance === 'ohm' ? ohmTexts(column, rows, network) : undefined;
    if (ohm !== undefined) return [column.names[1]![0], ...ohm];
    const [name, shift] = column.names.find(([, p]) => p === places) ?? column.names[0]!;
    return [name, ...rows.map((row, k) => cellText(row[column.key], column, shift, `${table} ${k + 1}`))];
  });
  const widths = columns.map((cells) => cells.reduce((most, cell) => Math.max(most, cell.length), 0));
  return Array.from({ length: rows.length + 1 }, (_, k) =>
    columns.map((cells, c) => cells[k]!.padStart(widths[c]!)).join('  '),
  );
}

function largestPower(table: TableName, rows: Rows): number {
  let largest = 0;
  for (const { key, names } of CASE_TABLES[table]) {
    if (names.length < 3) continue;
    for (const row of rows) {
      const value = Math.abs(Number(row[key] ?? 0));
      if (value > largest && value < Infinity) largest = value;
    }
  }
  return largest;
}

/** The shortest decimals in ohm that divide back to the same pu; undefined when one has none. */
function ohmTexts({ key }: CaseColumn, rows: Rows, { baseKv, baseMva }: Network): string[] | undefined {
  const base = ohmPerPu(baseKv, baseMva);
  const texts = rows.map((row) => {
    const pu = row[key] as number;
    for (let digits = 1; digits <= 17; digits++) {
      const ohm = Number((pu * base).toPrecision(digits));
      if (Object.is(ohm / base, pu)) return decimalText(ohm, 0);
    }
    return undefined;
  });
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function cellText(value: unknown, column: CaseColumn, places: number, where: string): string {
  if (value === undefined && !column.required) return '-';
  if (column.kind === 'flag') return value === true ? 'yes' : 'no';
  if (column.kind === 'busKind') return String(value);
  if (column.bound === true && (value === Infinity || value === -Infinity)) return value > 0 ? 'inf' : '-inf';
  return plain(value as number, -places, `${where}: ${column.key}`);
}

function plain(value: number, places: number, what: string): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw fail('env.caseText', { expected: `a finite number for ${what}`, got: String(value) });
  }
  return decimalText(value, places);
}

/** As it is where a line holds it, else as a JSON string. */
function quoted(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what must not stand bare in a line
  const bare = /^[^\s"](?:.*\S)?$/.test(text) && !/[\u0000-\u001f\u007f]|\p{Cs}/u.test(text);
  return bare ? text : JSON.stringify(text);
}
