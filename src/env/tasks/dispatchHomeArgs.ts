/** Arguments of the home dispatch task. */
import { fail } from '../../base/errors.ts';
import { checkBatteryCurves, type BatteryCurves } from '../physics/batteryCurves.ts';
import { checkWearModel, DEFAULT_WEAR, type WearModel } from '../physics/wear/batteryWear.ts';
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
  /** Synthetic homes of the split; 8. */
  readonly homeCount: number;
  /** Synthetic windows of the split, each `days` long; 40. */
  readonly windows: number;
  /** Seed of the synthetic homes, apart from the seed of the episodes. 1. */
  readonly seriesSeed: number;
  readonly tariff: Tariff;
  /** Price of selling as a share of the price of buying, synthetic homes; 0. */
  readonly exportShare: number;
  /** Currency per kg CO2; 0.05. */
  readonly carbonPrice: number;
  /** Currency per kW by which the greatest import of the episode rises; 0.5. */
  readonly peakPrice: number;
  /** 1: the agent pays for wear. 0: it does not, and the battery's usable energy does not shrink either. 1. */
  readonly wearWeight: number;
  readonly wear: WearModel;
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
  homeCount: 8,
  windows: 40,
  seriesSeed: 1,
  tariff: 'time-of-use',
  exportShare: 0,
  carbonPrice: 0.05,
  peakPrice: 0.5,
  wearWeight: 1,
  wear: DEFAULT_WEAR,
  startSoh: 1,
  curves: {},
};

/** @throws `env.taskArgument`; `env.wear`, `env.battery`, `env.series` for what they hold. */
export function checkDispatchHomeArgs(given: Partial<DispatchHomeArgs>): DispatchHomeArgs {
  const optional = ['homes', 'startSoc'];
  const unknown = Object.keys(given).filter(
    (key) => !Object.hasOwn(DISPATCH_HOME_DEFAULTS, key) && !optional.includes(key),
  );
  const args = { ...DISPATCH_HOME_DEFAULTS, ...given };
  if (unknown.length > 0 || !inBounds(args)) {
    throw fail('env.taskArgument', {
      expected: 'arguments of DispatchHomeArgs within bounds',
      got: { ...given, homes: Array.isArray(given.homes) ? given.homes.length : given.homes },
    });
  }
  checkWearModel(args.wear);
  checkBatteryCurves(args.curves);
  args.homes?.forEach(checkHome);
  return args;
}

function inBounds(args: DispatchHomeArgs): boolean {
  const { homes, startSoc } = args;
  const counts = [args.days, args.homeCount, args.windows];
  const prices = [args.carbonPrice, args.peakPrice, args.wearWeight];
  return (
    (args.observationDelay === 0 || args.observationDelay === 1) &&
    (args.split === 'train' || args.split === 'test') &&
    (args.tariff === 'time-of-use' || args.tariff === 'day-ahead') &&
    counts.every((n) => Number.isSafeInteger(n) && n >= 1 && n <= 10000) &&
    prices.every((x) => Number.isFinite(x) && x >= 0) &&
    Number.isSafeInteger(args.seriesSeed) &&
    (homes === undefined || (Array.isArray(homes) && homes.length > 0)) &&
    (startSoc === undefined || (startSoc >= 0 && startSoc <= 1))
  );
}
