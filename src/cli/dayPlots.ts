/** One day under several controllers, as pictures: the feeder at its worst interval, and the day over time. */
import { evaluateDay } from '../agents/evaluate.ts';
import type { Controller } from '../agents/baselines/controllers.ts';
import type { Feeder } from '../env/physics/feeder.ts';
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

/** Lives the synthetic day once more, as `evaluateDays` did. */
export function traceDay(day: number, controller: Controller): DayTrace {
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
  evaluateDay(day, controller, {}, (feeder, step) => {
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
  });
  return { name: controller.name, ...times, ...trace, worst: worst! };
}

function sum(values: Float64Array): number {
  return values.reduce((total, x) => total + x, 0);
}

function loadW(feeder: Feeder, step: number): number {
  const buses = feeder.vPu.length;
  return sum(feeder.series.loadPW.subarray(step * buses, (step + 1) * buses));
}

/** `one-line-<name>` of the named controllers, then `day` with all of them; `about` is said under every title. */
export function dayPlots(traces: readonly DayTrace[], drawn: readonly string[], about: string): NamedPlot[] {
  const diagrams = traces.filter(({ name }) => drawn.includes(name)).map((trace) => diagram(trace, about));
  return [...diagrams, { name: 'day', svg: overTime(traces, about) }];
}

function diagram({ name, startMs, stepMs, worst }: DayTrace, about: string): NamedPlot {
  const at = new Date(startMs + worst.step * stepMs).toISOString();
  const svg = oneLineSvg(worst.state, {
    title: `33-bus feeder, control: ${name}`,
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
  return timeSeriesSvg({ title: 'A day of the 33-bus feeder', subtitle: about, startMs, stepMs, panels });
}
