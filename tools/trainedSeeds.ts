/** Every seed of a recipe, trained and frozen in runs/<name>/seed-N: what stands finished there, of the same recipe, is taken as it is. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../src/agents/evaluation/evaluate.ts';
import { recipeDigest, recipeDocument, type Recipe } from '../src/agents/recipe.ts';
import { readLog } from '../src/agents/training/runFolder.ts';
import { readCard, readFloatPolicy } from '../src/cli/modelFiles.ts';
import { trainAll, type TrainJob } from '../src/cli/trainCrew.ts';
import { loadArtifact } from '../src/contracts/policy/codec.ts';

export interface TrainedSeed {
  readonly seed: number;
  readonly entry: Entry;
  readonly steps: number;
  /** Of training, by the clock. */
  readonly seconds: number;
  /** Largest error of freezing, share of the range of an output. */
  readonly maxError: number;
}

/** @throws whatever training throws. */
export async function trainedSeeds(root: string, recipe: Recipe): Promise<readonly TrainedSeed[]> {
  const jobs: TrainJob[] = [];
  for (const seed of recipe.seeds) {
    const folder = folderOf(root, recipe, seed);
    if (!(await isFinished(folder, recipe, seed))) jobs.push(jobOf(root, recipe, seed, folder));
  }
  await trainAll(jobs);
  return Promise.all(recipe.seeds.map((seed) => readSeed(root, recipe, seed)));
}

function folderOf(root: string, { name }: Recipe, seed: number): string {
  return join(root, 'runs', name, `seed-${seed}`);
}

function jobOf(root: string, recipe: Recipe, seed: number, folder: string): TrainJob {
  // A run that was cut off has no card yet.
  const resume = existsSync(join(folder, 'run.json')) && !existsSync(join(folder, 'card.json'));
  const start = { folder, directory: join(root, 'train'), seed };
  return {
    recipe: recipeDocument(recipe),
    start,
    resume,
    keep: undefined,
    untilSteps: undefined,
    freeze: true,
    score: undefined,
  };
}

async function isFinished(folder: string, recipe: Recipe, seed: number): Promise<boolean> {
  if (!existsSync(join(folder, 'card.json'))) return false;
  const { training } = await readCard(join(folder, 'card.json'));
  return training.recipeDigest === recipeDigest(recipe) && training.seed === seed;
}

async function readSeed(root: string, recipe: Recipe, seed: number): Promise<TrainedSeed> {
  const folder = folderOf(root, recipe, seed);
  const { training, freeze } = await readCard(join(folder, 'card.json'));
  const artifact = loadArtifact(readFileSync(join(folder, 'policy.cbor')));
  const float = await readFloatPolicy(join(folder, 'float.json'));
  const from = `runs/${recipe.name}/seed-${seed}`;
  return {
    seed,
    entry: { name: recipe.name, from, artifact, float },
    steps: training.steps,
    seconds: readLog(join(folder, 'log.jsonl')).at(-1)!.seconds,
    maxError: freeze.maxError,
  };
}
