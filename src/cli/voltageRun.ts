/** What a day came to in voltage and losses, summed interval by interval; and the day lived under a baseline. */
import type { Controller } from '../agents/baselines/controllers.ts';
import { createSetpoints, Feeder } from '../env/physics/feeder.ts';
import type { FeederScenario } from '../env/physics/feederPlant.ts';
import { MAX_SHARE_MICRO } from '../grid/voltVar.ts';
import type { IntervalRecord } from '../twin/run.ts';

export interface VoltageOutcome {
  /** Share of (bus, interval) pairs outside [0.95, 1.05] pu; the slack bus is not counted. */
  readonly outOfBandShare: number;
  /** Share of intervals with every bus in band. */
  readonly controllableRatio: number;
  readonly lossMwh: number;
  readonly minVPu: number;
  readonly maxVPu: number;
  /** Intervals without a power-flow solution. */
  readonly divergedSteps: number;
}

/** Lowest and highest voltage of any bus, per interval, pu. */
export interface VoltageTrace {
  readonly minVPu: Float64Array;
  readonly maxVPu: Float64Array;
}

export interface VoltageRun {
  readonly outcome: VoltageOutcome;
  readonly trace: VoltageTrace;
}

type VoltageRecord = Omit<IntervalRecord, 'batterySetpointW'>;

/** `busCount` without the slack bus. */
export function summarise(records: readonly VoltageRecord[], busCount: number, stepMs: number): VoltageRun {
  const trace = {
    minVPu: Float64Array.from(records, (r) => r.minVPu),
    maxVPu: Float64Array.from(records, (r) => r.maxVPu),
  };
  const total = (pick: (record: VoltageRecord) => number): number => records.reduce((sum, r) => sum + pick(r), 0);
  const steps = Math.max(1, records.length);
  const outcome = {
    outOfBandShare: total((r) => r.outOfBandBuses) / (steps * busCount),
    controllableRatio: 1 - total((r) => (r.outOfBandBuses > 0 ? 1 : 0)) / steps,
    // W x ms / 3 600 000 = Wh
    lossMwh: (total((r) => r.lossW) * stepMs) / 3600000 / 1e6,
    minVPu: trace.minVPu.reduce((a, b) => Math.min(a, b), trace.minVPu[0] ?? 1),
    maxVPu: trace.maxVPu.reduce((a, b) => Math.max(a, b), trace.maxVPu[0] ?? 1),
    divergedSteps: total((r) => (r.converged ? 0 : 1)),
  };
  return { outcome, trace };
}

/** The intervals of `lived` again under another controller, batteries told what they were told then. */
export function runBaseline(
  scenario: FeederScenario,
  controller: Controller,
  lived: readonly IntervalRecord[],
): VoltageRun {
  const feeder = new Feeder(scenario);
  const setpoints = createSetpoints(feeder.siteCount, MAX_SHARE_MICRO);
  const records: VoltageRecord[] = [];
  // What the meters show before anything is dispatched, as in the twin.
  feeder.preview(0, setpoints);
  for (const { step, batterySetpointW } of lived) {
    controller.decide(feeder, step, setpoints);
    setpoints.pBatteryW.set(batterySetpointW);
    const converged = feeder.advance(step, setpoints);
    const { minVPu, maxVPu, outOfBandBuses, lossW } = feeder;
    records.push({ step, minVPu, maxVPu, outOfBandBuses, lossW, converged });
  }
  return summarise(records, feeder.vPu.length - 1, scenario.series.stepMs);
}
