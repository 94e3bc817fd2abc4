/**
 * Means, interquartile means and 95 % bootstrap intervals of a metric over training seeds and scenarios.
 *
 * A resample draws as many seeds and as many scenarios as there are, each with replacement, and takes every pair of
 * them (crossed, or pigeonhole, bootstrap: Owen 2007, Ann. Appl. Stat. 1(2)). One seed lives through all scenarios, so
 * what is particular to a seed is drawn with it and not averaged away; with one seed this is the ordinary bootstrap
 * over scenarios. Intervals are percentiles. Everything is seeded: same data, same intervals, on every engine.
 */
import { fail } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';

/** One metric of one contender; row-major, a row a training seed (a baseline has one), a column a scenario. */
export interface Sample {
  readonly rows: number;
  readonly columns: number;
  /** rows x columns, finite. */
  readonly values: Float64Array;
}

export interface BootstrapOptions {
  /** Of the draws; 1. */
  readonly seed?: number;
  /** 10 000. */
  readonly resamples?: number;
}

export const BOOTSTRAP_DEFAULTS = { seed: 1, resamples: 10000 } as const satisfies BootstrapOptions;

/** What a statistic is in the data, and where 95 % of its resamples lie; no interval where there is one scenario. */
export interface Estimate {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/** A statistic of every resample, in the order of the draws: samples of one shape share the draws. */
export interface Resampled {
  readonly mean: Float64Array;
  readonly iqm: Float64Array;
}

/** @throws `agents.evaluate` when the rows are empty, of unequal length or not finite. */
export function sampleOf(rows: readonly (readonly number[])[]): Sample {
  const columns = rows[0]?.length ?? 0;
  if (columns === 0 || rows.some((row) => row.length !== columns || !row.every(Number.isFinite))) {
    throw fail('agents.evaluate', {
      expected: 'one row or more of finite numbers, of one length of 1 or more',
      got: rows.map((row) => `${row.length} values, ${row.filter(Number.isFinite).length} finite`).join('; '),
    });
  }
  return { rows: rows.length, columns, values: Float64Array.from(rows.flat()) };
}

/** a - b, scenario by scenario: b has as many rows as a, or one that stands against each of them. */
export function differenceOf(a: Sample, b: Sample): Sample {
  return pairwise(a, b, (x, y) => x - y);
}

/** 1 where a is better than b in the same scenario, 1/2 where they are equal, else 0: its mean is a probability. */
export function improvementOf(a: Sample, b: Sample, better: 'less' | 'more'): Sample {
  return pairwise(a, b, (x, y) => (x === y ? 0.5 : x < y === (better === 'less') ? 1 : 0));
}

/** b in the shape of a, so that both meet the same draws. @throws `agents.evaluate`. */
export function inShapeOf(a: Sample, b: Sample): Sample {
  return pairwise(a, b, (_x, y) => y);
}

function pairwise(a: Sample, b: Sample, of: (x: number, y: number) => number): Sample {
  const { rows, columns } = a;
  if (b.columns !== columns || (b.rows !== 1 && b.rows !== rows)) {
    throw fail('agents.evaluate', { expected: { scenarios: columns }, got: { scenarios: b.columns, seeds: b.rows } });
  }
  return { rows, columns, values: a.values.map((x, i) => of(x, b.values[b.rows === 1 ? i % columns : i]!)) };
}

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/**
 * Mean of what is left when floor(n / 4) values are cut from each end (Agarwal et al. 2021, "Deep RL at the edge of the
 * statistical precipice"): less shaken by one bad scenario than the mean, less wasteful than the median.
 */
export function interquartileMean(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const cut = Math.floor(sorted.length / 4);
  return meanOf(sorted.subarray(cut, sorted.length - cut));
}

/** Of values in ascending order, linear between neighbours: numpy's default. p in [0, 1]. */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * (sorted[Math.min(below + 1, sorted.length - 1)]! - low);
}

/** Percentiles 2.5 and 97.5 of the resamples around a value of the data; none for a single scenario. */
export function estimate(value: number, resamples: Float64Array, { columns }: Sample): Estimate {
  if (columns < 2) return { value };
  const sorted = resamples.slice().sort();
  return { value, low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** Mean and interquartile mean of every resample. @throws `agents.evaluate` unless all samples have one shape. */
export function resample(samples: readonly Sample[], options: BootstrapOptions = {}): Resampled[] {
  const orders = samples.map(({ values }) => ascending(values));
  const mean = samples.map(() => new Float64Array(resamplesOf(options)));
  const iqm = samples.map(() => new Float64Array(resamplesOf(options)));
  eachResample(samples, options, (weights, r) =>
    samples.forEach(({ values }, s) => {
      mean[s]![r] = weightedMean(values, weights);
      iqm[s]![r] = weightedIqm(values, orders[s]!, weights);
    }),
  );
  return samples.map((_, s) => ({ mean: mean[s]!, iqm: iqm[s]! }));
}

/** The means of `resample` alone, for many samples at once. @throws `agents.evaluate`. */
export function resampleMeans(samples: readonly Sample[], options: BootstrapOptions = {}): Float64Array[] {
  const mean = samples.map(() => new Float64Array(resamplesOf(options)));
  eachResample(samples, options, (weights, r) =>
    samples.forEach(({ values }, s) => (mean[s]![r] = weightedMean(values, weights))),
  );
  return mean;
}

function resamplesOf(options: BootstrapOptions): number {
  return options.resamples ?? BOOTSTRAP_DEFAULTS.resamples;
}

/** weights[i]: how often value i of a sample is in resample r; they sum to as many as there are values. */
function eachResample(
  samples: readonly Sample[],
  options: BootstrapOptions,
  visit: (weights: Int32Array, r: number) => void,
): void {
  const [first] = samples;
  if (first === undefined) return;
  const { rows, columns } = first;
  if (samples.some((s) => s.rows !== rows || s.columns !== columns)) {
    throw fail('agents.evaluate', { expected: `samples of ${rows} x ${columns}`, got: 'another shape' });
  }
  const stream = RandomStream.fromSeed(options.seed ?? BOOTSTRAP_DEFAULTS.seed, 'bootstrap');
  const weights = new Int32Array(rows * columns);
  const drawn = { rows: new Int32Array(rows), columns: new Int32Array(columns) };
  for (let r = 0; r < resamplesOf(options); r++) {
    draw(stream, drawn.rows);
    draw(stream, drawn.columns);
    weigh(drawn.rows, drawn.columns, weights);
    visit(weights, r);
  }
}

/** How often each of n is among n draws. */
function draw(stream: RandomStream, counts: Int32Array): void {
  counts.fill(0);
  for (let i = 0; i < counts.length; i++) counts[stream.below(counts.length)]!++;
}

function weigh(rows: Int32Array, columns: Int32Array, weights: Int32Array): void {
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < columns.length; j++) weights[at++] = rows[i]! * columns[j]!;
  }
}

function ascending(values: Float64Array): Int32Array {
  return Int32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b);
}

function weightedMean(values: Float64Array, weights: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += weights[i]! * values[i]!;
  return sum / values.length;
}

/** `interquartileMean` of the values repeated as often as their weights say. */
function weightedIqm(values: Float64Array, order: Int32Array, weights: Int32Array): number {
  const cut = Math.floor(values.length / 4);
  const end = values.length - cut;
  let [sum, passed] = [0, 0];
  for (let i = 0; passed < end; i++) {
    const at = order[i]!;
    const from = Math.max(passed, cut);
    passed += weights[at]!;
    if (passed > from) sum += (Math.min(passed, end) - from) * values[at]!;
  }
  return sum / (end - cut);
}
