/** Arguments of the feeder dispatch task. */
import { fail } from '../../base/errors.ts';
import { taskArguments, type Bounds } from '../gym/arguments.ts';
import { checkWearModel, DEFAULT_WEAR, type WearModel } from '../physics/wear/batteryWear.ts';
import type { Tariff } from '../series/syntheticHome.ts';

export interface DispatchFeederArgs {
  /** Load peak as a share of nominal; PV and inverter ratings follow it. 0.5. */
  readonly scale: number;
  /** Rated power of every battery, W, and its energy, Wh; 300 000 and 900 000. */
  readonly batteryW: number;
  readonly batteryWh: number;
  /** 0: meters show the interval acted on with the batteries as last set. 1: the interval before. 1. */
  readonly observationDelay: 0 | 1;
  /** Interval, ms; divides an hour. 900 000. */
  readonly stepMs: number;
  readonly split: 'train' | 'test';
  /** What a policy moves (dispatchFeederInterface.ts): the batteries' power, or what they give beyond their own rule. `power`. */
  readonly control: 'power' | 'margin';
  /** `income`: what is earned. `difference`: of the network's costs each battery pays what it changes. `income`. */
  readonly reward: 'income' | 'difference';
  /** Days drawn from are the first this many of the split; 365. */
  readonly days: number;
  /** Tariffs drawn from are the first this many of the split; 8. */
  readonly tariffs: number;
  /** Seed of weather and tariffs, apart from the seed of the episodes. 1. */
  readonly seriesSeed: number;
  readonly tariff: Tariff;
  /** `none`: unit power factor. `device-curve`: every inverter runs its volt-var curve. `none`. */
  readonly reactive: 'none' | 'device-curve';
  /** Limits of the substation transformer, W into and out of the feeder; 1 600 000 and 2 500 000. */
  readonly importLimitW: number;
  readonly exportLimitW: number;
  /** Currency per kWh beyond a limit; 1. */
  readonly limitPrice: number;
  /** Currency per hour, bus and 0.01 pu outside [0.95, 1.05] pu, at most 0.05 pu counted; 5. */
  readonly voltagePrice: number;
  /** Currency per interval without a power-flow solution; 500. */
  readonly divergedPrice: number;
  /** Currency per kg CO2; 0.05. */
  readonly carbonPrice: number;
  /** How much of the wear is paid; 1. */
  readonly wearWeight: number;
  readonly wear: WearModel;
  /** State of charge at the start, share of rated, [0.1, 0.9]; 0.3. */
  readonly startSoc: number;
  /** Power-flow tolerance, pu; 1e-10. */
  readonly tolerancePu: number;
}

const DEFAULTS: DispatchFeederArgs = {
  scale: 0.5,
  batteryW: 300000,
  batteryWh: 900000,
  observationDelay: 1,
  stepMs: 900000,
  split: 'train',
  control: 'power',
  reward: 'income',
  days: 365,
  tariffs: 8,
  seriesSeed: 1,
  tariff: 'time-of-use',
  reactive: 'none',
  importLimitW: 1600000,
  exportLimitW: 2500000,
  limitPrice: 1,
  voltagePrice: 5,
  divergedPrice: 500,
  carbonPrice: 0.05,
  wearWeight: 1,
  wear: { ...DEFAULT_WEAR, replacementPerKwh: 200 },
  startSoc: 0.3,
  tolerancePu: 1e-10,
};

/** Defaults of `dispatch-feeder-margin-v1` where they are others. */
export const DISPATCH_FEEDER_MARGIN_DEFAULTS: Partial<DispatchFeederArgs> = { control: 'margin' };

const HOUR_MS = 3600000;
const COUNT = [1, 10000] as const;
/** Far beyond what the feeder holds, and far below what overflows. */
const RATING = [1, 1e8] as const;
const LIMIT = [0, 1e12, 'real'] as const;
const PRICE = [0, 1e6, 'real'] as const;
const BOUNDS = {
  scale: [1e-6, 100, 'real'],
  batteryW: RATING,
  batteryWh: RATING,
  observationDelay: [0, 1],
  stepMs: [1, HOUR_MS],
  split: ['train', 'test'],
  control: ['power', 'margin'],
  reward: ['income', 'difference'],
  days: COUNT,
  tariffs: COUNT,
  tariff: ['time-of-use', 'day-ahead'],
  reactive: ['none', 'device-curve'],
  importLimitW: LIMIT,
  exportLimitW: LIMIT,
  limitPrice: PRICE,
  voltagePrice: PRICE,
  divergedPrice: PRICE,
  carbonPrice: PRICE,
  wearWeight: PRICE,
  startSoc: [0.1, 0.9],
  tolerancePu: [1e-13, 1e-3],
} as const satisfies Bounds<DispatchFeederArgs>;

/** @throws `env.taskArgument`; `env.wear`. */
export function checkDispatchFeederArgs(given: Partial<DispatchFeederArgs>): DispatchFeederArgs {
  const args = taskArguments(DEFAULTS, given, BOUNDS);
  if (HOUR_MS % args.stepMs !== 0) {
    throw fail('env.taskArgument', { expected: 'stepMs: a divisor of an hour', got: args.stepMs });
  }
  checkWearModel(args.wear);
  return args;
}
