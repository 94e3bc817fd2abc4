/** Files written by PyTorch (test/fixtures/onnx/make.py): what is read answers as PyTorch did, and freezes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createExecutor } from '../../../../src/contracts/policy/execute.ts';
import { freezePolicy } from '../../../../src/agents/freeze/freeze.ts';
import { FIXED_ONE, FloatNetwork } from '../../../../src/agents/freeze/floatPolicy.ts';
import { importOnnx, onnxPolicy, type OnnxNetwork } from '../../../../src/agents/freeze/onnx/importOnnx.ts';
import { fitInput, fitOutput, scaleOutput, type PolicyInterface } from '../../../../src/grid/interface.ts';
import { REPO_ROOT } from '../../../support/repo.ts';

const FOLDER = join(REPO_ROOT, 'test', 'fixtures', 'onnx');
const json = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
const { x: observations, inputs: INPUTS } = json('observations.json') as { x: number[]; inputs: number };
const { networks } = json('outputs.json') as { networks: Record<string, { files: string[]; output: number[] }> };
const ROWS = observations.length / INPUTS;
const OUTPUTS = 2;
const RATED = 20000;

/** A raw value is the normalised one; outputs are 20 kW from end to end. */
const shared: PolicyInterface = {
  inputs: Array.from({ length: INPUTS }, (_, i) => fitInput(`in.${i}`, 'idx', -32767, 32767)),
  outputs: Array.from({ length: OUTPUTS }, (_, d) => fitOutput(`out.${d}`, 'w', -RATED / 2, RATED / 2)),
  envelopes: [],
  fallback: Array.from({ length: OUTPUTS }, () => ({ si: 0, r: [0], y: [0], z: 0 })),
  state: [],
};

/** The output of those that have several. */
const CHOSEN: Readonly<Record<string, string>> = {
  'actor-critic-opset17': 'actions',
  'actor-critic-dynamo': 'actions',
  'shared-trunk-opset17': 'action',
  'shared-trunk-dynamo': 'action',
};

function load(name: string): OnnxNetwork {
  const output = CHOSEN[name];
  return importOnnx(readFileSync(join(FOLDER, `${name}.onnx`)), output === undefined ? {} : { output });
}

const row = (n: number): Int32Array => Int32Array.from(observations.slice(n * INPUTS, (n + 1) * INPUTS));
const files = Object.values(networks).flatMap(({ files: names, output }) =>
  names.map((name) => [name, output] as const),
);

describe('ONNX files written by PyTorch', () => {
  it('are eleven, of six operator sets, from both exporters', () => {
    expect(files.map(([name]) => load(name).opset).sort((a, b) => a - b)).toEqual([
      10, 13, 17, 17, 17, 17, 17, 18, 18, 18, 20,
    ]);
    expect(files.filter(([name]) => name.includes('dynamo'))).toHaveLength(4);
  });

  it.each(files)('%s: the float network answers within 1e-6', (name, output) => {
    const float = onnxPolicy(load(name), shared);
    const network = new FloatNetwork(float);
    const issued = new Int32Array(OUTPUTS);
    let worst = 0;
    for (let n = 0; n < ROWS; n++) {
      network.run(row(n), 0, issued);
      network.activations.at(-1)!.forEach((u, d) => {
        const torch = output[n * OUTPUTS + d]!;
        // Beyond +-1, where the head clamps, relative: float32 has no finer digits there.
        worst = Math.max(worst, Math.abs(u - torch) / Math.max(1, Math.abs(torch)));
      });
    }
    expect(worst).toBeLessThan(1e-6);
    expect(worst, 'PyTorch computes in float32').toBeGreaterThan(0);
  });

  it.each(files)('%s: the frozen integers stay within the bound of the freeze', (name, output) => {
    const frozen = freezePolicy(onnxPolicy(load(name), shared), { points: 2000 });
    const executor = createExecutor(frozen.artifact);
    const issued = new Int32Array(OUTPUTS);
    let worst = 0;
    for (let n = 0; n < ROWS; n++) {
      executor.run(row(n), 0, issued);
      issued.forEach((p, d) => {
        const torch = scaleOutput(shared.outputs[d]!, output[n * OUTPUTS + d]! * FIXED_ONE);
        worst = Math.max(worst, Math.abs(p - torch) / RATED);
      });
    }
    const { bound, maxError } = frozen.quantisation;
    // A watt for the rounding of PyTorch's own float32 on its way to an integer.
    expect(worst).toBeLessThanOrEqual(bound + 1 / RATED);
    expect(maxError).toBeLessThan(0.002);
  });

  it('are read as what they are', () => {
    const shape = (name: string): string[] => load(name).layers.map((l) => `${l.inSize}-${l.outSize} ${l.activation}`);
    expect(shape('tanh-dynamo')).toEqual(['8-64 tanh', '64-64 tanh', '64-2 identity']);
    expect(shape('relu-clip-opset17')).toEqual(['8-64 relu', '64-64 relu', '64-2 hardtanh']);
    expect(shape('hardtanh-opset10')).toEqual(['8-16 hardtanh', '16-16 hardtanh', '16-2 tanh']);
    expect(shape('actor-critic-opset17')).toEqual(['8-32 tanh', '32-32 tanh', '32-2 hardtanh']);
    expect(shape('shared-trunk-opset17')).toEqual(['8-16 relu', '16-2 tanh']);
  });

  it('both exporters give the same network', () => {
    for (const [a, b] of [
      ['tanh-opset13', 'tanh-dynamo'],
      ['relu-clip-opset17', 'relu-clip-dynamo'],
      ['actor-critic-opset17', 'actor-critic-dynamo'],
      ['shared-trunk-opset17', 'shared-trunk-dynamo'],
    ] as const) {
      expect(load(a).layers).toEqual(load(b).layers);
    }
  });

  it('say in notes what was rounded, folded or left aside', () => {
    expect(load('float64-opset17').notes).toContain('0.weight: float64, rounded to float32');
    expect(load('clip2-opset17').notes[0]).toMatch(/bound 2 folded/);
    expect(load('actor-critic-opset17').notes).toEqual(['values: not used', 'log_prob: not used']);
    expect(load('tanh-opset13').notes).toEqual([]);
  });

  it('an interface with another number of inputs or outputs is refused', () => {
    const narrow = { ...shared, inputs: shared.inputs.slice(1) };
    expect(() => onnxPolicy(load('tanh-opset13'), narrow)).toThrow(/onnx\.interface.*"inputs":7.*"inputs":8/);
    const single = { ...shared, outputs: shared.outputs.slice(1) };
    expect(() => onnxPolicy(load('tanh-opset13'), single)).toThrow(/onnx\.interface/);
  });
});
