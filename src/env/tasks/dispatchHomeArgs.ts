/** Arguments of the home dispatch task. */
import { fail } from '../../base/errors.ts';
import { taskArguments, type Bounds } from '../gym/arguments.ts';
import { checkBatteryCurves, type BatteryCurves } from '../physics/batteryCurves.ts';
import { checkWearModel, DEFAULT_WEAR, linearWearCostPerKwh, type WearModel } from '../physics/wear/batteryWear.ts';
import { checkHome, type HomeSeries } from '../series/home.ts';
import type { Tariff } from '../series/syntheticHome.ts';

export interface DispatchHomeArgs {
  /** Homes to draw from instead of synthetic ones; their own step length holds. */
  readonly homes?: readonly HomeSeries[] | undefined;
  /** 0: load and PV of the interval acted on are seen (the device's own loop). 1: those of the interval before. 1. */
  readonly observationDelay: 0 | 1;
  /** Interval of synthetic homes, ms; divides an hour. 3 600 000. */
  readonly stepMs: number;
  /** Length of an episode; 7. A home given that is shorter is lived whole. */
  readonly days: number;
  readonly split: 'train' | 'test';
  /** What a policy sees and moves (dispatchHomeInterface.ts): the battery's power, or what it holds in reserve. `power`. */
  readonly control: 'power' | 'reserve';
  /**
   * With `control: 'reserve'`, for which dear hours the device holds and buys: `losses`, those that pay after losses; `wear`: it
   * holds for any dearer hour, and buys for those that pay after losses and `wearPerKwh`. `losses`.
   */
  readonly worth: 'losses' | 'wear';
  /**
   * `cost`: what is paid, negative. `difference`: what the setpoint of an interval changes, the battery being left to
   * itself afterwards, over the mean price of the episode times the battery's rated kWh. `cost`.
   */
  readonly reward: 'cost' | 'difference';
  /** Synthetic homes of the split; 8. */
  readonly homeCount: number;
  /** With `control: 'reserve'`: load, PV and dear prices of a synthetic home are each up to 1 + this times larger or smaller; 0. */
  readonly spread: number;
  /** Synthetic windows of the split, each `days` long; 40. */
  readonly windows: number;
  /** Seed of the synthetic homes, apart from the seed of the episodes. 1. */
  readonly seriesSeed: number;
  /** Of synthetic homes; `mixed`: day-ahead prices in every third home, time-of-use tariffs in the others. `time-of-use`. */
  readonly tariff: Tariff | 'mixed';
  /** Price of selling as a share of the price of buying, synthetic homes; 0. */
  readonly exportShare: number;
  /** Currency per kg CO2; 0.05. */
  readonly carbonPrice: number;
  /** Currency per kW by which the greatest import of the episode rises; 0.5. */
  readonly peakPrice: number;
  /** 1: the agent pays for wear. 0: it does not, and the battery's usable energy does not shrink either. 1. */
  readonly wearWeight: number;
  readonly wear: WearModel;
  /** Currency per kWh drawn from the cells that the agent pays as well: the linear proxy of wear. 0. */
  readonly wearPerKwh: number;
  /** State of charge at the start as a share of what is usable; drawn when left out. */
  readonly startSoc?: number | undefined;
  /** State of health at the start, (0, 1]; 1. */
  readonly startSoh: number;
  readonly curves: BatteryCurves;
}

const DISPATCH_HOME_DEFAULTS: DispatchHomeArgs = {
  observationDelay: 1,
  stepMs: 3600000,
  days: 7,
  split: 'train',
  control: 'power',
  worth: 'losses',
  reward: 'cost',
  homeCount: 8,
  spread: 0,
  windows: 40,
  seriesSeed: 1,
  tariff: 'time-of-use',
  exportShare: 0,
  carbonPrice: 0.05,
  peakPrice: 0.5,
  wearWeight: 1,
  wear: DEFAULT_WEAR,
  wearPerKwh: 0,
  startSoh: 1,
  curves: {},
};

/** Defaults of `dispatch-home-reserve-v1` where they are others. */
export const DISPATCH_HOME_RESERVE_DEFAULTS: Partial<DispatchHomeArgs> = {
  control: 'reserve',
  observationDelay: 0,
  days: 28,
  homeCount: 24,
  windows: 13,
  carbonPrice: 0,
  peakPrice: 0,
  wearWeight: 0,
  wearPerKwh: linearWearCostPerKwh(DEFAULT_WEAR),
};

const HOUR_MS = 3600000;
const COUNT = [1, 10000] as const;
const WEIGHT = [0, 1e6, 'real'] as const;
const BOUNDS = {
  observationDelay: [0, 1],
  stepMs: [1000, HOUR_MS],
  days: COUNT,
  split: ['train', 'test'],
  control: ['power', 'reserve'],
  worth: ['losses', 'wear'],
  reward: ['cost', 'difference'],
  homeCount: COUNT,
  spread: [0, 9, 'real'],
  windows: COUNT,
  tariff: ['time-of-use', 'day-ahead', 'mixed'],
  exportShare: [0, 1, 'real'],
  carbonPrice: WEIGHT,
  peakPrice: WEIGHT,
  wearWeight: WEIGHT,
  wearPerKwh: WEIGHT,
  startSoc: [0, 1, 'real'],
  startSoh: [1e-6, 1, 'real'],
} as const satisfies Bounds<DispatchHomeArgs>;

/** @throws `env.taskArgument`; `env.wear`, `env.battery`, `env.series` for what they hold. */
export function checkDispatchHomeArgs(given: Partial<DispatchHomeArgs>): DispatchHomeArgs {
  const args = taskArguments(DISPATCH_HOME_DEFAULTS, given, BOUNDS, { homes: 'array', startSoc: 'number' });
  if (args.homes?.length === 0) throw fail('env.taskArgument', { expected: 'homes: at least one', got: 0 });
  if (HOUR_MS % args.stepMs !== 0) {
    throw fail('env.taskArgument', { expected: 'stepMs: a divisor of an hour', got: args.stepMs });
  }
  if (args.control === 'reserve' && args.observationDelay !== 0) {
    throw fail('env.taskArgument', { expected: 'observationDelay: 0 where control is reserve', got: 1 });
  }
  checkWearModel(args.wear);
  checkBatteryCurves(args.curves);
  args.homes?.forEach(checkHome);
  return args;
}
