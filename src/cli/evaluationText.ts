/** An evaluation document as tables for a terminal. */
import type { ComparisonRecord, EvaluationDocument, MetricComparison } from '../agents/evaluation/document.ts';
import {
  amountText,
  betterText,
  changeText,
  contendersByKind,
  differenceShow,
  freezingSummary,
  intervalText,
  metricTitle,
  relativeShow,
  shareShow,
  shownValue,
  valueShow,
} from '../agents/evaluation/show.ts';
import type { MetricSpec } from '../agents/evaluation/suite.ts';
import type { Colours } from './ui/colour.ts';
import { table, visibleWidth, type Column } from './ui/table.ts';
import { wrap } from './ui/wrap.ts';

export interface TextOptions {
  readonly width: number;
  readonly colours: Colours;
}

/** Headline with intervals, the other metrics, policy minus each, what freezing changed, what each contender is. */
export function evaluationText(document: EvaluationDocument, options: TextOptions): string[] {
  const { suite, contenders, comparisons } = document;
  const policies = contenders.flatMap(({ name, kind }) => (kind === 'policy' ? [name] : []));
  const compared = [...new Set(comparisons.map(({ policy }) => policy))];
  return [
    ...wrap(`${suite.title}: suite ${suite.id}, task ${suite.task}, ${amountText(document)}`, options.width),
    '',
    ...headlineTable(document, options),
    ...otherTables(document, options),
    ...compared.flatMap((policy) => ['', ...comparisonTable(document, policy, options)]),
    ...policies.flatMap((policy) => freezingTable(document, policy)),
    '',
    ...aboutLines(document, options.width),
  ];
}

const RIGHT = { align: 'right' } as const;

/** Rows of the contenders under the name of their kind. */
function contenderRows(
  document: EvaluationDocument,
  { colours }: TextOptions,
  cells: (contender: EvaluationDocument['contenders'][number]) => readonly string[],
): string[][] {
  return contendersByKind(document).flatMap(([title, contenders]) => [
    [title],
    ...contenders.map((contender) => {
      const { name, kind } = contender;
      return [`  ${kind === 'policy' ? colours.bold(name) : name}`, ...cells(contender)];
    }),
  ]);
}

function headlineTable(document: EvaluationDocument, options: TextOptions): string[] {
  const metric = document.metrics[0]!;
  const show = valueShow(metric);
  const columns: Column[] = [
    { title: `${metric.label} (${betterText(metric)})` },
    { title: 'mean', ...RIGHT },
    { title: '95 % interval', ...RIGHT },
    { title: 'IQM', ...RIGHT },
    { title: 'worst', ...RIGHT },
  ];
  const rows = contenderRows(document, options, ({ summary }) => {
    const of = summary[metric.key];
    if (of === undefined) return ['-'];
    return [show(of.mean.value), intervalText(of.mean, show), show(of.iqm.value), show(of.worst)];
  });
  return table(columns, rows);
}

/** As many columns a table as the width holds. */
function otherTables(document: EvaluationDocument, options: TextOptions): string[] {
  const others = document.metrics.slice(1);
  const names = document.contenders.map(({ name }) => name.length + 2);
  const widths = others.map((metric) => widthOf(columnTexts(document, metric)));
  const groups = fitting(others, widths, options.width - Math.max(9, ...names));
  return groups.flatMap((group, g) => ['', ...meansTable(document, group, g === 0 ? 'means' : '', options)]);
}

/** Columns in the groups that fit beside each other. */
function fitting<T>(columns: readonly T[], widths: readonly number[], room: number): T[][] {
  const groups: T[][] = [];
  let used = Number.POSITIVE_INFINITY;
  columns.forEach((column, i) => {
    if (used + widths[i]! > room) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1)!.push(column);
    used += widths[i]!;
  });
  return groups;
}

/** With the space before it. */
function widthOf(texts: readonly string[]): number {
  return 2 + Math.max(...texts.map(visibleWidth));
}

function columnTexts({ contenders }: EvaluationDocument, metric: MetricSpec): string[] {
  const show = valueShow(metric);
  return [
    metricTitle(metric),
    ...contenders.map(({ summary }) => {
      const of = summary[metric.key];
      return of === undefined ? '-' : show(shownValue(metric, of));
    }),
  ];
}

function meansTable(
  document: EvaluationDocument,
  group: readonly MetricSpec[],
  title: string,
  options: TextOptions,
): string[] {
  const texts = group.map((metric) => columnTexts(document, metric));
  const columns = [{ title }, ...texts.map(([head]) => ({ title: head!, ...RIGHT }))];
  const place = new Map(document.contenders.map((contender, i) => [contender, i + 1]));
  return table(
    columns,
    contenderRows(document, options, (contender) => texts.map((column) => column[place.get(contender)!]!)),
  );
}

type Compared = readonly { readonly record: ComparisonRecord; readonly found: MetricComparison }[];

function comparisonTable(document: EvaluationDocument, policy: string, { width }: TextOptions): string[] {
  const metric = document.metrics[0]!;
  const compared: Compared = document.comparisons.flatMap((record) => {
    const found = record.policy === policy ? record.metrics[metric.key] : undefined;
    return found === undefined ? [] : [{ record, found }];
  });
  // Of several bounds the last, which is the strongest: the others are in the document.
  const bound = compared.flatMap(({ found }) => Object.keys(found.gapClosed ?? {})).at(-1);
  const columns: Column[] = [
    { title: 'against' },
    { title: metric.label.length > 14 ? 'difference' : metric.label, ...RIGHT },
    { title: '95 % interval', ...RIGHT },
    { title: 'relative', ...RIGHT },
    { title: 'P', ...RIGHT },
    ...(bound === undefined ? [] : [{ title: 'gap', ...RIGHT }]),
    { title: '' },
  ];
  return [
    ...wrap(`${policy} minus each, scenario by scenario: ${metric.label}. ${legend(document, bound)}`, width),
    '',
    ...table(columns, comparisonRows(metric, compared, bound)),
    ...otherComparisons(document, compared, width),
  ];
}

function legend({ scenarios }: EvaluationDocument, bound: string | undefined): string {
  const parts = [
    'P: share of scenarios in which it is better, ties half',
    ...(bound === undefined ? [] : [`gap: how much it closes of what lies between that one and ${bound}`]),
    scenarios.length === 1
      ? 'one scenario gives no interval and no verdict'
      : 'better, worse: 95 % of the bootstrap lies on that side of 0',
  ];
  return `${parts.join('; ')}.`;
}

function comparisonRows(metric: MetricSpec, compared: Compared, bound: string | undefined): string[][] {
  const show = differenceShow(metric);
  return compared.map(({ record, found: { difference, relative, improvement, gapClosed, verdict } }) => [
    record.against,
    show(difference.value),
    intervalText(difference, show),
    relative === undefined ? '' : relativeShow(relative.value),
    improvement === undefined ? '' : shareShow(improvement.value),
    ...(bound === undefined ? [] : [gapClosed?.[bound] === undefined ? '' : shareShow(gapClosed[bound].value)]),
    verdict ?? '',
  ]);
}

/** Relative differences and verdicts of the metrics that the table leaves out. */
function otherComparisons({ metrics }: EvaluationDocument, compared: Compared, width: number): string[] {
  const judged = metrics.slice(1).filter(({ better }) => better !== 'neither');
  const texts = new Map(
    judged.map((metric) => [metric, [metric.label, ...compared.map((each) => otherCell(metric, each))]]),
  );
  const names = compared.map(({ record }) => record.against);
  const widths = judged.map((metric) => widthOf(texts.get(metric)!));
  const groups = fitting(judged, widths, width - Math.max(6, ...names.map((name) => name.length)));
  return groups.flatMap((group) => {
    const columns = [{ title: 'and in' }, ...group.map(({ label }) => ({ title: label, ...RIGHT }))];
    const rows = names.map((name, i) => [name, ...group.map((metric) => texts.get(metric)![i + 1]!)]);
    return ['', ...table(columns, rows)];
  });
}

function otherCell({ key }: MetricSpec, { record }: Compared[number]): string {
  const of = record.metrics[key];
  if (of === undefined) return '-';
  return `${of.relative === undefined ? '' : relativeShow(of.relative.value)} ${of.verdict ?? ''}`.trim();
}

/** Float network, frozen integers, the greatest change of any artifact and whether all are within the bound. */
function freezingTable(document: EvaluationDocument, policy: string): string[] {
  const columns: Column[] = [
    { title: `freezing ${policy}` },
    { title: 'float', ...RIGHT },
    { title: 'frozen', ...RIGHT },
    { title: 'change', ...RIGHT },
    { title: '' },
  ];
  const rows = freezingSummary(document, policy).map(({ metric, float, frozen, change, within }) => {
    const show = valueShow({ ...metric, digits: metric.digits + 2 });
    return [metricTitle(metric), show(float), show(frozen), changeText(metric, change), within ? '' : 'too much'];
  });
  return rows.length === 0 ? [] : ['', ...table(columns, rows)];
}

function aboutLines({ contenders }: EvaluationDocument, width: number): string[] {
  const lines = contenders.map(({ name, about }) => `${name}: ${about}`);
  return lines.flatMap((line) => wrap(line, width, 2));
}
