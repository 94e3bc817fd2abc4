/**
 * `npm run docs:series`: the tables of docs/reference/series.md, generated series beside measured ones. Needs the
 * reference data; prose between the tables is left alone. A test recomputes every cell.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { REPO_ROOT } from '../test/support/repo.ts';
import { correlation, meanDay } from './series/statistics.ts';
import { STUDIES, type Study } from './series/studies.ts';

export const SERIES_DOC = 'docs/reference/series.md';

export interface StatisticsTable {
  /** Column titles, the first that of the row titles. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Cells of the measured columns are '' when `withMeasured` is false, and so is the last row, which needs them. */
export function statisticsTable(study: Study, withMeasured: boolean): StatisticsTable {
  const samples = study.columns.map((column) => (column.measured && !withMeasured ? undefined : column.sample()));
  const rows = study.rows.map(([title, value]) => [
    title,
    ...samples.map((sample) => (sample === undefined ? '' : cell(value(sample)))),
  ]);
  const reference = study.matchedTo < 0 ? undefined : samples[study.matchedTo];
  if (study.matchedTo >= 0) {
    const name = study.columns[study.matchedTo]!.title;
    const against = (s: (typeof samples)[number]): string =>
      s === undefined || reference === undefined ? '' : cell(correlation(meanDay(s), meanDay(reference)));
    rows.push([`correlation of mean days with ${name}`, ...samples.map(against)]);
  }
  return { head: ['', ...study.columns.map(({ title }) => title)], rows };
}

/** Three digits that mean something; what is nothing beside one is 0. */
function cell(x: number): string {
  if (!Number.isFinite(x)) return '-';
  if (Math.abs(x) < 0.0005) return '0';
  return Math.abs(x) >= 100 ? x.toFixed(0) : String(Number(x.toPrecision(3)));
}

/** A table of the page by its marker. */
export function tableOf(page: string, id: string): StatisticsTable {
  const body = between(page, id).trim().split('\n');
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((text) => text.trim());
  return { head: cells(body[0]!), rows: body.slice(2).map(cells) };
}

const open = (id: string): string => `<!-- statistics ${id} -->`;
const CLOSE = '<!-- end -->';

function between(page: string, id: string): string {
  const part = page.split(open(id))[1]?.split(CLOSE)[0];
  if (part === undefined) throw new Error(`${SERIES_DOC} has no table ${id}`);
  return part;
}

async function main(): Promise<void> {
  const file = join(REPO_ROOT, SERIES_DOC);
  let page = readFileSync(file, 'utf8');
  for (const study of STUDIES) {
    const { head, rows } = statisticsTable(study, true);
    const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map(
      (row) => `| ${row.join(' | ')} |`,
    );
    page = page.replace(
      `${open(study.id)}${between(page, study.id)}${CLOSE}`,
      () => `${open(study.id)}\n\n${lines.join('\n')}\n\n${CLOSE}`,
    );
  }
  const options = await resolveConfig(file);
  writeFileSync(file, await format(page, { ...options, parser: 'markdown' }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
