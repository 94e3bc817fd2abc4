/** The frequency policies against what is asked of them, target by target, with the tables that show it. */
import { mean } from './figures.ts';
import { join } from 'node:path';
import type { ContenderRecord, EvaluationDocument } from '../src/agents/evaluation/document.ts';
import { artifactDecide, liveEpisode, scenarioCopy } from '../src/agents/evaluation/episode.ts';
import { evaluateSuite, type Entry } from '../src/agents/evaluation/evaluate.ts';
import { resultFile } from '../src/agents/evaluation/resultFile.ts';
import { intervalText } from '../src/agents/evaluation/show.ts';
import type { RunnablePolicy, Suite } from '../src/agents/evaluation/suite.ts';
import type { LoadedRecipe } from '../src/agents/recipe.ts';
import { hindsightSection } from './frequencyGrids.ts';
import {
  changeOf,
  freezingSection,
  percent,
  suiteSection,
  type Fact,
  type FrozenSeed,
  type Judged,
} from './frequencyTables.ts';

export interface Model {
  readonly root: string;
  readonly name: string;
  readonly recipe: LoadedRecipe;
  readonly entries: readonly Entry[];
  /** By entry: largest error of the integers, share of the output's range. */
  readonly maxErrors: readonly number[];
}

const BETTER_BY = 0.1;
const FINAL_MEAN_MHZ = 5;
const FINAL_WORST_MHZ = 20;
const ERROR_LIMIT = 0.03;
const FREEZING_RELATIVE = 0.002;
/** The first so many of a suite. */
const RETURN_SCENARIOS = 16;
const NAIVE = 'curve + naive recharge';

/** What was asked and what came, one fact a target. */
class Targets {
  readonly facts: Fact[] = [];
  passed = true;
  readonly #title: string;

  constructor(title: string) {
    this.#title = title;
  }

  add(what: string, isMet: boolean, text: string): void {
    this.facts.push([`${this.#title}: ${what}`, `${text}; **${isMet ? 'met' : 'NOT met'}**`]);
    this.passed &&= isMet;
  }
}

/** Time and integral against the best PI of each, final error, RoCoF and nadir, freezing. */
export async function judgeSecondary(suite: Suite, model: Model, title: string): Promise<Judged> {
  const document = await judged(suite, model);
  const frozen = frozenSeeds(suite, model);
  const targets = new Targets(title);
  addGain(targets, document, 'withinS', 's to |df| <= 10 mHz');
  addGain(targets, document, 'centreHzS', 'integral of |df|, Hz s,');
  addFinal(targets, document.contenders[0]!);
  addFirstSwing(targets, document);
  const returns = most(frozen.map((each) => changeOf(each.returns)));
  targets.add(
    'freezing changes returns by at most 0.2 %',
    returns <= FREEZING_RELATIVE,
    `returns ${percent(returns)} at most of all seeds; beside that the integral by ${frozenBy(document, 'centreHzS')}, the time by ${frozenBy(document, 'withinS')}; ${errorText(model)}`,
  );
  const sections = [
    ...suiteSection(document, title),
    ...hindsightSection(suite),
    ...freezingSection(title, document, frozen),
  ];
  return { facts: targets.facts, passed: targets.passed, sections };
}

/** Against the PI that has the least of it; every seed is told. */
function addGain(
  targets: Targets,
  { contenders: [policy, ...others] }: EvaluationDocument,
  key: string,
  what: string,
): void {
  const pis = others.filter(({ name }) => name.includes('PI'));
  const pi = pis.reduce((best, each) => (meanOf(each, key) < meanOf(best, key) ? each : best));
  const gain = (figure: number): number => 1 - figure / meanOf(pi, key);
  const bySeed = policy!.values[key]!.map((row) => percent(gain(mean(row)), 0));
  targets.add(
    `${what} at least 10 % less than the best droop + PI`,
    gain(meanOf(policy!, key)) >= BETTER_BY,
    `${shown(policy!, key)}; ${shown(pi, key)} of "${pi.name}": ${percent(gain(meanOf(policy!, key)), 1)} less, by seed ${bySeed.join(', ')}`,
  );
}

function addFinal(targets: Targets, policy: ContenderRecord): void {
  const finals = policy.values['finalMhz']!;
  const worstSeed = (key: string): string => Math.max(...policy.values[key]!.map(mean)).toFixed(2);
  targets.add(
    'final |df| at most 5 mHz mean and 20 mHz worst of the seeds',
    mean(finals.map(mean)) <= FINAL_MEAN_MHZ && Math.max(...finals.flat()) <= FINAL_WORST_MHZ,
    [
      `centre of inertia ${shown(policy, 'finalMhz')}, worst seed ${worstSeed('finalMhz')}, worst episode of any seed ${Math.max(...finals.flat()).toFixed(2)}`,
      `mean of the five machines ${shown(policy, 'finalMachinesMhz')}, worst seed ${worstSeed('finalMachinesMhz')}`,
      `furthest machine ${shown(policy, 'finalFurthestMhz')}, worst seed ${worstSeed('finalFurthestMhz')}`,
    ].join('; '),
  );
}

function addFirstSwing(targets: Targets, { contenders: [policy, ...others] }: EvaluationDocument): void {
  const pis = others.filter(({ name }) => name.includes('PI'));
  const worse = (key: string): number => Math.max(...pis.map((pi) => Math.abs(meanOf(policy!, key) - meanOf(pi, key))));
  const none = named(others, 'none');
  targets.add(
    'RoCoF over 500 ms and nadir no worse',
    worse('rocofHzPerS') <= 1e-9 && worse('nadirMhz') <= 1e-9,
    `${shown(policy!, 'rocofHzPerS')} Hz/s and ${shown(policy!, 'nadirMhz')} mHz, the same under droop and every PI, as no command comes before 5 s; fleets at rest ${shown(none, 'rocofHzPerS')} and ${shown(none, 'nadirMhz')}`,
  );
}

/** E, breaches, what was to be better than the naive recharge (`key`), doing nothing, freezing. */
export async function judgeDelivery(
  suite: Suite,
  model: Model,
  key: 'throughputMwh' | 'soeBreaches',
  { title, count }: { readonly title: string; readonly count?: number },
): Promise<Judged> {
  const document = await judged(suite, model, count);
  const frozen = frozenSeeds(suite, model);
  const targets = new Targets(title);
  addDelivered(targets, document);
  addAgainstNaive(targets, document, key);
  const none = named(document.contenders, 'none');
  targets.add(
    'doing nothing fails',
    Math.min(...none.values['errorMax']!.flat()) > ERROR_LIMIT,
    `E ${shown(none, 'errorMax')}, mean K ${shown(none, 'paidShare')}`,
  );
  const returns = most(frozen.map((each) => changeOf(each.returns)));
  const isHeld = ['errorMax', 'throughputMwh', 'soeBreaches'].every((of) =>
    document.freezing.every(({ metrics }) => metrics[of]!.within),
  );
  targets.add(
    'freezing changes returns by at most 0.2 %, E by at most 0.01 points, breaches by none',
    returns <= FREEZING_RELATIVE && isHeld,
    `returns ${percent(returns)}, throughput ${frozenBy(document, 'throughputMwh')}, E ${frozenBy(document, 'errorMax').replace('%', 'points')} at most of all seeds; ${errorText(model)}`,
  );
  const sections = [...suiteSection(document, title), ...freezingSection(title, document, frozen)];
  return { facts: targets.facts, passed: targets.passed, sections };
}

function addDelivered(targets: Targets, { contenders, scenarios }: EvaluationDocument): void {
  const [policy] = contenders;
  const errors = policy!.values['errorMax']!;
  const bySeed = errors.map((row) => percent(Math.max(...row), 2)).join(', ');
  targets.add(
    'E at most 3 %',
    Math.max(...errors.flat()) <= ERROR_LIMIT,
    `${shown(policy!, 'errorMax')}; largest of any block by seed ${bySeed}`,
  );
  const breaches = policy!.values['soeBreaches']!.map(sum);
  const of = (name: string): number => sum(named(contenders, name).values['soeBreaches']![0]!);
  targets.add(
    'no breach of the state of energy',
    breaches.every((n) => n === 0),
    `${breaches.join(', ')} by seed in ${scenarios.length} blocks; ${NAIVE} ${of(NAIVE)}, curve ${of('curve')}`,
  );
}

/** Less of `key`, with 95 % of the resamples of the difference below 0. */
function addAgainstNaive(targets: Targets, { contenders, comparisons }: EvaluationDocument, key: string): void {
  const [policy] = contenders;
  const naive = named(contenders, NAIVE);
  const { metrics } = comparisons.find(({ against }) => against === NAIVE)!;
  const told = (of: string): string => {
    const { difference } = metrics[of]!;
    const show = (x: number): string => x.toFixed(4);
    return `${shown(policy!, of)} and ${shown(naive, of)}, difference ${show(difference.value)} ${intervalText(difference, show)}`;
  };
  const { value, high } = metrics[key]!.difference;
  targets.add(
    `less throughput or fewer breaches than ${NAIVE}`,
    value < 0 && (high ?? 0) < 0,
    `throughput, MWh, ${told('throughputMwh')}; breaches ${told('soeBreaches')}`,
  );
}

/** Returns with the reward of the recipe, of the integers and of the float network. */
function frozenSeeds(suite: Suite, model: Model): FrozenSeed[] {
  const reward = model.recipe.args['reward'];
  const lived = suite.scenarios({ count: RETURN_SCENARIOS });
  const meanReturn = (policy: RunnablePolicy): number =>
    mean(
      lived.map(({ args, ...scenario }) => {
        const copy = scenarioCopy(suite.task, { ...scenario, args: { ...args, reward } });
        return liveEpisode(copy, artifactDecide(policy)).return;
      }),
    );
  return model.entries.map(({ from, artifact, float }, k) => ({
    seed: from,
    maxError: model.maxErrors[k]!,
    returns: { float: meanReturn(float!), frozen: meanReturn(artifact) },
  }));
}

export function judged(suite: Suite, { root, name, entries }: Model, count?: number): Promise<EvaluationDocument> {
  const store = resultFile(join(root, 'runs', `${name}-results.jsonl`), suite.id);
  return evaluateSuite(suite, entries, { command: 'npm run check:deep -- frequency --again', count, store });
}

function frozenBy({ freezing }: EvaluationDocument, key: string): string {
  return percent(most(freezing.map(({ metrics }) => metrics[key]!.change ?? 0)));
}

function errorText({ maxErrors }: Model): string {
  return `largest error of the integers ${percent(Math.max(...maxErrors))} of the output's range, of seed 1 ${percent(maxErrors[0]!)}`;
}

function named(contenders: readonly ContenderRecord[], name: string): ContenderRecord {
  return contenders.find((each) => each.name === name)!;
}

/** Mean with its interval. */
function shown({ summary }: ContenderRecord, key: string): string {
  const { value, low, high } = summary[key]!.mean;
  const isShare = key === 'errorMax' || key === 'paidShare';
  const text = (x: number): string => (isShare ? percent(x, 2) : x.toFixed(4));
  return low === undefined || high === undefined ? text(value) : `${text(value)} [${text(low)}, ${text(high)}]`;
}

function most(changes: readonly number[]): number {
  return Math.max(...changes.map(Math.abs));
}

function meanOf({ values }: ContenderRecord, key: string): number {
  return mean(values[key]!.map(mean));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, x) => total + x, 0);
}
