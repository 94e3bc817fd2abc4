/**
 * Time series as SVG text: panels above each other on one time axis, a legend, limits as dashed lines or a shaded band.
 * A name has one colour and one dash in every panel, so nothing rests on colour alone. Gaps are NaN (or beyond 1e15) and stay gaps. Pure.
 */
import { fail } from '../../base/errors.ts';
import { element, lineFrom, num, SERIES_COLOURS, svgDocument, textAt } from './svg.ts';
import { niceTicks, timeTicks, type Tick } from './ticks.ts';

export interface Line {
  /** In the legend once, whatever the number of panels. Lines of one name look alike. */
  readonly name: string;
  /** One a step; NaN where there is none. */
  readonly values: ArrayLike<number>;
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  /** Shaded: where the values should be. */
  readonly band?: readonly [low: number, high: number];
  /** 0 is on the axis. */
  readonly fromZero?: boolean;
}

export interface TimePlot {
  readonly title: string;
  readonly subtitle?: string;
  /** UTC ms of step 0. */
  readonly startMs: number;
  readonly stepMs: number;
  readonly panels: readonly Panel[];
  /** Steps marked across all panels, with a word each. */
  readonly marks?: readonly { readonly step: number; readonly label: string }[];
  /** Not time along the axis but a count of something: so many a step, from 0; `startMs` and `stepMs` then only space it. */
  readonly count?: { readonly perStep: number; readonly label: string };
  /** Pixels; 1000. */
  readonly width?: number;
}

interface Frame {
  readonly plot: TimePlot;
  readonly steps: number;
  readonly left: number;
  readonly right: number;
  readonly times: readonly Tick[];
  readonly look: ReadonlyMap<string, Look>;
}

interface Look {
  readonly colour: string;
  readonly dash: string | undefined;
}

const LEFT = 72;
const RIGHT = 24;
const PANEL_HEIGHT = 150;
const PANEL_GAP = 44;
const DASHES = [undefined, '7 3', '2 2', '9 3 2 3', '4 2', '12 4', '1 3'] as const;

/** @throws `env.render` for no panels, no lines, lines of different lengths, or a step that is not positive. */
export function timeSeriesSvg(plot: TimePlot): string {
  const steps = checkPlot(plot);
  const { width = 1000, title, subtitle, panels } = plot;
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const frame: Frame = {
    plot,
    steps,
    left: LEFT,
    right: width - RIGHT,
    times: axisTicks(plot, steps, Math.floor(width / 85)),
    look: new Map(names.map((name, i) => [name, lookOf(i)])),
  };
  const legend = drawLegend(frame, subtitle === undefined ? 52 : 72);
  const tops = panels.map((_, p) => legend.bottom + 36 + p * (PANEL_HEIGHT + PANEL_GAP));
  const height = tops[tops.length - 1]! + PANEL_HEIGHT + 52;
  const body = [
    textAt(24, 32, title, { size: 18, tone: 'strong' }),
    ...(subtitle === undefined ? [] : [textAt(24, 52, subtitle, { size: 13, tone: 'soft' })]),
    legend.markup,
    ...panels.map((panel, p) => drawPanel(frame, panel, tops[p]!, p === panels.length - 1)),
    textAt(frame.right, height - 10, plot.count?.label ?? `time, UTC, ${spanOf(frame)}`, {
      size: 11,
      anchor: 'end',
      tone: 'soft',
    }),
  ];
  return svgDocument({ width, height, title, description: describe(plot, names), body });
}

/** Where the axis is marked, in ms whatever it counts. */
function axisTicks({ startMs, stepMs, count }: TimePlot, steps: number, most: number): Tick[] {
  if (count === undefined) return timeTicks(startMs, startMs + steps * stepMs, most);
  const ticks = niceTicks(0, steps * count.perStep, most);
  return ticks.map(({ at, label }) => ({ at: startMs + (at / count.perStep) * stepMs, label }));
}

function checkPlot({ panels, stepMs, startMs, count }: TimePlot): number {
  const lengths = new Set(panels.flatMap(({ lines }) => lines.map(({ values }) => values.length)));
  const [steps = 0] = lengths;
  if (
    lengths.size !== 1 ||
    steps < 1 ||
    !(stepMs > 0) ||
    !((count?.perStep ?? 1) > 0) ||
    !Number.isFinite(new Date(startMs + steps * stepMs).getTime())
  ) {
    throw fail('env.render', {
      expected: 'panels with lines, all of one length of 1 or more, a positive step, times that have a date',
      got: { panels: panels.length, lengths: [...lengths], stepMs, startMs },
    });
  }
  return steps;
}

function lookOf(i: number): Look {
  return { colour: SERIES_COLOURS[i % SERIES_COLOURS.length]!, dash: DASHES[i % DASHES.length] };
}

function describe({ panels, subtitle }: TimePlot, names: readonly string[]): string {
  const parts = panels.map((panel) => {
    const { low, high } = rangeOf(panel);
    return `${panel.title} from ${num(low)} to ${num(high)} ${panel.unit}`;
  });
  return `${subtitle === undefined ? '' : `${subtitle}. `}${parts.join('; ')}. Lines: ${names.join(', ')}.`;
}

function spanOf({ plot: { startMs, stepMs }, steps }: Frame): string {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const [first, last] = [day(startMs), day(startMs + steps * stepMs - 1)];
  return first === last ? first : `${first} to ${last}`;
}

function drawLegend({ look, left, right }: Frame, top: number): { markup: string; bottom: number } {
  let [x, y] = [left, top];
  const parts: string[] = [];
  for (const [name, { colour, dash }] of look) {
    const width = 44 + 7 * name.length;
    if (x + width > right && x > left) [x, y] = [left, y + 20];
    parts.push(
      lineFrom(x, y - 4, x + 28, y - 4, { style: `stroke:${colour}`, 'stroke-width': 2.4, 'stroke-dasharray': dash }),
      textAt(x + 34, y, name, { size: 12 }),
    );
    x += width + 12;
  }
  return { markup: element('g', {}, ...parts), bottom: y };
}

// ---- a panel -----------------------------------------------------------------------------------------------

interface Range {
  readonly low: number;
  readonly high: number;
}

/** Numbers beyond this are no measurement of anything; they stay gaps, so that the axis can be marked. */
const MAX_DRAWN = 1e15;

function isDrawn(x: number): boolean {
  return Math.abs(x) <= MAX_DRAWN;
}

/** Of all lines, band and zero as asked; finite and never empty. */
function rangeOf({ lines, band, fromZero }: Panel): Range {
  let [low, high] = fromZero === true ? [0, 0] : [Infinity, -Infinity];
  const take = (x: number): void => {
    if (!isDrawn(x)) return;
    [low, high] = [Math.min(low, x), Math.max(high, x)];
  };
  for (const { values } of lines) for (let t = 0; t < values.length; t++) take(values[t]!);
  band?.forEach(take);
  if (low > high) return { low: 0, high: 1 };
  const least = 1e-6 * Math.max(1, Math.abs(low), Math.abs(high));
  return high - low > least ? { low, high } : { low: low - 0.5, high: high + 0.5 };
}

function drawPanel(frame: Frame, panel: Panel, top: number, last: boolean): string {
  const { left, right, plot, steps, times } = frame;
  const range = rangeOf(panel);
  const pad = 0.05 * (range.high - range.low);
  const [low, high] = [range.low - pad, range.high + pad];
  const y = (v: number): number => top + (PANEL_HEIGHT * (high - v)) / (high - low);
  const x = (step: number): number => left + ((right - left) * step) / steps;
  const bottom = top + PANEL_HEIGHT;
  const marks = plot.marks ?? [];
  return element(
    'g',
    {},
    textAt(left, top - 10, `${panel.title}, ${panel.unit}`, { size: 13, tone: 'strong' }),
    ...drawBand(panel, left, right, y),
    ...niceTicks(low, high, 5).map(
      ({ at, label }) =>
        lineFrom(left, y(at), right, y(at), { class: 'grid' }) +
        textAt(left - 8, y(at) + 4, label, { size: 11, anchor: 'end', tone: 'soft' }),
    ),
    ...times.map(({ at, label }) =>
      drawTime(x((at - plot.startMs) / plot.stepMs), top, bottom, last ? label : undefined),
    ),
    ...marks.map(
      ({ step, label }) =>
        lineFrom(x(step + 0.5), top, x(step + 0.5), bottom, { class: 'axis', 'stroke-dasharray': '2 3' }) +
        textAt(x(step + 0.5) + 4, top + 12, label, { size: 11, tone: 'soft', halo: true }),
    ),
    ...panel.lines.map((line) => drawLine(line, frame, x, y)),
    element('rect', { class: 'axis', x: left, y: top, width: right - left, height: PANEL_HEIGHT }),
  );
}

function drawBand({ band }: Panel, left: number, right: number, y: (v: number) => number): string[] {
  if (band === undefined) return [];
  const [low, high] = band;
  const shade = {
    x: left,
    y: y(high),
    width: right - left,
    height: y(low) - y(high),
    fill: '#009e73',
    'fill-opacity': '0.1',
  };
  const edge = (v: number): string =>
    lineFrom(left, y(v), right, y(v), { style: 'stroke:#009e73', 'stroke-dasharray': '6 4' });
  return [element('rect', shade), edge(low), edge(high)];
}

function drawTime(x: number, top: number, bottom: number, label: string | undefined): string {
  const line = lineFrom(x, top, x, bottom, { class: 'grid' });
  return label === undefined
    ? line
    : line + textAt(x, bottom + 18, label, { size: 11, anchor: 'middle', tone: 'soft' });
}

/** A value is drawn in the middle of its step. */
function drawLine(
  { name, values }: Line,
  { look, steps, left, right }: Frame,
  x: (step: number) => number,
  y: (v: number) => number,
): string {
  const { colour, dash } = look.get(name)!;
  const bucket = Math.max(1, Math.floor(steps / (right - left)));
  let path = '';
  let pen = false;
  for (let from = 0; from < steps; from += bucket) {
    for (const t of extremesOf(values, from, Math.min(steps, from + bucket))) {
      const v = values[t]!;
      if (isDrawn(v)) path += `${pen ? 'L' : 'M'}${num(x(t + 0.5))} ${num(y(v))}`;
      pen = isDrawn(v);
    }
  }
  // A lone point between gaps shows as a dot: a line of no length with round ends.
  const d = path.replace(/(M[^ML]+)(?=M|$)/g, '$1h0');
  return element('path', {
    class: 'line',
    d,
    fill: 'none',
    stroke: colour,
    'stroke-width': 1.7,
    'stroke-linejoin': 'round',
    'stroke-linecap': 'round',
    'stroke-dasharray': dash,
  });
}

/** In a bucket of several steps the lowest and the highest, in their order: no peak is lost however long the series. */
function extremesOf(values: ArrayLike<number>, from: number, to: number): number[] {
  if (to - from === 1) return [from];
  let [low, high] = [from, from];
  for (let t = from; t < to; t++) {
    if (!isDrawn(values[t]!)) return [t];
    if (values[t]! < values[low]!) low = t;
    if (values[t]! > values[high]!) high = t;
  }
  return low === high ? [low] : low < high ? [low, high] : [high, low];
}
