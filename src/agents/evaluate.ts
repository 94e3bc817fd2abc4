/**
 * Runs any controller through whole days of the 33-bus feeder and says how it did; compares two of them with
 * a paired bootstrap. Plain data in, plain data out.
 */
import { fail } from '../base/errors.ts';
import { RandomStream } from '../base/random.ts';
import { gatherInputs, type PolicyInterface } from '../grid/interface.ts';
import { secondOfDay } from '../grid/interval.ts';
import { clearSnapshot, createSnapshot, setChannel } from '../grid/snapshot.ts';
import { MAX_SHARE_MICRO, type VoltVarCurve } from '../grid/voltVar.ts';
import { DEFAULT_BATTERY_PLAN, DEFAULT_VOLT_VAR, type BatteryPlan } from '../env/cases/ieee33Sites.ts';
import { createSetpoints, Feeder } from '../env/physics/feeder.ts';
import { createFeederScenario, followPlan, ieee33Day } from '../env/tasks/voltageIeee33.ts';
import type { Controller } from './baselines/controllers.ts';
import type { IntegerPolicy } from './freeze/floatFunction.ts';

export interface EvaluationOptions {
  /** Load peak as a share of nominal. */
  readonly scale: number;
  readonly curve: VoltVarCurve;
  readonly batteryPlan: BatteryPlan;
  readonly stepMs: number;
  readonly seriesSeed: number;
}

export const EVALUATION_DEFAULTS: EvaluationOptions = {
  scale: 0.5,
  curve: DEFAULT_VOLT_VAR,
  batteryPlan: DEFAULT_BATTERY_PLAN,
  stepMs: 300000,
  seriesSeed: 1,
};

export interface DayMetrics {
  readonly day: number;
  /** Share of (bus, interval) pairs outside [0.95, 1.05] pu; the slack bus is not counted. */
  readonly outOfBandShare: number;
  /** Share of intervals with every bus in band. */
  readonly controllableRatio: number;
  readonly lossMwh: number;
  /** Mean over inverters and intervals. */
  readonly meanAbsQMvar: number;
  /** Intervals without a power-flow solution. */
  readonly divergedSteps: number;
}

/** Called after every interval lived, for whoever draws or records what the sums leave out. */
export type IntervalWatch = (feeder: Feeder, step: number) => void;

/** One day of the synthetic series (day index) under a controller. */
export function evaluateDay(
  day: number,
  controller: Controller,
  given: Partial<EvaluationOptions> = {},
  watch?: IntervalWatch,
): DayMetrics {
  const options = { ...EVALUATION_DEFAULTS, ...given };
  const { scale, curve, seriesSeed, stepMs } = options;
  const series = ieee33Day(day, { seed: seriesSeed, scale, stepMs });
  const feeder = new Feeder(createFeederScenario({ series, scale, curve }));
  return { day, ...liveOneDay(feeder, controller, options.batteryPlan, watch) };
}

/** @throws `agents.evaluate` for an empty list. */
export function evaluateDays(
  days: readonly number[],
  controller: Controller,
  options: Partial<EvaluationOptions> = {},
): DayMetrics[] {
  if (days.length === 0) throw fail('agents.evaluate', { expected: 'one day or more', got: days.length });
  return days.map((day) => evaluateDay(day, controller, options));
}

function liveOneDay(
  feeder: Feeder,
  controller: Controller,
  plan: BatteryPlan,
  watch?: IntervalWatch,
): Omit<DayMetrics, 'day'> {
  const setpoints = createSetpoints(feeder.siteCount, MAX_SHARE_MICRO);
  const { steps, stepMs } = feeder.series;
  const sums = { out: 0, stepsOut: 0, lossWh: 0, absQVar: 0, diverged: 0 };
  // What the meters show before the first dispatch: interval 0 with nothing dispatched, as in the task.
  followPlan(feeder, plan, 0, setpoints);
  feeder.preview(0, setpoints);
  for (let k = 0; k < steps; k++) {
    controller.decide(feeder, k, setpoints);
    followPlan(feeder, plan, k, setpoints);
    feeder.advance(k, setpoints);
    sums.out += feeder.outOfBandBuses;
    if (feeder.outOfBandBuses > 0) sums.stepsOut++;
    if (!feeder.converged) sums.diverged++;
    sums.lossWh += (feeder.lossW * stepMs) / 3600000;
    for (let s = 0; s < feeder.siteCount; s++) sums.absQVar += Math.abs(feeder.qVar[s]!);
    watch?.(feeder, k);
  }
  return {
    outOfBandShare: sums.out / (steps * (feeder.vPu.length - 1)),
    controllableRatio: 1 - sums.stepsOut / steps,
    lossMwh: sums.lossWh / 1e6,
    meanAbsQMvar: sums.absQVar / (steps * feeder.siteCount) / 1e6,
    divergedSteps: sums.diverged,
  };
}

/** A policy on the ledger's path: snapshot, integer inputs, integer function, offset to the inverter's live curve. */
export function policyController(name: string, shared: PolicyInterface, policy: IntegerPolicy): Controller {
  const snapshot = createSnapshot();
  const raw = new Int32Array(shared.inputs.length);
  const out = new Int32Array(shared.outputs.length);
  return {
    name,
    decide: (feeder, k, setpoints) => {
      setpoints.mode = 'curve';
      setpoints.curve = undefined;
      const second = secondOfDay(feeder.startMs(k));
      for (let s = 0; s < feeder.siteCount; s++) {
        clearSnapshot(snapshot);
        feeder.measure(s, snapshot);
        setChannel(snapshot, 'time.day', second);
        out[0] = setpoints.offsetMicro[s]!;
        policy(raw, gatherInputs(shared, snapshot, out, raw), out);
        setpoints.offsetMicro[s] = out[0];
      }
    },
  };
}

// ---- score and comparison ----------------------------------------------------------------------------------

export interface Score {
  readonly outOfBandShare: number;
  readonly lossMwh: number;
}

/**
 * Out-of-band shares nearer than this are a tie, and losses decide: 1e-4 is one bus of the 32 out of band for
 * one 5-minute interval in a day (1/9216 = 1.085e-4) and a little less.
 */
export const OUT_OF_BAND_TOLERANCE = 1e-4;

/** Negative when a is better: out-of-band share first, then losses. */
export function compareScores(a: Score, b: Score, tolerance = OUT_OF_BAND_TOLERANCE): number {
  const band = a.outOfBandShare - b.outOfBandShare;
  return Math.abs(band) > tolerance ? band : a.lossMwh - b.lossMwh;
}

export function meanMetrics(days: readonly DayMetrics[]): Omit<DayMetrics, 'day'> {
  const mean = (pick: (d: DayMetrics) => number): number => days.reduce((sum, d) => sum + pick(d), 0) / days.length;
  return {
    outOfBandShare: mean((d) => d.outOfBandShare),
    controllableRatio: mean((d) => d.controllableRatio),
    lossMwh: mean((d) => d.lossMwh),
    meanAbsQMvar: mean((d) => d.meanAbsQMvar),
    divergedSteps: mean((d) => d.divergedSteps),
  };
}

export interface Interval95 {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface Comparison {
  /** Policy minus other, per day. */
  readonly outOfBandShare: Interval95;
  readonly lossMwh: Interval95;
  /** Share of resamples in which the policy has the better score. */
  readonly winShare: number;
  /** winShare >= 0.975: the lower end of a two-sided 95 % interval. */
  readonly beats: boolean;
  readonly resamples: number;
}

const RESAMPLES = 10000;

/**
 * Paired bootstrap over seeds x days: each resample draws seeds and days with replacement and averages
 * policy[seed][day] - other[day] over the drawn grid. `policy`: one list per training seed, days in the order of `other`.
 * @throws `agents.evaluate` when the days do not pair up.
 */
export function pairedBootstrap(
  policy: readonly (readonly DayMetrics[])[],
  other: readonly DayMetrics[],
  options: { readonly seed?: number; readonly resamples?: number; readonly tolerance?: number } = {},
): Comparison {
  const { seed = 1, resamples = RESAMPLES, tolerance = OUT_OF_BAND_TOLERANCE } = options;
  checkPairs(policy, other);
  const stream = RandomStream.fromSeed(seed, 'bootstrap');
  const band = differences(policy, other, (d) => d.outOfBandShare);
  const loss = differences(policy, other, (d) => d.lossMwh);
  const bandMeans = new Float64Array(resamples);
  const lossMeans = new Float64Array(resamples);
  const days = new Int32Array(other.length);
  let wins = 0;
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < days.length; i++) days[i] = stream.below(days.length);
    for (let s = 0; s < policy.length; s++) {
      const row = stream.below(policy.length);
      bandMeans[r]! += meanOf(band[row]!, days) / policy.length;
      lossMeans[r]! += meanOf(loss[row]!, days) / policy.length;
    }
    if (Math.abs(bandMeans[r]!) > tolerance ? bandMeans[r]! < 0 : lossMeans[r]! < 0) wins++;
  }
  const winShare = wins / resamples;
  return {
    outOfBandShare: interval95(band, bandMeans),
    lossMwh: interval95(loss, lossMeans),
    winShare,
    beats: winShare >= 0.975,
    resamples,
  };
}

function checkPairs(policy: readonly (readonly DayMetrics[])[], other: readonly DayMetrics[]): void {
  const pair = (days: readonly DayMetrics[]): boolean =>
    days.length === other.length && days.every((d, i) => d.day === other[i]!.day);
  if (policy.length === 0 || other.length === 0 || !policy.every(pair)) {
    throw fail('agents.evaluate', {
      expected: { seedsAtLeast: 1, days: other.map((d) => d.day) },
      got: policy.map((days) => days.map((d) => d.day)),
    });
  }
}

function differences(
  policy: readonly (readonly DayMetrics[])[],
  other: readonly DayMetrics[],
  pick: (d: DayMetrics) => number,
): Float64Array[] {
  return policy.map((days) => Float64Array.from(days, (d, i) => pick(d) - pick(other[i]!)));
}

function meanOf(values: Float64Array, at: Int32Array): number {
  let sum = 0;
  for (const i of at) sum += values[i]!;
  return sum / at.length;
}

/** Percentile interval; the mean is that of the data, not of the resamples. */
function interval95(data: readonly Float64Array[], means: Float64Array): Interval95 {
  const sorted = means.slice().sort();
  const at = (p: number): number => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;
  const all = data.flatMap((row) => Array.from(row));
  return { mean: all.reduce((sum, x) => sum + x, 0) / all.length, low: at(0.025), high: at(0.975) };
}
