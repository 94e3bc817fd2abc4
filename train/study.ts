/**
 * Runs the study of a recipe and writes its evidence.
 *
 *   npx tsx train/study.ts [--recipe train/voltage-ieee33.json] [--seeds 5] [--days 20] [--tuning-days 12]
 *                          [--all-days 60] [--steps N] [--coarse] [--out docs/evidence/voltage-ieee33] [--fresh]
 *
 * Everything is seeded. What is finished (a tuning, a seed) is kept under .cache/study and taken up again by the next
 * run of the same study; --fresh forgets it. --steps and --coarse make a smaller study that says so in its title.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { toHex, utf8 } from '../src/base/bytes.ts';
import { sha256 } from '../src/base/hash.ts';
import { DROOP_GRIDS, tuneDroop, type DroopGrid, type DroopKind, type Tuning } from '../src/agents/baselines/tune.ts';
import { describeBackend } from '../src/agents/backend.ts';
import { EVALUATION_DEFAULTS, evaluateDays, floatPolicyFunction, policyController } from '../src/agents/evaluate.ts';
import { freezePolicy } from '../src/agents/freeze/freeze.ts';
import { formatProgress, parameterDigest } from '../src/agents/ppo.ts';
import { loadRecipe, recipeDigest, trainFromRecipe, type Recipe } from '../src/agents/recipe.ts';
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
    steps: { type: 'string' },
    coarse: { type: 'boolean', default: false },
    out: { type: 'string', default: 'docs/evidence/voltage-ieee33' },
    fresh: { type: 'boolean', default: false },
  },
});

const log = (line: string): void => void process.stderr.write(`${line}\n`);

const recipe = await loadRecipe(values.recipe);
const totalSteps = values.steps === undefined ? recipe.ppo.totalSteps : Number(values.steps);
const evaluation = { scale: recipe.args.scale ?? EVALUATION_DEFAULTS.scale };
const cache = join('.cache', 'study', studyKey(recipe));
if (values.fresh) await rm(cache, { recursive: true, force: true });
await mkdir(cache, { recursive: true });

log(`study of ${recipe.name} (${recipeDigest(recipe).slice(0, 16)}), kept in ${cache}`);
const days = await kept('days', () => ({
  hard: hardDays('test', Number(values.days), evaluation),
  tuning: hardDays('train', Number(values['tuning-days']), evaluation),
  all: Array.from({ length: Number(values['all-days']) }, (_, i) => testDay(i)),
}));
const tunings = {
  oneStep: await tuning('one-step'),
  fixedPoint: await tuning('fixed-point'),
};
const baselines = studyBaselines(tunings.oneStep, tunings.fixedPoint).map((controller) =>
  evaluateBaseline(controller, days, evaluation),
);
const seeds: (StudySeed & { readonly backend: string })[] = [];
for (let seed = 1; seed <= Number(values.seeds); seed++) {
  seeds.push(await kept(`seed-${seed}`, () => trainAndEvaluate(seed)));
}

const document: StudyDocument = {
  format: 'gridpact-study/1',
  complete: totalSteps === recipe.ppo.totalSteps && !values.coarse,
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
  return kept(`tuning-${kind}-${shortDigest(grid)}`, () => {
    log(`tuning ${kind} droop on ${days.tuning.length} training days`);
    return tuneDroop(kind, days.tuning, evaluation, grid);
  });
}

async function trainAndEvaluate(seed: number): Promise<StudySeed & { readonly backend: string }> {
  const { policy, training } = await trainFromRecipe(recipe, {
    seed,
    totalSteps,
    onProgress: (p) => {
      if (p.update % 10 === 1 || p.update === p.updates) log(`seed ${seed}  ${formatProgress(p)}`);
    },
  });
  const frozen = freezePolicy(policy);
  await writeFile(join(cache, `seed-${seed}.policy`), frozen.bytes);
  const integer = frozenController('policy', frozen);
  const float = policyController('float', VOLTAGE_INTERFACE, floatPolicyFunction(policy));
  return {
    seed,
    cid: frozen.cid,
    parameterDigest: parameterDigest(training.parameters),
    trainingSeconds: training.seconds,
    steps: training.steps,
    backend: describeBackend(training.backend),
    hard: evaluateDays(days.hard, integer, evaluation),
    all: evaluateDays(days.all, integer, evaluation),
    floatHard: evaluateDays(days.hard, float, evaluation),
  };
}

/** The same study: recipe, steps, days, and what the task and the evaluation default to. */
function studyKey(chosen: Recipe): string {
  const { fresh: _fresh, out: _out, seeds: _seeds, ...asked } = values;
  return shortDigest([recipeDigest(chosen), asked, EVALUATION_DEFAULTS, VOLTAGE_INTERFACE]);
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
