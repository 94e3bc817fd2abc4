/**
 * Synthetic homes: load, PV and carbon intensity of ./generator, a tariff, and ratings that are each home's own.
 *
 * Ratings: PV 3 to 6 kW, battery 5 to 13.5 kWh, 0.5 to 0.8 of it an hour, 0.86 to 0.94 for a round trip.
 * Tariff `time-of-use`: an off-peak price of 0.18 to 0.26 per kWh; on workdays 1.6 to 2.6 times as much for 4 to 6 hours
 * from 15:00 to 18:00 on, and half of that rise at weekends. Which of it holds is the home's own.
 * Tariff `day-ahead`: a network charge of 0.12 to 0.16 per kWh and the hourly price of ./generator/price.ts.
 * Selling earns `exportShare` of the price of buying. Forecasts of prices are exact: tariffs and day-ahead prices are
 * published before the day; beyond the day known they are those of the same series all the same.
 */
import { BoundedCache } from '../../base/lru.ts';
import { RandomStream } from '../../base/random.ts';
import { expReal, lnReal, uniform } from '../../base/realMath.ts';
import { fail } from '../../base/errors.ts';
import { DAY_MS } from '../../grid/interval.ts';
import type { BatteryModel } from '../physics/battery.ts';
import { syntheticCarbonKgPerKwh } from './generator/carbon.ts';
import { syntheticLoadW } from './generator/load.ts';
import { syntheticPricePerMwh } from './generator/price.ts';
import { syntheticPvShare } from './generator/pv.ts';
import { checkHome, type HomeSeries, type PriceAhead } from './home.ts';
import { SYNTHETIC_EPOCH_MS } from './synthetic.ts';

export type Tariff = 'time-of-use' | 'day-ahead';

export interface SyntheticHomeOptions {
  readonly seed: number | string;
  /** Which home, integer >= 0. */
  readonly home: number;
  /** First day, integer >= 0; day 0 is 2023-01-01. */
  readonly day: number;
  readonly days: number;
  /** Divides an hour. */
  readonly stepMs: number;
  readonly tariff: Tariff;
  /** In [0, 1]. */
  readonly exportShare: number;
}

interface Ratings {
  readonly pvW: number;
  readonly battery: BatteryModel;
  readonly offPeak: number;
  readonly peakFactor: number;
  readonly peakFromHour: number;
  readonly peakHours: number;
  readonly network: number;
}

const HOUR_MS = 3600000;
const HOURS = 24;

/** Series are pure functions of their options and never written, so episodes that come back share them. */
const cache = new BoundedCache<string, HomeSeries>(1024);
/** A year at 15 min is 2 MB, hourly half a MB. */
const longCache = new BoundedCache<string, HomeSeries>(48);
const LONG_STEPS = 3000;

/** @throws `env.taskArgument`. */
export function syntheticHome(options: SyntheticHomeOptions): HomeSeries {
  const { seed, home, day, days, stepMs, tariff, exportShare } = options;
  const whole = [home, day, days].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!whole || days < 1 || !(stepMs > 0) || HOUR_MS % stepMs !== 0 || !(exportShare >= 0 && exportShare <= 1)) {
    throw fail('env.taskArgument', {
      expected: 'home and day >= 0, days >= 1, stepMs dividing an hour, exportShare in [0, 1]',
      got: { home, day, days, stepMs, exportShare },
    });
  }
  const key = JSON.stringify([seed, home, day, days, stepMs, tariff, exportShare]);
  const isLong = (days * DAY_MS) / stepMs > LONG_STEPS;
  return (isLong ? longCache : cache).getOrMake(key, () => checkHome(makeHome(options)));
}

function makeHome({ seed, home, day, days, stepMs, tariff, exportShare }: SyntheticHomeOptions): HomeSeries {
  const ratings = ratingsOf(seed, home);
  const { pricePerKwh, priceAhead } = syntheticTariff({ seed, home, day, days, stepMs, tariff });
  const join = (make: (d: number) => Float64Array): Float64Array => joinDays(day, days, make);
  return {
    name: `synthetic-${home}`,
    stepMs,
    startMs: SYNTHETIC_EPOCH_MS + day * DAY_MS,
    steps: pricePerKwh.length,
    loadW: join((d) => syntheticLoadW({ seed, day: d, stepMs, home })),
    pvW: join((d) => syntheticPvShare({ seed, day: d, stepMs, home }).map((share) => share * ratings.pvW)),
    pricePerKwh,
    exportPricePerKwh: pricePerKwh.map((price) => price * exportShare),
    carbonKgPerKwh: join((d) => syntheticCarbonKgPerKwh({ seed, day: d, stepMs, kind: 'average' })),
    priceAhead,
    battery: ratings.battery,
    provenance: `synthetic home ${home}, seed ${seed}, days ${day} to ${day + days - 1}, ${tariff}`,
  };
}

const spreads = new WeakMap<HomeSeries, Map<number, HomeSeries>>();

/**
 * The home with load, PV, and the rise of its prices above the lowest, each times a factor of its own, log-uniform in
 * [1 / (1 + spread), 1 + spread]: homes and tariffs that differ more from each other than those that the generators were
 * matched to.
 */
export function spreadHome(home: HomeSeries, spread: number, seed: number | string): HomeSeries {
  const known = spreads.get(home) ?? new Map<number, HomeSeries>();
  spreads.set(home, known);
  let found = known.get(spread);
  if (found === undefined) known.set(spread, (found = checkHome(spreadOut(home, spread, seed))));
  return found;
}

function spreadOut(home: HomeSeries, spread: number, seed: number | string): HomeSeries {
  const stream = RandomStream.fromSeed(`${seed}/${home.name}`, 'series/spread');
  const factor = (): number => expReal(lnReal(1 + spread) * (2 * uniform(stream) - 1));
  const [load, pv, rise] = [factor(), factor(), factor()];
  const lowest = home.pricePerKwh.reduce((a, b) => Math.min(a, b));
  const raised = (prices: Float64Array): Float64Array => prices.map((price) => lowest + rise * (price - lowest));
  const pricePerKwh = raised(home.pricePerKwh);
  const { h6, h12, h24 } = home.priceAhead;
  return {
    ...home,
    loadW: home.loadW.map((w) => w * load),
    pvW: home.pvW.map((w) => w * pv),
    pricePerKwh,
    exportPricePerKwh: home.exportPricePerKwh.map((price, t) =>
      price === 0 ? 0 : (price * pricePerKwh[t]!) / home.pricePerKwh[t]!,
    ),
    priceAhead: { h6: raised(h6), h12: raised(h12), h24: raised(h24) },
    provenance: `${home.provenance}, load x ${load}, PV x ${pv}, rise of prices x ${rise}`,
  };
}

/** The tariff of home `home`, per kWh, with its exact forecasts. */
export function syntheticTariff(options: Omit<SyntheticHomeOptions, 'exportShare'>): {
  pricePerKwh: Float64Array;
  priceAhead: PriceAhead;
} {
  const { seed, home, day, days, stepMs, tariff } = options;
  const ratings = ratingsOf(seed, home);
  // A day more, for the forecasts of the last.
  const price = joinDays(day, days + 1, (d) => pricesOf(ratings, { seed, day: d, stepMs }, tariff));
  const steps = (days * DAY_MS) / stepMs;
  const ahead = (hours: number): Float64Array => {
    const by = (hours * HOUR_MS) / stepMs;
    return price.slice(by, by + steps);
  };
  return { pricePerKwh: price.slice(0, steps), priceAhead: { h6: ahead(6), h12: ahead(12), h24: ahead(24) } };
}

function joinDays(day: number, days: number, make: (d: number) => Float64Array): Float64Array {
  const parts = Array.from({ length: days }, (_, i) => make(day + i));
  const out = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function ratingsOf(seed: number | string, home: number): Ratings {
  const stream = RandomStream.fromSeed(`${seed}/home-${home}`, 'series/ratings');
  const between = (low: number, high: number): number => low + (high - low) * uniform(stream);
  const ratedWh = between(5000, 13500);
  const oneWay = Math.sqrt(between(0.86, 0.94));
  return {
    pvW: between(3000, 6000),
    battery: {
      pMaxW: ratedWh * between(0.5, 0.8),
      etaCharge: oneWay,
      etaDischarge: oneWay,
      eMinWh: 0,
      eMaxWh: ratedWh,
      ratedWh,
    },
    offPeak: between(0.18, 0.26),
    peakFactor: between(1.6, 2.6),
    peakFromHour: 15 + stream.below(4),
    peakHours: 4 + stream.below(3),
    network: between(0.12, 0.16),
  };
}

function pricesOf(
  ratings: Ratings,
  request: { seed: number | string; day: number; stepMs: number },
  tariff: Tariff,
): Float64Array {
  if (tariff === 'day-ahead') {
    // Never below zero after the network charge: what the linear program of the baselines needs.
    return syntheticPricePerMwh(request).map((perMwh) => Math.max(0, ratings.network + perMwh / 1000));
  }
  const weekend = request.day % 7 === 0 || request.day % 7 === 6;
  const rise = ratings.offPeak * (ratings.peakFactor - 1) * (weekend ? 0.5 : 1);
  const perHour = HOUR_MS / request.stepMs;
  return Float64Array.from({ length: HOURS * perHour }, (_, t) => {
    const since = Math.floor(t / perHour) - ratings.peakFromHour;
    return ratings.offPeak + (since >= 0 && since < ratings.peakHours ? rise : 0);
  });
}
