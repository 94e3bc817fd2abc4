/**
 * A battery behind an inverter: power and energy limits, two one-way efficiencies. Pure functions on a
 * number of watt hours. P > 0 discharges (export); charging P < 0.
 *   charging     E += eta_c * |P| * dt
 *   discharging  E -= P * dt / eta_d
 */
import type { BatteryRating } from '../../grid/asset.ts';

const MICRO = 1000000;

export interface BatteryModel {
  readonly pMaxW: number;
  readonly etaCharge: number;
  readonly etaDischarge: number;
  readonly eMinWh: number;
  readonly eMaxWh: number;
  /** Rated energy, Wh; 0 when there is no battery. */
  readonly ratedWh: number;
}

export function batteryModel(rating: BatteryRating): BatteryModel {
  return {
    pMaxW: rating.pMaxW,
    etaCharge: rating.etaChargeMicro / MICRO,
    etaDischarge: rating.etaDischargeMicro / MICRO,
    eMinWh: (rating.eMaxWh * rating.socMinMicro) / MICRO,
    eMaxWh: (rating.eMaxWh * rating.socMaxMicro) / MICRO,
    ratedWh: rating.eMaxWh,
  };
}

/** The wanted power as the battery can hold it for `dtH` hours from `socWh`; W, export positive. */
export function feasiblePowerW(model: BatteryModel, socWh: number, wantedW: number, dtH: number): number {
  if (wantedW >= 0) {
    const energyW = (Math.max(0, socWh - model.eMinWh) * model.etaDischarge) / dtH;
    return Math.min(wantedW, model.pMaxW, energyW);
  }
  if (model.etaCharge <= 0) return 0;
  const energyW = Math.max(0, model.eMaxWh - socWh) / (model.etaCharge * dtH);
  return -Math.min(-wantedW, model.pMaxW, energyW);
}

/** Energy after `dtH` hours at a feasible power, Wh; lands on a limit exactly instead of a rounding past it. */
export function nextEnergyWh(model: BatteryModel, socWh: number, pW: number, dtH: number): number {
  if (pW < 0) return Math.min(socWh - model.etaCharge * pW * dtH, Math.max(model.eMaxWh, socWh));
  if (pW > 0) return Math.max(socWh - (pW * dtH) / model.etaDischarge, Math.min(model.eMinWh, socWh));
  return socWh;
}

/** Energy turned into heat over the interval, Wh >= 0: what went in at the terminals less what was stored. */
export function conversionLossWh(pW: number, dtH: number, deltaWh: number): number {
  return -pW * dtH - deltaWh;
}
