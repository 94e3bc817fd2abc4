/**
 * The evidence for the frequency models: every seed of their recipes trained, frozen and lived through their suites beside
 * every baseline; the tables that the baselines were tuned by. A seed that stands finished in runs/<name>, made from the same
 * recipe, is taken as it is. The measured series is read from ../shared when it is there; without it regulation is judged on
 * synthetic series alone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tunePi, tuneRecharge, type Cell } from '../src/agents/baselines/frequency/tune.ts';
import type { ContenderRecord, EvaluationDocument } from '../src/agents/evaluation/document.ts';
import { evaluateSuite, type Entry } from '../src/agents/evaluation/evaluate.ts';
import type { Suite } from '../src/agents/evaluation/suite.ts';
import { loadRecipe, recipeDigest, type LoadedRecipe } from '../src/agents/recipe.ts';
import {
  CONTAINMENT_ARGS,
  frequencyArea1Suite,
  frequencyContainment,
  frequencyIeee14Suite,
  frequencyIeee14Unseen,
  REGULATION_ARGS,
} from '../src/agents/suites/frequency.ts';
import { startRun } from '../src/agents/training/run.ts';
import { systemClock } from '../src/base/clock.ts';
import { readCard, readFloatPolicy } from '../src/cli/modelFiles.ts';
import { finishRun } from '../src/cli/trainedModel.ts';
import { loadArtifact } from '../src/contracts/policy/codec.ts';
import { readGridFrequency, scaleToP99 } from '../src/env/series/gridFrequency.ts';

type Fact = readonly [string, string | number];

interface Judged {
  readonly facts: readonly Fact[];
  readonly passed: boolean;
}

const MEASURED = join('..', 'shared', 'data', 'grid-frequency', 'day-1s-first-half.csv');
const TUNING_EPISODES = 24;
const CONTAINMENT_BLOCKS = 96;
const BETTER_BY = 0.9;
const ERROR_LIMIT = 0.03;

/** @throws whatever training and evaluation throw. */
export async function frequencyEvidence(root: string): Promise<Judged> {
  const secondary = await trained(root, 'frequency-ieee14');
  const regulation = await trained(root, 'frequency-area1');
  const containment = await trained(root, 'frequency-area1-containment');
  const measured = measuredSeries(root);
  const parts = [
    await judgeSecondary(frequencyIeee14Suite, secondary),
    await judgeSecondary(frequencyIeee14Unseen, secondary),
    await judgeDelivery(frequencyArea1Suite(measured?.series), regulation, 'throughputMwh'),
    await judgeDelivery(frequencyContainment, containment, 'soeBreaches'),
  ];
  return {
    facts: [
      ...parts.flatMap(({ facts }) => facts),
      [
        'measured series',
        measured === undefined
          ? 'not there'
          : `12 h at 1 s of a 60 Hz interconnection, deviations x ${measured.factor.toFixed(4)}, so that p99 of |df| is 0.2 Hz, used as Hz`,
      ],
      ...tuningFacts(),
    ],
    passed: parts.every(({ passed }) => passed),
  };
}

async function trained(root: string, name: string): Promise<readonly Entry[]> {
  const recipe = await loadRecipe(join(root, 'train', `${name}.toml`));
  const entries: Entry[] = [];
  for (const seed of recipe.seeds) entries.push(await trainedSeed(root, recipe, seed));
  return entries;
}

async function trainedSeed(root: string, recipe: LoadedRecipe, seed: number): Promise<Entry> {
  const from = join('runs', recipe.name, `seed-${seed}`);
  const folder = join(root, from);
  if (!(await isFinished(folder, recipe, seed))) {
    const run = await startRun(recipe, { folder, directory: join(root, 'train'), seed }, { clock: systemClock });
    await finishRun(run, run.trained!);
  }
  const artifact = loadArtifact(readFileSync(join(folder, 'policy.cbor')));
  return { name: recipe.name, from, artifact, float: await readFloatPolicy(join(folder, 'float.json')) };
}

async function isFinished(folder: string, recipe: LoadedRecipe, seed: number): Promise<boolean> {
  if (!existsSync(join(folder, 'card.json'))) return false;
  const { training } = await readCard(join(folder, 'card.json'));
  return training.recipeDigest === recipeDigest(recipe) && training.seed === seed;
}

function measuredSeries(root: string): ReturnType<typeof scaleToP99> | undefined {
  const file = join(root, MEASURED);
  return existsSync(file) ? scaleToP99(readGridFrequency(readFileSync(file, 'utf8')).series) : undefined;
}

async function judgeSecondary(suite: Suite, entries: readonly Entry[]): Promise<Judged> {
  const document = await judged(suite, entries);
  const [policy, ...others] = document.contenders;
  const pis = others.filter(({ name }) => name.includes('PI'));
  const least = (key: string): number => Math.min(...pis.map((pi) => meanOf(pi, key)));
  const passed =
    ['withinS', 'centreHzS'].every((key) => meanOf(policy!, key) <= BETTER_BY * least(key)) &&
    meanOf(policy!, 'finalMhz') <= 5 &&
    Math.max(...policy!.values['finalMhz']!.map(mean)) <= 20 &&
    meanOf(policy!, 'rocofHzPerS') <= least('rocofHzPerS') * 1.0001 &&
    document.freezing[0]!.metrics['centreHzS']!.within;
  const gain = (key: string): string => percent(1 - meanOf(policy!, key) / least(key));
  return {
    facts: [
      ...tableFacts(document),
      [
        `${suite.id}, against the best PI of each`,
        `time ${gain('withinS')} less, integral ${gain('centreHzS')} less; ${passed ? 'as asked' : 'NOT as asked'}`,
      ],
    ],
    passed,
  };
}

async function judgeDelivery(suite: Suite, entries: readonly Entry[], key: string): Promise<Judged> {
  const document = await judged(suite, entries);
  const [policy, ...others] = document.contenders;
  const row = (name: string): ContenderRecord => others.find((each) => each.name === name)!;
  const passed =
    Math.max(...policy!.values['errorMax']!.flat()) <= ERROR_LIMIT &&
    Math.max(...policy!.values['soeBreaches']!.flat()) === 0 &&
    meanOf(policy!, key) < meanOf(row('curve + naive recharge'), key) &&
    meanOf(row('none'), 'errorMax') > ERROR_LIMIT;
  return {
    facts: [
      ...tableFacts(document),
      [
        `${suite.id}, against curve + naive recharge`,
        `${key} ${meanOf(policy!, key).toFixed(3)} and ${meanOf(row('curve + naive recharge'), key).toFixed(3)}; ${passed ? 'as asked' : 'NOT as asked'}`,
      ],
    ],
    passed,
  };
}

function judged(suite: Suite, entries: readonly Entry[]): Promise<EvaluationDocument> {
  return evaluateSuite(suite, entries, { command: 'npm run check:deep -- frequency --again' });
}

function tableFacts(document: EvaluationDocument): Fact[] {
  const { suite, scenarios, contenders, freezing, metrics } = document;
  const seeds = contenders[0]!.values[metrics[0]!.key]!.length;
  const cell = (contender: ContenderRecord, k: number): string => {
    const { key, label, digits, percent: asPercent, over } = metrics[k]!;
    const { mean: estimate, worst } = contender.summary[key]!;
    const show = (x: number): string => (asPercent ? `${(100 * x).toFixed(digits)} %` : x.toFixed(digits));
    if (over === 'worst') return `${label} ${show(worst)}`;
    const { value, low, high } = estimate;
    const interval = low === undefined || high === undefined ? '' : ` [${show(low)}, ${show(high)}]`;
    return `${label} ${show(value)}${interval}`;
  };
  const changes = freezing.map(({ metrics: each }) => {
    const change = each[metrics[0]!.key === 'withinS' ? 'centreHzS' : 'throughputMwh']!;
    return Math.abs(change.frozen - change.float) / Math.max(Math.abs(change.float), 1e-12);
  });
  return [
    [suite.id, `${suite.title}; ${scenarios.length} held-out episodes, ${seeds} seeds`],
    ...contenders.map((contender): Fact => [
      `${suite.id}: ${contender.name}`,
      metrics.map((_, k) => cell(contender, k)).join('; '),
    ]),
    [`${suite.id}: largest change by freezing`, percent(Math.max(...changes), 4)],
  ];
}

function tuningFacts(): Fact[] {
  const varied = { inertiaLow: 0.85, inertiaHigh: 1, sizeSpread: 0.3 };
  return [
    ...cellFacts('PI, nominal episodes', tunePi({}, TUNING_EPISODES)),
    ...cellFacts('PI, varied episodes', tunePi(varied, TUNING_EPISODES)),
    ...cellFacts('recharge, containment', tuneRecharge({ ...CONTAINMENT_ARGS, startShare: 1 }, CONTAINMENT_BLOCKS)),
    ...cellFacts('recharge, regulation', tuneRecharge({ ...REGULATION_ARGS, startShare: 1 }, TUNING_EPISODES)),
  ];
}

function cellFacts<P extends object>(title: string, cells: readonly Cell<P>[]): Fact[] {
  const text = (record: object): string =>
    Object.entries(record)
      .map(([key, value]) => `${key} ${typeof value === 'number' ? Number(value.toFixed(4)) : String(value)}`)
      .join(', ');
  return cells.map(({ parameters, values }) => [`grid, ${title}: ${text(parameters)}`, text(values)]);
}

function meanOf({ values }: ContenderRecord, key: string): number {
  return mean(values[key]!.map(mean));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
