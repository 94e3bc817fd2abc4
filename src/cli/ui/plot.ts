/**
 * Time series as text: a braille canvas of 2 x 4 dots a character, a value axis on the left, limits as dotted
 * lines. Pure: the same input gives the same lines. Series are told apart by dash pattern, so a plot without
 * colour still reads; colour is added where the caller gives a `paint`.
 */
import type { Paint } from './colour.ts';
import { pad } from './table.ts';

export type Dash = 'solid' | 'dashed' | 'dotted';

export interface Series {
  readonly label: string;
  /** Evenly spaced samples; NaN leaves a gap. */
  readonly values: ArrayLike<number>;
  readonly dash?: Dash;
  readonly paint?: Paint;
}

export interface Limit {
  readonly value: number;
  readonly paint?: Paint;
}

export interface PlotOptions {
  readonly series: readonly Series[];
  readonly limits?: readonly Limit[];
  /** Characters across, axis included, kept within 60..100. Default 80. */
  readonly width?: number;
  /** Rows of the canvas, at least 4. Default 12. */
  readonly height?: number;
  readonly title?: string;
  /** Text of an axis value. Default: four significant digits. */
  readonly formatValue?: (value: number) => string;
  /** Spread evenly under the canvas, from its left edge to its right. */
  readonly xLabels?: readonly string[];
}

interface Canvas {
  readonly columns: number;
  readonly rows: number;
  readonly dots: Uint8Array;
  readonly owner: Int16Array;
}

interface Scale {
  readonly lo: number;
  readonly hi: number;
}

const BLANK = -1;
// Dots drawn and left out, in dot columns.
const DASHES: Readonly<Record<Dash, readonly [on: number, off: number]>> = {
  solid: [1, 0],
  dashed: [6, 4],
  dotted: [1, 2],
};
// Unicode braille: bit of the dot at (column 0..1, row 0..3).
const BRAILLE_BITS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const BLOCKS = '▁▂▃▄▅▆▇█';

/** The lines of the plot: title, canvas with axis, x labels, legend. A later series covers an earlier one. */
export function plot(options: PlotOptions): string[] {
  const format = options.formatValue ?? ((value: number) => String(Number(value.toPrecision(4))));
  const limits = options.limits ?? [];
  const scale = scaleOf(options.series, limits);
  const rows = Math.max(4, options.height ?? 12);
  const labels = axisLabels(scale, limits, rows, format);
  const margin = Math.max(...labels.map((label) => label.length));
  const columns = Math.min(100, Math.max(60, options.width ?? 80)) - margin - 2;
  const canvas = newCanvas(columns, rows);
  options.series.forEach((series, index) => drawSeries(canvas, series, index, scale));
  const limitRows = new Map(limits.map((limit) => [rowOf(limit.value, scale, rows), limit]));
  const lines = options.title === undefined ? [] : [options.title];
  for (let row = 0; row < rows; row++) {
    const axis = `${pad(labels[row]!, margin, 'right')} ${labels[row] === '' ? '│' : '┤'}`;
    lines.push((axis + canvasRow(canvas, row, options.series, limitRows.get(row))).trimEnd());
  }
  if (options.xLabels !== undefined) lines.push(' '.repeat(margin + 2) + spread(options.xLabels, columns));
  lines.push(' '.repeat(margin + 2) + legend(options.series, limits.length > 0));
  return lines;
}

/** One line of block characters, the mean of each slice when there are more values than `width`. NaN is a blank. */
export function sparkline(values: ArrayLike<number>, width = values.length, range?: Scale): string {
  const means = slices(values, Math.min(width, values.length));
  const { lo, hi } = range ?? extent(means);
  return means.map((value) => (Number.isNaN(value) ? ' ' : BLOCKS[level(value, lo, hi)]!)).join('');
}

function level(value: number, lo: number, hi: number): number {
  if (!(hi > lo)) return 0;
  return Math.min(7, Math.max(0, Math.floor((8 * (value - lo)) / (hi - lo))));
}

function slices(values: ArrayLike<number>, n: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    const to = Math.floor(((i + 1) * values.length) / n);
    let [sum, known] = [0, 0];
    for (let k = Math.floor((i * values.length) / n); k < to; k++) {
      if (Number.isNaN(values[k])) continue;
      sum += values[k]!;
      known++;
    }
    return sum / known;
  });
}

/** Least and greatest finite value among values[from..to); lo > hi when there is none. */
function extent(values: ArrayLike<number>, from = 0, to = values.length): Scale {
  let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = from; i < to; i++) {
    if (!Number.isFinite(values[i])) continue;
    lo = Math.min(lo, values[i]!);
    hi = Math.max(hi, values[i]!);
  }
  return { lo, hi };
}

/** All finite values and limits, with a twentieth of the span on each side; one wide about a single value. */
function scaleOf(series: readonly Series[], limits: readonly Limit[]): Scale {
  const { lo, hi } = extent([...series.flatMap(({ values }) => Array.from(values)), ...limits.map((l) => l.value)]);
  if (lo > hi) return { lo: 0, hi: 1 };
  const margin = hi > lo ? 0.05 * (hi - lo) : 0.5;
  return { lo: lo - margin, hi: hi + margin };
}

/** The dot row, 0 at the top, of a value among 4 x rows. */
function dotOf(value: number, { lo, hi }: Scale, dots: number): number {
  return Math.min(dots - 1, Math.max(0, Math.round(((hi - value) / (hi - lo)) * (dots - 1))));
}

function rowOf(value: number, scale: Scale, rows: number): number {
  return dotOf(value, scale, 4 * rows) >> 2;
}

/** Text beside each row: the limits where they are, the ends of the scale where no limit is near. */
function axisLabels(scale: Scale, limits: readonly Limit[], rows: number, format: (v: number) => string): string[] {
  const labels = new Array<string>(rows).fill('');
  labels[0] = format(scale.hi);
  labels[rows - 1] = format(scale.lo);
  for (const { value } of limits) labels[rowOf(value, scale, rows)] = format(value);
  return labels;
}

function newCanvas(columns: number, rows: number): Canvas {
  const owner = new Int16Array(columns * rows).fill(BLANK);
  return { columns, rows, dots: new Uint8Array(columns * rows), owner };
}

function drawSeries(canvas: Canvas, series: Series, index: number, scale: Scale): void {
  const width = 2 * canvas.columns;
  const [on, off] = DASHES[series.dash ?? 'solid'];
  let before: Scale | undefined;
  for (let x = 0; x < width; x++) {
    const here = spanAt(series.values, x, width);
    if (here !== undefined && x % (on + off) < on) {
      // Reaching back to the last column keeps a steep line in one piece.
      const [lo, hi] = [Math.min(here.lo, before?.hi ?? here.lo), Math.max(here.hi, before?.lo ?? here.hi)];
      drawSpan(canvas, x, dotOf(hi, scale, 4 * canvas.rows), dotOf(lo, scale, 4 * canvas.rows), index);
    }
    before = here;
  }
}

/** What the series covers in dot column x: the span of its samples there, or the interpolated value between two. */
function spanAt(values: ArrayLike<number>, x: number, width: number): Scale | undefined {
  const n = values.length;
  if (n === 0) return undefined;
  if (n > width) {
    const from = Math.floor((x * n) / width);
    const span = extent(values, from, Math.floor(((x + 1) * n) / width));
    return span.lo > span.hi ? undefined : span;
  }
  const at = n === 1 ? 0 : (x * (n - 1)) / (width - 1);
  const i = Math.min(n - 1, Math.floor(at));
  const next = values[Math.min(n - 1, i + 1)]!;
  const value = at === i ? values[i]! : values[i]! + (at - i) * (next - values[i]!);
  return Number.isFinite(value) ? { lo: value, hi: value } : undefined;
}

function drawSpan(canvas: Canvas, x: number, top: number, bottom: number, owner: number): void {
  for (let y = top; y <= bottom; y++) {
    const cell = (y >> 2) * canvas.columns + (x >> 1);
    canvas.dots[cell]! |= BRAILLE_BITS[x & 1]![y & 3]!;
    canvas.owner[cell] = owner;
  }
}

/** One row as text, painted in runs of one owner. */
function canvasRow(canvas: Canvas, row: number, series: readonly Series[], limit: Limit | undefined): string {
  let text = '';
  let run = '';
  let runPaint: Paint | undefined;
  const flush = (): void => {
    text += run === '' || runPaint === undefined ? run : runPaint(run);
    run = '';
  };
  for (let column = 0; column < canvas.columns; column++) {
    const cell = row * canvas.columns + column;
    const owner = canvas.owner[cell]!;
    const paint = owner === BLANK ? limit?.paint : series[owner]!.paint;
    if (paint !== runPaint) flush();
    runPaint = paint;
    if (owner !== BLANK) run += String.fromCharCode(0x2800 + canvas.dots[cell]!);
    else run += limit === undefined ? ' ' : '┈';
  }
  flush();
  return text;
}

function spread(labels: readonly string[], columns: number): string {
  const cells = new Array<string>(columns).fill(' ');
  labels.forEach((label, i) => {
    const share = labels.length === 1 ? 0 : i / (labels.length - 1);
    const start = Math.round(share * (columns - label.length));
    Array.from(label).forEach((character, j) => (cells[start + j] = character));
  });
  return cells.join('').trimEnd();
}

/** `⠤⠤⠤ policy   ⠤ ⠤ none   ┈┈┈ limit`, each key in the dashes and colour of its line; series alike share one. */
function legend(series: readonly Series[], hasLimits: boolean): string {
  const keys = { solid: '⠤⠤⠤', dashed: '⠤ ⠤', dotted: '⠄⠄⠄' };
  const entries = series.map(({ label, dash = 'solid', paint = (text: string) => text }) => {
    return `${paint(keys[dash])} ${label}`;
  });
  if (hasLimits) entries.push('┈┈┈ limit');
  return [...new Set(entries)].join('   ');
}
