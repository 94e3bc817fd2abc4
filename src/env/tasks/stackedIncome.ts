/**
 * What a site of `stacked-ieee33` earns at the prices of docs/spec/settlement.md, in their currency:
 *   income = energy sold x price + availability + reactive - wear - loss
 * Availability: power held ready x hours x the product's price (NESO averages of August 2025). Reactive: voltage support
 * v1 of the ledger, utilisation alone. Loss: the site's equal share of what all offsets together change the feeder's losses
 * by, at the price of energy: the formula of the ledger does not charge it, and without it a var that only heats lines pays.
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

/** q_pay = min(|q|, max(0, |q| - 0.328684 |p|)): the setpoint as projected by the device is what it delivers. */
export function reactivePay(qVar: number, pW: number, dtH: number): number {
  const paidVar = Math.max(0, Math.abs(qVar) - FREE_VAR_PER_W * Math.abs(pW));
  return (paidVar / W_PER_MW) * dtH * REACTIVE_PER_MVARH;
}

export function availabilityPay(reserveW: number, { price }: FrequencyProduct, dtH: number): number {
  return (reserveW / W_PER_MW) * dtH * price;
}
