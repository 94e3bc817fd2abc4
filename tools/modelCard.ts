/**
 * `npm run docs:cards`: models/<name>/card.md, the page an operator reads, from card.json (how it was made), about.json
 * (written by hand: what for, on what data, what it is known to fail at) and evaluation.json (how it did, written by
 * `gridpact evaluate ... --write models/<name>`). A test holds every page against what this would write.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { shownOf } from '../src/agents/evaluation/compare.ts';
import type { ContenderRecord, EvaluationDocument, MetricComparison } from '../src/agents/evaluation/document.ts';
import {
  amountText,
  betterText,
  changeText,
  contendersByKind,
  differenceShow,
  estimateText,
  freezingSummary,
  metricTitle,
  relativeShow,
  shareShow,
  shownValue,
  valueShow,
} from '../src/agents/evaluation/show.ts';
import type { MetricSpec } from '../src/agents/evaluation/suite.ts';
import type { ModelCard } from '../src/cli/modelFiles.ts';
import { REPO_ROOT } from '../test/support/repo.ts';

/** models/<name>/about.json: what only people know of a model. Text is Markdown, one paragraph or item a string. */
export interface ModelAbout {
  readonly format: 'gridpact-about/1';
  readonly intendedUse: readonly string[];
  /** What it was trained and judged on. */
  readonly data: readonly { readonly name: string; readonly use: string; readonly licence: string }[];
  /** What holds whatever the network says: envelopes, guard, fallback. */
  readonly holds: readonly string[];
  readonly knownFailures: readonly string[];
}

/** Every model that ships, by folder. */
export const MODELS: readonly string[] = readdirSync(join(REPO_ROOT, 'models')).sort();

export interface ModelDocuments {
  readonly card: ModelCard;
  readonly about: ModelAbout;
  readonly evaluation: EvaluationDocument;
}

export function readModel(name: string): ModelDocuments {
  const read = <T>(file: string): T => JSON.parse(readFileSync(join(REPO_ROOT, 'models', name, file), 'utf8')) as T;
  return { card: read('card.json'), about: read('about.json'), evaluation: read('evaluation.json') };
}

/** The page as it should stand. */
export async function cardPage(name: string): Promise<string> {
  const model = readModel(name);
  const lines = [
    ...identity(name, model),
    ...use(model),
    ...recipe(name, model),
    ...measured(model),
    ...frozen(model),
    ...list('What holds whatever the network says', model.about.holds),
    ...list('Known failures and limits', model.about.knownFailures),
  ];
  const options = await resolveConfig(join(REPO_ROOT, 'README.md'));
  return format(`${lines.join('\n')}\n`, { ...options, parser: 'markdown' });
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function tableLines(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [row(heads), row(heads.map(() => '---')), ...rows.map(row), ''];
}

function list(title: string, items: readonly string[]): string[] {
  return [`## ${title}`, '', ...items.map((item) => `- ${item}`), ''];
}

function identity(name: string, { card, evaluation }: ModelDocuments): string[] {
  const { cid, bytes, gas, task, selfTest } = card;
  return [
    `# Model card: ${name}`,
    '',
    ...tableLines(
      ['', ''],
      [
        ['policy', `\`${cid}\``],
        ['artifact', `gridpolicy/int16/1, ${bytes} bytes, gas ${gas} a call`],
        ['task', `\`${task}\``],
        ['suite', `\`${evaluation.suite.id}\`: ${evaluation.suite.title}`],
        ['self-test', `vec4096 \`${selfTest.vec4096}\``],
      ],
    ),
  ];
}

function use({ about }: ModelDocuments): string[] {
  return [
    '## Intended use',
    '',
    ...about.intendedUse.flatMap((paragraph) => [paragraph, '']),
    '## Data',
    '',
    ...tableLines(
      ['data', 'used for', 'licence'],
      about.data.map((each) => [each.name, each.use, each.licence]),
    ),
  ];
}

function recipe(name: string, { card: { training } }: ModelDocuments): string[] {
  const file = recipeFile(training.recipe);
  return [
    '## Recipe',
    '',
    '```sh',
    `gridpact train ${file} --seed ${training.seed} --model models/${name}`,
    '```',
    '',
    `makes it again, byte for byte; \`gridpact reproduce models/${name}\` does so and compares every digest.`,
    '',
    ...tableLines(
      ['', ''],
      [
        ['algorithm', `${training.algorithm}, ${training.steps} steps, seed ${training.seed}`],
        ['recipe', `\`${file}\`, SHA-256 \`${training.recipeDigest}\``],
        ['parameters', `\`${training.parameterDigest}\``],
        ['backend', training.backend],
      ],
    ),
  ];
}

/** Of a recipe by its name. */
export function recipeFile(name: string): string {
  const found = ['toml', 'json']
    .map((ending) => `train/${name}.${ending}`)
    .find((file) => existsSync(join(REPO_ROOT, file)));
  if (found === undefined) throw new Error(`no recipe train/${name}.toml or .json`);
  return found;
}

// ---- measured ----------------------------------------------------------------------------------------------

function measured({ card, evaluation }: ModelDocuments): string[] {
  const { metrics, contenders, statistics } = evaluation;
  const rows = contendersByKind(evaluation).flatMap(([kind, list]) =>
    list.map((contender) => [contender.name, kind, ...metrics.map((metric) => metricCell(metric, contender))]),
  );
  return [
    '## Measured',
    '',
    `${amountText(evaluation)}; no recipe was made on these scenarios. Means with 95 % intervals of ${statistics.resamples}`,
    'bootstrap resamples over seeds and scenarios ([how](../../docs/reference/evaluation.md)).',
    ...ownSeed(card, evaluation),
    '',
    ...tableLines(['', '', ...metrics.map((metric) => `${metricTitle(metric)} (${betterText(metric)})`)], rows),
    ...comparisons(card, evaluation),
    ...contenders.map(({ name, about }) => `- **${name}**: ${about}`),
    '',
    '```sh',
    evaluation.command,
    '```',
    '',
  ];
}

function metricCell(metric: MetricSpec, { summary }: ContenderRecord): string {
  const of = summary[metric.key];
  if (of === undefined) return '';
  const show = valueShow(metric);
  if (metric.over === 'worst') return show(shownValue(metric, of));
  return estimateText(of.mean, show);
}

/** What this one artifact came to, where its row is that of several. */
function ownSeed(card: ModelCard, evaluation: EvaluationDocument): string[] {
  const { policies, values } = ownRow(card, evaluation);
  if (policies.length === 1) return [];
  const at = policies.findIndex((policy) => policy.cid === card.cid);
  const own = evaluation.metrics.flatMap((metric) => {
    const row = values[metric.key]?.[at];
    if (row === undefined) return [];
    return [`${metricTitle(metric)} ${valueShow(metric)(shownOf(metric, Float64Array.from(row)))}`];
  });
  return [`The row of the policy holds ${policies.length} training seeds; this one alone: ${own.join(', ')}.`];
}

/** The row that holds this artifact. @throws Error when there is none. */
function ownRow({ cid }: ModelCard, { contenders }: EvaluationDocument): ContenderRecord {
  const own = contenders.find(({ policies }) => policies.some((policy) => policy.cid === cid));
  if (own === undefined) throw new Error(`evaluation.json does not judge ${cid}`);
  return own;
}

/** Policy minus each other, in every metric that has a better way; a worst of all has no difference of its own. */
function comparisons(card: ModelCard, evaluation: EvaluationDocument): string[] {
  const judged = evaluation.metrics.filter(({ better, over }) => better !== 'neither' && over !== 'worst');
  const own = ownRow(card, evaluation).name;
  const rows = evaluation.comparisons
    .filter(({ policy }) => policy === own)
    .map(({ against, metrics: of }) => [against, ...judged.map((metric) => comparisonCell(metric, of[metric.key]))]);
  return [
    'Policy minus each, scenario by scenario: difference with its 95 % interval, relative to the other, P(better), share',
    'closed of the gap from the other to a bound, verdict.',
    '',
    ...tableLines(['minus', ...judged.map(({ label }) => label)], rows),
  ];
}

function comparisonCell(metric: MetricSpec, found: MetricComparison | undefined): string {
  if (found === undefined) return '';
  const { difference, relative, improvement, gapClosed = {}, verdict } = found;
  const parts = [
    estimateText(difference, differenceShow(metric)),
    relative === undefined ? '' : relativeShow(relative.value),
    improvement === undefined ? '' : `P ${shareShow(improvement.value)}`,
    ...Object.entries(gapClosed).map(([bound, share]) => `${shareShow(share.value)} to ${bound}`),
    verdict === undefined ? '' : `**${verdict}**`,
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function frozen({ card, evaluation }: ModelDocuments): string[] {
  const { freeze } = card;
  const percent = (share: number, digits: number): string => `${(100 * share).toFixed(digits)} %`;
  const own = freezingSummary(evaluation, ownRow(card, evaluation).name);
  return [
    '## Quantisation',
    '',
    `The integers differ from the float network by at most ${percent(freeze.maxError, 4)} of the output range on`,
    `${freeze.points} points (mean ${percent(freeze.meanError, 5)}), and nowhere by more than ${percent(freeze.bound, 2)}.`,
    'In the same scenarios:',
    '',
    ...tableLines(
      ['', 'float network', 'frozen integers', 'change'],
      own.map(({ metric, float, frozen: integer, change }) => {
        const show = valueShow({ ...metric, digits: metric.digits + 2 });
        return [metricTitle(metric), show(float), show(integer), changeText(metric, change)];
      }),
    ),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of MODELS) writeFileSync(join(REPO_ROOT, 'models', name, 'card.md'), await cardPage(name));
}
