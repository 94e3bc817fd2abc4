/** From values by seed and scenario to summaries and comparisons: what an evaluation document says beside the data. */
import type { ComparisonRecord, ContenderRecord, MetricComparison, MetricSummary, Verdict } from './document.ts';
import {
  differenceOf,
  estimate,
  improvementOf,
  inShapeOf,
  interquartileMean,
  meanOf,
  resample,
  resampleMeans,
  sampleOf,
  type BootstrapOptions,
  type Estimate,
  type Sample,
} from './statistics.ts';
import type { MetricSpec } from './suite.ts';

export type Measured = Omit<ContenderRecord, 'summary'>;

/** Metrics that all contenders of the list have; the others stay without a comparison. */
export function summarise(
  metrics: readonly MetricSpec[],
  { values }: Measured,
  options: BootstrapOptions,
): Record<string, MetricSummary> {
  const known = metrics.filter(({ key }) => values[key] !== undefined);
  const samples = known.map(({ key }) => sampleOf(values[key]!));
  const drawn = resample(samples, options);
  return Object.fromEntries(
    known.map(({ key, better }, m) => {
      const sample = samples[m]!;
      return [
        key,
        {
          mean: estimate(meanOf(sample.values), drawn[m]!.mean, sample),
          iqm: estimate(interquartileMean(sample.values), drawn[m]!.iqm, sample),
          worst: worstOf(sample.values, better),
        },
      ];
    }),
  );
}

/** The one number of a metric over seeds and scenarios: the mean, or the worst where that is what counts. */
export function shownOf({ over, better }: MetricSpec, values: Float64Array): number {
  return over === 'worst' ? worstOf(values, better) : meanOf(values);
}

function worstOf(values: Float64Array, better: MetricSpec['better']): number {
  return values.reduce((worst, x) => (better === 'more' ? Math.min(worst, x) : Math.max(worst, x)));
}

/** A policy against every baseline and bound, on the same draws. */
export function comparePolicy(
  metrics: readonly MetricSpec[],
  policy: Measured,
  others: readonly Measured[],
  options: BootstrapOptions,
): ComparisonRecord[] {
  const byMetric = metrics.map((metric) => compareMetric(metric, policy, others, options));
  return others.map(({ name, kind }, o) => ({
    policy: policy.name,
    against: name,
    kind: kind === 'bound' ? 'bound' : 'baseline',
    metrics: Object.fromEntries(
      metrics.flatMap(({ key }, m) => {
        const found = byMetric[m]!.get(others[o]!);
        return found === undefined ? [] : [[key, found] as const];
      }),
    ),
  }));
}

/** A sample with its mean and the means of its resamples. */
interface Drawn {
  readonly sample: Sample;
  readonly mean: number;
  readonly means: Float64Array;
}

function compareMetric(
  { key, better, over }: MetricSpec,
  policy: Measured,
  others: readonly Measured[],
  options: BootstrapOptions,
): Map<Measured, MetricComparison> {
  const known = others.filter(({ values }) => values[key] !== undefined);
  // Differences are of means: of a metric whose worst is what counts they would tell of something else.
  if (over === 'worst' || policy.values[key] === undefined || known.length === 0) return new Map();
  const own = sampleOf(policy.values[key]);
  const samples = known.map(({ values }) => inShapeOf(own, sampleOf(values[key]!)));
  const improved = better === 'neither' ? [] : samples.map((sample) => improvementOf(own, sample, better));
  const all = [own, ...samples, ...improved];
  const means = resampleMeans(all, options);
  const drawn = all.map((sample, i): Drawn => ({ sample, mean: meanOf(sample.values), means: means[i]! }));
  const bounds = new Map(known.flatMap(({ name, kind }, o) => (kind === 'bound' ? [[name, drawn[o + 1]!]] : [])));
  return new Map(
    known.map((other, o) => {
      const difference = differenceEstimate(drawn[0]!, drawn[o + 1]!);
      const improvement = drawn[1 + known.length + o];
      return [
        other,
        {
          difference,
          ...relativeTo(drawn[0]!, drawn[o + 1]!),
          ...(improvement === undefined || better === 'neither'
            ? {}
            : {
                improvement: estimate(improvement.mean, improvement.means, own),
                ...verdictOf(difference, better),
                ...closedGaps(drawn[0]!, drawn[o + 1]!, other.kind === 'bound' ? new Map() : bounds, better),
              }),
        },
      ];
    }),
  );
}

function differenceEstimate(a: Drawn, b: Drawn): Estimate {
  const mean = meanOf(differenceOf(a.sample, b.sample).values);
  return estimate(
    mean,
    a.means.map((x, r) => x - b.means[r]!),
    a.sample,
  );
}

/** (mean a - mean b) / |mean b| */
function relativeTo(a: Drawn, b: Drawn): Pick<MetricComparison, 'relative'> {
  const of = (x: number, y: number): number => (x - y) / Math.abs(y);
  if (b.mean === 0) return {};
  return {
    relative: ratioEstimate(
      of(a.mean, b.mean),
      a.means.map((x, r) => of(x, b.means[r]!)),
      a.sample,
    ),
  };
}

function verdictOf({ low, high }: Estimate, better: 'less' | 'more'): { readonly verdict?: Verdict } {
  if (low === undefined || high === undefined) return {};
  if (low === 0 && high === 0) return { verdict: 'equal' };
  if (high < 0) return { verdict: better === 'less' ? 'better' : 'worse' };
  if (low > 0) return { verdict: better === 'more' ? 'better' : 'worse' };
  return { verdict: 'open' };
}

/** Only where the bound is better beyond doubt: else there is no gap to close. */
function closedGaps(
  own: Drawn,
  other: Drawn,
  bounds: ReadonlyMap<string, Drawn>,
  better: 'less' | 'more',
): Pick<MetricComparison, 'gapClosed'> {
  const of = (policy: number, from: number, to: number): number => (from - policy) / (from - to);
  const gaps = [...bounds].flatMap(([name, bound]) => {
    if (verdictOf(differenceEstimate(bound, other), better).verdict !== 'better') return [];
    const shares = own.means.map((x, r) => of(x, other.means[r]!, bound.means[r]!));
    return [[name, ratioEstimate(of(own.mean, other.mean, bound.mean), shares, own.sample)] as const];
  });
  return gaps.length === 0 ? {} : { gapClosed: Object.fromEntries(gaps) };
}

/** Without an interval where a resample has no denominator. */
function ratioEstimate(value: number, resamples: Float64Array, sample: Sample): Estimate {
  return resamples.every(Number.isFinite) ? estimate(value, resamples, sample) : { value };
}
