/** Plots of an evaluation as SVG for the page around them, whose style sheet colours them. */
import { element, escapeXml, lineFrom, num, textAt } from '../../../env/render/svg.ts';
import { niceTicks } from '../../../env/render/ticks.ts';
import type { ComparisonRecord, ContenderRecord, EvaluationDocument } from '../document.ts';
import { betterText, differenceShow, estimateText, valueShow, type Show } from '../show.ts';
import type { Estimate } from '../statistics.ts';
import type { MetricSpec } from '../suite.ts';

const WIDTH = 920;
const NAMES = 220;
/** Bold, in the widest of the fonts that the page may get. */
const DIGIT = 7.6;
/** Between plot and values. */
const GAP = 14;
const ROW = 26;
const TOP = 14;
const BOTTOM = 34;

interface Row {
  readonly name: string;
  /** `policy`, `baseline`, `bound`: a class of the style sheet. */
  readonly kind: string;
  readonly estimate: Estimate;
  /** Drawn as a small bar across. */
  readonly tick?: number;
  /** One a scenario. */
  readonly points?: readonly number[];
}

interface Plot {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
  readonly axis: string;
  readonly show: Show;
  /** Digits of the axis are those of percent. */
  readonly percent: boolean;
  /** A line across all rows. */
  readonly zero: boolean;
}

/** Mean with its 95 % interval for each contender that has the metric, one at least; the interquartile mean as a bar. */
export function intervalPlot({ contenders }: EvaluationDocument, metric: MetricSpec): string {
  const rows = contenders.flatMap(({ name, kind, summary }): Row[] => {
    const of = summary[metric.key];
    return of === undefined ? [] : [{ name, kind, estimate: of.mean, tick: of.iqm.value }];
  });
  return drawPlot({
    id: `interval-${metric.key}`,
    title: `${metric.label}: mean and 95 % interval of each contender`,
    description: rows.map(({ name, estimate }) => `${name} ${estimateText(estimate, valueShow(metric))}`).join('; '),
    rows,
    axis: `${metric.label}${metric.percent === true ? ', %' : ''} (${betterText(metric)})`,
    show: valueShow(metric),
    percent: metric.percent === true,
    zero: false,
  });
}

/** Policy minus each other contender: a dot a scenario, the mean with its interval. */
export function pairedPlot(document: EvaluationDocument, policy: string, metric: MetricSpec): string {
  const own = document.contenders.find(({ name, kind }) => name === policy && kind === 'policy')!;
  const rows = document.comparisons.flatMap((record): Row[] => {
    const found = record.policy === policy ? record.metrics[metric.key] : undefined;
    if (found === undefined) return [];
    const points = scenarioDifferences(document, own, record, metric.key);
    return [{ name: record.against, kind: record.kind, estimate: found.difference, points }];
  });
  return drawPlot({
    id: `paired-${metric.key}-${document.contenders.indexOf(own)}`,
    title: `${metric.label}: ${policy} minus each, scenario by scenario`,
    description: rows
      .map(({ name, estimate }) => `${name} ${estimateText(estimate, differenceShow(metric))}`)
      .join('; '),
    rows,
    axis: `${metric.label}${metric.percent === true ? ', percentage points' : ''}, ${policy} minus the other (${betterText(metric)})`,
    show: differenceShow(metric),
    percent: metric.percent === true,
    zero: true,
  });
}

/** Of the mean over training seeds. */
function scenarioDifferences(
  { contenders, scenarios }: EvaluationDocument,
  own: ContenderRecord,
  { against, kind }: ComparisonRecord,
  key: string,
): number[] {
  const other = contenders.find((contender) => contender.name === against && contender.kind === kind)!;
  const at = ({ values }: ContenderRecord, s: number): number => {
    const rows = values[key]!;
    return rows.reduce((sum, row) => sum + row[s]!, 0) / rows.length;
  };
  return scenarios.map((_, s) => at(own, s) - at(other, s));
}

function drawPlot(plot: Plot): string {
  const { rows, zero, show } = plot;
  const height = TOP + ROW * rows.length + BOTTOM;
  const range = rangeOf(rows, zero);
  const longest = Math.max(...rows.map(({ estimate }) => estimateText(estimate, show).length));
  const [left, right] = [NAMES, WIDTH - Math.max(200, GAP + DIGIT * longest)];
  const x = (value: number): number => left + ((right - left) * (value - range.low)) / (range.high - range.low);
  const bottom = TOP + ROW * rows.length;
  const scale = plot.percent ? 100 : 1;
  const ticks = niceTicks(scale * range.low, scale * range.high, 6).map(
    ({ at, label }) =>
      lineFrom(x(at / scale), TOP, x(at / scale), bottom, { class: 'grid' }) +
      textAt(x(at / scale), bottom + 15, label, { size: 11, anchor: 'middle', tone: 'soft' }),
  );
  const middle = zero ? [lineFrom(x(0), TOP, x(0), bottom, { class: 'zero' })] : [];
  return element(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${num(height)}`,
      role: 'img',
      'aria-labelledby': `${plot.id}-t ${plot.id}-d`,
      class: 'plot',
    },
    element('title', { id: `${plot.id}-t` }, escapeXml(plot.title)),
    element('desc', { id: `${plot.id}-d` }, escapeXml(plot.description)),
    ...ticks,
    ...middle,
    ...rows.map((row, r) => drawRow(plot, row, TOP + ROW * (r + 0.5), x, [left, right])),
    textAt((left + right) / 2, height - 4, plot.axis, { size: 11, anchor: 'middle', tone: 'soft' }),
  );
}

function drawRow(
  { show }: Plot,
  { name, kind, estimate, tick, points = [] }: Row,
  y: number,
  x: (value: number) => number,
  [left, right]: readonly [number, number],
): string {
  const within = (value: number): number => Math.min(right, Math.max(left, x(value)));
  const outside = x(estimate.value) < left - 0.5 || x(estimate.value) > right + 0.5;
  const seen = points.filter((value) => x(value) >= left - 0.5 && x(value) <= right + 0.5);
  const interval =
    estimate.low === undefined
      ? ''
      : lineFrom(within(estimate.low), y, within(estimate.high!), y, { class: 'interval' });
  return element(
    'g',
    { class: kind },
    textAt(NAMES - 12, y + 4, name.length > 30 ? `${name.slice(0, 29)}…` : name, { anchor: 'end' }),
    ...seen.map((value) => element('circle', { class: 'point', cx: x(value), cy: y, r: 2.6 })),
    ...(outside
      ? [
          element('path', {
            class: 'mean',
            d: arrow(x(estimate.value) < left ? left : right, y, x(estimate.value) < left),
          }),
        ]
      : [
          interval,
          tick === undefined ? '' : lineFrom(within(tick), y - 7, within(tick), y + 7, { class: 'tick' }),
          element('circle', { class: 'mean', cx: x(estimate.value), cy: y, r: 4.5 }),
        ]),
    textAt(right + GAP, y + 4, estimateText(estimate, show), { size: 11.5 }),
  );
}

/** The value lies off the plot, on that side. */
function arrow(x: number, y: number, toLeft: boolean): string {
  const tip = toLeft ? x - 2 : x + 2;
  const base = toLeft ? x + 8 : x - 8;
  return `M${num(tip)} ${num(y)}L${num(base)} ${num(y - 5)}L${num(base)} ${num(y + 5)}Z`;
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * All intervals that are near: what lies further off than three times the spread of policies, bounds and the nearest
 * baseline would press these together, and is drawn as an arrow.
 */
function rangeOf(rows: readonly Row[], zero: boolean): Range {
  const spanOf = ({ estimate: { value, low = value, high = value }, tick = value, points = [] }: Row): Range => ({
    low: Math.min(low, tick, ...points),
    high: Math.max(high, tick, ...points),
  });
  const distance = (row: Row): number =>
    Math.min(
      ...rows.filter(({ kind }) => kind !== 'baseline').map((to) => Math.abs(to.estimate.value - row.estimate.value)),
    );
  const baselines = rows.filter(({ kind }) => kind === 'baseline').sort((a, b) => distance(a) - distance(b));
  const first = [...rows.filter(({ kind }) => kind !== 'baseline'), ...baselines.slice(0, 2)];
  const further = baselines.slice(2);
  let range = join(first.map(spanOf), zero);
  // All the same: a scale comes from the nearest that differs.
  while (range.high === range.low && further.length > 0) range = join([range, spanOf(further.shift()!)], zero);
  const reach = 3 * (range.high - range.low);
  for (const row of further) {
    const span = spanOf(row);
    if (span.low >= range.low - reach && span.high <= range.high + reach) range = join([range, span], zero);
  }
  const margin = 0.04 * (range.high - range.low) || Math.max(1e-6, 0.04 * Math.abs(range.high));
  return { low: range.low - margin, high: range.high + margin };
}

function join(ranges: readonly Range[], zero: boolean): Range {
  const ends = [...ranges.flatMap(({ low, high }) => [low, high]), ...(zero ? [0] : [])];
  return { low: Math.min(...ends), high: Math.max(...ends) };
}
