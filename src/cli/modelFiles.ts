/**
 * A model on disk: `policy.cbor` (the artifact, all that a ledger needs), `float.json` (the network it was frozen
 * from), `card.json` and `card.md` (what it is, how it was made, how it did).
 */
import { join } from 'node:path';
import { FREEZE_VERSION, type FrozenPolicy } from '../agents/freeze/freeze.ts';
import type { FloatPolicy } from '../agents/freeze/floatPolicy.ts';
import { describeBackend } from '../agents/backend.ts';
import { parameterDigest } from '../agents/learner.ts';
import type { TrainedPolicy } from '../agents/recipe.ts';
import { fail } from '../base/errors.ts';
import type { PolicyInterface } from '../grid/interface.ts';
import { makeNamedDirectory, readJsonFile, writeNamedFile } from './files.ts';

export interface FloatDocument {
  readonly format: 'gridpact-float/1';
  readonly interface: PolicyInterface;
  readonly layers: readonly {
    readonly inSize: number;
    readonly outSize: number;
    readonly activation: FloatPolicy['layers'][number]['activation'];
    readonly weights: readonly number[];
    readonly bias: readonly number[];
  }[];
}

export interface ModelCard {
  readonly format: 'gridpact-card/1';
  readonly name: string;
  readonly cid: string;
  readonly bytes: number;
  readonly gas: number;
  readonly task: string;
  readonly training: {
    readonly recipe: string;
    readonly recipeDigest: string;
    readonly seed: number;
    readonly steps: number;
    readonly backend: string;
    readonly parameterDigest: string;
  };
  readonly freeze: {
    readonly version: string;
    /** Shares of the output's rated range. */
    readonly maxError: number;
    readonly meanError: number;
    readonly bound: number;
    readonly points: number;
  };
  readonly selfTest: { readonly vec4096: string; readonly vec65536: string };
}

/** Everything in a card is a function of recipe and seed: two machines can compare cards byte for byte. */
export function modelCard(trained: TrainedPolicy, task: string, frozen: FrozenPolicy): ModelCard {
  const { training, recipe, recipeDigest } = trained;
  const { maxError, meanError, bound, points } = frozen.quantisation;
  return {
    format: 'gridpact-card/1',
    name: recipe,
    cid: frozen.cid,
    bytes: frozen.bytes.length,
    gas: frozen.artifact.gas,
    task,
    training: {
      recipe,
      recipeDigest,
      seed: training.seed,
      steps: training.steps,
      backend: describeBackend(training.backend),
      parameterDigest: parameterDigest(training.parameters),
    },
    freeze: { version: FREEZE_VERSION, maxError, meanError, bound, points },
    selfTest: { vec4096: frozen.vec4096, vec65536: frozen.vec65536 },
  };
}

function floatDocument(policy: FloatPolicy): FloatDocument {
  return {
    format: 'gridpact-float/1',
    interface: policy.interface,
    layers: policy.layers.map(({ inSize, outSize, activation, weights, bias }) => ({
      inSize,
      outSize,
      activation,
      weights: Array.from(weights),
      bias: Array.from(bias),
    })),
  };
}

/** @throws `cli.file` when it is not a float policy; the freeze checks the network itself. */
export async function readFloatPolicy(path: string): Promise<FloatPolicy> {
  const document = await readJsonFile(path);
  if (!isFloatDocument(document)) {
    throw fail('cli.file', { expected: 'a float policy, format gridpact-float/1', got: path });
  }
  return {
    interface: document.interface,
    layers: document.layers.map((layer) => ({
      ...layer,
      weights: Float32Array.from(layer.weights),
      bias: Float32Array.from(layer.bias),
    })),
  };
}

/** The lists are there and hold what can be read as numbers; what the numbers are is judged by the freeze. */
function isFloatDocument(value: unknown): value is FloatDocument {
  const { format, interface: shared, layers } = Object(value) as Partial<Record<string, unknown>>;
  const { inputs, outputs, envelopes, fallback, state } = Object(shared) as Partial<Record<string, unknown>>;
  return (
    format === 'gridpact-float/1' &&
    [inputs, outputs, state].every((list) => isListOf(list)) &&
    isListOf(layers, 'weights', 'bias') &&
    isListOf(envelopes, 'r', 'l', 'h') &&
    isListOf(fallback, 'r', 'y')
  );
}

/** A list of objects, the named fields of each a list of numbers. */
function isListOf(value: unknown, ...fields: readonly string[]): boolean {
  const isNumbers = (list: unknown): boolean => Array.isArray(list) && list.every((x) => typeof x === 'number');
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
  await writeNamedFile(join(directory, 'card.json'), `${JSON.stringify(card, null, 2)}\n`);
}
