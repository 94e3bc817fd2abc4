/**
 * Synthetic days of a feeder with what energy costs and emits: loads and PV of ./synthetic.ts, a tariff of
 * ./syntheticHome.ts, the average carbon intensity of ./generator. Day d is 2023-01-01 + d in all of them.
 */
import { BoundedCache } from '../../base/lru.ts';
import { IEEE33 } from '../cases/ieee33.ts';
import { ieee33Sites } from '../cases/ieee33Sites.ts';
import { syntheticCarbonKgPerKwh } from './generator/carbon.ts';
import type { TariffSeries } from './home.ts';
import type { FeederSeries } from './series.ts';
import { syntheticDay } from './synthetic.ts';
import { syntheticTariff, type Tariff } from './syntheticHome.ts';

export interface FeederDay {
  readonly series: FeederSeries;
  readonly tariff: TariffSeries;
}

export interface FeederDayOptions {
  readonly seed: number | string;
  readonly day: number;
  /** Load peak as a share of nominal. */
  readonly scale: number;
  /** Divides an hour. */
  readonly stepMs: number;
  readonly tariff: Tariff;
  /** Which of the tariffs, integer >= 0. */
  readonly tariffIndex: number;
}

/** Pure functions of their options and never written, so episodes that come back share them. */
const cache = new BoundedCache<string, FeederDay>(512);

/** One day of the 33-bus feeder. @throws `env.taskArgument`. */
export function ieee33MarketDay(options: FeederDayOptions): FeederDay {
  const { seed, day, scale, stepMs, tariff, tariffIndex } = options;
  const key = JSON.stringify([seed, day, scale, stepMs, tariff, tariffIndex]);
  return cache.getOrMake(key, () => {
    const series = syntheticDay({ seed, day, scale, stepMs, network: IEEE33, sites: ieee33Sites(scale) });
    const prices = syntheticTariff({ seed, home: tariffIndex, day, days: 1, stepMs, tariff });
    const carbonKgPerKwh = syntheticCarbonKgPerKwh({ seed, day, stepMs, kind: 'average' });
    return { series, tariff: { stepMs, startMs: series.startMs, ...prices, carbonKgPerKwh } };
  });
}
