/**
 * What one interval behind the meter of a home comes to. The meter sees the net of load, PV and battery:
 *   import - export = load - PV - battery      (battery power: discharging positive)
 */
import type { HomeSeries } from '../series/home.ts';

export interface MeterInterval {
  readonly importWh: number;
  readonly exportWh: number;
  /** Bought less sold, currency. */
  readonly cost: number;
  /** Of what was bought. */
  readonly carbonKg: number;
}

const WH_PER_KWH = 1000;
const MS_PER_HOUR = 3600000;

export function hoursPerStep(home: HomeSeries): number {
  return home.stepMs / MS_PER_HOUR;
}

/** Load less PV, W: what the home would draw without its battery. */
export function netLoadW(home: HomeSeries, t: number): number {
  return home.loadW[t]! - home.pvW[t]!;
}

/** Interval `t` with the battery at `pBatteryW`. */
export function meterInterval(home: HomeSeries, t: number, pBatteryW: number): MeterInterval {
  const netWh = (netLoadW(home, t) - pBatteryW) * hoursPerStep(home);
  const importWh = Math.max(0, netWh);
  const exportWh = Math.max(0, -netWh);
  const cost = (importWh * home.pricePerKwh[t]! - exportWh * home.exportPricePerKwh[t]!) / WH_PER_KWH;
  return { importWh, exportWh, cost, carbonKg: (importWh * home.carbonKgPerKwh[t]!) / WH_PER_KWH };
}
