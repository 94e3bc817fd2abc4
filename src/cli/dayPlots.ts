/** One day under several contenders, as pictures: the feeder at its worst interval, and the day over time. */
import type { Contender, Scenario } from '../agents/evaluation/suite.ts';
import type { Feeder } from '../env/physics/feeder.ts';
import type { VoltageCopy } from '../env/tasks/voltageTask.ts';
import { feederState } from '../env/render/feederState.ts';
import { oneLineSvg, type OneLineState } from '../env/render/oneLine.ts';
import { timeSeriesSvg, type Line, type Panel } from '../env/render/timeSeries.ts';

export interface DayTrace {
  readonly name: string;
  readonly startMs: number;
  readonly stepMs: number;
  /** One an interval. */
  readonly highestVPu: readonly number[];
  readonly lowestVPu: readonly number[];
  readonly lossKw: readonly number[];
  /** Of all inverters, injected positive. */
  readonly qMvar: readonly number[];
  /** Of all batteries, export positive. */
  readonly batteryKw: readonly number[];
  readonly loadMw: readonly number[];
  readonly pvMw: readonly number[];
  /** The interval in which a voltage strays furthest from 1 pu. */
  readonly worst: { readonly step: number; readonly vPu: number; readonly state: OneLineState };
}

export interface NamedPlot {
  /** Without `.svg`. */
  readonly name: string;
  readonly svg: string;
}

/** Lives a scenario of a voltage suite once more. */
export async function traceDay(contender: Contender, scenario: Scenario): Promise<DayTrace> {
  const trace = {
    highestVPu: [] as number[],
    lowestVPu: [] as number[],
    lossKw: [] as number[],
    qMvar: [] as number[],
    batteryKw: [] as number[],
    loadMw: [] as number[],
    pvMw: [] as number[],
  };
  let worst: DayTrace['worst'] | undefined;
  let times = { startMs: 0, stepMs: 0 };
  await contender.run(scenario, (copy) =>
    afterEachInterval((copy as VoltageCopy).feeder, (feeder, step) => {
      if (step === 0) times = { startMs: feeder.startMs(0), stepMs: feeder.series.stepMs };
      trace.highestVPu.push(feeder.maxVPu);
      trace.lowestVPu.push(feeder.minVPu);
      trace.lossKw.push(feeder.lossW / 1e3);
      trace.qMvar.push(sum(feeder.qVar) / 1e6);
      trace.batteryKw.push(sum(feeder.pBatteryW) / 1e3);
      trace.loadMw.push(loadW(feeder, step) / 1e6);
      trace.pvMw.push(sum(feeder.pvW) / 1e6);
      const vPu = feeder.maxVPu - 1 > 1 - feeder.minVPu ? feeder.maxVPu : feeder.minVPu;
      if (worst === undefined || Math.abs(vPu - 1) > Math.abs(worst.vPu - 1)) {
        worst = { step, vPu, state: feederState(feeder) };
      }
    }),
  );
  return { name: contender.name, ...times, ...trace, worst: worst! };
}

/** As an interval was lived: what the task does next may already show the one to come. */
function afterEachInterval(feeder: Feeder, look: (feeder: Feeder, step: number) => void): void {
  const advance = feeder.advance.bind(feeder);
  feeder.advance = (step, setpoints) => {
    const converged = advance(step, setpoints);
    look(feeder, step);
    return converged;
  };
}

function sum(values: Float64Array): number {
  return values.reduce((total, x) => total + x, 0);
}

function loadW(feeder: Feeder, step: number): number {
  const buses = feeder.vPu.length;
  return sum(feeder.series.loadPW.subarray(step * buses, (step + 1) * buses));
}

/** `one-line-<name>` of the first two, then `day` with all of them; `about` is said under every title. */
export function dayPlots(traces: readonly DayTrace[], about: string): NamedPlot[] {
  const diagrams = traces.slice(0, 2).map((trace) => diagram(trace, about));
  return [...diagrams, { name: 'day', svg: overTime(traces, about) }];
}

function diagram({ name, startMs, stepMs, worst }: DayTrace, about: string): NamedPlot {
  const at = new Date(startMs + worst.step * stepMs).toISOString();
  const svg = oneLineSvg(worst.state, {
    title: `Feeder, control: ${name}`,
    subtitle: `${about}; worst interval, ${at.slice(11, 16)} UTC, ${worst.vPu.toFixed(4)} pu`,
  });
  return { name: `one-line-${name}`, svg };
}

function overTime(traces: readonly DayTrace[], about: string): string {
  const first = traces[0]!;
  const all = (pick: (trace: DayTrace) => readonly number[]): Line[] =>
    traces.map((trace) => ({ name: trace.name, values: pick(trace) }));
  const alike = traces.every(({ batteryKw }) => batteryKw.every((x, k) => Math.abs(x - first.batteryKw[k]!) < 1e-6));
  const panels: Panel[] = [
    { title: 'Highest voltage of any bus', unit: 'pu', band: [0.95, 1.05], lines: all((t) => t.highestVPu) },
    { title: 'Lowest voltage of any bus', unit: 'pu', band: [0.95, 1.05], lines: all((t) => t.lowestVPu) },
    { title: 'Line loss', unit: 'kW', fromZero: true, lines: all((t) => t.lossKw) },
    { title: 'Reactive power of all inverters, injected', unit: 'Mvar', fromZero: true, lines: all((t) => t.qMvar) },
    {
      title: 'Power of all batteries, discharged',
      unit: 'kW',
      fromZero: true,
      lines: alike ? [{ name: 'batteries, under every control', values: first.batteryKw }] : all((t) => t.batteryKw),
    },
    {
      title: 'Load and PV',
      unit: 'MW',
      fromZero: true,
      lines: [
        { name: 'load', values: first.loadMw },
        { name: 'PV', values: first.pvMw },
      ],
    },
  ];
  const { startMs, stepMs } = first;
  return timeSeriesSvg({ title: 'A day of the feeder', subtitle: about, startMs, stepMs, panels });
}
