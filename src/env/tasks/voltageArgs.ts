/** Arguments that every voltage task takes, and their check. */
import { fail } from '../../base/errors.ts';
import type { PolicyInterface } from '../../grid/interface.ts';
import type { VoltVarCurve } from '../../grid/voltVar.ts';
import { DEFAULT_BATTERY_PLAN, DEFAULT_VOLT_VAR, type BatteryPlan } from '../cases/ieee33Sites.ts';
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

/** Far beyond what any feeder holds, and far below what overflows. */
const MAX_SCALE = 100;
/** Coarser is no solution, finer is below what rounding leaves. */
const TOLERANCE_BOUNDS_PU = [1e-13, 1e-3] as const;
const OPTIONAL = ['series', 'barrier'];

/** Arguments over their defaults. @throws `env.taskArgument` for an unknown one and one out of bounds. */
export function voltageArgs<Args extends VoltageArgs>(
  defaults: Args,
  given: Partial<Args>,
  optional: readonly string[] = [],
): Args {
  const known = new Set([...Object.keys(defaults), ...OPTIONAL, ...optional]);
  const args = { ...defaults, ...given };
  if (!Object.keys(given).every((key) => known.has(key)) || !validNumbers(args) || !validChoices(args)) {
    throw fail('env.taskArgument', {
      expected: 'arguments of VoltageArgs within bounds',
      got: { ...given, series: undefined, network: undefined, fleet: undefined },
    });
  }
  return args;
}

function validNumbers(args: VoltageArgs): boolean {
  const { scale, missingRate, tolerancePu } = args;
  return (
    within(scale, 0, MAX_SCALE) &&
    scale > 0 &&
    within(missingRate, 0, 1) &&
    within(tolerancePu, ...TOLERANCE_BOUNDS_PU) &&
    Number.isSafeInteger(args.seriesSeed) &&
    Number.isSafeInteger(args.days) &&
    args.days > 0 &&
    Object.values(args.reward).every(Number.isFinite)
  );
}

function within(x: number, low: number, high: number): boolean {
  return Number.isFinite(x) && x >= low && x <= high;
}

function validChoices(args: VoltageArgs): boolean {
  return (
    [0, 1].includes(args.observationDelay) &&
    ['train', 'test'].includes(args.split) &&
    ['shared', 'difference'].includes(args.credit) &&
    ['auto', 'sweep', 'newton'].includes(args.solver) &&
    ['offset', 'share'].includes(args.control) &&
    (args.barrier === undefined || Object.hasOwn(BARRIERS, args.barrier)) &&
    (args.series === undefined || args.series.length > 0)
  );
}
