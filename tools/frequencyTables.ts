/** Markdown of docs/evidence/frequency.md: contenders, seeds, freezing. */
import { summarise } from '../src/agents/evaluation/compare.ts';
import type { ContenderRecord, EvaluationDocument, MetricSummary } from '../src/agents/evaluation/document.ts';
import {
  differenceShow,
  estimateText,
  intervalText,
  metricTitle,
  relativeShow,
  valueShow,
} from '../src/agents/evaluation/show.ts';
import type { MetricSpec } from '../src/agents/evaluation/suite.ts';

export type Fact = readonly [string, string | number];

/** A part of the page. */
export interface Judged {
  readonly facts: readonly Fact[];
  readonly passed: boolean;
  readonly sections: readonly string[];
}

/** What freezing did to one seed. */
export interface FrozenSeed {
  readonly seed: string;
  /** Largest error of the integers, share of the output's range. */
  readonly maxError: number;
  readonly returns: { readonly float: number; readonly frozen: number };
}

/** As a cell of a table takes it. */
export function cellText(text: string): string {
  return text.replaceAll('|', '\\|');
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(cellText).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''];
}

/** Every contender, then what the policy is better by, then its seeds one by one, all with 95 % intervals. */
export function suiteSection(document: EvaluationDocument, title: string): string[] {
  const { suite, scenarios, contenders, metrics, statistics } = document;
  const [policy, ...others] = contenders;
  const seeds = policy!.policies.length;
  const head = ['', ...metrics.map(metricTitle)];
  return [
    `## ${title}`,
    '',
    `\`${suite.id}\`: ${suite.title}. ${scenarios.length} held-out episodes, ${seeds} training seeds; 95 % intervals of ${statistics.resamples} bootstrap resamples over seeds and episodes.`,
    '',
    ...table(
      head,
      contenders.map(({ name, summary }) => [name, ...metrics.map((metric) => cell(metric, summary))]),
    ),
    ...others.map(({ name, about }) => `- ${name}: ${about}`),
    '',
    `${policy!.name} minus each, episode by episode: difference with its interval, relative to the other.`,
    '',
    ...table(head, differences(document)),
    'Seeds one by one, intervals over episodes:',
    '',
    ...table(
      head,
      policy!.policies.map(({ from }, row) => [from, ...seedCells(policy!, row, document)]),
    ),
  ];
}

function cell(metric: MetricSpec, summary: Readonly<Record<string, MetricSummary>>): string {
  const { mean, worst } = summary[metric.key]!;
  return metric.over === 'worst' ? valueShow(metric)(worst) : estimateText(mean, valueShow(metric));
}

function seedCells({ values, ...contender }: ContenderRecord, row: number, document: EvaluationDocument): string[] {
  const { metrics, statistics } = document;
  const own = Object.fromEntries(Object.entries(values).map(([key, rows]) => [key, [rows[row]!]]));
  const { resamples, seed } = statistics;
  const summary = summarise(metrics, { ...contender, values: own }, { resamples, seed });
  return metrics.map((metric) => cell(metric, summary));
}

function differences({ comparisons, metrics }: EvaluationDocument): string[][] {
  return comparisons.map(({ against, metrics: compared }) => [
    against,
    ...metrics.map((metric) => {
      const { difference, relative } = compared[metric.key]!;
      const show = differenceShow(metric);
      const share = relative === undefined ? '' : `; ${relativeShow(relative.value)}`;
      return `${show(difference.value)} ${intervalText(difference, show)}${share}`;
    }),
  ]);
}

export function freezingSection(
  title: string,
  { freezing, metrics }: EvaluationDocument,
  seeds: readonly FrozenSeed[],
): string[] {
  const rows = seeds.map(({ seed, maxError, returns }, row) => [
    seed,
    percent(maxError),
    `${returns.float.toFixed(5)} to ${returns.frozen.toFixed(5)}, ${percent(changeOf(returns))}`,
    ...metrics.map(({ key, percent: isShare, digits }) => {
      const { float, frozen, change } = freezing[row]!.metrics[key]!;
      if (isShare === true) return `${(100 * (frozen - float)).toFixed(4)} pp`;
      return change === undefined
        ? (frozen - float).toFixed(digits)
        : `${(frozen - float).toFixed(digits + 2)}, ${percent(change)}`;
    }),
  ]);
  return [
    `### ${title}: what freezing changes`,
    '',
    'Largest error of the integers, share of the output range; return with the reward of the recipe in the first 16 episodes; metrics, frozen minus float, and the change relative to the float network.',
    '',
    ...table(['', 'largest error', 'return', ...metrics.map(({ label }) => label)], rows),
  ];
}

/** (frozen - float) / |float| */
export function changeOf({ float, frozen }: FrozenSeed['returns']): number {
  return (frozen - float) / Math.max(Math.abs(float), 1e-12);
}

export function percent(share: number, digits = 4): string {
  return `${(100 * share).toFixed(digits)} %`;
}
