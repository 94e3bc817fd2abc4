/**
 * Controllers of a home battery and what they come to over a series. They decide on the interval itself (load, PV and
 * price are known when the battery moves), as an inverter behind the meter does.
 */
import { feasiblePowerW, nextEnergyWh } from '../../../env/physics/battery.ts';
import { hoursPerStep, meterInterval, netLoadW } from '../../../env/physics/homeMeter.ts';
import type { BatteryWear } from '../../../env/physics/wear/batteryWear.ts';
import type { HomeSeries } from '../../../env/series/home.ts';

export interface HomeController {
  readonly name: string;
  /** Wanted battery power of interval `t`, W, discharging positive; what rating and energy do not allow is cut off. */
  decide(home: HomeSeries, t: number, socWh: number): number;
}

/** The battery does nothing. */
export function idleBattery(): HomeController {
  return { name: 'none', decide: () => 0 };
}

/** PV surplus is stored, load is served from the store: nothing is bought to be stored, nothing stored is sold. */
export function greedySelfUse(): HomeController {
  return { name: 'greedy', decide: (home, t) => netLoadW(home, t) };
}

/** Powers worked out beforehand, W. */
export function scheduled(name: string, batteryW: Float64Array): HomeController {
  return { name, decide: (_home, t) => batteryW[t]! };
}

export interface HomeResult {
  /** Bought less sold, currency. */
  readonly cost: number;
  readonly carbonKg: number;
  readonly importWh: number;
  readonly exportWh: number;
  /** Greatest mean power drawn in an interval. */
  readonly peakW: number;
  readonly wearCost: number;
  readonly endSocWh: number;
  /** Battery power as lived, W. */
  readonly batteryW: Float64Array;
}

/** Live a series from `startSocWh` (default: empty) on, moving `wear` along when it is given. */
export function runHome(
  home: HomeSeries,
  controller: HomeController,
  options: { readonly startSocWh?: number; readonly wear?: BatteryWear } = {},
): HomeResult {
  const { battery, steps } = home;
  const dtH = hoursPerStep(home);
  const batteryW = new Float64Array(steps);
  const sums = { cost: 0, carbonKg: 0, importWh: 0, exportWh: 0, peakW: 0, wearCost: 0 };
  let socWh = options.startSocWh ?? battery.eMinWh;
  for (let t = 0; t < steps; t++) {
    const pW = feasiblePowerW(battery, socWh, controller.decide(home, t, socWh), dtH);
    const { importWh, exportWh, cost, carbonKg } = meterInterval(home, t, pW);
    socWh = nextEnergyWh(battery, socWh, pW, dtH);
    batteryW[t] = pW;
    sums.cost += cost;
    sums.carbonKg += carbonKg;
    sums.importWh += importWh;
    sums.exportWh += exportWh;
    sums.peakW = Math.max(sums.peakW, importWh / dtH);
    sums.wearCost += options.wear?.step(socWh / battery.ratedWh, home.stepMs / 1000) ?? 0;
  }
  return { ...sums, endSocWh: socWh, batteryW };
}
