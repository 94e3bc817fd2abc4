import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { freezePolicy } from '../../agents/freeze/freeze.ts';
import type { Action } from '../command.ts';
import type { TrainFlags } from '../commands/train.ts';
import { makeNamedDirectory, writeNamedFile } from '../files.ts';
import { modelCard, writeModel } from '../modelFiles.ts';
import { lastLine, readRecipe, trainWithProgress } from '../training.ts';
import { count, percent } from '../ui/format.ts';
import { facts } from '../ui/table.ts';

export const train: Action<TrainFlags, [recipe: string]> = async (report, flags, recipePath) => {
  const recipe = await readRecipe(recipePath);
  await makeNamedDirectory(flags.out);
  const log = join(flags.out, 'log.jsonl');
  await writeNamedFile(log, '');
  const trained = await trainWithProgress(report, recipe, {
    seed: flags.seed,
    ...(flags.steps === undefined ? {} : { totalSteps: flags.steps }),
    ...(flags.backend === undefined ? {} : { backend: flags.backend }),
    onUpdate: (progress) => appendFileSync(log, `${JSON.stringify(progress)}\n`),
  });
  report.note(lastLine(trained));
  const frozen = freezePolicy(trained.policy);
  const card = modelCard(trained, recipe.task, frozen);
  await writeModel(flags.out, trained.policy, frozen, card);
  report.text(
    ...facts([
      ['policy', frozen.cid],
      ['size', `${count(frozen.bytes.length)} bytes, gas ${count(card.gas)}`],
      [
        'quantisation',
        `at most ${percent(card.freeze.maxError, 4)} of the output range, on ${count(card.freeze.points)} points`,
      ],
      ['backend', card.training.backend],
      ['seconds', trained.training.seconds.toFixed(1)],
      ['written', flags.out],
    ]),
  );
  report.document({
    ...card,
    training: { ...card.training },
    freeze: { ...card.freeze },
    selfTest: { ...card.selfTest },
  });
};
