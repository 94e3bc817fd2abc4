/**
 * The six inverters of the 33-bus voltage task: PV at the buses of the MAPDN form (0-based 12, 17, 21, 24, 28, 32),
 * a 100 kW / 250 kWh battery at each, and what their devices hold: the local volt-var curve and the plan the
 * batteries follow when nobody dispatches them.
 */
import type { Asset, BatteryRating } from '../../grid/asset.ts';
import { evaluateTable } from '../../grid/interface.ts';
import type { VoltVarCurve } from '../../grid/voltVar.ts';
import { floorDiv } from '../../base/fixed.ts';

/** Bus ids (1-based). */
const IEEE33_SITE_BUSES = [13, 18, 22, 25, 29, 33] as const;

/** Nominal load of the feeder, W. */
const NOMINAL_LOAD_W = 3715000;
/** PV peak over load peak. */
const PV_TO_LOAD = 2.5;
/** Inverter rating over PV peak. */
const OVERSIZE = 1.2;

const BATTERY: BatteryRating = {
  pMaxW: 100000,
  eMaxWh: 250000,
  etaChargeMicro: 950000,
  etaDischargeMicro: 950000,
  socMinMicro: 100000,
  socMaxMicro: 900000,
};

/** Sites for a load peak of `scale` x nominal: PV peak 2.5 x that, split equally; sMax = 1.2 x PV peak. */
export function ieee33Sites(scale = 0.5): readonly Asset[] {
  const pvPeakW = Math.floor((PV_TO_LOAD * scale * NOMINAL_LOAD_W) / IEEE33_SITE_BUSES.length + 0.5);
  return IEEE33_SITE_BUSES.map((bus, k) => ({
    id: `site-${bus}`,
    owner: `owner-${k + 1}`,
    bus,
    sMaxVa: Math.floor(OVERSIZE * pvPeakW + 0.5),
    pvPeakW,
    battery: BATTERY,
  }));
}

/**
 * The local curve of every inverter: nothing within 1 +- 0.038 pu, then 0.8 of capability per 0.01 pu. Its full
 * authority is twice the greatest share, so that at the band edge, 1.05 pu, it absorbs 0.96 before any offset and
 * outweighs what was dispatched on an older voltage. The flat middle leaves losses to the dispatcher: with knots at
 * 1.032 and 1.048 pu a trained policy lost 5 % more on the same days.
 */
export const DEFAULT_VOLT_VAR: VoltVarCurve = {
  vMicroPu: [942000, 962000, 1038000, 1058000],
  shareMicro: [1600000, 0, 0, -1600000],
};

/** Piecewise-linear share of rated battery power by UTC second of day; export positive. */
export interface BatteryPlan {
  readonly secondOfDay: readonly number[];
  readonly shareMicro: readonly number[];
}

/** Charge 10-14 h, discharge 18-21 h; about 0.68 of rated energy each way, so that a day ends where it began. */
export const DEFAULT_BATTERY_PLAN: BatteryPlan = {
  secondOfDay: [36000, 39600, 46800, 50400, 64800, 66600, 73800, 75600],
  shareMicro: [0, -600000, -600000, 0, 0, 640000, 640000, 0],
};

/** State of charge at midnight under that plan. */
export const DEFAULT_INITIAL_SOC_MICRO = 150000;

/** Planned battery power, W, integer toward minus infinity: the same on device, twin and task. */
export function planPowerW(plan: BatteryPlan, secondOfDay: number, pMaxW: number): number {
  return floorDiv(pMaxW * evaluateTable(plan.secondOfDay, plan.shareMicro, secondOfDay), 1000000);
}
