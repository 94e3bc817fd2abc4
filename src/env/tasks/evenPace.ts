/**
 * The rule of a battery that knows the published prices of its day: what it can take is bought evenly over the cheap
 * intervals before the dear ones, what it holds is sold evenly over the dear ones. An interval is dear when storing for it
 * pays the battery's losses at the lowest price of the day.
 */
import type { BatteryModel } from '../physics/battery.ts';

export interface Pace {
  /** W, discharging positive. */
  readonly powerW: number;
  /** Intervals left until the dear ones begin, this one included; 0 within them, or when none are ahead. */
  readonly cheapSteps: number;
  /** Price of the first dear interval ahead over the price now; 1 within them, or when none are ahead. */
  readonly priceRise: number;
}

/** At step `step` of a day with these prices, from `socWh`. `dtH`: hours of an interval. */
export function evenPace(price: Float64Array, battery: BatteryModel, step: number, socWh: number, dtH: number): Pace {
  const { etaCharge, etaDischarge, eMinWh, eMaxWh } = battery;
  const steps = price.length;
  let lowest = price[0]!;
  for (let t = 1; t < steps; t++) if (price[t]! < lowest) lowest = price[t]!;
  const isDear = (t: number): boolean => price[t]! * etaCharge * etaDischarge > lowest;
  let end = step;
  const dear = isDear(step);
  while (end < steps && isDear(end) === dear) end++;
  const hours = (end - step) * dtH;
  if (dear) return { powerW: ((socWh - eMinWh) * etaDischarge) / hours, cheapSteps: 0, priceRise: 1 };
  if (end === steps) return { powerW: 0, cheapSteps: 0, priceRise: 1 };
  const powerW = (socWh - eMaxWh) / (etaCharge * hours);
  return { powerW, cheapSteps: end - step, priceRise: price[step]! > 0 ? price[end]! / price[step]! : 1 };
}
