/**
 * Trains again what a card states, whole or from one checkpoint to the next, and compares digest by digest. The threshold
 * is zero: on the wasm backend one recipe and seed have one sequence of bytes.
 */
import { describeBackend } from '../backend.ts';
import { freezePolicy } from '../freeze/freeze.ts';
import { parameterDigest, type Progress } from '../learner.ts';
import { recipeDigest, type LoadedRecipe } from '../recipe.ts';
import type { CheckpointMark } from './runFolder.ts';
import { TrainingSession } from './session.ts';

/** What a card states of the training. */
export interface StatedTraining {
  readonly cid: string;
  readonly recipeDigest: string;
  readonly seed: number;
  readonly totalSteps: number;
  readonly wasmSha256: string | null;
  readonly parameterDigest: string;
  readonly checkpoints: readonly CheckpointMark[];
}

export interface Compared {
  /** `recipe`, `checkpoint 50`, `parameters`, `policy`. */
  readonly what: string;
  readonly expected: string;
  readonly got: string;
  readonly same: boolean;
}

export interface Segment {
  /** From checkpoint `index` (0: from the start) to the next, or to the end after the last. */
  readonly index: number;
  /** Text of that checkpoint; undefined for 0. */
  readonly from: string | undefined;
}

export interface Reproduction {
  /** In order; the last is the first that differed, if any did. */
  readonly compared: readonly Compared[];
  readonly same: boolean;
  readonly backend: string;
  /** Whether the wasm binary is the one of the card. Another may well compute the same bits: the other digests tell. */
  readonly sameWasm: boolean;
  /** Transitions lived again. */
  readonly steps: number;
}

export interface ReproduceOptions {
  readonly segment?: Segment | undefined;
  readonly onProgress?: (progress: Progress) => void | Promise<void>;
}

/** Stops at the first digest that differs. @throws what training throws; `train.checkpoint`. */
export async function reproduce(
  recipe: LoadedRecipe,
  stated: StatedTraining,
  { segment, onProgress }: ReproduceOptions = {},
): Promise<Reproduction> {
  const compared: Compared[] = [];
  const compare = (what: string, expected: string, got: string): boolean => {
    compared.push({ what, expected, got, same: expected === got });
    return expected === got;
  };
  const session = await TrainingSession.open(recipe, { ...stated, backend: 'wasm' });
  const { backend } = session;
  const outcome = (): Reproduction => ({
    compared,
    same: compared.every(({ same }) => same),
    backend: describeBackend(backend),
    sameWasm: stated.wasmSha256 === backend.wasmSha256,
    steps: session.made.steps - begun,
  });
  let begun = 0;
  try {
    if (!compare('recipe', stated.recipeDigest, recipeDigest(recipe))) return outcome();
    if (segment?.from !== undefined) session.restore(segment.from);
    begun = session.made.steps;
    const until = segment === undefined ? undefined : stated.checkpoints[segment.index];
    const marks = new Map(stated.checkpoints.map((mark) => [mark.update, mark.sha256]));
    while (!session.done) {
      const progress = session.update();
      await onProgress?.(progress);
      const expected = marks.get(progress.update);
      if (expected === undefined) continue;
      const same = compare(`checkpoint ${progress.update}`, expected, session.checkpoint().sha256);
      if (!same || progress.update === until?.update) return outcome();
    }
    const { policy, training } = session.result();
    if (!compare('parameters', stated.parameterDigest, parameterDigest(training.parameters))) return outcome();
    compare('policy', stated.cid, freezePolicy(policy).cid);
    return outcome();
  } finally {
    session.close();
  }
}
