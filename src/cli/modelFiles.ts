/**
 * A model on disk: `policy.cbor` (the artifact, all that a ledger needs), `float.json` (the network it was frozen
 * from), `card.json` and `card.md` (what it is, how it was made, how it did), and `checkpoint.json.gz` (the last state of
 * its training before the end, so that `gridpact reproduce --segment last` can be quick).
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { FREEZE_VERSION, type FrozenPolicy } from '../agents/freeze/freeze.ts';
import { FIXED_ONE, type FloatPolicy } from '../agents/freeze/floatPolicy.ts';
import { describeBackend } from '../agents/backend.ts';
import { parameterDigest } from '../agents/learner.ts';
import { recipeDocument, type Recipe } from '../agents/recipe.ts';
import type { CheckpointMark } from '../agents/training/runFolder.ts';
import type { TrainedPolicy } from '../agents/training/session.ts';
import { fail } from '../base/errors.ts';
import type { Activation } from '../contracts/policy/artifact.ts';
import type { PolicyInterface } from '../grid/interface.ts';
import { makeNamedDirectory, readJsonFile, writeNamedFile } from './files.ts';

export interface FloatDocument {
  readonly format: 'gridpact-float/1';
  readonly interface: PolicyInterface;
  readonly layers: readonly {
    readonly inSize: number;
    readonly outSize: number;
    readonly activation: Activation;
    readonly weights: readonly number[];
    readonly bias: readonly number[];
  }[];
  /** Rows of normalised integers, x * 32768, that the scales were fitted to; may be absent. */
  readonly calibration?: readonly number[];
  /** i32 [actions][outputs]: of a policy that chooses. */
  readonly actionTable?: readonly number[];
}

/**
 * Everything in a card is a function of recipe and seed: two machines can compare cards byte for byte. Fields stay where
 * they are within one format. How the model did stands beside it, in evaluation.json, and what it is for in about.json.
 */
export interface ModelCard {
  readonly format: 'gridpact-card/2';
  readonly name: string;
  readonly cid: string;
  readonly bytes: number;
  readonly gas: number;
  readonly task: string;
  readonly training: {
    /** Its name; the whole of it is `recipe` below. */
    readonly recipe: string;
    readonly recipeDigest: string;
    readonly algorithm: string;
    readonly seed: number;
    /** Transitions lived: those asked for, rounded up to whole updates. */
    readonly steps: number;
    readonly totalSteps: number;
    readonly backend: string;
    /** Of the wasm binary that computed the gradients; null on another backend. */
    readonly wasmSha256: string | null;
    /** On the wasm backend alone does the same seed give the same bytes elsewhere. */
    readonly reproducible: boolean;
    readonly parameterDigest: string;
    /** In order; the digests that `reproduce` compares. */
    readonly checkpoints: readonly CheckpointMark[];
  };
  readonly freeze: {
    readonly version: string;
    /** Shares of the output's rated range. */
    readonly maxError: number;
    readonly meanError: number;
    readonly bound: number;
    readonly points: number;
    /** Observations of training episodes among the points, that the scales were fitted to. */
    readonly calibrationRows: number;
  };
  readonly selfTest: { readonly vec4096: string; readonly vec65536: string };
  /** As trained: defaults filled in. */
  readonly recipe: Recipe;
}

export function modelCard(
  trained: TrainedPolicy,
  checkpoints: readonly CheckpointMark[],
  frozen: FrozenPolicy,
): ModelCard {
  const { training, recipe, recipeDigest, policy } = trained;
  const { maxError, meanError, bound, points } = frozen.quantisation;
  const rows = (policy.calibration?.length ?? 0) / policy.interface.inputs.length;
  return {
    format: 'gridpact-card/2',
    name: recipe.name,
    cid: frozen.cid,
    bytes: frozen.bytes.length,
    gas: frozen.artifact.gas,
    task: recipe.task,
    training: {
      recipe: recipe.name,
      recipeDigest,
      algorithm: recipe.algorithm,
      seed: training.seed,
      steps: training.steps,
      totalSteps: trained.totalSteps,
      backend: describeBackend(training.backend),
      wasmSha256: training.backend.wasmSha256 ?? null,
      reproducible: training.backend.name === 'wasm',
      parameterDigest: parameterDigest(training.parameters),
      checkpoints,
    },
    freeze: { version: FREEZE_VERSION, maxError, meanError, bound, points, calibrationRows: rows },
    selfTest: { vec4096: frozen.vec4096, vec65536: frozen.vec65536 },
    recipe: recipeDocument(recipe),
  };
}

/** @throws `cli.file` when it is not a card of this format. */
export async function readCard(path: string): Promise<ModelCard> {
  const card = (await readJsonFile(path)) as Partial<ModelCard> | null;
  if (card?.format !== 'gridpact-card/2') {
    throw fail('cli.file', { expected: 'a model card, format gridpact-card/2', got: `${path} (${card?.format})` });
  }
  const wrong = wrongOf(card);
  if (wrong !== undefined) throw fail('cli.file', { expected: `a model card: ${wrong}`, got: path });
  return card as ModelCard;
}

/** What a card lacks of what is read from it. */
function wrongOf({ cid, training, recipe }: Partial<Record<keyof ModelCard, unknown>>): string | undefined {
  const stated = Object(training) as Partial<Record<keyof ModelCard['training'], unknown>>;
  const isText = (value: unknown): boolean => typeof value === 'string';
  const marks: unknown[] | undefined = Array.isArray(stated.checkpoints) ? stated.checkpoints : undefined;
  const rules: readonly (readonly [string, boolean])[] = [
    ['cid: text', isText(cid)],
    ['training.recipe: a name', isText(stated.recipe) && /^[a-z0-9-]{1,64}$/.test(String(stated.recipe))],
    ['training.recipeDigest: text', isText(stated.recipeDigest)],
    ['training.parameterDigest: text', isText(stated.parameterDigest)],
    ['training.backend: text', isText(stated.backend)],
    ['training.reproducible: true or false', typeof stated.reproducible === 'boolean'],
    ['training.seed: an integer', Number.isSafeInteger(stated.seed)],
    ['training.totalSteps: an integer', Number.isSafeInteger(stated.totalSteps)],
    ['training.checkpoints: a list of update, steps and sha256', marks?.every(isMark) === true],
    ['recipe: a table', typeof recipe === 'object' && recipe !== null],
  ];
  return rules.find(([, kept]) => !kept)?.[0];
}

function isMark(value: unknown): boolean {
  const { update, steps, sha256 } = Object(value) as Partial<Record<keyof CheckpointMark, unknown>>;
  return Number.isSafeInteger(update) && Number.isSafeInteger(steps) && typeof sha256 === 'string';
}

export function floatDocument({ layers, interface: shared, calibration, actionTable }: FloatPolicy): FloatDocument {
  return {
    format: 'gridpact-float/1',
    interface: shared,
    layers: layers.map(({ inSize, outSize, activation, weights, bias }) => ({
      inSize,
      outSize,
      activation,
      weights: Array.from(weights),
      bias: Array.from(bias),
    })),
    ...(calibration === undefined ? {} : { calibration: Array.from(calibration, (x) => Math.round(x * FIXED_ONE)) }),
    ...(actionTable === undefined ? {} : { actionTable: Array.from(actionTable) }),
  };
}

/** @throws `cli.file` when it is not a float policy; the freeze checks the network itself. */
export async function readFloatPolicy(path: string): Promise<FloatPolicy> {
  const document = await readJsonFile(path);
  if (!isFloatDocument(document)) {
    throw fail('cli.file', { expected: 'a float policy, format gridpact-float/1', got: path });
  }
  const { calibration, actionTable } = document;
  return {
    interface: document.interface,
    layers: document.layers.map((layer) => ({
      ...layer,
      weights: Float32Array.from(layer.weights),
      bias: Float32Array.from(layer.bias),
    })),
    ...(calibration === undefined ? {} : { calibration: Float32Array.from(calibration, (x) => x / FIXED_ONE) }),
    ...(actionTable === undefined ? {} : { actionTable: Int32Array.from(actionTable) }),
  };
}

const ACTIVATIONS: readonly Activation[] = ['relu', 'hardtanh', 'tanh', 'identity'];

/** The lists are there and hold what can be read as numbers; what the numbers are is judged by the freeze. */
function isFloatDocument(value: unknown): value is FloatDocument {
  const {
    format,
    interface: shared,
    layers,
    calibration,
    actionTable,
  } = Object(value) as Partial<Record<string, unknown>>;
  const { inputs, outputs, envelopes, fallback, state } = Object(shared) as Partial<Record<string, unknown>>;
  return (
    format === 'gridpact-float/1' &&
    [inputs, outputs, state].every((list) => isListOf(list)) &&
    isListOf(layers, 'weights', 'bias') &&
    (layers as { activation: unknown }[]).every(({ activation }) => ACTIVATIONS.includes(activation as Activation)) &&
    isListOf(envelopes, 'r', 'l', 'h') &&
    isListOf(fallback, 'r', 'y') &&
    (calibration === undefined || isNumbers(calibration)) &&
    (actionTable === undefined || isNumbers(actionTable))
  );
}

function isNumbers(list: unknown): boolean {
  return Array.isArray(list) && list.every((x) => typeof x === 'number');
}

/** A list of objects, the named fields of each a list of numbers. */
function isListOf(value: unknown, ...fields: readonly string[]): boolean {
  const isItem = (item: unknown): boolean =>
    typeof item === 'object' &&
    item !== null &&
    fields.every((name) => isNumbers((item as Record<string, unknown>)[name]));
  return Array.isArray(value) && value.every(isItem);
}

export async function writeModel(
  directory: string,
  policy: FloatPolicy,
  frozen: FrozenPolicy,
  card: ModelCard,
): Promise<void> {
  await makeNamedDirectory(directory);
  await writeNamedFile(join(directory, 'policy.cbor'), frozen.bytes);
  await writeNamedFile(join(directory, 'float.json'), `${JSON.stringify(floatDocument(policy))}\n`);
  // Last and whole: a folder with a card is a finished one.
  const part = join(directory, 'card.json.part');
  await writeNamedFile(part, `${JSON.stringify(card, null, 2)}\n`);
  await rename(part, join(directory, 'card.json'));
}
