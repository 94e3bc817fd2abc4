/** Aligned text tables: two spaces between columns, a rule under the head, no trailing space. */
import { wrap } from './wrap.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/**
 * One line a row. Cells may hold colour; a row shorter than the columns is filled with blanks. Where a line would be
 * longer than `width`, the last cell goes on below itself.
 */
export function table(
  columns: readonly Column[],
  given: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const rows = given.flatMap((row) => wrapLast(columns, given, row, width));
  const titles = columns.map((column) => column.title);
  const widths = columns.map((_, i) => Math.max(...[titles, ...rows].map((row) => visibleWidth(row[i] ?? ''))));
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, i) => pad(cells[i] ?? '', widths[i]!, column.align ?? 'left'))
      .join('  ')
      .trimEnd();
  return [
    line(titles),
    widths
      .map((width) => '-'.repeat(width))
      .join('  ')
      .trimEnd(),
    ...rows.map(line),
  ];
}

function wrapLast(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  row: readonly string[],
  width: number,
): (readonly string[])[] {
  const before = columns.slice(0, -1);
  const used = before.map(({ title }, i) => 2 + Math.max(...[title, ...rows.map((r) => r[i] ?? '')].map(visibleWidth)));
  const room = Math.max(16, width - used.reduce((sum, w) => sum + w, 0));
  const last = row[before.length] ?? '';
  if (visibleWidth(last) <= room) return [row];
  const [first, ...rest] = wrap(last, room);
  return [[...row.slice(0, -1), first!], ...rest.map((text) => [...before.map(() => ''), text])];
}

/** `label  value` pairs, the labels padded to one width. */
export function facts(pairs: readonly (readonly [label: string, value: string])[]): string[] {
  const width = Math.max(0, ...pairs.map(([label]) => visibleWidth(label)));
  return pairs.map(([label, value]) => `${pad(label, width, 'left')}  ${value}`.trimEnd());
}

export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const blank = ' '.repeat(Math.max(0, width - visibleWidth(text)));
  return align === 'right' ? blank + text : text + blank;
}

/** Code points, colour sequences not counted. */
export function visibleWidth(text: string): number {
  // eslint-disable-next-line no-control-regex -- ANSI colour starts with the escape character
  return Array.from(text.replace(/\x1b\[[0-9;]*m/g, '')).length;
}
