/** What ships under models/ is what its card says, and can be frozen and loaded again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freezePolicy } from '../../src/agents/freeze/freeze.ts';
import { loadRecipe, recipeDigest } from '../../src/agents/recipe.ts';
import { readFloatPolicy, type ModelCard } from '../../src/cli/modelFiles.ts';
import { loadArtifact } from '../../src/contracts/policy/codec.ts';
import { vectorDigests } from '../../src/contracts/policy/vectors.ts';
import { VOLTAGE_INTERFACE } from '../../src/env/tasks/voltageInterface.ts';
import { CARDS, cardPage } from '../../tools/modelCard.ts';
import { REPO_ROOT } from '../support/repo.ts';

describe.each(CARDS)('models/%s', (name) => {
  const directory = join(REPO_ROOT, 'models', name);
  const bytes = new Uint8Array(readFileSync(join(directory, 'policy.cbor')));
  const card = JSON.parse(readFileSync(join(directory, 'card.json'), 'utf8')) as ModelCard;
  const artifact = loadArtifact(bytes);

  it('has the CID, size, cost and self-test vectors of its card', () => {
    const digests = vectorDigests(artifact);
    expect({ cid: artifact.cid, bytes: bytes.length, gas: artifact.gas, selfTest: digests }).toEqual({
      cid: card.cid,
      bytes: card.bytes,
      gas: card.gas,
      selfTest: card.selfTest,
    });
  });

  it('is what freezing its float network gives, within 0.1 % of the output range', async () => {
    const frozen = freezePolicy(await readFloatPolicy(join(directory, 'float.json')));
    expect(frozen.cid).toBe(card.cid);
    expect(frozen.quantisation.maxError).toBe(card.freeze.maxError);
    expect(frozen.quantisation.maxError).toBeLessThanOrEqual(0.001);
  });

  it('was made by the recipe that stands in train/ today', async () => {
    const recipe = await loadRecipe(join(REPO_ROOT, 'train', `${card.training.recipe}.json`));
    expect(recipeDigest(recipe)).toBe(card.training.recipeDigest);
    expect(recipe.task).toBe(card.task);
  });

  it('sees and moves what its task defines', () => {
    expect(artifact.interface).toEqual(VOLTAGE_INTERFACE);
  });

  it('has a card.md that says what card.json and the study say', async () => {
    expect(readFileSync(join(directory, 'card.md'), 'utf8')).toBe(await cardPage(name));
  });
});
