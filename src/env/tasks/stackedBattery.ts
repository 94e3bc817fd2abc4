/** One battery through an interval of `stacked-ieee33`: what it can promise, and what it does second by second. */
import type { BatteryModel } from '../physics/battery.ts';
import type { BatteryWear } from '../physics/wear/batteryWear.ts';

const SECONDS_PER_HOUR = 3600;

/** Battery power, export positive, and power held ready in both directions, W. */
export interface Order {
  readonly powerW: number;
  readonly reserveW: number;
}

/**
 * Power first, then as much of the reserve as the ratings leave, and the energy for `reserveH` hours of full response after
 * the interval of `dtH` hours at that power.
 */
export function feasibleOrder(
  battery: BatteryModel,
  ratedW: number,
  storedWh: number,
  asked: Order,
  dtH: number,
  reserveH = dtH,
): Order {
  const upW = Math.max(0, ((storedWh - battery.eMinWh) * battery.etaDischarge) / dtH);
  const downW = Math.max(0, (battery.eMaxWh - storedWh) / (battery.etaCharge * dtH));
  const powerW = Math.min(Math.max(asked.powerW, -Math.min(ratedW, downW)), Math.min(ratedW, upW));
  const share = dtH / reserveH;
  const room = Math.min(ratedW - Math.abs(powerW), (upW - powerW) * share, (downW + powerW) * share);
  return { powerW, reserveW: Math.max(0, Math.min(asked.reserveW, room)) };
}

/** Held power, and a share of a response that has a mean for every second, W. */
export interface Seconds {
  readonly baseW: number;
  readonly share: number;
  readonly responseW: Float64Array;
}

export interface Lived {
  readonly storedWh: number;
  /** Of the terminals, export positive, and turned into heat, Wh. */
  readonly energyWh: number;
  readonly lossWh: number;
  /** Of wear. */
  readonly cost: number;
}

/** The seconds of an interval from `storedWh` on; `wear` goes along. */
export function liveSeconds(
  { etaCharge, etaDischarge, ratedWh }: BatteryModel,
  wear: BatteryWear,
  storedWh: number,
  { baseW, share, responseW }: Seconds,
): Lived {
  let energyWh = 0;
  let lossWh = 0;
  let cost = 0;
  // Rainflow counts turning points alone, so the wear is told of those, and of the end.
  let turned = 0;
  let discharging = false;
  for (let t = 0; t < responseW.length; t++) {
    const wh = (baseW + share * responseW[t]!) / SECONDS_PER_HOUR;
    if (wh !== 0 && wh > 0 !== discharging) {
      if (t > turned) cost += wear.step(storedWh / ratedWh, t - turned);
      turned = t;
      discharging = wh > 0;
    }
    energyWh += wh;
    // discharging E -= P dt / eta_d, charging E += eta_c |P| dt
    storedWh -= wh > 0 ? wh / etaDischarge : wh * etaCharge;
    lossWh += wh > 0 ? wh * (1 / etaDischarge - 1) : -wh * (1 - etaCharge);
  }
  cost += wear.step(storedWh / ratedWh, responseW.length - turned);
  return { storedWh, energyWh, lossWh, cost };
}
