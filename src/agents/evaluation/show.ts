/** Numbers of an evaluation as text, alike in terminal, page and card. No locale. */
import type { ContenderRecord, EvaluationDocument, FreezingChange, MetricSummary } from './document.ts';
import { meanOf, type Estimate } from './statistics.ts';
import type { MetricSpec } from './suite.ts';

export type Show = (value: number) => string;

/** A value of a metric; a share as percent. */
export function valueShow({ digits, percent }: MetricSpec): Show {
  return percent === true ? (x) => `${decimal(100 * x, digits)} %` : (x) => decimal(x, digits);
}

/** A difference of two values, with its sign; of shares in percentage points. */
export function differenceShow({ digits, percent }: MetricSpec): Show {
  return percent === true ? (x) => `${signed(100 * x, digits)} pp` : (x) => signed(x, digits);
}

/** A relative change, with its sign; beyond tenfold only that. */
export function relativeShow(x: number): string {
  if (Math.abs(x) >= 10) return x > 0 ? '> +999 %' : '< -999 %';
  return `${signed(100 * x, 1)} %`;
}

/** A share in whole percent; far outside [0, 1] only that. */
export function shareShow(x: number): string {
  if (Math.abs(x) >= 10) return x > 0 ? '> 999 %' : '< -999 %';
  return `${decimal(100 * x, 0)} %`;
}

/** `[low, high]`; nothing where there is no interval. */
export function intervalText({ low, high }: Estimate, show: Show): string {
  return low === undefined || high === undefined ? '' : `[${show(low)}, ${show(high)}]`;
}

export function estimateText(estimate: Estimate, show: Show): string {
  return `${show(estimate.value)} ${intervalText(estimate, show)}`.trimEnd();
}

/** The one number of a metric: the mean, or the worst where that is what counts. */
export function shownValue({ over }: MetricSpec, { mean, worst }: MetricSummary): number {
  return over === 'worst' ? worst : mean.value;
}

/** With what is shown of it where that is not the mean. */
export function metricTitle({ label, over }: MetricSpec): string {
  return over === 'worst' && !label.includes('worst') ? `${label}, worst` : label;
}

export function betterText({ better }: MetricSpec): string {
  return better === 'neither' ? 'not judged' : `${better} is better`;
}

const KINDS = { policy: 'policies', baseline: 'baselines', bound: 'bounds' } as const;

/** In the order of the document. */
export function contendersByKind({
  contenders,
}: EvaluationDocument): readonly (readonly [string, ContenderRecord[]])[] {
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
  return kinds.flatMap((kind) => {
    const of = contenders.filter((contender) => contender.kind === kind);
    return of.length === 0 ? [] : [[KINDS[kind], of] as const];
  });
}

/** `6 scenarios, 3 seeds`: how much there is of a policy. */
export function amountText({ scenarios, contenders }: EvaluationDocument): string {
  const seeds = Math.max(1, ...contenders.map(({ policies }) => policies.length));
  const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;
  return seeds === 1 ? plural(scenarios.length, 'scenario') : `${plural(scenarios.length, 'scenario')}, ${seeds} seeds`;
}

export interface FreezingLine extends FreezingChange {
  readonly metric: MetricSpec;
}

/** Of the artifacts in a policy's row: means, the greatest change, and whether all are within. */
export function freezingSummary({ metrics, freezing }: EvaluationDocument, policy: string): FreezingLine[] {
  const records = freezing.filter((record) => record.policy === policy);
  return metrics.flatMap((metric) => {
    const changes = records.flatMap(({ metrics: of }) => (of[metric.key] === undefined ? [] : [of[metric.key]!]));
    if (changes.length === 0) return [];
    const greatest = changes.reduce((a, b) => (Math.abs(b.change ?? 0) > Math.abs(a.change ?? 0) ? b : a));
    const line = {
      metric,
      float: meanOf(changes.map(({ float }) => float)),
      frozen: meanOf(changes.map(({ frozen }) => frozen)),
      within: changes.every(({ within }) => within),
    };
    return [greatest.change === undefined ? line : { ...line, change: greatest.change }];
  });
}

/** Of a share in percentage points, of anything else in percent. */
export function changeText({ percent }: MetricSpec, change: number | undefined): string {
  return change === undefined ? '' : `${signed(100 * change, 4)} ${percent === true ? 'pp' : '%'}`;
}

/** JSON for a file: a line a list of numbers, so that a changed value is a changed line. */
export function documentText(document: EvaluationDocument): string {
  const lines = JSON.stringify(document, null, 1);
  return `${lines.replace(/\[\s+(-?\d[^[\]{}"]*?)\s+\]/g, (_, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`)}\n`;
}

/** Fixed digits, never `-0`. */
function decimal(x: number, digits: number): string {
  const text = x.toFixed(digits);
  return /^-[0.]*$/.test(text) ? text.slice(1) : text;
}

function signed(x: number, digits: number): string {
  const text = decimal(x, digits);
  return text.startsWith('-') || !/[1-9]/.test(text) ? text : `+${text}`;
}
