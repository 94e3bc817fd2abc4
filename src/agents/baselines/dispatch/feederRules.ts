/** Rules of a feeder's batteries that know the published prices of the day and their own charge, and nothing of the network. */
import { batteryModel } from '../../../env/physics/battery.ts';
import type { DispatchFeederCopy } from '../../../env/tasks/dispatchFeeder.ts';
import { evenPace } from '../../../env/tasks/evenPace.ts';

/** W of every battery for a step. */
export type FeederRule = (copy: DispatchFeederCopy, step: number, powersW: Float64Array) => void;

/** Buys and sells at full power as soon as it pays. */
export const fullPower: FeederRule = (copy, step, powersW) => {
  evenly(copy, step, powersW);
  for (let s = 0; s < powersW.length; s++) powersW[s] = Math.sign(powersW[s]!) * copy.args.batteryW;
};

/** Buys evenly over the cheap intervals before the dear ones, sells evenly over those. */
export const evenly: FeederRule = (copy, step, powersW) => {
  const battery = batteryModel(copy.feeder.scenario.sites[0]!.battery);
  const price = copy.market.tariff.pricePerKwh;
  const dtH = copy.args.stepMs / 3600000;
  for (let s = 0; s < powersW.length; s++) {
    powersW[s] = evenPace(price, battery, step, copy.feeder.socWh[s]!, dtH).powerW;
  }
};
