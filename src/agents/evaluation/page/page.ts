/**
 * An evaluation document as one HTML page for the operator who has to decide: no scripts, nothing from elsewhere, light
 * and dark, every number of a plot in a table or beside its mark. Same document, same bytes.
 */
import { escapeXml } from '../../../env/render/svg.ts';
import type { ComparisonRecord, ContenderRecord, EvaluationDocument, MetricComparison, Verdict } from '../document.ts';
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
} from '../show.ts';
import type { MetricSpec } from '../suite.ts';
import { intervalPlot, pairedPlot } from './plots.ts';
import { PAGE_STYLE } from './style.ts';

export interface PageExtras {
  /** Whole SVG documents. */
  readonly curves?: readonly { readonly title: string; readonly svg: string }[];
}

export function evaluationPage(document: EvaluationDocument, { curves = [] }: PageExtras = {}): string {
  const { suite } = document;
  const sections = [
    head(document),
    cards(document),
    section('Every metric', summaryTable(document), metricFigures(document)),
    section('Against each', ...policiesOf(document).map((policy) => comparisonPart(document, policy))),
    document.freezing.length === 0 ? '' : section('What freezing changed', ...freezingParts(document)),
    curves.length === 0 ? '' : section('How it learned', ...curves.map(curveFigure)),
    section('What each one sees', aboutList(document)),
    section('How this was counted', methodText(document), scenarioTable(document)),
    section('To repeat it', tag('pre', escapeXml(document.command))),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeXml(`${suite.id}: evaluation`)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
${sections.filter((part) => part !== '').join('\n')}
</main>
</body>
</html>
`;
}

/** Children are markup already. */
function tag(name: string, ...children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name.split(' ')[0]}>`;
}

function section(title: string, ...parts: readonly string[]): string {
  return tag('section', tag('h2', escapeXml(title)), ...parts);
}

function policiesOf({ contenders }: EvaluationDocument): readonly ContenderRecord[] {
  return contenders.filter(({ kind }) => kind === 'policy');
}

function head(document: EvaluationDocument): string {
  const { suite } = document;
  const policies = policiesOf(document).flatMap(({ name, policies: artifacts }) =>
    artifacts.map(({ from, cid }) =>
      tag('li', `${escapeXml(name)} <span class="soft">${escapeXml(from)}</span><br>${tag('code', cid)}`),
    ),
  );
  return tag(
    'header',
    tag('h1', escapeXml(suite.title)),
    tag('p class="soft"', escapeXml(`Suite ${suite.id}, task ${suite.task}, ${amountText(document)}`)),
    tag('ul', ...policies),
  );
}

// ---- at a glance -------------------------------------------------------------------------------------------

function cards(document: EvaluationDocument): string {
  const metric = document.metrics[0]!;
  return tag('div class="cards"', ...policiesOf(document).map((policy) => card(document, policy, metric)));
}

const VERDICTS: readonly (readonly [Verdict, string])[] = [
  ['better', 'better than'],
  ['worse', 'worse than'],
  ['equal', 'equal to'],
  ['open', 'open against'],
];

function card(document: EvaluationDocument, { name, summary }: ContenderRecord, metric: MetricSpec): string {
  const of = summary[metric.key];
  if (of === undefined) return '';
  const show = valueShow(metric);
  const compared = document.comparisons.filter(({ policy }) => policy === name);
  const baselines = compared.filter(({ kind }) => kind === 'baseline');
  const counts = VERDICTS.flatMap(([verdict, text]) => {
    const count = baselines.filter(({ metrics }) => metrics[metric.key]?.verdict === verdict).length;
    return count === 0 ? [] : [`${text} ${count}`];
  });
  return tag(
    'div class="card"',
    tag('p class="soft"', escapeXml(`${name}: ${metric.label} (${betterText(metric)})`)),
    tag('p class="big"', escapeXml(show(of.mean.value))),
    tag('p', escapeXml(`95 % interval ${intervalText(of.mean, show) || 'none from one scenario'}`)),
    counts.length === 0 ? '' : tag('p', escapeXml(`Of ${baselines.length} baselines: ${counts.join(', ')}`)),
  );
}

// ---- every metric ------------------------------------------------------------------------------------------

function summaryTable(document: EvaluationDocument): string {
  const { metrics, contenders } = document;
  const heads = metrics.map((metric) =>
    th(`${escapeXml(metricTitle(metric))}<span class="range">${betterText(metric)}</span>`),
  );
  const rows = contendersByKind(document).flatMap(([title, list]) => [
    `<tr class="kind">${tag(`th scope="rowgroup" colspan="${metrics.length + 1}"`, escapeXml(title))}</tr>`,
    ...list.map((contender) => summaryRow(metrics, contender)),
  ]);
  const worst = metrics.some(({ over }) => over === 'worst');
  const caption = `Mean over ${amountText(document)} with its 95 % interval${worst ? '; the worst where a column says so' : ''}.`;
  return contenders.length === 0 ? '' : tableOf(caption, [th(''), ...heads], rows);
}

function summaryRow(metrics: readonly MetricSpec[], { name, kind, summary }: ContenderRecord): string {
  const cells = metrics.map((metric) => {
    const of = summary[metric.key];
    if (of === undefined) return tag('td', '–');
    const show = valueShow(metric);
    const range = metric.over === 'worst' ? `mean ${show(of.mean.value)}` : intervalText(of.mean, show);
    return tag('td', `${escapeXml(show(shownValue(metric, of)))}${small(range)}`);
  });
  return `<tr class="${kind}">${rowHead(name)}${cells.join('')}</tr>`;
}

function metricFigures(document: EvaluationDocument): string {
  const known = document.metrics.filter(
    ({ key, over }) => over !== 'worst' && document.contenders.some(({ summary }) => summary[key] !== undefined),
  );
  const figures = known.map((metric) => figure(metric.label, intervalPlot(document, metric)));
  const about =
    'Dot: mean, with its 95 % interval; bar across: interquartile mean. An arrow: the value lies off the plot.';
  return tag('p class="soft"', about) + figures.join('');
}

function figure(caption: string, content: string): string {
  return tag('figure', tag('figcaption', tag('h3', escapeXml(caption))), content);
}

// ---- against each ------------------------------------------------------------------------------------------

function comparisonPart(document: EvaluationDocument, { name }: ContenderRecord): string {
  const metric = document.metrics[0]!;
  const records = document.comparisons.filter(({ policy }) => policy === name);
  if (records.length === 0) return '';
  const judged = document.metrics.filter((each) => records.some(({ metrics }) => metrics[each.key] !== undefined));
  const plotted = judged.includes(metric)
    ? figure(metric.label, pairedPlot(document, name, metric)) +
      tag('p class="soft"', 'Faint dots: one a scenario. Dot and bar: their mean and its 95 % interval.')
    : '';
  return [
    tag('h3', escapeXml(`${name} minus each, in the same scenario`)),
    plotted,
    ...judged.map((each) => comparisonTable(each, records)),
  ].join('');
}

function comparisonTable(metric: MetricSpec, records: readonly ComparisonRecord[]): string {
  const show = differenceShow(metric);
  const bounds = [...new Set(records.flatMap(({ metrics }) => Object.keys(metrics[metric.key]?.gapClosed ?? {})))];
  const rows = records.flatMap(({ against, kind, metrics }) => {
    const found = metrics[metric.key];
    if (found === undefined) return [];
    const cells = [
      tag('td', `${escapeXml(show(found.difference.value))}${small(intervalText(found.difference, show))}`),
      estimateCell(found.relative, relativeShow),
      estimateCell(found.improvement, shareShow),
      ...bounds.map((bound) => estimateCell(found.gapClosed?.[bound], shareShow)),
      verdictCell(found.verdict),
    ];
    return [`<tr class="${kind}">${rowHead(against)}${cells.join('')}</tr>`];
  });
  const heads = ['', 'difference', 'relative', 'P(better)', ...bounds.map((bound) => `gap to ${bound} closed`), ''];
  return tableOf(
    `${metric.label} (${betterText(metric)})`,
    heads.map((text) => th(escapeXml(text))),
    rows,
  );
}

function estimateCell(estimate: MetricComparison['relative'], show: (x: number) => string): string {
  if (estimate === undefined) return tag('td', '');
  return tag('td', `${escapeXml(show(estimate.value))}${small(intervalText(estimate, show))}`);
}

function verdictCell(verdict: Verdict | undefined): string {
  if (verdict === undefined) return tag('td', '');
  return `<td class="${verdict}">${verdict}</td>`;
}

// ---- freezing, learning ------------------------------------------------------------------------------------

function freezingParts(document: EvaluationDocument): string[] {
  const tables = policiesOf(document).flatMap(({ name }) => {
    const changes = freezingSummary(document, name);
    if (changes.length === 0) return [];
    const rows = changes.map(({ metric, float, frozen, change, within }) => {
      const show = valueShow({ ...metric, digits: metric.digits + 2 });
      const verdict = within ? '<td class="better">within</td>' : '<td class="worse">too much</td>';
      const cells = [show(float), show(frozen), changeText(metric, change)].map((text) => tag('td', escapeXml(text)));
      return `<tr>${rowHead(metricTitle(metric))}${cells.join('')}${verdict}</tr>`;
    });
    return [
      tableOf(
        name,
        ['', 'float', 'frozen', 'greatest change', ''].map((text) => th(text)),
        rows,
      ),
    ];
  });
  const about =
    'The float network and the integers it was frozen to, in the same scenarios; of several artifacts the greatest change. ' +
    'Within: at most 0.2 % of a quantity, 0.01 percentage points of a share.';
  return [tag('p class="soft"', about), ...tables];
}

function curveFigure({ title, svg }: { readonly title: string; readonly svg: string }): string {
  const data = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  return figure(title, `<img alt="${escapeXml(`Learning curves of ${title}`)}" src="${data}">`);
}

// ---- foot --------------------------------------------------------------------------------------------------

function aboutList({ contenders }: EvaluationDocument): string {
  const items = contenders.map(({ name, about }) => `${tag('dt', escapeXml(name))}${tag('dd', escapeXml(about))}`);
  return tag('dl', ...items);
}

function methodText({ statistics: { resamples, seed } }: EvaluationDocument): string {
  const text =
    `Every contender lives through the same scenarios, so differences are taken scenario by scenario. Intervals are the ` +
    `2.5th and 97.5th percentile of ${resamples} bootstrap resamples (seed ${seed}) that draw training seeds and scenarios ` +
    `with replacement. Better and worse: 95 % of the resamples of the difference lie on that side of zero; open: they do ` +
    `not. P(better): share of scenarios in which the policy is better, ties half. The interquartile mean leaves out the ` +
    `lowest and the highest quarter. A bound knows what no controller can know; it cannot be deployed.`;
  return tag('p', escapeXml(text));
}

function scenarioTable(document: EvaluationDocument): string {
  const metric = document.metrics[0]!;
  const show = valueShow(metric);
  const shown = document.contenders.filter(({ values }) => values[metric.key] !== undefined);
  const rows = document.scenarios.map(({ id, seed, args }, s) => {
    const cells = shown.map(({ values }) => {
      const rows = values[metric.key]!;
      return tag('td', escapeXml(show(rows.reduce((sum, row) => sum + row[s]!, 0) / rows.length)));
    });
    const what = tag('td', tag('code', escapeXml(JSON.stringify(args))));
    return `<tr>${rowHead(id)}${cells.join('')}<td>${seed}</td>${what}</tr>`;
  });
  const heads = ['scenario', ...shown.map(({ name }) => name), 'seed', 'arguments'].map((text) => th(escapeXml(text)));
  const table = tableOf(`${metric.label} in every scenario`, heads, rows);
  return `<details><summary>All ${document.scenarios.length} scenarios</summary>${table}</details>`;
}

// ---- table parts -------------------------------------------------------------------------------------------

function tableOf(caption: string, heads: readonly string[], rows: readonly string[]): string {
  return tag(
    'div class="scroll"',
    tag('table', tag('caption', escapeXml(caption)), tag('thead', `<tr>${heads.join('')}</tr>`), tag('tbody', ...rows)),
  );
}

function th(markup: string): string {
  return `<th scope="col">${markup}</th>`;
}

function rowHead(text: string): string {
  return `<th scope="row">${escapeXml(text)}</th>`;
}

function small(text: string): string {
  return text === '' ? '' : `<span class="range">${escapeXml(text)}</span>`;
}
