/**
 * The evidence for the frequency models: every seed of their recipes trained, frozen and lived through their suites beside
 * every baseline; the grids that the baselines were tuned by. A seed that stands finished in runs/<name>, made from the same
 * recipe, is taken as it is. The measured series is read from ../shared when it is there; without it regulation is judged on
 * synthetic series alone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRecipe, recipeDigest } from '../src/agents/recipe.ts';
import {
  frequencyArea1Suite,
  frequencyContainment,
  frequencyIeee14Suite,
  frequencyIeee14Unseen,
} from '../src/agents/suites/frequency.ts';
import { readGridFrequency, scaleToP99 } from '../src/env/series/gridFrequency.ts';
import { tuning } from './frequencyGrids.ts';
import { judged, judgeDelivery, judgeSecondary, type Model } from './frequencyJudge.ts';
import { cellText, suiteSection, type Fact, type Judged } from './frequencyTables.ts';
import { trainedSeeds } from './trainedSeeds.ts';

type Measured = ReturnType<typeof scaleToP99>;

const MEASURED = join('..', 'shared', 'data', 'grid-frequency', 'day-1s-first-half.csv');
/** Breaches are rare: forty blocks leave the interval open. */
const CONTAINMENT_BLOCKS = 120;

/** @throws whatever training and evaluation throw. */
export async function frequencyEvidence(root: string): Promise<Judged> {
  const secondary = await trained(root, 'frequency-ieee14');
  const regulation = await trained(root, 'frequency-area1');
  const containment = await trained(root, 'frequency-area1-containment');
  const parts = [
    await judgeSecondary(frequencyIeee14Suite, secondary, 'frequency-ieee14'),
    await showUnseen(secondary),
    await judgeMeasured(measuredSeries(root), regulation),
    await judgeDelivery(frequencyArea1Suite(), regulation, 'throughputMwh', { title: 'frequency-area1, synthetic' }),
    await judgeDelivery(frequencyContainment, containment, 'soeBreaches', {
      title: 'frequency-area1-containment',
      count: CONTAINMENT_BLOCKS,
    }),
    tuning(),
  ];
  return {
    facts: [...[secondary, regulation, containment].map(modelFact), ...parts.flatMap(({ facts }) => facts)].map(
      ([what, told]): Fact => [cellText(what), typeof told === 'string' ? cellText(told) : told],
    ),
    passed: parts.every(({ passed }) => passed),
    sections: [...howSection(), ...parts.flatMap(({ sections }) => sections)],
  };
}

function howSection(): string[] {
  return [
    'Machine data, base, buses, size and instant of the load step: `src/env/cases/ieee14Machines.ts`, told in',
    '[frequency.md](../reference/frequency.md#machines-on-a-network). Single tables by themselves, after training the seeds with',
    '`gridpact train train/NAME.toml --seeds LIST --out runs/NAME`:',
    '`gridpact evaluate runs/NAME/seed-* --suite SUITE`, with NAME and SUITE as in the headings below.',
    '',
  ];
}

async function trained(root: string, name: string): Promise<Model> {
  const recipe = await loadRecipe(join(root, 'train', `${name}.toml`));
  const seeds = await trainedSeeds(root, recipe);
  return {
    root,
    name,
    recipe,
    entries: seeds.map(({ entry }) => entry),
    maxErrors: seeds.map(({ maxError }) => maxError),
  };
}

function modelFact({ name, recipe, entries: [first] }: Model): Fact {
  return [
    name,
    `\`gridpact train train/${name}.toml --seed 1 --model models/${name}\`, recipe SHA-256 ${recipeDigest(recipe).slice(0, 16)}, seeds ${recipe.seeds.join(', ')}; seed 1 ships, \`${first!.artifact.cid}\``,
  ];
}

/** Other buses, sizes and inertia: shown, not judged. */
async function showUnseen(model: Model): Promise<Judged> {
  const document = await judged(frequencyIeee14Unseen, model);
  return { facts: [], passed: true, sections: suiteSection(document, 'frequency-ieee14-unseen, shown and not judged') };
}

async function judgeMeasured(measured: Measured | undefined, model: Model): Promise<Judged> {
  if (measured === undefined) return { facts: [['measured series', 'not there']], passed: true, sections: [] };
  const { series, factor } = measured;
  const title = 'frequency-area1, measured';
  const { facts, passed, sections } = await judgeDelivery(frequencyArea1Suite(series), model, 'throughputMwh', {
    title,
  });
  const told = `${(series.values.length / 3600).toFixed(1)} h at 1 s of a 60 Hz interconnection (GMLC battery_interface); deviations x ${factor.toFixed(4)}, so that p99 of |df| is 0.2 Hz, used as Hz`;
  return { facts: [['measured series', told], ...facts], passed, sections };
}

function measuredSeries(root: string): Measured | undefined {
  const file = join(root, MEASURED);
  return existsSync(file) ? scaleToP99(readGridFrequency(readFileSync(file, 'utf8')).series) : undefined;
}
