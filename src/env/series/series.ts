/** Loads and PV of a feeder over time: what the physical world is driven by. */
import { fail } from '../../base/errors.ts';

export interface FeederSeries {
  readonly stepMs: number;
  /** UTC ms of step 0. */
  readonly startMs: number;
  readonly steps: number;
  /** Row-major steps x buses, in the order of `network.buses`; positive consumes. */
  readonly loadPW: Float64Array;
  readonly loadQVar: Float64Array;
  /** Row-major steps x sites: PV power available, before any curtailment. */
  readonly pvW: Float64Array;
  /** Where the numbers come from, in words. */
  readonly provenance: string;
}

/** @throws `env.series` when the arrays do not fit the network and sites. */
export function checkSeries(series: FeederSeries, busCount: number, siteCount: number): FeederSeries {
  const { steps, loadPW, loadQVar, pvW, stepMs } = series;
  const fits =
    steps >= 1 &&
    stepMs > 0 &&
    loadPW.length === steps * busCount &&
    loadQVar.length === steps * busCount &&
    pvW.length === steps * siteCount;
  if (!fits) {
    throw fail('env.series', {
      expected: `${steps} steps x ${busCount} buses and ${siteCount} sites`,
      got: { stepMs, loadPW: loadPW.length, loadQVar: loadQVar.length, pvW: pvW.length },
    });
  }
  return series;
}
