/**
 * The voltage task on any network: inverters hold the voltage of their neighbourhood, each one an agent. What is
 * particular to a network (which one, whose inverters, which integers they see) is a `VoltageSetting`; the
 * specification that users read is that of the registered tasks, `voltageIeee33.ts` first.
 */
import { fail } from '../../base/errors.ts';
import { RandomStream, type RandomState } from '../../base/random.ts';
import { uniform } from '../../base/realMath.ts';
import type { Asset } from '../../grid/asset.ts';
import { secondOfDay } from '../../grid/interval.ts';
import type { Network } from '../../grid/network.ts';
import { CHANNELS, clearSnapshot, createSnapshot, type Snapshot } from '../../grid/snapshot.ts';
import { MAX_SHARE_MICRO } from '../../grid/voltVar.ts';
import { planPowerW, type BatteryPlan } from '../cases/ieee33Sites.ts';
import { PolicyPort, type PolicyPortState } from '../gym/policyPort.ts';
import type { Balance, TaskCopy, TaskShape, TaskState, Trajectory } from '../gym/task.ts';
import { TrajectoryLog, type TrajectoryLogState } from '../gym/trajectoryLog.ts';
import type { Info } from '../gym/types.ts';
import { Feeder, type FeederSetpoints, type FeederState } from '../physics/feeder.ts';
import type { Band } from '../physics/feederPlant.ts';
import type { FeederSeries } from '../series/series.ts';
import { syntheticDay, testDay, trainDay } from '../series/synthetic.ts';
import type { VoltageArgs } from './voltageArgs.ts';
import { barrier, changeCost, mapdnReward, sharedReward } from './voltageReward.ts';

/** What a voltage task is played on. */
export interface VoltageSetting {
  /** Names the random stream: the task's id without variant and version. */
  readonly purpose: string;
  readonly network: Network;
  readonly sites: readonly Asset[];
  /** As in `FeederScenario`. */
  readonly initialSocMicro: number;
  readonly band?: Band;
}

interface VoltageState extends TaskState {
  readonly feeder: FeederState;
  /** Of the series given, or a synthetic day: that is where the series is from. */
  readonly drawn: number;
  readonly stream: RandomState;
  readonly next: number;
  readonly port: PolicyPortState;
  readonly totals: readonly number[];
  readonly trajectory: TrajectoryLogState;
}

/** Battery power of every site under a plan in interval `step`, written into the setpoints. */
export function followPlan(feeder: Feeder, plan: BatteryPlan, step: number, setpoints: FeederSetpoints): void {
  const second = secondOfDay(feeder.startMs(step));
  const { sites } = feeder.scenario;
  let rating = NaN;
  let planned = 0;
  for (let s = 0; s < sites.length; s++) {
    const { pMaxW } = sites[s]!.battery;
    if (pMaxW !== rating) {
      rating = pMaxW;
      planned = planPowerW(plan, second, pMaxW);
    }
    setpoints.pBatteryW[s] = planned;
  }
}

const TIME_DAY = CHANNELS['time.day'].id;
/** What a lost reading takes with it: all that is measured. */
const MEASURED_MASK = 0b111111;
const VA_PER_MVA = 1000000;
/** Totals of an episode, by position. */
const OUT = 0;
const STEPS_OUT = 1;
const LOSS_WH = 2;
const ABS_Q = 3;
const REWARD = 4;
const DIVERGED = 5;
const FALLBACKS = 6;
const TOTALS = 7;
/** Share of the counted buses that were out of band. */
const COST_NAMES = ['outOfBand'] as const;

export class VoltageCopy implements TaskCopy {
  readonly args: VoltageArgs;
  readonly setting: VoltageSetting;
  readonly shape: TaskShape;
  readonly port: PolicyPort;
  readonly feeder: Feeder;
  /** Its offsets are those the port issued. */
  readonly setpoints: FeederSetpoints;

  readonly #stream: RandomStream;
  readonly #snapshot: Snapshot = createSnapshot();
  /** Shared reward of the interval had the agent's offset been 0; 0 throughout when credit is shared. */
  readonly #without: Float64Array;
  readonly #totals = new Float64Array(TOTALS);
  readonly #trajectory = new TrajectoryLog();
  /** As in `VoltageState`. */
  #drawn = 0;
  #next = 0;
  /** Of the interval last lived, not of one looked ahead to. */
  #outOfBandShare = 0;

  /** `feeder`: a clone brings its own. @throws `env.sites`, `env.networkNotRadial`, `env.network`, `env.series`. */
  constructor(args: VoltageArgs, setting: VoltageSetting, feeder?: Feeder) {
    this.args = args;
    this.setting = setting;
    this.feeder = feeder ?? this.#createFeeder();
    const { policy } = args;
    const agents = setting.sites.length;
    this.shape = {
      agents,
      observationSize: policy.inputs.length,
      actionSize: 1,
      observationNames: policy.inputs.map(({ n }) => n),
      actionNames: policy.outputs.map(({ n }) => n),
      costNames: COST_NAMES,
    };
    this.port = new PolicyPort(policy, agents);
    this.setpoints = {
      offsetMicro: this.port.issued,
      limitMicro: new Int32Array(agents).fill(MAX_SHARE_MICRO),
      pBatteryW: new Float64Array(agents),
      mode: args.control === 'share' ? 'share' : 'curve',
    };
    this.#without = new Float64Array(agents);
    this.#stream = RandomStream.fromSeed(0, setting.purpose);
  }

  /** Raw inputs of the next decision, agents x inputs, and the mask of missing ones per agent. */
  get raw(): Int32Array {
    return this.port.raw;
  }

  get missing(): Int32Array {
    return this.port.missing;
  }

  /** 1 where the last action was replaced by the fallback. */
  get fallbackUsed(): Uint8Array {
    return this.port.fallbackUsed;
  }

  seed(seed: number | string): void {
    this.#stream.setState(RandomStream.fromSeed(seed, this.setting.purpose).getState());
  }

  reset(): void {
    this.#drawn = this.#draw();
    this.feeder.reset(this.#seriesOf(this.#drawn));
    this.#totals.fill(0);
    this.#trajectory.reset();
    this.port.reset();
    this.#next = 0;
    followPlan(this.feeder, this.args.batteryPlan, 0, this.setpoints);
    this.feeder.preview(0, this.setpoints);
    this.#look();
  }

  /** Live one interval. Returns true when the day is over. */
  step(actions: Float32Array, at: number, rewards: Float32Array): boolean {
    const { feeder, setpoints } = this;
    this.port.decide(actions, at);
    const k = this.#next++;
    followPlan(feeder, this.args.batteryPlan, k, setpoints);
    if (this.args.credit === 'difference') this.#imagineWithout(k);
    feeder.advance(k, setpoints);
    this.#reward(rewards);
    const over = this.#next >= feeder.series.steps;
    if (!over && this.args.observationDelay === 0) {
      followPlan(feeder, this.args.batteryPlan, this.#next, setpoints);
      feeder.preview(this.#next, setpoints);
    }
    this.#look();
    return over;
  }

  /** Of the last interval, the same for every agent. */
  costs(out: Float32Array, at: number): void {
    out.fill(this.#outOfBandShare, at, at + this.shape.agents);
  }

  observe(out: Float32Array, at: number): void {
    const { agents, observationSize } = this.shape;
    for (let s = 0; s < agents; s++) this.port.observe(s, out, at + s * observationSize);
  }

  /** Of the episode so far. Buses that a machine holds, the slack bus among them, count nowhere. */
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

  /** Energy of the interval: substation, machines and sites against loads, lines and shunts. */
  balance(): Balance | undefined {
    if (!this.feeder.converged) return undefined;
    const dtH = this.feeder.series.stepMs / 3600000;
    const { sources, sinks } = this.feeder.balanceW();
    return { sources: sources * dtH, sinks: sinks * dtH, unit: 'Wh' };
  }

  /** Every (voltage seen, offset issued, reward) of the episode so far. */
  trajectory(): Trajectory {
    return this.#trajectory.freeze();
  }

  getState(): TaskState {
    const state: VoltageState = {
      feeder: this.feeder.getState(),
      drawn: this.#drawn,
      stream: this.#stream.getState(),
      next: this.#next,
      port: this.port.getState(),
      totals: Array.from(this.#totals),
      trajectory: this.#trajectory.getState(),
    };
    return state;
  }

  setState(given: TaskState): void {
    const state = given as VoltageState;
    this.feeder.reset(state.drawn === this.#drawn ? this.feeder.series : this.#seriesOf(state.drawn));
    this.#drawn = state.drawn;
    this.feeder.setState(state.feeder);
    this.#stream.setState(state.stream);
    this.#next = state.next;
    this.port.setState(state.port);
    this.#totals.set(state.totals);
    this.#trajectory.setState(state.trajectory);
  }

  clone(): VoltageCopy {
    const copy = new VoltageCopy(this.args, this.setting, this.feeder.clone());
    copy.#drawn = this.#drawn;
    copy.setState(this.getState());
    return copy;
  }

  #createFeeder(): Feeder {
    const { curve, tolerancePu, solver } = this.args;
    const { network, sites, initialSocMicro, band } = this.setting;
    const series = this.#seriesOf(this.#drawn);
    const scenario = { network, sites, series, curve, initialSocMicro, tolerancePu, solver };
    return new Feeder(band === undefined ? scenario : { ...scenario, band });
  }

  #draw(): number {
    const { series, split, days, day } = this.args;
    if (series !== undefined) return this.#stream.below(series.length);
    const i = day ?? this.#stream.below(days);
    return split === 'test' ? testDay(i) : trainDay(i);
  }

  #seriesOf(drawn: number): FeederSeries {
    const { series, seriesSeed, scale, stepMs } = this.args;
    const { network, sites } = this.setting;
    const given = series?.[drawn];
    if (given !== undefined) return given;
    if (series !== undefined || !Number.isSafeInteger(drawn)) {
      throw fail('env.state', { expected: `one of ${series?.length ?? 'the synthetic'} series`, got: drawn });
    }
    return syntheticDay({ seed: seriesSeed, day: drawn, scale, stepMs, network, sites });
  }

  /** Integers from the meters, as the ledger would hold them at the next dispatch. */
  #look(): void {
    const { feeder, args, port } = this;
    const snapshot = this.#snapshot;
    const second = secondOfDay(feeder.startMs(Math.min(this.#next, feeder.series.steps)));
    for (let s = 0; s < feeder.siteCount; s++) {
      clearSnapshot(snapshot);
      feeder.measure(s, snapshot);
      snapshot.values[TIME_DAY] = second;
      snapshot.present |= 1 << TIME_DAY;
      if (args.missingRate > 0 && uniform(this.#stream) < args.missingRate) snapshot.present &= ~MEASURED_MASK;
      port.look(s, snapshot);
    }
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
    const { feeder, args } = this;
    if (!feeder.converged) return -args.reward.divergedPenalty;
    if (args.barrier !== undefined) {
      let q = 0;
      for (let s = 0; s < feeder.siteCount; s++) q += Math.abs(feeder.qVar[s]!);
      return mapdnReward(feeder.vPu, feeder.countedBuses, q / (feeder.siteCount * VA_PER_MVA), args.barrier);
    }
    const outside = barrier(feeder.vPu, feeder.countedBuses, args.reward, this.setting.band);
    return sharedReward(outside, feeder.lossW, args.reward);
  }

  #reward(rewards: Float32Array): void {
    const { feeder, setpoints, port, args } = this;
    const shared = this.#shared();
    const totals = this.#totals;
    const pays = feeder.converged && args.barrier === undefined;
    for (let s = 0; s < feeder.siteCount; s++) {
      const offset = setpoints.offsetMicro[s]!;
      const own = pays ? changeCost(offset, port.previous[s]!, args.reward) : 0;
      rewards[s] = shared - this.#without[s]! - own;
      totals[REWARD]! += rewards[s]!;
      totals[ABS_Q]! += Math.abs(feeder.qVar[s]!);
      totals[FALLBACKS]! += port.fallbackUsed[s]!;
      this.#trajectory.add(port.raw[s * port.inputs]!, offset, rewards[s]!);
    }
    this.#outOfBandShare = feeder.outOfBandBuses / feeder.countedBuses.length;
    totals[OUT]! += feeder.outOfBandBuses;
    if (feeder.outOfBandBuses > 0) totals[STEPS_OUT]!++;
    totals[LOSS_WH]! += (feeder.lossW * feeder.series.stepMs) / 3600000;
    if (!feeder.converged) totals[DIVERGED]!++;
  }
}
