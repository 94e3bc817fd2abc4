/**
 * Runs the study of a recipe and writes its evidence.
 *
 *   npx tsx train/study.ts [--recipe train/voltage-ieee33.json] [--seeds 5] [--days 20] [--tuning-days 12]
 *                          [--all-days 60] [--first-test-day 300] [--steps N] [--coarse]
 *                          [--out docs/evidence/voltage-ieee33] [--fresh]
 *
 * Everything is seeded. What is finished (a tuning, a trained seed) is kept under .cache/study and taken up again by
 * the next run; --fresh forgets it. --steps and --coarse make a smaller study that says so in its title.
 * Test days start at the 300th of the test split: earlier ones were looked at while the recipe was made.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { toHex, utf8 } from '../src/base/bytes.ts';
import { sha256 } from '../src/base/hash.ts';
import {
  DROOP_GRIDS,
  tuneDroop,
  tuneOffset,
  type DroopGrid,
  type DroopKind,
  type Tuning,
} from '../src/agents/baselines/tune.ts';
import { describeBackend } from '../src/agents/backend.ts';
import { EVALUATION_DEFAULTS, evaluateDays, policyController } from '../src/agents/evaluate.ts';
import { floatPolicyFunction } from '../src/agents/freeze/floatFunction.ts';
import type { FloatLayer, FloatPolicy } from '../src/agents/freeze/floatPolicy.ts';
import { freezePolicy } from '../src/agents/freeze/freeze.ts';
import { formatProgress, parameterDigest } from '../src/agents/learner.ts';
import { loadRecipe, recipeDigest, recipeSteps, type Recipe } from '../src/agents/recipe.ts';
import { trainFromRecipe } from '../src/agents/training/session.ts';
import {
  evaluateBaseline,
  frozenController,
  hardDays,
  studyBaselines,
  studyTable,
  type StudySeed,
} from '../src/agents/study.ts';
import { testDay } from '../src/env/series/synthetic.ts';
import { VOLTAGE_INTERFACE } from '../src/env/tasks/voltageInterface.ts';
import { renderStudy, type StudyDocument } from './studyReport.ts';

const COARSE_GRID: DroopGrid = { vRefPu: [1, 1.015], deadbandPu: [0, 0.03], slope: [10, 80] };

const { values } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'train/voltage-ieee33.json' },
    seeds: { type: 'string', default: '5' },
    days: { type: 'string', default: '20' },
    'tuning-days': { type: 'string', default: '12' },
    'all-days': { type: 'string', default: '60' },
    'first-test-day': { type: 'string', default: '300' },
    steps: { type: 'string' },
    coarse: { type: 'boolean', default: false },
    out: { type: 'string', default: 'docs/evidence/voltage-ieee33' },
    fresh: { type: 'boolean', default: false },
  },
});

const log = (line: string): void => void process.stderr.write(`${line}\n`);

const recipe = await loadRecipe(values.recipe);
const totalSteps = values.steps === undefined ? recipeSteps(recipe) : Number(values.steps);
const evaluation = { scale: (recipe.args as { readonly scale?: number }).scale ?? EVALUATION_DEFAULTS.scale };
const firstTestDay = Number(values['first-test-day']);
const cache = join('.cache', 'study', studyKey(recipe));
if (values.fresh) await rm(cache, { recursive: true, force: true });
await mkdir(cache, { recursive: true });

log(`study of ${recipe.name} (${recipeDigest(recipe).slice(0, 16)}), kept in ${cache}`);
const days = {
  hard: hardDays('test', Number(values.days), evaluation, firstTestDay),
  tuning: hardDays('train', Number(values['tuning-days']), evaluation),
  all: Array.from({ length: Number(values['all-days']) }, (_, i) => testDay(firstTestDay + i)),
};
const tunings = {
  oneStep: await tuning('one-step'),
  fixedPoint: await tuning('fixed-point'),
  offset: tuneOffset(days.tuning, evaluation),
};
const tuned = {
  oneStep: tunings.oneStep.best.parameters,
  fixedPoint: tunings.fixedPoint.best.parameters,
  offset: tunings.offset.best.parameters,
};
const baselines = studyBaselines(tuned).map((controller) => evaluateBaseline(controller, days, evaluation));
const seeds: (StudySeed & { readonly backend: string })[] = [];
for (let seed = 1; seed <= Number(values.seeds); seed++) {
  seeds.push(evaluateSeed(await kept(`seed-${seed}-${totalSteps}`, () => train(seed))));
}

const document: StudyDocument = {
  format: 'gridpact-study/1',
  complete: totalSteps === recipeSteps(recipe) && !values.coarse,
  recipe: recipe.name,
  recipeDigest: recipeDigest(recipe),
  totalSteps,
  machine: { cpu: cpus()[0]?.model ?? 'unknown', node: process.version },
  days,
  tunings,
  seeds,
  baselines,
  table: studyTable(seeds, baselines),
};
await mkdir(dirname(values.out), { recursive: true });
await writeFile(`${values.out}.json`, `${JSON.stringify(document, null, 1)}\n`);
await writeFile(`${values.out}.md`, renderStudy(document));
log(`wrote ${values.out}.md and ${values.out}.json`);

function tuning(kind: DroopKind): Promise<Tuning> {
  const grid = values.coarse ? COARSE_GRID : DROOP_GRIDS[kind];
  return kept(`tuning-${kind}-${shortDigest([grid, days.tuning])}`, () => {
    log(`tuning ${kind} droop on ${days.tuning.length} training days`);
    return tuneDroop(kind, days.tuning, evaluation, grid);
  });
}

/** A trained seed as it is kept: enough to freeze and evaluate it again, to the bit. */
interface TrainedSeed {
  readonly seed: number;
  readonly parameterDigest: string;
  readonly trainingSeconds: number;
  readonly steps: number;
  readonly backend: string;
  readonly layers: readonly (Omit<FloatLayer, 'weights' | 'bias'> & { weights: number[]; bias: number[] })[];
}

async function train(seed: number): Promise<TrainedSeed> {
  const { training } = await trainFromRecipe(recipe, {
    seed,
    totalSteps,
    onProgress: (p) => {
      if (p.update % 10 === 1 || p.update === p.updates) log(`seed ${seed}  ${formatProgress(p)}`);
    },
  });
  return {
    seed,
    parameterDigest: parameterDigest(training.parameters),
    trainingSeconds: training.seconds,
    steps: training.steps,
    backend: describeBackend(training.backend),
    // A float32 survives JSON: it is written as the double it is.
    layers: training.layers.map((l) => ({ ...l, weights: Array.from(l.weights), bias: Array.from(l.bias) })),
  };
}

function evaluateSeed({ layers, ...trained }: TrainedSeed): StudySeed & { readonly backend: string } {
  const policy: FloatPolicy = {
    layers: layers.map((l) => ({ ...l, weights: Float32Array.from(l.weights), bias: Float32Array.from(l.bias) })),
    interface: VOLTAGE_INTERFACE,
  };
  const frozen = freezePolicy(policy);
  const integer = frozenController('policy', frozen);
  const float = policyController('float', VOLTAGE_INTERFACE, floatPolicyFunction(policy));
  return {
    ...trained,
    cid: frozen.cid,
    hard: evaluateDays(days.hard, integer, evaluation),
    all: evaluateDays(days.all, integer, evaluation),
    floatHard: evaluateDays(days.hard, float, evaluation),
  };
}

/** What a trained seed depends on beside its number of steps. */
function studyKey(chosen: Recipe): string {
  return shortDigest([recipeDigest(chosen), EVALUATION_DEFAULTS, VOLTAGE_INTERFACE]);
}

function shortDigest(value: unknown): string {
  return toHex(sha256(utf8(JSON.stringify(value)))).slice(0, 16);
}

async function kept<T>(name: string, make: () => T | Promise<T>): Promise<T> {
  const path = join(cache, `${name}.json`);
  const found = await readFile(path, 'utf8').catch(() => undefined);
  if (found !== undefined) {
    log(`${name}: taken from the last run`);
    return JSON.parse(found) as T;
  }
  const made = await make();
  await writeFile(path, JSON.stringify(made));
  return made;
}
