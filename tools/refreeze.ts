/**
 * `npx tsx tools/refreeze.ts NAME...`: freezes models/NAME/float.json again, as training did, with the freeze of today, and
 * writes policy.cbor and what card.json says of it. The evaluation (and card.md after it) must then be made again:
 * `gridpact evaluate models/NAME --write models/NAME`, `npm run docs:cards`. One line a model: before, after.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FREEZE_VERSION, freezePolicy } from '../src/agents/freeze/freeze.ts';
import { readFloatPolicy, type ModelCard } from '../src/cli/modelFiles.ts';
import { REPO_ROOT } from '../test/support/repo.ts';

for (const name of process.argv.slice(2)) {
  const directory = join(REPO_ROOT, 'models', name);
  const cardPath = join(directory, 'card.json');
  const card = JSON.parse(readFileSync(cardPath, 'utf8')) as ModelCard;
  const { bytes, cid, artifact, quantisation, vec4096, vec65536 } = freezePolicy(
    await readFloatPolicy(join(directory, 'float.json')),
  );
  const { maxError, meanError, bound, points } = quantisation;
  const renewed: ModelCard = {
    ...card,
    cid,
    bytes: bytes.length,
    gas: artifact.gas,
    freeze: { ...card.freeze, version: FREEZE_VERSION, maxError, meanError, bound, points },
    selfTest: { vec4096, vec65536 },
  };
  writeFileSync(join(directory, 'policy.cbor'), bytes);
  writeFileSync(cardPath, `${JSON.stringify(renewed, null, 2)}\n`);
  const figures = ({ version, maxError: error, bound: most }: ModelCard['freeze']): string =>
    `${version} error ${(100 * error).toFixed(4)} % bound ${(100 * most).toFixed(3)} %`;
  process.stdout.write(`${name}  ${figures(card.freeze)}  ->  ${figures(renewed.freeze)}\n`);
}
