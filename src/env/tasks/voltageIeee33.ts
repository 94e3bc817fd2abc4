/**
 * `voltage-ieee33-v1`: six PV-and-battery inverters hold the voltage of the 33-bus feeder at least loss,
 * dispatched by a ledger that knows only what was measured in the interval before.
 *
 * Description
 *   Baran & Wu 33-bus feeder, 12.66 kV, load peak 0.5 x nominal (1.857 MW, 1.15 Mvar), PV peak 2.5 x that, split
 *   over buses 13, 18, 22, 25, 29, 33 (1-based), inverters of 1.2 x PV peak, 100 kW / 250 kWh batteries on a fixed
 *   plan. An agent is one inverter; a copy has six. Each interval the agents' offsets are added to the volt-var
 *   curve that every inverter runs live, and the joint fixed point of curves and AC power flow is what happens.
 *   `voltage-ieee33-hard-v1` is the same with scale 0.6.
 * Action space
 *   Box [-1, 1], one per agent: u -> y = clamp(floor(32768 u + 0.5), +-32767) -> `scaleOutput` -> envelopes of
 *   VOLTAGE_INTERFACE -> offsetMicro in +-800 000, a share of live reactive capability sqrt(S^2 - P^2), injection
 *   positive. Total share after the curve is limited to +-0.8.
 * Observation space
 *   Box of 7 per agent: normalised integer / 32 768, so within +-1. Raw values clamp to [min, max].
 *   | # | name     | min     | max     | unit                  |
 *   | 0 | v.own    | 900000  | 1100000 | 1e-6 pu               |
 *   | 1 | p.own    | -200000 | 1000000 | W, export positive    |
 *   | 2 | q.own    | -800000 | 800000  | var, injected positive |
 *   | 3 | p.pv     | 0       | 1000000 | W                     |
 *   | 4 | time.day | 0       | 86400   | s, of the interval acted on |
 *   | 5 | sens.own | 0       | 80000   | 1e-6 pu per Mvar      |
 *   | 6 | prev     | -800000 | 800000  | 1e-6, own last offset as issued |
 * Reward
 *   Per agent and interval, with v over all buses but the slack:
 *     r = -( 20 mean_b min(5, max(0, |v_b - 1| - 0.049) / 0.01)  +  loss / 50 kW )  -  0.005 |offset - previous| / 0.8
 *   The first two terms are shared by the copy. Without a power-flow solution the whole is -20. Constants: VOLTAGE_REWARD.
 *   With `credit: 'difference'` an agent's shared part is what it changed: that of the interval as lived minus that
 *   of the same interval with this one agent's offset at 0 (difference rewards, Wolpert & Tumer 2002). What is
 *   subtracted does not depend on the agent's action, so the best joint policy is the same and the noise is not.
 * Starting state
 *   A day drawn from the training days of the synthetic series (or the given days), batteries at 15 %, and the
 *   measurements of interval 0 with no offset (nothing was dispatched before midnight).
 * Episode end
 *   truncated after the 288 intervals of the day. Never terminated: an infeasible power flow is priced and lived through.
 * Arguments
 *   `VoltageArgs` below.
 * Versions
 *   v1: first.
 */
import { fail } from '../../base/errors.ts';
import { clamp } from '../../base/fixed.ts';
import { RandomStream, type RandomState } from '../../base/random.ts';
import { uniform } from '../../base/realMath.ts';
import { secondOfDay } from '../../grid/interval.ts';
import {
  applyEnvelopes,
  evaluateFallback,
  gatherInputs,
  normaliseInput,
  scaleOutput,
  UNIT_INTEGER,
  type PolicyInterface,
} from '../../grid/interface.ts';
import { clearSnapshot, createSnapshot, setChannel, type Snapshot } from '../../grid/snapshot.ts';
import { MAX_SHARE_MICRO, type VoltVarCurve } from '../../grid/voltVar.ts';
import { IEEE33 } from '../cases/ieee33.ts';
import {
  DEFAULT_BATTERY_PLAN,
  DEFAULT_INITIAL_SOC_MICRO,
  DEFAULT_VOLT_VAR,
  ieee33Sites,
  planPowerW,
  type BatteryPlan,
} from '../cases/ieee33Sites.ts';
import type { Balance, PortView, TaskCopy, TaskDefinition, TaskShape, TaskState, Trajectory } from '../gym/task.ts';
import { TrajectoryLog } from '../gym/trajectoryLog.ts';
import type { Info } from '../gym/types.ts';
import {
  createSetpoints,
  Feeder,
  type FeederScenario,
  type FeederSetpoints,
  type FeederState,
} from '../physics/feeder.ts';
import type { FeederSeries } from '../series/series.ts';
import { syntheticDay, testDay, trainDay } from '../series/synthetic.ts';
import { VOLTAGE_INTERFACE } from './voltageInterface.ts';
import { barrier, changeCost, sharedReward, VOLTAGE_REWARD, type VoltageRewardOptions } from './voltageReward.ts';

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
}

const VOLTAGE_DEFAULTS: VoltageArgs = {
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
};

export interface VoltageState extends TaskState {
  readonly feeder: FeederState;
  readonly series: FeederSeries;
  readonly stream: RandomState;
  readonly next: number;
  readonly offsetMicro: readonly number[];
  readonly raw: readonly number[];
  readonly missing: readonly number[];
  readonly totals: readonly number[];
  readonly trajectory: readonly number[];
}

/** A scenario of the 33-bus feeder for baselines and the twin, with everything but the series defaulted. */
export function createFeederScenario(
  options: Partial<FeederScenario> & { readonly series: FeederSeries; readonly scale?: number },
): FeederScenario {
  const { scale = 0.5, ...given } = options;
  return {
    network: IEEE33,
    sites: ieee33Sites(scale),
    curve: DEFAULT_VOLT_VAR,
    initialSocMicro: DEFAULT_INITIAL_SOC_MICRO,
    ...given,
  };
}

/** Day d of the synthetic series on the 33-bus feeder. */
export function ieee33Day(
  day: number,
  options: { seed?: number | string; scale?: number; stepMs?: number } = {},
): FeederSeries {
  const { seed = VOLTAGE_DEFAULTS.seriesSeed, scale = 0.5, stepMs = 300000 } = options;
  return syntheticDay({ seed, day, scale, stepMs, network: IEEE33, sites: ieee33Sites(scale) });
}

/** Battery power of every site under a plan in interval `step`, written into the setpoints. */
export function followPlan(feeder: Feeder, plan: BatteryPlan, step: number, setpoints: FeederSetpoints): void {
  const second = secondOfDay(feeder.startMs(step));
  const { sites } = feeder.scenario;
  for (let s = 0; s < sites.length; s++) setpoints.pBatteryW[s] = planPowerW(plan, second, sites[s]!.battery.pMaxW);
}

const MEASURED_MASK = 0b111111;
/** Totals of an episode, by position. */
const OUT = 0;
const STEPS_OUT = 1;
const LOSS_WH = 2;
const ABS_Q = 3;
const REWARD = 4;
const DIVERGED = 5;
const FALLBACKS = 6;
const TOTALS = 7;

export class VoltageCopy implements TaskCopy {
  readonly args: VoltageArgs;
  readonly shape: TaskShape;
  readonly port: PortView;
  readonly feeder: Feeder;
  readonly setpoints: FeederSetpoints;
  /** 1 where the last action was replaced by the fallback. */
  readonly fallbackUsed: Uint8Array;
  /** Raw inputs of the next decision, agents x inputs, and the mask of missing ones per agent. */
  readonly raw: Int32Array;
  readonly missing: Int32Array;

  readonly #stream: RandomStream;
  readonly #snapshot: Snapshot = createSnapshot();
  readonly #rawRow: Int32Array;
  readonly #out = new Int32Array(1);
  readonly #previous: Int32Array;
  /** Shared reward of the interval had the agent's offset been 0; 0 throughout when credit is shared. */
  readonly #without: Float64Array;
  readonly #totals = new Float64Array(TOTALS);
  readonly #trajectory: TrajectoryLog;
  #next = 0;

  /** `first`: the series held before the first reset; a clone brings its own. */
  constructor(args: VoltageArgs, first?: FeederSeries) {
    this.args = args;
    const series =
      first ?? args.series?.[0] ?? ieee33Day(0, { seed: args.seriesSeed, scale: args.scale, stepMs: args.stepMs });
    this.feeder = new Feeder(createFeederScenario({ series, scale: args.scale, curve: args.curve }));
    const n = this.feeder.siteCount;
    const { inputs, outputs } = args.policy;
    const width = inputs.length;
    this.shape = {
      agents: n,
      observationSize: width,
      actionSize: 1,
      observationNames: inputs.map(({ n: name }) => name),
      actionNames: outputs.map(({ n: name }) => name),
    };
    this.setpoints = createSetpoints(n, MAX_SHARE_MICRO);
    this.fallbackUsed = new Uint8Array(n);
    this.raw = new Int32Array(n * width);
    this.missing = new Int32Array(n);
    this.port = { policy: args.policy, raw: this.raw, missing: this.missing, issued: this.setpoints.offsetMicro };
    this.#rawRow = new Int32Array(width);
    this.#previous = new Int32Array(n);
    this.#without = new Float64Array(n);
    this.#stream = RandomStream.fromSeed(0, 'voltage-ieee33');
    this.#trajectory = new TrajectoryLog();
  }

  seed(seed: number | string): void {
    this.#stream.setState(RandomStream.fromSeed(seed, 'voltage-ieee33').getState());
  }

  reset(): void {
    this.feeder.reset(this.#drawSeries());
    this.#totals.fill(0);
    this.#trajectory.reset();
    this.setpoints.offsetMicro.fill(0);
    this.#previous.fill(0);
    this.#next = 0;
    followPlan(this.feeder, this.args.batteryPlan, 0, this.setpoints);
    this.feeder.preview(0, this.setpoints);
    this.#look();
  }

  /** Live one interval. Returns true when the day is over. */
  step(actions: Float32Array, at: number, rewards: Float32Array): boolean {
    const { feeder, setpoints } = this;
    const k = this.#next++;
    for (let s = 0; s < feeder.siteCount; s++) this.#decide(s, actions[at + s]!);
    followPlan(feeder, this.args.batteryPlan, k, setpoints);
    if (this.args.credit === 'difference') this.#imagineWithout(k);
    feeder.advance(k, setpoints);
    this.#reward(rewards, at);
    const over = this.#next >= feeder.series.steps;
    if (!over && this.args.observationDelay === 0) {
      followPlan(feeder, this.args.batteryPlan, this.#next, setpoints);
      feeder.preview(this.#next, setpoints);
    }
    this.#look();
    return over;
  }

  observe(out: Float32Array, at: number): void {
    const { inputs } = this.args.policy;
    const width = inputs.length;
    for (let s = 0; s < this.feeder.siteCount; s++) {
      for (let i = 0; i < width; i++) {
        const row = s * width + i;
        out[at + row] = normaliseInput(inputs[i]!, this.raw[row]!) / (UNIT_INTEGER + 1);
      }
    }
  }

  /** Of the episode so far. */
  info(): Info {
    const { feeder } = this;
    const totals = this.#totals;
    const steps = Math.max(1, this.#next);
    return {
      step: this.#next,
      dayStartMs: feeder.series.startMs,
      outOfBandShare: totals[OUT]! / (steps * feeder.countedBuses.length),
      controllableRatio: 1 - totals[STEPS_OUT]! / steps,
      lossWh: totals[LOSS_WH]!,
      meanAbsQVar: totals[ABS_Q]! / (steps * feeder.siteCount),
      meanReward: totals[REWARD]! / (steps * feeder.siteCount),
      divergedSteps: totals[DIVERGED]!,
      fallbackShare: totals[FALLBACKS]! / (steps * feeder.siteCount),
    };
  }

  /** Energy of the interval: substation and sites against loads and lines. */
  balance(): Balance {
    const dtH = this.feeder.series.stepMs / 3600000;
    const { sources, sinks } = this.feeder.balanceW();
    return { sources: sources * dtH, sinks: sinks * dtH, unit: 'Wh' };
  }

  /** Every (voltage seen, offset issued, reward) of the episode so far. */
  trajectory(): Trajectory {
    return this.#trajectory.freeze();
  }

  getState(): VoltageState {
    return {
      feeder: this.feeder.getState(),
      series: this.feeder.series,
      stream: this.#stream.getState(),
      next: this.#next,
      offsetMicro: Array.from(this.setpoints.offsetMicro),
      raw: Array.from(this.raw),
      missing: Array.from(this.missing),
      totals: Array.from(this.#totals),
      trajectory: this.#trajectory.getState(),
    };
  }

  setState(given: TaskState): void {
    const state = given as VoltageState;
    this.feeder.reset(state.series);
    this.feeder.setState(state.feeder);
    this.#stream.setState(state.stream);
    this.#next = state.next;
    this.setpoints.offsetMicro.set(state.offsetMicro);
    this.#previous.set(state.offsetMicro);
    this.raw.set(state.raw);
    this.missing.set(state.missing);
    this.#totals.set(state.totals);
    this.#trajectory.setState(state.trajectory);
  }

  clone(): VoltageCopy {
    const copy = new VoltageCopy(this.args, this.feeder.series);
    copy.setState(this.getState());
    return copy;
  }

  #drawSeries(): FeederSeries {
    const { series, split, days, seriesSeed, scale, stepMs } = this.args;
    if (series !== undefined) return series[this.#stream.below(series.length)]!;
    const i = this.#stream.below(days);
    return ieee33Day(split === 'test' ? testDay(i) : trainDay(i), { seed: seriesSeed, scale, stepMs });
  }

  /** Integers from the meters, as the ledger would hold them at the next dispatch. */
  #look(): void {
    const { feeder, args } = this;
    const width = args.policy.inputs.length;
    const second = secondOfDay(feeder.startMs(Math.min(this.#next, feeder.series.steps)));
    for (let s = 0; s < feeder.siteCount; s++) {
      clearSnapshot(this.#snapshot);
      feeder.measure(s, this.#snapshot);
      setChannel(this.#snapshot, 'time.day', second);
      if (args.missingRate > 0 && uniform(this.#stream) < args.missingRate) this.#snapshot.present &= ~MEASURED_MASK;
      this.#previous[s] = this.setpoints.offsetMicro[s]!;
      this.#out[0] = this.#previous[s]!;
      this.missing[s] = gatherInputs(args.policy, this.#snapshot, this.#out, this.#rawRow);
      this.raw.set(this.#rawRow, s * width);
    }
  }

  /** Action to setpoint exactly as at a dispatch: network output or fallback, then envelopes. */
  #decide(s: number, action: number): void {
    const { policy } = this.args;
    if (!Number.isFinite(action)) throw fail('env.action', { expected: 'finite actions', got: action });
    const width = policy.inputs.length;
    for (let i = 0; i < width; i++) this.#rawRow[i] = this.raw[s * width + i]!;
    const mask = this.missing[s]!;
    if (mask !== 0) {
      evaluateFallback(policy, this.#rawRow, mask, this.#out);
    } else {
      this.#out[0] = scaleOutput(
        policy.outputs[0]!,
        clamp(Math.floor(action * 32768 + 0.5), -UNIT_INTEGER, UNIT_INTEGER),
      );
      applyEnvelopes(policy.envelopes, this.#rawRow, 0, this.#out);
    }
    this.fallbackUsed[s] = mask === 0 ? 0 : 1;
    this.setpoints.offsetMicro[s] = this.#out[0]!;
  }

  /** The interval ahead, once per agent, with that agent's offset at 0. */
  #imagineWithout(k: number): void {
    const { feeder, setpoints } = this;
    for (let s = 0; s < feeder.siteCount; s++) {
      const issued = setpoints.offsetMicro[s]!;
      setpoints.offsetMicro[s] = 0;
      feeder.preview(k, setpoints);
      setpoints.offsetMicro[s] = issued;
      this.#without[s] = this.#shared();
    }
  }

  /** Of the interval last solved. */
  #shared(): number {
    const { feeder } = this;
    const options = this.args.reward;
    if (!feeder.converged) return -options.divergedPenalty;
    return sharedReward(barrier(feeder.vPu, feeder.countedBuses, options), feeder.lossW, options);
  }

  #reward(rewards: Float32Array, at: number): void {
    const { feeder, setpoints } = this;
    const options = this.args.reward;
    const shared = this.#shared();
    const totals = this.#totals;
    for (let s = 0; s < feeder.siteCount; s++) {
      const offset = setpoints.offsetMicro[s]!;
      const own = feeder.converged ? changeCost(offset, this.#previous[s]!, options) : 0;
      rewards[at + s] = shared - this.#without[s]! - own;
      totals[REWARD]! += rewards[at + s]!;
      totals[ABS_Q]! += Math.abs(feeder.qVar[s]!);
      totals[FALLBACKS]! += this.fallbackUsed[s]!;
      this.#trajectory.add(this.raw[s * this.args.policy.inputs.length]!, offset, rewards[at + s]!);
    }
    totals[OUT]! += feeder.outOfBandBuses;
    if (feeder.outOfBandBuses > 0) totals[STEPS_OUT]!++;
    totals[LOSS_WH]! += (feeder.lossW * feeder.series.stepMs) / 3600000;
    if (!feeder.converged) totals[DIVERGED]!++;
  }
}

/** Far beyond what any feeder holds, and far below what overflows. */
const MAX_SCALE = 100;

function checkArgs(given: Partial<VoltageArgs>): VoltageArgs {
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(VOLTAGE_DEFAULTS, key) && key !== 'series');
  const args = { ...VOLTAGE_DEFAULTS, ...given };
  const valid =
    unknown.length === 0 &&
    Number.isFinite(args.scale) &&
    args.scale > 0 &&
    args.scale <= MAX_SCALE &&
    (args.observationDelay === 0 || args.observationDelay === 1) &&
    Number.isFinite(args.missingRate) &&
    args.missingRate >= 0 &&
    args.missingRate <= 1 &&
    Number.isSafeInteger(args.seriesSeed) &&
    Number.isSafeInteger(args.days) &&
    args.days > 0 &&
    Object.values(args.reward).every(Number.isFinite) &&
    (args.split === 'train' || args.split === 'test') &&
    (args.credit === 'shared' || args.credit === 'difference') &&
    (args.series === undefined || args.series.length > 0);
  if (!valid)
    throw fail('env.taskArgument', {
      expected: 'arguments of VoltageArgs within bounds',
      got: { ...given, series: undefined },
    });
  return args;
}

function define(id: string, title: string, defaults: Partial<VoltageArgs>): TaskDefinition<VoltageArgs> {
  return {
    id,
    about: { title, stepS: 300, episodeSteps: 288 },
    createCopy: (given) => new VoltageCopy(checkArgs({ ...defaults, ...given })),
  };
}

export const voltageIeee33 = define('voltage-ieee33-v1', 'six PV inverters hold the 33-bus feeder in band', {});
export const voltageIeee33Hard = define('voltage-ieee33-hard-v1', 'the same with more load and PV', { scale: 0.6 });
