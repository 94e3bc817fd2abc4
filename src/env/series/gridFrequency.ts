/**
 * Measured grid frequency as GMLC's battery interface distributes it: no header, one row a second,
 * `hour, f pu at place 1, f pu at place 2, V pu at place 1, V pu at place 2`; f in Hz = column x nominal.
 *
 * The hours are printed with five significant digits, so a row's instant is known to 0.4 s in the first ten hours and to
 * 4 s after: rows are taken as one a second, and the printed hour is held against the count. It may lag or lead by that
 * rounding and 2 s. Problems are reported by line: `series.row` (unreadable), `series.order` (earlier than the row before),
 * `series.range` (frequency outside 0.8 to 1.2 pu), all left out; `series.gap` (the hour leads the count: seconds are
 * missing; the last row is held), `series.grid` (the hour lags the count: a row too many, left out).
 */
import { fail } from '../../base/errors.ts';
import { linesOf, type SeriesIssue, type SeriesReport } from './csv.ts';
import { quantile, type ScalarSeries } from './scalar.ts';

export interface FrequencyOptions {
  /** 60. */
  readonly nominalHz?: number;
  /** Which of the places measured; 1. */
  readonly place?: 1 | 2;
  /** UTC ms of hour 0, which the file does not say; 0. */
  readonly startMs?: number;
  /** Refused above this share of bad rows; 0.05. */
  readonly maxBadShare?: number;
}

const CELLS = 5;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const STEP_MS = 1000;
const SLACK_S = 2;
const MIN_PU = 0.8;
const MAX_PU = 1.2;
/** A day and a little. */
const MAX_HOURS = 25;

interface Row {
  readonly atS: number;
  readonly fPu: number;
}

interface Reading {
  readonly values: number[];
  readonly issues: SeriesIssue[];
  goodRows: number;
  badRows: number;
  filledRows: number;
  /** Instant of the first row, and of the last good one, s. */
  firstS: number;
  lastS: number;
}

/** Deviations from nominal, Hz, one a second. @throws `series.rows`. */
export function readGridFrequency(
  text: string,
  options: FrequencyOptions = {},
): { series: ScalarSeries; report: SeriesReport } {
  const { nominalHz = 60, place = 1, startMs = 0, maxBadShare = 0.05 } = options;
  const reading: Reading = { values: [], issues: [], goodRows: 0, badRows: 0, filledRows: 0, firstS: 0, lastS: 0 };
  linesOf(text).forEach((line, n) => {
    if (line.trim() !== '') take(reading, readRow(line.replace(/^\uFEFF/, ''), place), n + 1);
  });
  const { issues, goodRows, badRows, filledRows } = reading;
  if (goodRows < 2 || badRows > maxBadShare * (goodRows + badRows)) {
    throw fail('series.rows', {
      expected: `2 rows of ${CELLS} cells or more, at most ${maxBadShare} of them bad`,
      got: { goodRows, badRows, first: issues.slice(0, 5) },
    });
  }
  // df = (f_pu - 1) f_nominal
  const values = Float64Array.from(reading.values, (fPu) => (fPu - 1) * nominalHz);
  const provenance = `measured grid frequency less ${nominalHz} Hz, place ${place}`;
  const firstMs = startMs + Math.floor(reading.firstS + 0.5) * STEP_MS;
  const series: ScalarSeries = { unit: 'Hz', startMs: firstMs, stepMs: STEP_MS, values, provenance };
  return { series, report: { issues, goodRows, badRows, filledRows } };
}

/** The row, or what is wrong with it. */
function readRow(line: string, place: 1 | 2): Row | Omit<SeriesIssue, 'line'> {
  const cells = line.split(',').map((cell) => cell.trim());
  const wrong = (message: string): Omit<SeriesIssue, 'line'> => ({ code: 'series.row', message });
  if (cells.length !== CELLS) return wrong(`${cells.length} cells, expected ${CELLS}`);
  const bad = cells.find((cell) => !NUMBER.test(cell));
  if (bad !== undefined) return wrong(`not a number: ${bad.slice(0, 40)}`);
  const hour = Number(cells[0]);
  const fPu = Number(cells[place]);
  if (!(hour >= 0 && hour <= MAX_HOURS)) return wrong(`hour outside 0 to ${MAX_HOURS}: ${cells[0]!.slice(0, 40)}`);
  if (!(fPu >= MIN_PU && fPu <= MAX_PU)) {
    return {
      code: 'series.range',
      message: `frequency outside ${MIN_PU} to ${MAX_PU} pu: ${cells[place]!.slice(0, 40)}`,
    };
  }
  return { atS: hour * 3600, fPu };
}

function take(reading: Reading, row: Row | Omit<SeriesIssue, 'line'>, line: number): void {
  const { values, issues } = reading;
  const problem = 'atS' in row ? misplaced(row, reading) : row;
  if (problem !== undefined) {
    issues.push({ line, ...problem });
    reading.badRows++;
    return;
  }
  const { atS, fPu } = row as Row;
  if (values.length === 0) reading.firstS = atS;
  const missing = Math.floor(atS - reading.firstS - values.length + 0.5);
  if (missing > toleranceS(atS)) {
    issues.push({ line, code: 'series.gap', message: `${missing} s missing before this row; held` });
    reading.filledRows += missing;
    const held = values.at(-1)!;
    for (let i = 0; i < missing; i++) values.push(held);
  }
  values.push(fPu);
  reading.lastS = atS;
  reading.goodRows++;
}

/** Against the count of rows since the first. */
function misplaced({ atS }: Row, { values, firstS, lastS }: Reading): Omit<SeriesIssue, 'line'> | undefined {
  if (atS < lastS) return { code: 'series.order', message: 'earlier than the row before it' };
  if (values.length === 0 || values.length - (atS - firstS) <= toleranceS(atS)) return undefined;
  return { code: 'series.grid', message: `a row more than the hour has seconds: second ${values.length} by count` };
}

/** Half a unit in the fifth significant digit of the hour, and the slack. */
function toleranceS(atS: number): number {
  return (atS < 36000 ? 0.18 : 1.8) + SLACK_S;
}

/**
 * Scaled so that 99 % of |values| lie within `p99Hz`. Real deviations in a large interconnection are too small for a
 * containment service to have work: 0.2 Hz asks for full delivery. @throws `env.taskArgument`.
 */
export function scaleToP99(series: ScalarSeries, p99Hz = 0.2): { series: ScalarSeries; factor: number } {
  const p99 = quantile(series.values.map(Math.abs), 0.99);
  if (!(p99 > 0 && p99Hz > 0)) {
    throw fail('env.taskArgument', { expected: 'deviations that are not all 0, p99Hz > 0', got: { p99, p99Hz } });
  }
  const factor = p99Hz / p99;
  const provenance = `${series.provenance}, x ${factor}`;
  return { series: { ...series, values: series.values.map((x) => x * factor), provenance }, factor };
}
