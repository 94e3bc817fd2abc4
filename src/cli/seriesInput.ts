/** Which days a simulation lives: those of a CSV of measurements, or the synthetic test days. */
import { fail } from '../base/errors.ts';
import { DAY_MS } from '../grid/interval.ts';
import { IEEE33 } from '../env/cases/ieee33.ts';
import { ieee33Sites } from '../env/cases/ieee33Sites.ts';
import { readSeriesCsv, type SeriesIssue, type SeriesTable } from '../env/series/csv.ts';
import { measuredSeries, rlAdnSeries, splitDays } from '../env/series/feederSeries.ts';
import type { FeederSeries } from '../env/series/series.ts';
import { SYNTHETIC_EPOCH_MS, testDay } from '../env/series/synthetic.ts';
import { ieee33Day } from '../env/tasks/voltageIeee33.ts';
import { errnoOf, readBytesFile } from './files.ts';

export interface SeriesRequest {
  /** CSV; undefined: synthetic test days. */
  readonly file: string | undefined;
  /** 0-based: a whole UTC day of the file, or a test day. */
  readonly start: number;
  readonly days: number;
  readonly scale: 'feeder' | 'raw';
  /** Only the first this many intervals. */
  readonly intervals: number | undefined;
}

export interface SeriesReport {
  readonly source: 'synthetic' | 'rl-adn' | 'measured';
  readonly provenance: string;
  readonly days: number;
  readonly steps: number;
  /** Of the whole file, not of the days alone. */
  readonly goodRows: number;
  readonly badRows: number;
  readonly filledRows: number;
  readonly negativeLoads: number;
  /** In order of line: rows left out, gaps, rows with loads below zero. */
  readonly issues: readonly SeriesProblem[];
}

export interface SeriesProblem {
  readonly line: number;
  readonly code: SeriesIssue['code'] | 'series.negative';
  readonly message: string;
}

export interface SeriesInput {
  readonly series: FeederSeries;
  readonly report: SeriesReport;
}

/** Nodes 2 to 33 of RL-ADN have a bus to go to. */
const MAPPED_NODES = /^active_power_node_([2-9]|[12]\d|3[0-3])$/;

/** @throws `cli.file`, `cli.usage` when the file has not that many whole days, `series.*`, `env.taskArgument`. */
export async function loadSeries(request: SeriesRequest): Promise<SeriesInput> {
  const { series: all, report } =
    request.file === undefined ? syntheticDays(request) : await fileDays(request.file, request);
  if (request.scale === 'raw' && report.source !== 'rl-adn') {
    throw fail('cli.usage', { expected: '--scale raw with a --series of RL-ADN', got: `${report.source} series` });
  }
  const series = firstSteps(all, Math.min(all.steps, request.intervals ?? all.steps));
  return { series, report: { ...report, provenance: series.provenance, days: request.days, steps: series.steps } };
}

type Report = Omit<SeriesReport, 'provenance' | 'days' | 'steps'>;

function syntheticDays({ start, days }: SeriesRequest): { series: FeederSeries; report: Report } {
  const indices = Array.from({ length: days }, (_, i) => testDay(start + i));
  const report: Report = { source: 'synthetic', goodRows: 0, badRows: 0, filledRows: 0, negativeLoads: 0, issues: [] };
  const joined = endToEnd(indices.map((day) => ieee33Day(day)));
  const startMs = SYNTHETIC_EPOCH_MS + indices[0]! * DAY_MS;
  const provenance = `synthetic test day${days > 1 ? 's' : ''} ${indices.join(', ')}`;
  return { series: { ...joined, startMs, provenance }, report };
}

async function fileDays(file: string, request: SeriesRequest): Promise<{ series: FeederSeries; report: Report }> {
  const text = await readText(file);
  const isRlAdn = /^\W*\w+\s*,\s*active_power_node_1\s*,/.test(text);
  // RL-ADN names no units; its powers are kW.
  const { table, report } = readSeriesCsv(text, isRlAdn ? { defaultUnit: 'kW' } : {});
  const place = { network: IEEE33, sites: ieee33Sites() };
  const series = isRlAdn ? rlAdnSeries(table, { ...place, scale: request.scale }).series : measuredSeries(table, place);
  const negative = negativeLoads(table, isRlAdn ? MAPPED_NODES : /^load\./);
  const issues = [...report.issues, ...negative.issues].sort((a, b) => a.line - b.line);
  return {
    series: wholeDays(series, request, file),
    report: { ...report, issues, source: isRlAdn ? 'rl-adn' : 'measured', negativeLoads: negative.count },
  };
}

async function readText(file: string): Promise<string> {
  const bytes = await readBytesFile(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fail('cli.file', { expected: 'a CSV in UTF-8', got: `${file} (${errnoOf(cause)})`, cause });
  }
}

/** Loads below zero (generation behind the node's meter) are simulated as they stand, and named here. */
function negativeLoads(table: SeriesTable, names: RegExp): { count: number; issues: SeriesProblem[] } {
  const issues: SeriesProblem[] = [];
  let count = 0;
  for (let t = 0; t < table.steps; t++) {
    const row = table.values.subarray(t * table.columns.length, (t + 1) * table.columns.length);
    const columns = table.columns.filter((name, c) => names.test(name) && row[c]! < 0);
    // A held row repeats the line it was held from.
    if (columns.length === 0 || issues.at(-1)?.line === table.lines[t]) continue;
    count += columns.length;
    issues.push({ line: table.lines[t]!, code: 'series.negative', message: `below zero, kept: ${columns.join(', ')}` });
  }
  return { count, issues };
}

function wholeDays(series: FeederSeries, { start, days }: SeriesRequest, file: string): FeederSeries {
  const whole = splitDays(series);
  if (start + days > whole.length) {
    throw fail('cli.usage', {
      expected: `--start + --days of at most ${whole.length}, the whole UTC days of ${file}`,
      got: `--start ${start} --days ${days}`,
    });
  }
  return { ...endToEnd(whole.slice(start, start + days)), provenance: `${series.provenance}, day ${start} on` };
}

/** Days joined as if each came right after the one before. */
function endToEnd(days: readonly FeederSeries[]): FeederSeries {
  const join = (pick: (day: FeederSeries) => Float64Array): Float64Array => {
    const out = new Float64Array(days.reduce((length, day) => length + pick(day).length, 0));
    let at = 0;
    for (const day of days) {
      out.set(pick(day), at);
      at += pick(day).length;
    }
    return out;
  };
  return {
    ...days[0]!,
    steps: days.reduce((steps, day) => steps + day.steps, 0),
    loadPW: join((day) => day.loadPW),
    loadQVar: join((day) => day.loadQVar),
    pvW: join((day) => day.pvW),
  };
}

function firstSteps(series: FeederSeries, steps: number): FeederSeries {
  if (steps === series.steps) return series;
  const part = (all: Float64Array): Float64Array => all.slice(0, (all.length / series.steps) * steps);
  return { ...series, steps, loadPW: part(series.loadPW), loadQVar: part(series.loadQVar), pvW: part(series.pvW) };
}
