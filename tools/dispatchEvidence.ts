/**
 * The evidence for `dispatch-home` and `dispatch-feeder`: every seed of their recipes trained, frozen and lived through
 * their suites beside every baseline, homes one by one. A seed that stands finished in runs/<name>, made from the same
 * recipe, is taken as it is. Homes of the CityLearn challenge 2022, phase 1, are read from ../shared when they are there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContenderRecord, EvaluationDocument } from '../src/agents/evaluation/document.ts';
import { evaluateSuite, type Entry } from '../src/agents/evaluation/evaluate.ts';
import { resultFile } from '../src/agents/evaluation/resultFile.ts';
import type { Suite } from '../src/agents/evaluation/suite.ts';
import { loadRecipe, recipeDigest, type LoadedRecipe } from '../src/agents/recipe.ts';
import { dispatchFeederSuite } from '../src/agents/suites/dispatchFeeder.ts';
import { dispatchHomeSuite } from '../src/agents/suites/dispatchHome.ts';
import { startRun } from '../src/agents/training/run.ts';
import { systemClock } from '../src/base/clock.ts';
import { readHomes } from '../src/cli/homesInput.ts';
import { readCard, readFloatPolicy } from '../src/cli/modelFiles.ts';
import { finishRun } from '../src/cli/trainedModel.ts';
import { loadArtifact } from '../src/contracts/policy/codec.ts';

type Fact = readonly [string, string | number];

interface Judged {
  readonly facts: readonly Fact[];
  readonly passed: boolean;
}

const HOMES = join('..', 'shared', 'data', 'citylearn-2022-phase-1');
/** What a home's policy must save of what the program saves, and close of greedy's gap to it, as means; the least gap of any home. */
const SAVING = 0.92;
const GAP = 0.5;
const LEAST_GAP = 0;

/** @throws whatever training and evaluation throw. */
export async function dispatchEvidence(root: string): Promise<Judged> {
  const homes = await trained(root, 'dispatch-home');
  const feeder = await trained(root, 'dispatch-feeder');
  const folder = join(root, HOMES);
  const given = existsSync(folder) ? (await readHomes(folder)).homes : undefined;
  const parts = [
    given === undefined
      ? { facts: [['CityLearn 2022 phase 1', 'not there'] as const], passed: true }
      : await judgeHomes(root, await dispatchHomeSuite(given), homes, 'CityLearn 2022 phase 1'),
    await judgeHomes(root, await dispatchHomeSuite(), homes, 'synthetic homes'),
    await judgeFeeder(root, await dispatchFeederSuite(), feeder),
  ];
  return { facts: parts.flatMap(({ facts }) => facts), passed: parts.every(({ passed }) => passed) };
}

/** Every home is a scenario of a year; seeds are in rows. */
async function judgeHomes(root: string, suite: Suite, entries: readonly Entry[], what: string): Promise<Judged> {
  const document = await judged(root, suite, entries, what);
  const policy = document.contenders[0]!;
  const least = Math.min(...policy.values['gap']!.flat());
  const [saving, gap] = [meanOf(policy, 'saving'), meanOf(policy, 'gap')];
  const facts: Fact[] = [
    [what, `${document.scenarios.length} homes, a year each, none of them trained on`],
    ...document.scenarios.map(({ id }, s): Fact => {
      const of = (key: string): readonly number[] => policy.values[key]!.map((row) => row[s]!);
      return [
        `${id}, by seed`,
        `saving ${of('saving').map(percent).join(', ')}; gap closed ${of('gap').map(percent).join(', ')}`,
      ];
    }),
    ...document.contenders.map((each): Fact => {
      const text = [
        `saving ${shown(each, 'saving')}, gap closed ${shown(each, 'gap')}, least of a home ${percent(each.summary['gap']!.worst)}`,
        `with wear at nothing ${shown(each, 'savingFree')}, ${shown(each, 'gapFree')}`,
        `energy ${meanOf(each, 'costRatio').toFixed(4)} of none`,
        `wear by rainflow ${meanOf(each, 'rainflow').toFixed(1)} a year, ${meanOf(each, 'carbonKg').toFixed(0)} kg CO2`,
        each.about,
      ];
      return [`${each.kind} ${each.name}`, text.join('; ')];
    }),
    freezingFact(document, ['total', 'cost']),
  ];
  return {
    facts,
    passed: saving >= SAVING && gap >= GAP && least >= LEAST_GAP && frozenWell(document, ['total', 'cost']),
  };
}

async function judgeFeeder(root: string, suite: Suite, entries: readonly Entry[]): Promise<Judged> {
  const document = await judged(root, suite, entries, 'days');
  const facts: Fact[] = [
    ['dispatch-feeder', `${document.scenarios.length} days of weather and tariffs held out`],
    ...document.contenders.map((each): Fact => {
      const text = [
        `gain over rest ${shown(each, 'gain', 1)} a day, ${shown(each, 'ofBest')} of the best known`,
        `${meanOf(each, 'beyondKwh').toFixed(1)} kWh beyond the limits, ${meanOf(each, 'lossKwh').toFixed(0)} kWh lost`,
        `${percent(meanOf(each, 'outOfBand'))} of bus-intervals out of band`,
        each.about,
      ];
      return [`${each.kind} ${each.name}`, text.join('; ')];
    }),
    freezingFact(document, ['gain', 'outOfBand']),
  ];
  const even = document.contenders.find(({ name }) => name === 'spread evenly')!;
  const passed =
    meanOf(document.contenders[0]!, 'gain') > meanOf(even, 'gain') && frozenWell(document, ['gain', 'outOfBand']);
  return { facts, passed };
}

function judged(root: string, suite: Suite, entries: readonly Entry[], what: string): Promise<EvaluationDocument> {
  const store = resultFile(join(root, 'runs', `${suite.id}-results.jsonl`), `${suite.id} ${what}`);
  return evaluateSuite(suite, entries, { command: 'npm run check:deep -- dispatch --again', store });
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

function freezingFact({ freezing }: EvaluationDocument, keys: readonly string[]): Fact {
  const most = keys.map((key) => {
    const changes = freezing.map(({ metrics }) => Math.abs(metrics[key]!.change ?? 0));
    return `${key} by at most ${Math.max(...changes).toExponential(1)}`;
  });
  return ['freezing changed', `${most.join(', ')}, over ${freezing.length} seeds`];
}

function frozenWell({ freezing }: EvaluationDocument, keys: readonly string[]): boolean {
  return freezing.every(({ metrics }) => keys.every((key) => metrics[key]!.within));
}

function meanOf({ summary }: ContenderRecord, key: string): number {
  return summary[key]!.mean.value;
}

/** With its interval; a share as percent unless digits are given. */
function shown({ summary }: ContenderRecord, key: string, digits?: number): string {
  const { value, low, high } = summary[key]!.mean;
  const text = (x: number): string => (digits === undefined ? percent(x) : x.toFixed(digits));
  return low === undefined || high === undefined ? text(value) : `${text(value)} [${text(low)}, ${text(high)}]`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
