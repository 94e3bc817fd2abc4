/** What freezing a network to integers changed in the metrics of a suite. */
import type { FreezingChange } from './document.ts';
import { shownOf } from './compare.ts';
import type { MetricSpec, Metrics } from './suite.ts';

/** Of a share, 1e-4: 0.01 percentage points. */
const MAX_SHARE_CHANGE = 1e-4;
const MAX_RELATIVE_CHANGE = 0.002;

/** Means over the scenarios (the worst where that is what counts), for the metrics that both have. */
export function freezingOf(
  metrics: readonly MetricSpec[],
  float: readonly Metrics[],
  frozen: readonly Metrics[],
): Record<string, FreezingChange> {
  const known = metrics.filter(({ key }) => [...float, ...frozen].every((m) => m[key] !== undefined));
  return Object.fromEntries(
    known.map((metric) => {
      const shown = (rows: readonly Metrics[]): number =>
        shownOf(
          metric,
          Float64Array.from(rows, (m) => m[metric.key]!),
        );
      return [metric.key, changeOf(metric, shown(float), shown(frozen))];
    }),
  );
}

function changeOf({ percent, resolution = 0 }: MetricSpec, float: number, frozen: number): FreezingChange {
  if (percent === true) {
    const change = frozen - float;
    return { float, frozen, change, within: Math.abs(change) <= MAX_SHARE_CHANGE };
  }
  const isSmall = Math.abs(frozen - float) <= resolution;
  if (float === 0) return { float, frozen, within: isSmall };
  const change = (frozen - float) / Math.abs(float);
  return { float, frozen, change, within: isSmall || Math.abs(change) <= MAX_RELATIVE_CHANGE };
}
