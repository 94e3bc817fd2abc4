/** Arguments of the feeder dispatch task. */
import { fail } from '../../base/errors.ts';
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

/** Far beyond what the feeder holds, and far below what overflows. */
const MAX_SCALE = 100;
const MAX_RATING = 100000000;

/** @throws `env.taskArgument`; `env.wear`. */
export function checkDispatchFeederArgs(given: Partial<DispatchFeederArgs>): DispatchFeederArgs {
  const unknown = Object.keys(given).some((key) => !Object.hasOwn(DEFAULTS, key));
  const args = { ...DEFAULTS, ...given };
  if (unknown || !inBounds(args)) {
    throw fail('env.taskArgument', { expected: 'arguments of DispatchFeederArgs within bounds', got: given });
  }
  checkWearModel(args.wear);
  return args;
}

function inBounds(args: DispatchFeederArgs): boolean {
  const prices = [args.limitPrice, args.voltagePrice, args.divergedPrice, args.carbonPrice, args.wearWeight];
  const limits = [args.importLimitW, args.exportLimitW];
  const ratings = [args.batteryW, args.batteryWh];
  return (
    args.scale > 0 &&
    args.scale <= MAX_SCALE &&
    (args.observationDelay === 0 || args.observationDelay === 1) &&
    (args.split === 'train' || args.split === 'test') &&
    (args.tariff === 'time-of-use' || args.tariff === 'day-ahead') &&
    (args.reactive === 'none' || args.reactive === 'device-curve') &&
    [args.days, args.tariffs].every((n) => Number.isSafeInteger(n) && n >= 1 && n <= 10000) &&
    Number.isSafeInteger(args.seriesSeed) &&
    args.stepMs > 0 &&
    3600000 % args.stepMs === 0 &&
    [...prices, ...limits].every((x) => Number.isFinite(x) && x >= 0) &&
    ratings.every((x) => Number.isSafeInteger(x) && x > 0 && x <= MAX_RATING) &&
    args.startSoc >= 0.1 &&
    args.startSoc <= 0.9 &&
    args.tolerancePu >= 1e-13 &&
    args.tolerancePu <= 1e-3
  );
}
