/**
 * The evidence for `anm6-easy`: every seed of its recipe trained, frozen and lived through both suites beside every
 * baseline. A seed that stands finished in runs/anm6-easy, made from the same recipe, is taken as it is.
 */
import { join } from 'node:path';
import { evaluateSuite } from '../src/agents/evaluation/evaluate.ts';
import type { ContenderRecord, EvaluationDocument, FreezingRecord } from '../src/agents/evaluation/document.ts';
import { resultFile } from '../src/agents/evaluation/resultFile.ts';
import type { Suite } from '../src/agents/evaluation/suite.ts';
import { loadRecipe, recipeDigest } from '../src/agents/recipe.ts';
import { anm6Easy, anm6EasyDays } from '../src/agents/suites/anm6.ts';
import { mean, percent } from './figures.ts';
import { trainedSeeds, type TrainedSeed } from './trainedSeeds.ts';

type Fact = readonly [string, string | number];

const NAME = 'anm6-easy';
/** What the returns must be at least, on the mean and of the worst seed; what may be violated; how long a seed may take. */
const MEAN_RETURN = -30;
const WORST_SEED_RETURN = -45;
const VIOLATED_SHARE = 0.02;
const SEED_SECONDS = 1800;
/** Henry and Ernst, Energy and AI 5, 2021: best of their settings, mean over their starts. */
const PUBLISHED: readonly Fact[] = [
  ['published, gym-anm SAC', '-56.1 +- 26.8'],
  ['published, gym-anm PPO', '-93.6 +- 15.3'],
  ['published, gym-anm MPC, constant forecast', -129.1],
  ['published, gym-anm MPC, perfect forecast', -14.7],
];

/** @throws whatever training and evaluation throw. */
export async function anm6Evidence(root: string): Promise<{ facts: readonly Fact[]; passed: boolean }> {
  const recipe = await loadRecipe(join(root, 'train', `${NAME}.toml`));
  const trained = await trainedSeeds(root, recipe);
  const easy = await judged(root, anm6Easy, trained);
  const days = await judged(root, anm6EasyDays, trained);
  const rows = easy.contenders[0]!.values;
  const bySeed = rows['discountedReturn']!.map(mean);
  const violated = mean(rows['violatedShare']!.flat());
  const passed =
    mean(bySeed) >= MEAN_RETURN &&
    Math.min(...bySeed) >= WORST_SEED_RETURN &&
    violated <= VIOLATED_SHARE &&
    easy.freezing.every(isWithin) &&
    trained.every(({ seconds }) => seconds <= SEED_SECONDS);
  return {
    facts: [
      ['recipe', `train/${NAME}.toml, SHA-256 ${recipeDigest(recipe).slice(0, 16)}, seeds ${recipe.seeds.join(', ')}`],
      [
        'starts',
        `${easy.scenarios.length} drawn as in gym-anm, ${String(easy.scenarios[0]!.args['episodeSteps'])} steps each`,
      ],
      ...trained.map((each, k) => seedFact(easy, each, k)),
      ...easy.contenders.map(contenderFact),
      ...PUBLISHED,
      ['other days', days.suite.title],
      ...trained.map((each, k) => seedFact(days, each, k)),
      ...days.contenders.map(contenderFact),
      ...[easy, days].map(freezingFact),
    ],
    passed,
  };
}

function judged(root: string, suite: Suite, trained: readonly TrainedSeed[]): Promise<EvaluationDocument> {
  const entries = trained.map(({ entry }) => entry);
  const store = resultFile(join(root, 'runs', NAME, 'results.jsonl'), suite.id);
  return evaluateSuite(suite, entries, { command: `npm run check:deep -- ${NAME} --again`, store });
}

function seedFact({ contenders, freezing, suite }: EvaluationDocument, trained: TrainedSeed, k: number): Fact {
  const { values } = contenders[0]!;
  const returns = values['discountedReturn']![k]!;
  const change = freezing[k]!.metrics['discountedReturn']!;
  const text = [
    `return ${mean(returns).toFixed(2)}, worst start ${Math.min(...returns).toFixed(2)}`,
    `${percent(mean(values['violatedShare']![k]!))} of steps in violation`,
    `float network ${change.float.toFixed(3)}, frozen ${change.frozen.toFixed(3)}`,
    `${trained.steps} steps in ${trained.seconds.toFixed(0)} s`,
    `\`${trained.entry.artifact.cid.slice(-12)}\``,
  ];
  return [`${suite.id}, seed ${trained.seed}`, text.join('; ')];
}

function contenderFact({ name, kind, about, summary }: ContenderRecord): Fact {
  const { value, low, high } = summary['discountedReturn']!.mean;
  const interval = low === undefined || high === undefined ? '' : ` [${low.toFixed(2)}, ${high.toFixed(2)}]`;
  const text = [
    `return ${value.toFixed(2)}${interval}, worst ${summary['discountedReturn']!.worst.toFixed(2)}`,
    `${percent(summary['violatedShare']!.mean.value)} of steps in violation, 100 Phi ${summary['penalty']!.mean.value.toFixed(4)} a step`,
    `dE ${summary['lossMwh']!.mean.value.toFixed(1)} MWh a day`,
    about,
  ];
  return [`${kind} ${name}`, text.join('; ')];
}

function freezingFact({ suite, freezing }: EvaluationDocument): Fact {
  const kept = freezing.filter(isWithin).length;
  return [
    `${suite.id}, freezing`,
    `return within 0.2 % and steps in violation within 0.01 points of the float network: ${kept} of ${freezing.length} seeds`,
  ];
}

function isWithin({ metrics }: FreezingRecord): boolean {
  return ['discountedReturn', 'violatedShare'].every((key) => metrics[key]!.within);
}
