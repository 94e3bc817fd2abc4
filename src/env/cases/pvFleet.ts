/** Fleets for networks that bring none: one PV inverter with a battery at each chosen bus, sized by a rule. */
import type { Asset } from '../../grid/asset.ts';
import type { Network } from '../../grid/network.ts';

/** Inverter rating over PV peak. */
const OVERSIZE = 1.2;
/** Battery rating over PV peak, and its hours at that rating. */
const BATTERY_SHARE = 0.125;
const BATTERY_HOURS = 2.5;

/** Site k: `pvPeakW[k]` at bus `buses[k]`, sMax = 1.2 x PV peak, battery of an eighth of the PV peak for 2.5 h. */
export function pvFleet(buses: readonly number[], pvPeakW: readonly number[]): readonly Asset[] {
  return buses.map((bus, k) => {
    const peakW = Math.floor(pvPeakW[k]! + 0.5);
    const pMaxW = Math.floor(BATTERY_SHARE * peakW + 0.5);
    return {
      id: `site-${bus}`,
      owner: `owner-${k + 1}`,
      bus,
      sMaxVa: Math.floor(OVERSIZE * peakW + 0.5),
      pvPeakW: peakW,
      battery: {
        pMaxW,
        eMaxWh: Math.floor(BATTERY_HOURS * pMaxW + 0.5),
        etaChargeMicro: 950000,
        etaDischargeMicro: 950000,
        socMinMicro: 100000,
        socMaxMicro: 900000,
      },
    };
  });
}

/** The `count` pq buses with the greatest nominal load (fewer where there are fewer), greatest first. */
function largestLoadBuses(network: Network, count: number): readonly number[] {
  return network.buses
    .filter((bus) => bus.kind === 'pq' && bus.loadPW > 0)
    .toSorted((a, b) => b.loadPW - a.loadPW || a.id - b.id)
    .slice(0, count)
    .map((bus) => bus.id);
}

/** PV at the `count` largest loads, each with a peak of `pvToLoad` times the peak of its bus's load. */
export function loadFollowingFleet(network: Network, count: number, pvToLoad: number, scale: number): readonly Asset[] {
  const buses = largestLoadBuses(network, count);
  const loads = new Map(network.buses.map((bus) => [bus.id, bus.loadPW]));
  return pvFleet(
    buses,
    buses.map((bus) => pvToLoad * scale * loads.get(bus)!),
  );
}
