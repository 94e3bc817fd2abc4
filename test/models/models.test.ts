/** What ships under models/ is what its card says, can be frozen and loaded again, and does what its evaluation says. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freezePolicy } from '../../src/agents/freeze/freeze.ts';
import { runnersOf } from '../../src/agents/evaluation/evaluate.ts';
import { loadRecipe, recipeDigest } from '../../src/agents/recipe.ts';
import { suiteIdFor, suiteOf } from '../../src/agents/suites/index.ts';
import { readCheckpointFile } from '../../src/agents/training/runFolder.ts';
import { readFloatPolicy } from '../../src/cli/modelFiles.ts';
import { MODEL_CHECKPOINT } from '../../src/cli/trainedModel.ts';
import { loadArtifact } from '../../src/contracts/policy/codec.ts';
import { vectorDigests } from '../../src/contracts/policy/vectors.ts';
import { cardPage, MODELS, readModel, recipeFile } from '../../tools/modelCard.ts';
import { REPO_ROOT } from '../support/repo.ts';

const FILES = ['about.json', 'card.json', 'card.md', MODEL_CHECKPOINT, 'evaluation.json', 'float.json', 'policy.cbor'];

describe.each(MODELS)('models/%s', (name) => {
  const directory = join(REPO_ROOT, 'models', name);

  it('has every file of a model', () => {
    expect(FILES.filter((file) => !existsSync(join(directory, file)))).toEqual([]);
  });

  it('has the CID, size, cost and self-test vectors of its card', () => {
    const { card } = readModel(name);
    const { artifact, bytes } = artifactOf(directory);
    const digests = vectorDigests(artifact);
    expect({ cid: artifact.cid, bytes: bytes.length, gas: artifact.gas, selfTest: digests }).toEqual({
      cid: card.cid,
      bytes: card.bytes,
      gas: card.gas,
      selfTest: card.selfTest,
    });
  });

  it('ships the last checkpoint of its card, no larger than 300 kB', () => {
    const last = readModel(name).card.training.checkpoints.at(-1)!;
    const path = join(directory, MODEL_CHECKPOINT);
    expect(readCheckpointFile(path, last.sha256)).toMatch(/^\{"format":"gridpact-checkpoint\/2"/);
    expect(statSync(path).size).toBeLessThan(300000);
  });

  it('is what freezing its float network gives', async () => {
    const { card } = readModel(name);
    const frozen = freezePolicy(await readFloatPolicy(join(directory, 'float.json')));
    expect(frozen.cid).toBe(card.cid);
    expect(frozen.quantisation.maxError).toBe(card.freeze.maxError);
  });

  it('was made by the recipe that stands in train/ today', async () => {
    const { card } = readModel(name);
    const recipe = await loadRecipe(join(REPO_ROOT, recipeFile(card.training.recipe)));
    expect(recipeDigest(recipe)).toBe(card.training.recipeDigest);
    expect(recipe.task).toBe(card.task);
  });

  it('says what it is for, on what data under which licence, and where it fails', () => {
    const { about } = readModel(name);
    expect(about.format).toBe('gridpact-about/1');
    for (const items of [about.intendedUse, about.data, about.holds, about.knownFailures]) {
      expect(items.length).toBeGreaterThan(0);
    }
    for (const { name: data, use, licence } of about.data) expect([data, use, licence].every(Boolean)).toBe(true);
  });

  it('was judged by its own suite, beside every baseline of it', async () => {
    const { card, evaluation } = readModel(name);
    const { artifact } = artifactOf(directory);
    expect(evaluation.suite.id).toBe(suiteIdFor(artifact.interface, { name: card.name, task: card.task }));
    const suite = await suiteOf(evaluation.suite.id);
    expect(evaluation.metrics).toEqual(suite.metrics);
    const others = evaluation.contenders.filter(({ kind }) => kind !== 'policy');
    expect(others.map(({ name: other, about }) => ({ name: other, about }))).toEqual(
      suite.baselines().map(({ name: other, about }) => ({ name: other, about })),
    );
    expect(evaluation.contenders.flatMap(({ policies }) => policies.map(({ cid }) => cid))).toContain(card.cid);
  });

  it('freezing changed no metric by more than 0.2 %, or 0.01 percentage points of a share', () => {
    const { card, evaluation } = readModel(name);
    const own = evaluation.freezing.find(({ cid }) => cid === card.cid)!;
    for (const [key, { within }] of Object.entries(own.metrics)) expect([key, within]).toEqual([key, true]);
  });

  it('repeats a scenario of its evaluation to the last bit', async () => {
    const { card, evaluation } = readModel(name);
    const { artifact } = artifactOf(directory);
    const suite = await suiteOf(evaluation.suite.id);
    const scenarios = suite.scenarios({ count: evaluation.scenarios.length });
    const s = scenarios.findIndex(({ id }) => id === evaluation.scenarios[0]!.id);
    const [first] = suite.baselines();
    const entry = { name: card.name, from: directory, artifact };
    for (const { contender } of runnersOf(suite, [entry], [first!.name])) {
      const lived = await contender.run(scenarios[s]!);
      const record = evaluation.contenders.find((each) => each.kind === contender.kind && each.values !== undefined && (contender.kind === 'policy' ? each.policies.some(({ cid }) => cid === card.cid) : each.name === contender.name))!;
      const at = Math.max(0, record.policies.findIndex(({ cid }) => cid === card.cid));
      for (const [key, rows] of Object.entries(record.values)) {
        expect([contender.name, key, lived[key]]).toEqual([contender.name, key, rows[at]![0]]);
      }
    }
  });

  it('has a card.md that says what the other files say', async () => {
    expect(readFileSync(join(directory, 'card.md'), 'utf8')).toBe(await cardPage(name));
  });
});

function artifactOf(directory: string) {
  const bytes = new Uint8Array(readFileSync(join(directory, 'policy.cbor')));
  return { bytes, artifact: loadArtifact(bytes) };
}
