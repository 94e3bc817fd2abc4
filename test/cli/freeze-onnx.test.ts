/** `gridpact freeze` of an ONNX file: the interface comes from a task or a model, the network from the file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freezePolicy } from '../../src/agents/freeze/freeze.ts';
import { isGridPactError } from '../../src/base/errors.ts';
import { readFloatInput, type FloatInput } from '../../src/cli/floatInput.ts';
import { floatDocument } from '../../src/cli/modelFiles.ts';
import { make } from '../../src/env/gym/registry.ts';
import { fitInput, fitOutput, type PolicyInterface } from '../../src/grid/interface.ts';
import { REPO_ROOT } from '../support/repo.ts';

const directory = mkdtempSync(join(tmpdir(), 'gridpact-onnx-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const FIXTURES = join(REPO_ROOT, 'test', 'fixtures', 'onnx');

const SHARED: PolicyInterface = {
  inputs: Array.from({ length: 8 }, (_, i) => fitInput(`in/${i}`, 'w', -1000, 1000)),
  outputs: [fitOutput('p', 'w', -5000, 5000), fitOutput('q', 'var', -5000, 5000)],
  envelopes: [],
  fallback: [0, 0].map(() => ({ si: 0, r: [0], y: [0], z: 0 })),
  state: [],
};

function model(): string {
  const layer = { inSize: 8, outSize: 2, weights: new Float32Array(16), bias: new Float32Array(2) };
  const document = floatDocument({ interface: SHARED, layers: [{ ...layer, activation: 'identity' }] });
  writeFileSync(join(directory, 'float.json'), JSON.stringify(document));
  return directory;
}

async function refused(path: string, given: FloatInput): Promise<string> {
  try {
    await readFloatInput(path, given);
  } catch (error) {
    if (isGridPactError(error)) return `${error.code} ${JSON.stringify(error.expected)}`;
    throw error;
  }
  return 'accepted';
}

describe('gridpact freeze of a policy trained elsewhere', () => {
  it('a 2x64 tanh policy of PyTorch freezes with the interface of a model', async () => {
    const { policy } = await readFloatInput(join(FIXTURES, 'tanh-opset13.onnx'), { interface: model() });
    expect(policy.interface).toEqual(SHARED);
    expect(policy.layers.map(({ outSize, activation }) => [outSize, activation])).toEqual([
      [64, 'tanh'],
      [64, 'tanh'],
      [2, 'identity'],
    ]);
    const { quantisation } = freezePolicy(policy, { points: 2000 });
    expect(quantisation.maxError).toBeLessThan(0.002);
  });

  it('an output is chosen where there are several, and what is left aside is told', async () => {
    const path = join(FIXTURES, 'actor-critic-opset17.onnx');
    expect(await refused(path, { interface: model() })).toMatch(/^onnx\.graph/);
    const { notes, policy } = await readFloatInput(path, { interface: model(), output: 'actions' });
    expect(policy.layers.at(-1)!.outSize).toBe(2);
    expect(notes.join('; ')).toContain('values');
  });

  it('the interface may be that of a task; another number of inputs is refused', async () => {
    const task = 'voltage-ieee33-v1';
    const { inputs, outputs } = make(task).copy.port.policy;
    const expected = JSON.stringify({ inputs: inputs.length, outputs: outputs.length });
    expect(await refused(join(FIXTURES, 'tanh-opset13.onnx'), { interface: task })).toBe(`onnx.interface ${expected}`);
  });

  it('refuses an ONNX file without an interface, an interface that there is not, and either for a float.json', async () => {
    const path = join(FIXTURES, 'tanh-opset13.onnx');
    expect(await refused(path, {})).toMatch(/^cli\.usage .*--interface/);
    expect(await refused(path, { interface: 'nowhere' })).toMatch(/^cli\.usage .*voltage-ieee33-v1/);
    const own = join(model(), 'float.json');
    expect(await refused(own, { interface: 'voltage-ieee33-v1' })).toMatch(/^cli\.usage .*ONNX/);
    expect(await refused(own, { output: 'actions' })).toMatch(/^cli\.usage .*ONNX/);
    expect(readFileSync(own, 'utf8')).toContain('gridpact-float/1');
  });
});
