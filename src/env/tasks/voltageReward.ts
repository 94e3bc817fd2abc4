/** Reward of the voltage task: band first, then losses, then calm. Equations in `voltageIeee33.ts`. */
import { MAX_SHARE_MICRO } from '../../grid/voltVar.ts';
import { DEFAULT_BAND, type Band } from '../physics/feederPlant.ts';
import { BARRIERS, type BarrierName } from './barriers.ts';

export interface VoltageRewardOptions {
  /** Weight of the barrier; 20. */
  readonly barrierWeight: number;
  /** The barrier begins this far inside the band, pu; 0.001. */
  readonly marginPu: number;
  /** Excess voltage that counts as 1, pu; 0.01. */
  readonly barrierScalePu: number;
  /** Line loss that costs 1 per interval, W; 50 kW. */
  readonly lossScaleW: number;
  /** Cost of moving the own offset through its half range; 0.005. */
  readonly changeWeight: number;
  /** In place of everything else when the power flow has no solution; 20. */
  readonly divergedPenalty: number;
}

export const VOLTAGE_REWARD: VoltageRewardOptions = {
  barrierWeight: 20,
  marginPu: 0.001,
  barrierScalePu: 0.01,
  lossScaleW: 50000,
  changeWeight: 0.005,
  divergedPenalty: 20,
};

const PICO = 1000000000000;
/** Excess beyond this many scales counts no more: one bad bus cannot outweigh everything ever learned. */
const EXCESS_MAX = 5;

/** mean over the counted buses (by index) of min(5, max(0, |v-1| - (0.05 - margin)) / scale); 1 and 0.05 are the band's. */
export function barrier(
  vPu: Float64Array,
  counted: Int32Array,
  options: VoltageRewardOptions,
  band: Band = DEFAULT_BAND,
): number {
  const centre = 0.5 * (band[0] + band[1]);
  // In 1e-12 pu, so that the half width of [0.95, 1.05] is 0.05 itself.
  const half = Math.floor(0.5 * (band[1] - band[0]) * PICO + 0.5) / PICO;
  const edge = half - options.marginPu;
  let sum = 0;
  for (let k = 0; k < counted.length; k++) {
    const beyond = Math.abs(vPu[counted[k]!]! - centre) - edge;
    if (beyond > 0) sum += Math.min(EXCESS_MAX, beyond / options.barrierScalePu);
  }
  return sum / counted.length;
}

/** The part every agent shares. */
export function sharedReward(barrierValue: number, lossW: number, options: VoltageRewardOptions): number {
  return -(options.barrierWeight * barrierValue + lossW / options.lossScaleW);
}

/** The agent's own part: -changeWeight |offset - previous| / 800 000. */
export function changeCost(offsetMicro: number, previousMicro: number, options: VoltageRewardOptions): number {
  return (options.changeWeight * Math.abs(offsetMicro - previousMicro)) / MAX_SHARE_MICRO;
}

const MAPDN_Q_WEIGHT = 0.1;

/** -( mean over the counted buses of l(v) + 0.1 mean |q| in Mvar ) */
export function mapdnReward(vPu: Float64Array, counted: Int32Array, meanAbsQMvar: number, name: BarrierName): number {
  const l = BARRIERS[name];
  let sum = 0;
  for (let k = 0; k < counted.length; k++) sum += l(vPu[counted[k]!]!);
  return -(sum / counted.length + MAPDN_Q_WEIGHT * meanAbsQMvar);
}
