/**
 * The rule of a home battery that knows its tariff and nothing else: greedy self-use, but filled to a share of its energy,
 * the same in all seasons, in the last cheap intervals before the dear hours, by buying if need be.
 */
import { hoursPerStep, netLoadW } from '../../../env/physics/homeMeter.ts';
import type { HomeOutlook } from '../../../env/series/homeOutlook.ts';
import type { HomeController } from './home.ts';

/** `outlook`: of the home it decides for; only what follows from the tariff is read. */
export function fillBeforePeak({ priceRise, cheapS }: HomeOutlook, share = 1): HomeController {
  return {
    name: 'tariff rule',
    decide(home, t, socWh) {
      const { battery } = home;
      const netW = netLoadW(home, t);
      if (priceRise[t]! <= 1) return netW;
      const missingWh = share * battery.ratedWh - socWh;
      // What can still be bought in the cheap intervals after this one.
      const laterWh = (battery.pMaxW * battery.etaCharge * cheapS[t]!) / 3600;
      const perW = battery.etaCharge * hoursPerStep(home);
      if (missingWh > laterWh) return Math.min(netW, 0, (laterWh - missingWh) / perW);
      return cheapS[t] === 0 ? Math.min(netW, 0) : netW;
    },
  };
}
