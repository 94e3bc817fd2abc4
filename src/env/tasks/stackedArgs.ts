/** Arguments of `stacked-ieee33`, their defaults and bounds. */
import { fail } from '../../base/errors.ts';
import { taskArguments, type Bounds } from '../gym/arguments.ts';
import { STACKED_SERVICES, type FREQUENCY_PRODUCTS, type StackedService } from './stackedIncome.ts';

export interface StackedArgs {
  /** Load peak as a share of nominal; 0.5. */
  readonly scale: number;
  /** 1: the action for interval k sees interval k-1. 0: it sees the grid of interval k before acting. 1. */
  readonly observationDelay: 0 | 1;
  /** Interval length, ms; divides an hour and is whole seconds. 300 000. */
  readonly stepMs: number;
  readonly split: 'train' | 'test';
  /** Days drawn from are the first this many of the split; 3650. */
  readonly days: number;
  readonly seriesSeed: number;
  /** The synthetic frequency deviation is multiplied by this; 6.4 brings its 99th percentile to about 0.2 Hz. */
  readonly frequencyScale: number;
  /** Losses of a unit or load a day; 2. */
  readonly eventsPerDay: number;
  readonly frequencyWeight: number;
  /** Currency per kW and hour held ready. */
  readonly reservePrice: number;
  readonly wearWeight: number;
  /** What the last line of the reward is: as weighted above, or net income at settlement prices (stackedIncome.ts). `weights`. */
  readonly pricing: 'weights' | 'settlement';
  /** What is sold; what is not is not ordered and earns nothing. All three. */
  readonly services: readonly StackedService[];
  /** With `settlement` prices: which curve the reserve follows. `dynamicRegulation`, which it does otherwise. */
  readonly product: keyof typeof FREQUENCY_PRODUCTS;
  /** With `settlement` prices: weight of the voltage barrier in the reward; 5. */
  readonly bandWeight: number;
  /** With `settlement` prices: that barrier begins this far inside the band, pu; 0.001. */
  readonly bandMarginPu: number;
  /**
   * With `settlement` prices: weight in the reward, beside the network's part, of what the battery earns and wears. They
   * hardly bear on each other, so a learner may weigh up the smaller; net income is told without it. 1.
   */
  readonly batteryWeight: number;
  /**
   * With `settlement` prices: hours of standing at the charge that an interval leaves, whose wear the reward of that interval
   * counts ahead; less the same of the charge it began with, so that a day's sum is that of its first and last charge alone
   * (potential-based shaping: Ng, Harada and Russell 1999). Net income is told without it. 0.
   */
  readonly wearAheadH: number;
  /** With `settlement` prices: whether the reward is what the site earns, or what it changes of what all earn. `income`. */
  readonly credit: 'income' | 'difference';
  /** Charge that a day starts with: half, or drawn for every site within its limits, so that a learner meets all of them. `half`. */
  readonly startSoc: 'half' | 'drawn';
  /** Power flow, pu; 1e-10. */
  readonly tolerancePu: number;
}

const STACKED_DEFAULTS: StackedArgs = {
  scale: 0.5,
  observationDelay: 1,
  stepMs: 300000,
  split: 'train',
  days: 3650,
  seriesSeed: 1,
  frequencyScale: 6.4,
  eventsPerDay: 2,
  frequencyWeight: 1,
  reservePrice: 0.01,
  wearWeight: 1,
  pricing: 'weights',
  services: STACKED_SERVICES,
  product: 'dynamicRegulation',
  bandWeight: 5,
  bandMarginPu: 0.001,
  batteryWeight: 1,
  wearAheadH: 0,
  credit: 'income',
  startSoc: 'half',
  tolerancePu: 1e-10,
};

const MS_PER_HOUR = 3600000;
const WEIGHT = [0, 1e6, 'real'] as const;
const BOUNDS = {
  scale: [1e-6, 100],
  observationDelay: [0, 1],
  stepMs: [1000, MS_PER_HOUR],
  split: ['train', 'test'],
  days: [1, 1e9],
  frequencyScale: WEIGHT,
  eventsPerDay: [0, 1000, 'real'],
  frequencyWeight: WEIGHT,
  reservePrice: WEIGHT,
  wearWeight: WEIGHT,
  pricing: ['weights', 'settlement'],
  product: ['dynamicContainment', 'dynamicRegulation'],
  bandWeight: WEIGHT,
  bandMarginPu: [0, 0.05, 'real'],
  batteryWeight: WEIGHT,
  wearAheadH: [0, 1000, 'real'],
  credit: ['income', 'difference'],
  startSoc: ['half', 'drawn'],
  tolerancePu: [1e-13, 1e-3],
} as const satisfies Bounds<StackedArgs>;

/** @throws `env.taskArgument`. */
export function checkStackedArgs(given: Partial<StackedArgs>): StackedArgs {
  const args = taskArguments(STACKED_DEFAULTS, given, BOUNDS);
  const unknown = args.services.find((name) => !STACKED_SERVICES.includes(name));
  if (unknown !== undefined || args.services.length === 0) {
    const expected = `services: one or more of ${STACKED_SERVICES.join(', ')}`;
    throw fail('env.taskArgument', { expected, got: unknown ?? 'none' });
  }
  if (args.stepMs % 1000 === 0 && MS_PER_HOUR % args.stepMs === 0) return args;
  throw fail('env.taskArgument', { expected: 'stepMs: whole seconds that divide an hour', got: args.stepMs });
}
