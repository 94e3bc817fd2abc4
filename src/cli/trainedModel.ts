/** From a finished run to its model: freeze, card, files. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freezePolicy } from '../agents/freeze/freeze.ts';
import type { TrainedRun } from '../agents/training/run.ts';
import { checkpointName } from '../agents/training/runFolder.ts';
import type { TrainedPolicy } from '../agents/training/session.ts';
import { modelCard, writeModel, type ModelCard } from './modelFiles.ts';

export interface FinishedRun {
  readonly run: TrainedRun;
  readonly card: ModelCard;
  readonly seconds: number;
}

export const MODEL_CHECKPOINT = 'checkpoint.json.gz';

/** Freezes what a run came to and writes the model into its folder, and into `also`. */
export async function finishRun(run: TrainedRun, trained: TrainedPolicy, also?: string): Promise<FinishedRun> {
  const frozen = freezePolicy(trained.policy);
  const card = modelCard(trained, run.checkpoints, frozen);
  await writeModel(run.folder, trained.policy, frozen, card);
  if (also !== undefined) {
    await writeModel(also, trained.policy, frozen, card);
    const last = run.checkpoints.at(-1);
    if (last !== undefined) {
      await copyFile(join(run.folder, 'checkpoints', checkpointName(last.update)), join(also, MODEL_CHECKPOINT));
    }
  }
  return { run, card, seconds: trained.training.seconds };
}
