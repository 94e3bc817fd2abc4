/**
 * What a site of `stacked-ieee33` earns at the prices of docs/spec/settlement.md, in their currency:
 *   income = energy sold x price + stored + availability + reactive - wear - loss
 * Stored: what is in the battery beyond the start of the interval, as it could be sold at the mean price of the next day,
 * which is known; so a day's income is not made by emptying the battery. Availability: power held ready x hours x the
 * product's price (NESO averages of August 2025). Reactive: voltage support v1 of the ledger, utilisation alone; asked for is
 * what brings the own voltage to 1 pu, and never more than, nor against, what would have brought it there had no site issued
 * an offset: vars that answer other sites' vars are a need that the sites made themselves. Wear: beyond that of a battery
 * left alone at half charge, whose calendar runs whatever is sold. Loss: the site's equal share of what all offsets together
 * change the feeder's losses by, at the price of energy: the formula of the ledger does not charge it.
 */

/** Services that a site can sell. `frequency` comes with battery power, which keeps the charge; `dispatch` is that power alone. */
export const STACKED_SERVICES = ['frequency', 'dispatch', 'voltage'] as const;

export type StackedService = (typeof STACKED_SERVICES)[number];

export interface FrequencyProduct {
  readonly curve: 'dynamicContainment' | 'dynamicRegulation';
  /** Per MW and hour. */
  readonly price: number;
  /** Full delivery that what is stored and what is free must last for, h. */
  readonly durationH: number;
}

export const FREQUENCY_PRODUCTS = {
  dynamicContainment: { curve: 'dynamicContainment', price: 2.82, durationH: 0.25 },
  dynamicRegulation: { curve: 'dynamicRegulation', price: 4.45, durationH: 1 },
} as const satisfies Record<string, FrequencyProduct>;

const REACTIVE_PER_MVARH = 4.5;
/** tan(acos 0.95): what reactive power comes free with active power. */
const FREE_VAR_PER_W = 0.328684;
const W_PER_MW = 1000000;

/** What a meter shows of a site, and how far a Mvar of its own moves its voltage. */
export interface SiteReading {
  readonly qVar: number;
  readonly pW: number;
  readonly vPu: number;
  readonly sensPuPerMvar: number;
  /** What would bring the own voltage to 1 pu in the same interval without any site's offset, Mvar. */
  readonly needMvar: number;
}

/** (1 - (v - sens q)) / sens */
export function needMvar(vPu: number, qVar: number, sensPuPerMvar: number): number {
  return (1 - vPu) / sensPuPerMvar + qVar / W_PER_MW;
}

/**
 * q_set = the smaller of both needs where they have one sign, 0 where not
 * q_del = clamp(sgn(q_set) q, 0, |q_set|), q_pay = min(q_del, max(0, |q| - 0.328684 |p|))
 */
export function reactivePay(reading: SiteReading, dtH: number): number {
  const { qVar, pW, vPu, sensPuPerMvar } = reading;
  const qMvar = qVar / W_PER_MW;
  const nowMvar = needMvar(vPu, qVar, sensPuPerMvar);
  const setMvar =
    nowMvar * reading.needMvar <= 0 ? 0 : Math.sign(nowMvar) * Math.min(Math.abs(nowMvar), Math.abs(reading.needMvar));
  const delivered = Math.min(Math.max(Math.sign(setMvar) * qMvar, 0), Math.abs(setMvar));
  const paid = Math.min(delivered, Math.max(0, Math.abs(qMvar) - (FREE_VAR_PER_W * Math.abs(pW)) / W_PER_MW));
  return paid * dtH * REACTIVE_PER_MVARH;
}

/** change of E x eta_d x mean price of the next day */
export function storedValue(changeWh: number, etaDischarge: number, nextDayPerMwh: number): number {
  return (changeWh / W_PER_MW) * etaDischarge * nextDayPerMwh;
}

export function availabilityPay(reserveW: number, { price }: FrequencyProduct, dtH: number): number {
  return (reserveW / W_PER_MW) * dtH * price;
}
