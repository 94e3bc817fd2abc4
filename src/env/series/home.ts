/** What one home consumes, makes and pays over time, and the battery it has. */
import { fail } from '../../base/errors.ts';
import type { BatteryModel } from '../physics/battery.ts';

/** What energy costs and what it emits over time, one entry per step. */
export interface TariffSeries {
  readonly stepMs: number;
  /** Start of step 0, ms since the epoch on the clock that tariff and habits follow. */
  readonly startMs: number;
  /** Currency per kWh bought. */
  readonly pricePerKwh: Float64Array;
  /** The price forecast known at each step for 6, 12 and 24 h later. */
  readonly priceAhead: PriceAhead;
  /** Emissions of a kWh bought. */
  readonly carbonKgPerKwh: Float64Array;
}

/** Every array has `steps` entries; power is the mean of the interval. */
export interface HomeSeries extends TariffSeries {
  readonly name: string;
  readonly steps: number;
  /** Positive consumes. */
  readonly loadW: Float64Array;
  readonly pvW: Float64Array;
  /** Currency per kWh sold; 0 where the grid pays nothing. */
  readonly exportPricePerKwh: Float64Array;
  readonly battery: BatteryModel;
  readonly provenance: string;
}

export interface PriceAhead {
  readonly h6: Float64Array;
  readonly h12: Float64Array;
  readonly h24: Float64Array;
}

/** @throws `env.series` when arrays have other lengths, prices to sell exceed prices to buy, or the battery cannot be. */
export function checkHome(home: HomeSeries): HomeSeries {
  const { steps, stepMs, battery } = home;
  const arrays = arraysOf(home);
  const fits =
    Number.isSafeInteger(steps) &&
    steps >= 1 &&
    stepMs > 0 &&
    arrays.every((values) => values.length === steps && values.every(Number.isFinite)) &&
    home.exportPricePerKwh.every((price, t) => price <= home.pricePerKwh[t]!) &&
    battery.ratedWh > 0 &&
    battery.pMaxW > 0 &&
    battery.etaCharge > 0 &&
    battery.etaCharge <= 1 &&
    battery.etaDischarge > 0 &&
    battery.etaDischarge <= 1 &&
    battery.eMinWh >= 0 &&
    battery.eMinWh < battery.eMaxWh &&
    battery.eMaxWh <= battery.ratedWh;
  if (!fits) {
    throw fail('env.series', {
      expected: `${steps} finite values in every array, export price <= price, a battery with energy and power`,
      got: { name: home.name, stepMs, lengths: arrays.map((values) => values.length), battery },
    });
  }
  return home;
}

/** Steps [from, from + steps) as a series of its own; the arrays are views. @throws `env.step` outside the series. */
export function homeWindow(home: HomeSeries, from: number, steps: number): HomeSeries {
  if (!(from >= 0 && steps >= 1 && from + steps <= home.steps)) {
    throw fail('env.step', { expected: `steps within [0, ${home.steps})`, got: { from, steps } });
  }
  const part = (values: Float64Array): Float64Array => values.subarray(from, from + steps);
  const { h6, h12, h24 } = home.priceAhead;
  return {
    ...home,
    startMs: home.startMs + from * home.stepMs,
    steps,
    loadW: part(home.loadW),
    pvW: part(home.pvW),
    pricePerKwh: part(home.pricePerKwh),
    exportPricePerKwh: part(home.exportPricePerKwh),
    carbonKgPerKwh: part(home.carbonKgPerKwh),
    priceAhead: { h6: part(h6), h12: part(h12), h24: part(h24) },
  };
}

function arraysOf(home: HomeSeries): Float64Array[] {
  const { loadW, pvW, pricePerKwh, exportPricePerKwh, carbonKgPerKwh, priceAhead } = home;
  return [loadW, pvW, pricePerKwh, exportPricePerKwh, carbonKgPerKwh, priceAhead.h6, priceAhead.h12, priceAhead.h24];
}
