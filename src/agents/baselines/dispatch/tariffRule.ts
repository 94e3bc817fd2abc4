/**
 * Rules of a home battery that know its tariff: greedy self-use, but for the last cheap intervals before the dear hours,
 * in which the battery is filled, by buying if need be, as full as the rule says.
 */
import type { HomeSeries } from '../../../env/series/home.ts';
import type { HomeOutlook } from '../../../env/series/homeOutlook.ts';
import { hoursPerStep, netLoadW } from '../../../env/physics/homeMeter.ts';
import type { HomeController } from './home.ts';

/** How full, share of rated energy, at step `t`. */
type Target = (t: number) => number;

/** Filled to a share of rated energy, the same in all seasons: what needs no forecast but the tariff. */
export function fillBeforePeak(outlook: HomeOutlook, share = 1): HomeController {
  return beforeDearHours('tariff rule', outlook, () => share);
}

/** Filled to what the dear hours are expected to take times `factor`, by persistence (series/homeOutlook.ts). */
export function fillToNeed(outlook: HomeOutlook, factor = 1): HomeController {
  return beforeDearHours('need rule', outlook, (t) => Math.min(1, factor * outlook.needDear[t]!));
}

function beforeDearHours(name: string, outlook: HomeOutlook, target: Target): HomeController {
  return {
    name,
    decide(home, t, socWh) {
      const netW = netLoadW(home, t);
      if (outlook.needDear[t]! === 0) return netW;
      const missingWh = target(t) * home.battery.ratedWh - socWh;
      const laterWh = fillableWh(home, outlook.cheapS[t]!);
      if (missingWh > laterWh)
        return Math.min(netW, 0, (laterWh - missingWh) / (home.battery.etaCharge * hoursPerStep(home)));
      // In the last cheap interval what is there is kept for the dear hours.
      if (outlook.cheapS[t] === 0) return Math.min(netW, (-missingWh * home.battery.etaDischarge) / hoursPerStep(home));
      return netW;
    },
  };
}

/** What can still be bought in the cheap intervals after this one. */
function fillableWh({ battery }: HomeSeries, cheapS: number): number {
  return (battery.pMaxW * battery.etaCharge * cheapS) / 3600;
}
