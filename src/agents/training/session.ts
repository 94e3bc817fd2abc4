/** A recipe under training: a learner, where it stands, and what it takes to go on from there exactly. */
import { toHex, utf8 } from '../../base/bytes.ts';
import { fail } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import { makeVector } from '../../env/gym/registry.ts';
import type { EnvState } from '../../env/gym/types.ts';
import type { PolicyInterface } from '../../grid/interface.ts';
import { loadBackend, type Backend, type BackendRequest } from '../backend.ts';
import type { FloatLayer, FloatPolicy } from '../freeze/floatPolicy.ts';
import type { Learner, LearnerResult, Progress } from '../learner.ts';
import { recipeDigest, recipeSteps, type LoadedRecipe } from '../recipe.ts';
import { ALGORITHMS } from './algorithms.ts';
import { liveTraining } from './deterministic.ts';

export interface SessionOptions {
  readonly seed: number;
  /** Instead of the recipe's; another number of steps is another policy. */
  readonly totalSteps?: number | undefined;
  /** Instead of the recipe's. */
  readonly backend?: BackendRequest | undefined;
}

export interface TrainOptions extends SessionOptions {
  readonly onProgress?: (progress: Progress) => void | Promise<void>;
}

export interface TrainedPolicy {
  readonly policy: FloatPolicy;
  readonly training: LearnerResult;
  readonly recipe: LoadedRecipe;
  readonly recipeDigest: string;
  /** Asked for; what was lived is rounded up to whole updates. */
  readonly totalSteps: number;
}

/** Everything that decides the updates to come, as text, and its digest. */
export interface Checkpoint {
  readonly update: number;
  readonly steps: number;
  readonly text: string;
  /** Of the text, hex. */
  readonly sha256: string;
}

const CALIBRATION = { episodes: 4, seed: 1, rows: 512 };
const CHECKPOINT_FORMAT = 'gridpact-checkpoint/2';
const OLD_FORMAT = 'gridpact-checkpoint/1';

interface CheckpointDocument {
  readonly format: typeof CHECKPOINT_FORMAT;
  readonly recipeDigest: string;
  readonly seed: number;
  readonly totalSteps: number;
  readonly backend: string;
  readonly update: number;
  readonly steps: number;
  readonly learner: EnvState;
}

/** @throws `agents.backend`, `agents.ppo`, `agents.diverged`. */
export async function trainFromRecipe(recipe: LoadedRecipe, options: TrainOptions): Promise<TrainedPolicy> {
  const session = await TrainingSession.open(recipe, options);
  try {
    while (!session.done) {
      const progress = session.update();
      await options.onProgress?.(progress);
    }
    return session.result();
  } finally {
    session.close();
  }
}

export class TrainingSession {
  readonly recipe: LoadedRecipe;
  readonly recipeDigest: string;
  readonly seed: number;
  readonly totalSteps: number;
  /** As progress lines and cards have it, with what decides the bits. */
  readonly backend: Omit<Backend, 'tf'>;
  readonly #learner: Learner;
  readonly #interface: PolicyInterface;
  #update = 0;
  #steps = 0;

  /** @throws `agents.backend`, `agents.ppo`. */
  static async open(recipe: LoadedRecipe, { seed, totalSteps, backend }: SessionOptions): Promise<TrainingSession> {
    const chosen = await loadBackend(backend ?? recipe.backend);
    const env = makeVector(recipe.task, recipe.numEnvs, recipe.taskArgs);
    const run = { seed, totalSteps: totalSteps ?? recipeSteps(recipe), limits: recipe.limits };
    const learner = ALGORITHMS[recipe.algorithm].create(recipe[recipe.algorithm]!, run, env, chosen);
    const { tf: _tf, ...described } = chosen;
    return new TrainingSession(recipe, learner, env.copies[0]!.port.policy, run, described);
  }

  private constructor(
    recipe: LoadedRecipe,
    learner: Learner,
    policy: PolicyInterface,
    run: { readonly seed: number; readonly totalSteps: number },
    backend: Omit<Backend, 'tf'>,
  ) {
    this.recipe = recipe;
    this.recipeDigest = recipeDigest(recipe);
    this.seed = run.seed;
    this.totalSteps = run.totalSteps;
    this.backend = backend;
    this.#learner = learner;
    this.#interface = policy;
  }

  get done(): boolean {
    return this.#learner.done;
  }

  /** The policy as it stands, alone. */
  get layers(): readonly FloatLayer[] {
    return this.#learner.result().layers;
  }

  /** Updates made, and transitions lived. */
  get made(): { readonly update: number; readonly steps: number } {
    return { update: this.#update, steps: this.#steps };
  }

  update(): Progress {
    const progress = this.#learner.update();
    this.#update = progress.update;
    this.#steps = progress.steps;
    return progress;
  }

  checkpoint(): Checkpoint {
    const document: CheckpointDocument = {
      format: CHECKPOINT_FORMAT,
      recipeDigest: this.recipeDigest,
      seed: this.seed,
      totalSteps: this.totalSteps,
      // By name alone: binaries that compute the same bits make the same checkpoints.
      backend: this.backend.name,
      update: this.#update,
      steps: this.#steps,
      learner: this.#learner.getState(),
    };
    const text = JSON.stringify(document);
    return { update: this.#update, steps: this.#steps, text, sha256: toHex(sha256(utf8(text))) };
  }

  /** Goes on from a checkpoint of the same recipe, seed, number of steps and backend. @throws `train.checkpoint`. */
  restore(text: string): void {
    const document = readCheckpoint(text);
    const { recipeDigest: digest, seed, totalSteps, backend } = this;
    const own = { recipeDigest: digest, seed, totalSteps, backend: backend.name };
    for (const [name, value] of Object.entries(own)) {
      const stated = document[name as keyof typeof own];
      if (stated !== value) throw fail('train.checkpoint', { expected: `${name} ${value}`, got: stated });
    }
    this.#learner.setState(document.learner);
    this.#update = document.update;
    this.#steps = document.steps;
  }

  /** The policy as it stands, with what it sees in training episodes for the freeze to fit its scales to. */
  result(): TrainedPolicy {
    const training = this.#learner.result();
    const { observations } = liveTraining(this.recipe, training.layers, CALIBRATION);
    return {
      policy: { layers: training.layers, interface: this.#interface, calibration: observations },
      training,
      recipe: this.recipe,
      recipeDigest: this.recipeDigest,
      totalSteps: this.totalSteps,
    };
  }

  close(): void {
    this.#learner.close();
  }
}

function readCheckpoint(text: string): CheckpointDocument {
  let document: Partial<CheckpointDocument> | undefined;
  try {
    document = JSON.parse(text) as Partial<CheckpointDocument>;
  } catch (cause) {
    throw fail('train.checkpoint', { expected: CHECKPOINT_FORMAT, got: 'no JSON', cause });
  }
  if ((document?.format as string | undefined) === OLD_FORMAT) {
    const expected = `${CHECKPOINT_FORMAT}; states are written otherwise since ${OLD_FORMAT}, so train again from the start`;
    throw fail('train.checkpoint', { expected, got: OLD_FORMAT });
  }
  if (document?.format !== CHECKPOINT_FORMAT || typeof document.learner !== 'object') {
    throw fail('train.checkpoint', { expected: CHECKPOINT_FORMAT, got: document?.format ?? 'nothing' });
  }
  return document as CheckpointDocument;
}
