/**
 * The evidence for `stacked-ieee33`: every seed of its recipe, and of the same recipe with one service to sell, trained with
 * the same budget, frozen and lived through the suite beside every rule; and the tables that the rules were tuned by.
 */
import { join } from 'node:path';
import {
  CHARGES,
  DROOPS,
  INTEGRATORS,
  mostEarning,
  REGULATIONS,
  tuneStacked,
  type StackedCell,
  type StackedProduct,
} from '../src/agents/baselines/stacked/tune.ts';
import type { StackedRule } from '../src/agents/baselines/stacked/rules.ts';
import type { ContenderRecord, EvaluationDocument } from '../src/agents/evaluation/document.ts';
import { evaluateSuite } from '../src/agents/evaluation/evaluate.ts';
import { resultFile } from '../src/agents/evaluation/resultFile.ts';
import type { Suite } from '../src/agents/evaluation/suite.ts';
import { loadRecipe, recipeDigest, type Recipe } from '../src/agents/recipe.ts';
import { stackedIeee33Suite, stackedPolicy } from '../src/agents/suites/stacked.ts';
import { STACKED_SERVICES, type StackedService } from '../src/env/tasks/stackedIncome.ts';
import { mean, percent } from './figures.ts';
import { trainedSeeds, type TrainedSeed } from './trainedSeeds.ts';

type Fact = readonly [string, string | number];

const NAME = 'stacked-ieee33';
const TUNING_DAYS = 6;
/** What all services together must earn, of the best single-service policy and of the rule stack. */
const MARGIN = 1.15;
const RULE_STACK = 'rule stack';
const CELLS_SHOWN = 6;

/** @throws whatever training and evaluation throw. */
export async function stackedEvidence(root: string): Promise<{ facts: readonly Fact[]; passed: boolean }> {
  const recipe = await loadRecipe(join(root, 'train', `${NAME}.toml`));
  const stacked = await trainedSeeds(root, recipe);
  const singles = new Map<string, readonly TrainedSeed[]>();
  for (const service of STACKED_SERVICES)
    singles.set(nameOf(service), await trainedSeeds(root, selling(recipe, service)));
  const document = await judged(root, [...stacked, ...[...singles.values()].flat()]);
  const income = (name: string): number => {
    const { values } = document.contenders.find((each) => each.name === name)!;
    return mean(values['netIncome']!.flat());
  };
  const others = [...singles.keys(), RULE_STACK];
  const outOfBand = Math.max(...document.contenders[0]!.values['outOfBandShare']!.flat());
  const passed =
    others.every((name) => income(NAME) >= MARGIN * income(name)) &&
    outOfBand === 0 &&
    document.freezing.slice(0, stacked.length).every(({ metrics }) => metrics['netIncome']!.within);
  return {
    facts: [
      ['recipe', `train/${NAME}.toml, SHA-256 ${recipeDigest(recipe).slice(0, 16)}, seeds ${recipe.seeds.join(', ')}`],
      ['days', `${document.scenarios.length} test days, drawn; one list, one wear for all`],
      ...stacked.map((each, k) => seedFact(document, each, k)),
      ...document.contenders.map((each) => contenderFact(document, each)),
      ...others.map((name): Fact => [`against ${name}`, `${percent(income(NAME) / income(name) - 1)} more`]),
      ['greatest share of buses out of band on a day', percent(outOfBand)],
      freezingFact(document, stacked.length),
      ...tuningFacts(),
    ],
    passed,
  };
}

function nameOf(service: StackedService): string {
  return `${NAME}-${service}`;
}

/** The same recipe with one service. */
function selling(recipe: Recipe, service: StackedService): Recipe {
  return { ...recipe, name: nameOf(service), args: { ...recipe.args, services: [service] } };
}

function singleOf(name: string): readonly StackedService[] | undefined {
  const service = STACKED_SERVICES.find((each) => name.startsWith(nameOf(each)));
  return service === undefined ? undefined : [service];
}

/** Each policy sells what it was trained to sell. */
function judged(root: string, trained: readonly TrainedSeed[]): Promise<EvaluationDocument> {
  const suite: Suite = {
    ...stackedIeee33Suite,
    // By the beginning of the name: the float network of a policy has something behind it.
    policy: (name, policy) => stackedPolicy(name, policy, singleOf(name) ?? STACKED_SERVICES),
  };
  const store = resultFile(join(root, 'runs', NAME, 'results.jsonl'), suite.id);
  const entries = trained.map(({ entry }) => entry);
  return evaluateSuite(suite, entries, { command: `npm run check:deep -- ${NAME} --again`, store });
}

function seedFact(
  { contenders, freezing }: EvaluationDocument,
  { seed, steps, seconds, entry }: TrainedSeed,
  k: number,
): Fact {
  const days = contenders[0]!.values['netIncome']![k]!;
  const { float, frozen } = freezing[k]!.metrics['netIncome']!;
  const text = [
    `${mean(days).toFixed(2)} a day, worst day ${Math.min(...days).toFixed(2)}`,
    `float network ${float.toFixed(3)}, frozen ${frozen.toFixed(3)}`,
    `${steps} steps in ${seconds.toFixed(0)} s`,
    `\`${entry.artifact.cid.slice(-12)}\``,
  ];
  return [`seed ${seed}`, text.join('; ')];
}

function contenderFact({ metrics }: EvaluationDocument, { name, kind, about, values, summary }: ContenderRecord): Fact {
  const { value, low = value, high = value } = summary['netIncome']!.mean;
  const rest = metrics.slice(1).map(({ key, label, percent: share, digits }) => {
    const value = mean(values[key]!.flat());
    return `${label} ${share === true ? percent(value, digits) : value.toFixed(digits)}`;
  });
  const income = `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] a day`;
  return [`${kind} ${name}`, [income, ...rest, about].join('; ')];
}

function freezingFact({ freezing }: EvaluationDocument, seeds: number): Fact {
  const own = freezing.slice(0, seeds).map(({ metrics }) => metrics['netIncome']!);
  const changes = own.map(({ float, frozen }) => Math.abs(frozen / float - 1));
  return ['freezing changed', `net income by at most ${percent(Math.max(...changes), 4)}`];
}

function tuningFacts(): Fact[] {
  const containment: StackedProduct = 'dynamicContainment';
  const searches: readonly (readonly [string, readonly StackedRule[], StackedProduct])[] = [
    ['droop', DROOPS.map((voltVar) => ({ voltVar })), containment],
    ['integrator', INTEGRATORS.map((voltVar) => ({ voltVar })), containment],
    ['containment', CHARGES.map((charge) => ({ charge, reserveShare: 1 })), containment],
    ['energy', CHARGES.map((charge) => ({ charge })), containment],
    ['regulation', REGULATIONS, 'dynamicRegulation'],
  ];
  return searches.map(([name, rules, product]) => {
    const cells = [...tuneStacked(rules, TUNING_DAYS, product)].sort((a, b) => b.netIncome - a.netIncome);
    const shown = cells.slice(0, CELLS_SHOWN).map(cellText).join('; ');
    return [
      `tuning of ${name}`,
      `${cells.length} cells, ${TUNING_DAYS} training days; best ${cellText(mostEarning(cells))}; ${shown}`,
    ];
  });
}

function cellText({ rule, netIncome }: StackedCell): string {
  const parts = Object.entries({ ...rule.voltVar, ...rule.charge, reserveShare: rule.reserveShare ?? 0 });
  const text = parts.filter(([key]) => key !== 'kind').map(([key, value]) => `${key} ${value}`);
  return `${netIncome.toFixed(2)} (${text.join(', ')})`;
}
