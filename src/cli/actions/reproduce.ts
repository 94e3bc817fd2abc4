import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  reproduce as trainAgain,
  type Compared,
  type Reproduction,
  type Segment,
} from '../../agents/training/reproduce.ts';
import { checkpointName, readCheckpointFile } from '../../agents/training/runFolder.ts';
import { parseRecipe, type LoadedRecipe } from '../../agents/recipe.ts';
import { cidOf } from '../../base/cid.ts';
import { fail } from '../../base/errors.ts';
import type { Action } from '../command.ts';
import type { ReproduceFlags } from '../commands/reproduce.ts';
import { EXIT, type ExitStatus } from '../failure.ts';
import { readBytesFile } from '../files.ts';
import { readCard, type ModelCard } from '../modelFiles.ts';
import { MODEL_CHECKPOINT } from '../trainedModel.ts';
import { readRecipe, shippedRecipe, trainingBar } from '../training.ts';
import { count, short } from '../ui/format.ts';
import type { Json, Reporter } from '../ui/output.ts';
import { facts, table } from '../ui/table.ts';

export const reproduce: Action<ReproduceFlags, [model: string]> = async (report, flags, model) => {
  const card = await readCard(join(model, 'card.json'));
  if (!card.training.reproducible) return notReproducible(report, card);
  const segment = chooseSegment(card, flags, model);
  const recipe = await findRecipe(card, flags, model);
  const artifact = await comparedArtifact(card, model);
  if (artifact.some(({ same }) => !same)) {
    const untrained = { same: false, backend: 'none: nothing was trained', sameWasm: true, steps: 0 };
    return tell(report, card, segment, { ...untrained, compared: artifact });
  }
  const result = await trainAgain(
    recipe,
    { ...card.training, cid: card.cid },
    { segment, onProgress: trainingBar(report, 'training', card.training.totalSteps) },
  );
  return tell(report, card, segment, { ...result, compared: [...artifact, ...result.compared] });
};

/** The artifact that a ledger would be given is the one that the card states; nothing where it is not in the folder. */
async function comparedArtifact({ cid }: ModelCard, model: string): Promise<Compared[]> {
  const path = join(model, 'policy.cbor');
  if (!existsSync(path)) return [];
  const got = cidOf(await readBytesFile(path));
  return [{ what: 'policy.cbor', expected: cid, got, same: got === cid }];
}

/** T4: another backend rounds differently, and its own builds among themselves. */
function notReproducible(report: Reporter, { cid, training: { backend } }: ModelCard): ExitStatus {
  report.text(
    ...facts([
      ['policy', cid],
      ['backend', backend],
      ['result', 'not reproducible: not made on wasm'],
    ]),
  );
  report.document({ cid, reproducible: false, same: false, compared: [], backend });
  return EXIT.no;
}

/** The recipe that is trained: a file if there is one, so that a change of it shows, else what the card holds. */
async function findRecipe(card: ModelCard, flags: ReproduceFlags, model: string): Promise<LoadedRecipe> {
  const beside = ['recipe.toml', 'recipe.json'].map((name) => join(model, name));
  const named = flags.recipe ?? [...beside, shippedRecipe(card.training.recipe)].find((path) => existsSync(path));
  if (named !== undefined) return readRecipe(named);
  return parseRecipe(card.recipe, { file: join(model, 'card.json'), directory: model });
}

/** @throws `cli.usage` for a segment that the card has not, or whose first checkpoint is not at hand. */
function chooseSegment({ training }: ModelCard, flags: ReproduceFlags, model: string): Segment | undefined {
  const { checkpoints } = training;
  const { segment, checkpoints: folder } = flags;
  if (segment === undefined) return undefined;
  const index = segment === 'last' ? checkpoints.length : segment;
  if (index === 0) return { index, from: undefined };
  const mark = checkpoints[index - 1];
  if (mark === undefined) {
    throw fail('cli.usage', {
      expected: `--segment 0 to ${checkpoints.length}, as the card has checkpoints`,
      got: index,
    });
  }
  const name = checkpointName(mark.update);
  const folders = folder === undefined ? [model] : [folder];
  const paths = folders.flatMap((at) => [join(at, name), join(at, 'checkpoints', name), join(at, MODEL_CHECKPOINT)]);
  for (const path of paths) {
    const text = readCheckpointFile(path, mark.sha256);
    if (text !== undefined) return { index, from: text };
  }
  const there = paths.filter((path) => existsSync(path));
  throw fail('cli.usage', {
    expected: `checkpoint ${mark.update} with SHA-256 ${mark.sha256} (--checkpoints names the folder)`,
    got: there.length === 0 ? `none of ${paths.join(', ')}` : `another digest in ${there.join(', ')}`,
  });
}

function tell(report: Reporter, card: ModelCard, segment: Segment | undefined, result: Reproduction): ExitStatus {
  const { compared, same, backend, sameWasm, steps } = result;
  const first = compared.find((item) => !item.same);
  const rows = compared.map(({ what, expected, got, same: equal }) => [
    what,
    short(expected),
    equal ? 'same' : `DIFFERENT: ${short(got)}`,
  ]);
  report.text(
    ...table([{ title: 'digest' }, { title: 'card' }, { title: 'trained again' }], rows),
    '',
    ...facts([
      [
        'trained',
        `${count(steps)} transitions, ${segment === undefined ? 'the whole run' : `segment ${segment.index}`}`,
      ],
      ['backend', `${backend}${sameWasm ? '' : ', another binary than the card names'}`],
      ['result', first === undefined ? 'the same bytes' : `different; first: ${first.what}`],
    ]),
  );
  report.document({
    cid: card.cid,
    reproducible: true,
    same,
    segment: segment?.index ?? null,
    first: first?.what ?? null,
    compared: compared as unknown as Json,
    steps,
    backend,
    sameWasm,
  });
  return same ? EXIT.ok : EXIT.no;
}
