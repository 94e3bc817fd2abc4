/** Arguments that every voltage task takes, and their check. */
import { fail } from '../../base/errors.ts';
import type { PolicyInterface } from '../../grid/interface.ts';
import type { VoltVarCurve } from '../../grid/voltVar.ts';
import { DEFAULT_BATTERY_PLAN, DEFAULT_VOLT_VAR, type BatteryPlan } from '../cases/ieee33Sites.ts';
import { taskArguments, type Bounds } from '../gym/arguments.ts';
import type { GridSolver } from '../physics/gridFlow.ts';
import { DEFAULT_TOLERANCE_PU } from '../physics/powerflow/port.ts';
import type { FeederSeries } from '../series/series.ts';
import { BARRIERS, type BarrierName } from './barriers.ts';
import { VOLTAGE_INTERFACE } from './voltageInterface.ts';
import { VOLTAGE_REWARD, type VoltageRewardOptions } from './voltageReward.ts';

export interface VoltageArgs {
  /** Load peak as a share of nominal; 0.5. Ratings of PV and inverters follow it. */
  readonly scale: number;
  /** 1: the action for interval k sees interval k-1 (dispatched by a ledger). 0: it sees interval k before acting. */
  readonly observationDelay: 0 | 1;
  /** Probability that an agent's reading of an interval is lost: its fallback acts instead of its action. 0. */
  readonly missingRate: number;
  /** Interval length, ms; divides a day. 300 000. */
  readonly stepMs: number;
  /** Which synthetic days are drawn: `train` or `test`. */
  readonly split: 'train' | 'test';
  /** Days drawn from are the first this many of the split; 3650. */
  readonly days: number;
  /** Seed of the weather, apart from the seed of the episodes. 1. */
  readonly seriesSeed: number;
  /** Every episode is this day of the split, counted from 0, instead of one that is drawn. */
  readonly day?: number | undefined;
  /** Draw from these days instead of synthetic ones. */
  readonly series?: readonly FeederSeries[] | undefined;
  readonly curve: VoltVarCurve;
  readonly batteryPlan: BatteryPlan;
  readonly policy: PolicyInterface;
  readonly reward: VoltageRewardOptions;
  /** What an agent is rewarded for: what all share, or what it changed (one more power flow per agent). `shared`. */
  readonly credit: 'shared' | 'difference';
  /** What counts as settled, pu: see `FeederScenario`. 1e-10, which the shipped numbers stand on. */
  readonly tolerancePu: number;
  /** `auto`: sweeps on a plain tree, Newton on anything else. */
  readonly solver: GridSolver;
  /** `offset`: the action is added to the inverter's live curve. `share`: it is the share of capability itself (MAPDN). */
  readonly control: 'offset' | 'share';
  /**
   * Instead of the reward of the task that of MAPDN with this barrier l, the same for every agent:
   *   r = -( mean_b l(v_b) + 0.1 mean_k |q_k| )   v pu over the counted buses, q Mvar over the sites
   */
  readonly barrier?: BarrierName | undefined;
}

export const VOLTAGE_DEFAULTS: VoltageArgs = {
  scale: 0.5,
  observationDelay: 1,
  missingRate: 0,
  stepMs: 300000,
  split: 'train',
  days: 3650,
  seriesSeed: 1,
  curve: DEFAULT_VOLT_VAR,
  batteryPlan: DEFAULT_BATTERY_PLAN,
  policy: VOLTAGE_INTERFACE,
  reward: VOLTAGE_REWARD,
  credit: 'shared',
  tolerancePu: DEFAULT_TOLERANCE_PU,
  solver: 'auto',
  control: 'offset',
};

const DAY_MS = 86400000;
const BOUNDS = {
  // Far beyond what any feeder holds, and far below what overflows.
  scale: [1e-6, 100, 'real'],
  observationDelay: [0, 1],
  missingRate: [0, 1, 'real'],
  stepMs: [1, DAY_MS],
  split: ['train', 'test'],
  days: [1, Number.MAX_SAFE_INTEGER],
  day: [0, 1e9],
  credit: ['shared', 'difference'],
  // Coarser is no solution, finer is below what rounding leaves.
  tolerancePu: [1e-13, 1e-3],
  solver: ['auto', 'sweep', 'newton'],
  control: ['offset', 'share'],
  barrier: Object.keys(BARRIERS) as readonly BarrierName[],
} as const satisfies Bounds<VoltageArgs>;

/** Arguments over their defaults. @throws `env.taskArgument` for an unknown one and one out of bounds. */
export function voltageArgs(defaults: VoltageArgs, given: Partial<VoltageArgs>): VoltageArgs {
  const args = taskArguments(defaults, given, BOUNDS, { series: 'array', barrier: 'string', day: 'number' });
  if (args.series?.length === 0) throw fail('env.taskArgument', { expected: 'series: at least one day', got: 0 });
  if (DAY_MS % args.stepMs !== 0) {
    throw fail('env.taskArgument', { expected: 'stepMs: a divisor of a day', got: args.stepMs });
  }
  if (!Object.values(args.reward).every(Number.isFinite)) {
    throw fail('env.taskArgument', { expected: 'reward: finite numbers', got: 'something else' });
  }
  return args;
}
