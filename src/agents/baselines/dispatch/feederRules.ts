/**
 * Rules of a feeder's batteries that know the published tariff of the day and their own charge, and nothing of the network.
 * An interval is dear when storing for it pays the losses of the battery at the lowest price of the day.
 */
import { batteryModel } from '../../../env/physics/battery.ts';
import type { DispatchFeederCopy } from '../../../env/tasks/dispatchFeeder.ts';
import type { Decide } from '../../evaluation/episode.ts';
import { setpointOf } from './feederForesight.ts';

/** Full power as soon as there is a reason to: bought where it is cheapest, sold while it is dear. */
export const fullPower: Decide<DispatchFeederCopy> = (copy, step, issued) =>
  decide(copy, step, issued, () => copy.args.batteryW);

/** The same energy spread evenly over the cheap intervals before the dear ones, and over the dear ones. */
export const spreadEvenly: Decide<DispatchFeederCopy> = (copy, step, issued) =>
  decide(copy, step, issued, (energyWh, intervals) => (energyWh * 3600000) / (copy.args.stepMs * intervals));

/** `powerOf`: W for an energy at the terminals and how many intervals there are for it. */
function decide(
  copy: DispatchFeederCopy,
  step: number,
  issued: Int32Array,
  powerOf: (energyWh: number, intervals: number) => number,
): void {
  const { etaCharge, etaDischarge, eMinWh, eMaxWh, pMaxW } = batteryModel(copy.feeder.scenario.sites[0]!.battery);
  const price = copy.market.tariff.pricePerKwh;
  const lowest = price.reduce((a, b) => Math.min(a, b));
  const isDear = (t: number): boolean => price[t]! * etaCharge * etaDischarge > lowest;
  const isCheap = (t: number): boolean => !isDear(t);
  const firstDear = runEnd(step, price.length, isCheap);
  for (let s = 0; s < issued.length; s++) {
    const socWh = copy.feeder.socWh[s]!;
    const giveWh = (socWh - eMinWh) * etaDischarge;
    const takeWh = (eMaxWh - socWh) / etaCharge;
    let powerW = 0;
    if (isDear(step)) powerW = powerOf(giveWh, runEnd(step, price.length, isDear) - step);
    else if (firstDear < price.length) powerW = -powerOf(takeWh, firstDear - step);
    issued[s] = setpointOf(powerW, pMaxW);
  }
}

/** The first step from `step` on that `holds` does not hold for. */
function runEnd(step: number, steps: number, holds: (t: number) => boolean): number {
  let t = step;
  while (t < steps && holds(t)) t++;
  return t;
}
