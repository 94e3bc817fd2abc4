/**
 * A series of one quantity: price, carbon intensity, frequency deviation. Readers and generators both end here.
 *
 * The generic CSV form (`readScalarCsv`): that of csv.ts, one header line and evenly spaced rows, of which one column
 * is taken, by name or because it is the only one in the unit asked for. The unit stands in the header:
 *   time,price [EUR/MWh],carbon [g/kWh],load [kW],f [mHz]
 *   2024-03-01T00:00:00Z,51.2,230,1.1,-12
 */
import { fail } from '../../base/errors.ts';
import { columnIndex, readSeriesCsv, type SeriesReport, type SeriesTable, type SeriesUnit } from './csv.ts';

export interface ScalarSeries {
  readonly unit: SeriesUnit;
  /** UTC ms of step 0. */
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: Float64Array;
  /** Where the numbers come from, in words. */
  readonly provenance: string;
}

export interface ScalarOptions {
  readonly unit: SeriesUnit;
  /** Needed when several columns have the unit. */
  readonly column?: string;
  /** Refused above this share of bad rows; 0.05. */
  readonly maxBadShare?: number;
}

/** Values a resampled series may have: 400 MB. */
const MAX_VALUES = 50000000;

/** @throws `series.header` unless there is just one such column, `series.rows`. */
export function readScalarCsv(text: string, options: ScalarOptions): { series: ScalarSeries; report: SeriesReport } {
  const { maxBadShare = 0.05 } = options;
  const { table, report } = readSeriesCsv(text, { maxBadShare });
  const column = chooseColumn(table, options);
  return { series: scalarOf(table, column, options.unit, `CSV column ${table.columns[column]!}`), report };
}

function chooseColumn(table: SeriesTable, { unit, column }: ScalarOptions): number {
  const fitting = table.units.flatMap((u, c) => (u === unit ? [c] : []));
  const chosen = column === undefined ? fitting : [columnIndex(table, column)];
  if (chosen.length !== 1 || !fitting.includes(chosen[0]!)) {
    throw fail('series.header', {
      expected: column === undefined ? `one column in ${unit}` : `column ${column} in ${unit}`,
      got: table.columns.slice(0, 8).map((name, c) => `${name} [${table.units[c]!}]`),
    });
  }
  return chosen[0]!;
}

/** One column of a table. */
export function scalarOf(table: SeriesTable, column: number, unit: SeriesUnit, provenance: string): ScalarSeries {
  const { startMs, stepMs, steps, values, columns } = table;
  const own = Float64Array.from({ length: steps }, (_, t) => values[t * columns.length + column]!);
  return { unit, startMs, stepMs, values: own, provenance };
}

/**
 * At another step: the mean of the steps inside a coarser one (a last one that is not whole is left off); at a finer
 * one the value held, or with `linear` the straight line from each value to the next, the last one held.
 * @throws `env.taskArgument` unless one step divides the other and the result has 1 to 50 000 000 values.
 */
export function resample(series: ScalarSeries, stepMs: number, between: 'hold' | 'linear' = 'hold'): ScalarSeries {
  const ratio = stepMs >= series.stepMs ? stepMs / series.stepMs : series.stepMs / stepMs;
  const length = Math.floor((series.values.length * series.stepMs) / stepMs);
  if (!Number.isSafeInteger(ratio) || ratio < 1 || !(length >= 1 && length <= MAX_VALUES)) {
    throw fail('env.taskArgument', {
      expected: `a step that divides or is a multiple of ${series.stepMs} ms and leaves 1 to ${MAX_VALUES} values`,
      got: stepMs,
    });
  }
  const finer = stepMs < series.stepMs;
  const values =
    finer && between === 'linear' ? lines(series.values, ratio) : toStep(series.values, series.stepMs, stepMs);
  return { ...series, stepMs, values };
}

/** Mean of the native steps in each coarser step; finer steps hold the native value. One step divides the other. */
export function toStep(native: Float64Array, nativeMs: number, stepMs: number): Float64Array {
  if (stepMs === nativeMs) return native;
  const out = new Float64Array(Math.floor((native.length * nativeMs) / stepMs));
  const width = Math.max(1, stepMs / nativeMs);
  for (let t = 0; t < out.length; t++) {
    const first = Math.floor((t * stepMs) / nativeMs);
    let sum = 0;
    for (let i = 0; i < width; i++) sum += native[first + i]!;
    out[t] = sum / width;
  }
  return out;
}

function lines(values: Float64Array, ratio: number): Float64Array {
  const out = new Float64Array(values.length * ratio);
  for (let t = 0; t < values.length; t++) {
    const here = values[t]!;
    const slope = ((t + 1 < values.length ? values[t + 1]! : here) - here) / ratio;
    for (let i = 0; i < ratio; i++) out[t * ratio + i] = here + slope * i;
  }
  return out;
}

/** The value that a share p of the values is at or below: nearest rank. */
export function quantile(values: Float64Array, p: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))]!;
}
