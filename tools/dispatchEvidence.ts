/**
 * The evidence for `dispatch-home` and `dispatch-feeder`: every seed of their recipes trained, frozen and lived through
 * their suites beside every baseline, homes one by one. A seed that stands finished in runs/<name>, made from the same
 * recipe, is taken as it is. Homes of the CityLearn challenge 2022, phase 1, are read from ../shared when they are there.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EvaluationDocument } from '../src/agents/evaluation/document.ts';
import { evaluateSuite, type Entry } from '../src/agents/evaluation/evaluate.ts';
import { resultFile } from '../src/agents/evaluation/resultFile.ts';
import type { Suite } from '../src/agents/evaluation/suite.ts';
import { loadRecipe } from '../src/agents/recipe.ts';
import { dispatchFeederSuite } from '../src/agents/suites/dispatchFeeder.ts';
import { dispatchHomeSuite } from '../src/agents/suites/dispatchHome.ts';
import { readHomes } from '../src/cli/homesInput.ts';
import type { HomeSeries } from '../src/env/series/home.ts';
import { syntheticHome } from '../src/env/series/syntheticHome.ts';
import { feederTables, homeTables, type Judged } from './dispatchTables.ts';
import { trainedSeeds } from './trainedSeeds.ts';

const CITYLEARN = 'CityLearn challenge';
const HOMES = join('..', 'shared', 'data', 'citylearn-2022-phase-1');
/** At day-ahead prices, as many. */
const DAY_AHEAD_HOMES = 4;
const DAY_AHEAD_SEED = 8001;

/** @throws whatever training and evaluation throw. */
export async function dispatchEvidence(root: string): Promise<Judged> {
  const homes = await trained(root, 'dispatch-home');
  const feeder = await trained(root, 'dispatch-feeder');
  const folder = join(root, HOMES);
  const given = existsSync(folder) ? (await readHomes(folder)).homes : undefined;
  const parts: Judged[] = [];
  if (given === undefined) parts.push({ facts: [[CITYLEARN, 'not there']], passed: true, sections: [] });
  else parts.push(await homesOf(root, await dispatchHomeSuite(given), homes, `${CITYLEARN} 2022 phase 1`));
  parts.push(await homesOf(root, await dispatchHomeSuite(), homes, 'Synthetic homes'));
  const dayAhead = Array.from({ length: DAY_AHEAD_HOMES }, (_, k) => dayAheadHome(k));
  parts.push(await homesOf(root, await dispatchHomeSuite(dayAhead), homes, 'Day-ahead prices, no target'));
  parts.push(feederTables(await judged(root, await dispatchFeederSuite(), feeder, 'days')));
  return {
    facts: parts.flatMap(({ facts }) => facts),
    passed: parts.every(({ passed }) => passed),
    sections: [...commands(homes, feeder), ...parts.flatMap(({ sections }) => sections)],
  };
}

async function homesOf(root: string, suite: Suite, entries: readonly Entry[], what: string): Promise<Judged> {
  return homeTables(await judged(root, suite, entries, what), what, !what.endsWith('no target'));
}

/** Of homes that no recipe draws: other seeds. */
function dayAheadHome(k: number): HomeSeries {
  const year = { day: 0, days: 365, stepMs: 3600000, exportShare: 0 };
  return syntheticHome({ ...year, seed: DAY_AHEAD_SEED + k, home: k, tariff: 'day-ahead' });
}

function judged(root: string, suite: Suite, entries: readonly Entry[], what: string): Promise<EvaluationDocument> {
  const store = resultFile(join(root, 'runs', `${suite.id}-results.jsonl`), `${suite.id} ${what}`);
  return evaluateSuite(suite, entries, { command: 'npm run check:deep -- dispatch --again', store });
}

async function trained(root: string, name: string): Promise<readonly Entry[]> {
  const seeds = await trainedSeeds(root, await loadRecipe(join(root, 'train', `${name}.toml`)));
  return seeds.map(({ entry }) => entry);
}

/** What makes the figures by hand. */
function commands(homes: readonly Entry[], feeder: readonly Entry[]): readonly string[] {
  const folders = (entries: readonly Entry[]): string => entries.map(({ from }) => from).join(' ');
  return [
    '## Commands',
    '',
    '```sh',
    'gridpact train train/dispatch-home.toml --seeds 1-5 --out runs/dispatch-home',
    `gridpact evaluate ${folders(homes)} --homes ${HOMES}`,
    `gridpact evaluate ${folders(homes)} --suite dispatch-home`,
    'gridpact train train/dispatch-feeder.toml --seeds 1-5 --out runs/dispatch-feeder',
    `gridpact evaluate ${folders(feeder)} --suite dispatch-feeder`,
    '```',
    '',
  ];
}
