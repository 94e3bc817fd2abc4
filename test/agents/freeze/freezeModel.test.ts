/** gridfreeze/2: what ships stays within its gate, same bytes every time, refusals that say why, fine-tuning. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../../src/base/errors.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { distil } from '../../../src/agents/freeze/fineTune.ts';
import type { FloatPolicy } from '../../../src/agents/freeze/floatPolicy.ts';
import { FREEZE_VERSION_2, freezeModel, type FreezeModelOptions } from '../../../src/agents/freeze/freezeModel.ts';
import { readFloatPolicy } from '../../../src/cli/modelFiles.ts';
import { loadArtifact } from '../../../src/contracts/policy/codec.ts';
import { REPO_ROOT } from '../../support/repo.ts';
import { plainInterface, randomFloatPolicy } from './floats.ts';

function refusal(policy: FloatPolicy, options: FreezeModelOptions): { code: string; got: unknown } {
  try {
    freezeModel(policy, options);
  } catch (error) {
    if (isGridPactError(error)) return { code: error.code, got: error.got };
    throw error;
  }
  return { code: 'accepted', got: undefined };
}

/** Units 8 and 9 do the same and their weights of +-300 take it away again: nothing but a loss of resolution. */
function twins(): FloatPolicy {
  const policy = randomFloatPolicy(RandomStream.fromSeed(3, 'twins'), [3, 10, 1], 'relu', 1, 0.4);
  const [first, last] = [policy.layers[0]!, policy.layers[1]!];
  const weights = first.weights.slice();
  const bias = first.bias.slice();
  for (let i = 0; i < 3; i++) weights[27 + i] = weights[24 + i]! * 1.0001;
  bias[9] = bias[8]! * 1.0001;
  const out = last.weights.slice();
  out[8] = 300;
  out[9] = -300;
  return {
    ...policy,
    layers: [
      { ...first, weights, bias },
      { ...last, weights: out },
    ],
  };
}

describe('gridfreeze/2', () => {
  it.each([
    ['dispatch-home', 0.0001],
    ['voltage-ieee33', 0.0002],
  ])(
    'models/%s: error within %s of the range, bound within 30 times that',
    async (name, gate) => {
      const policy = await readFloatPolicy(join(REPO_ROOT, 'models', name, 'float.json'));
      const { quantisation } = freezeModel(policy, { points: 4000, boxes: 200 });
      expect(quantisation.maxError).toBeLessThanOrEqual(gate);
      expect(quantisation.bound).toBeGreaterThanOrEqual(quantisation.maxError);
      expect(quantisation.bound).toBeLessThanOrEqual(30 * quantisation.maxError);
      expect(quantisation.saturation.hidden).toBe(0);
      expect(quantisation.layers).toHaveLength(policy.layers.length);
    },
    20000,
  );

  it.each(['relu', 'tanh', 'hardtanh'] as const)('random %s networks freeze and load', (hidden) => {
    const policy = randomFloatPolicy(RandomStream.fromSeed(0, 'freeze-model'), [6, 16, 16, 1], hidden);
    const frozen = freezeModel(policy, { points: 5000, boxes: 20 });
    expect(loadArtifact(frozen.bytes).cid).toBe(frozen.cid);
    expect(frozen.quantisation.maxError).toBeLessThan(0.0005);
    expect(frozen.quantisation.bound).toBeGreaterThanOrEqual(frozen.quantisation.maxError);
  });

  it('same policy and options, same bytes and figures; the calibration moves them', () => {
    const policy = randomFloatPolicy(RandomStream.fromSeed(1, 'freeze-model'), [4, 16, 16, 2]);
    const once = freezeModel(policy, { points: 3000, boxes: 100 });
    const again = freezeModel(policy, { points: 3000, boxes: 100 });
    expect([again.cid, again.quantisation]).toEqual([once.cid, once.quantisation]);
    const calibration = Float32Array.from({ length: 4 * 300 }, (_, k) => (((k * 977) % 401) - 200) / 400);
    expect(freezeModel(policy, { points: 3000, calibration }).cid).not.toBe(once.cid);
    expect(FREEZE_VERSION_2).toBe('gridfreeze/2');
  });

  it('without points every weight goes to its nearest integer', () => {
    const policy = randomFloatPolicy(RandomStream.fromSeed(1, 'freeze-model'), [2, 4, 1]);
    const { artifact } = freezeModel(policy, { points: 0 });
    expect(artifact.layers).toHaveLength(2);
  });

  it('deep and wide networks take seconds, not minutes', () => {
    const policy = randomFloatPolicy(RandomStream.fromSeed(2, 'freeze-model'), [20, 100, 16, 2]);
    const { quantisation } = freezeModel(policy, { points: 1000, boxes: 5 });
    expect(quantisation.bound).toBeGreaterThanOrEqual(quantisation.maxError);
  }, 30000);
});

describe('the gate', () => {
  it('refuses with output, error, bound, layer and remedy', () => {
    const policy = twins();
    const { code, got } = refusal(policy, { points: 3000, gate: { maxError: 0.001 } });
    expect(code).toBe('freeze.gate');
    expect(got).toMatchObject({ output: 'out.0', layerThatCostsMost: 1 });
    expect((got as { maxError: number }).maxError).toBeGreaterThan(0.001);
    expect((got as { remedy: string }).remedy).toMatch(/regulariser.*fineTune.*maxError/);
    const bound = refusal(policy, { points: 3000, gate: { maxError: 0.01, maxBound: 0.001 } });
    expect(bound.code).toBe('freeze.gate');
    expect((bound.got as { remedy: string }).remedy).toMatch(/boxes/);
    expect(refusal(policy, { points: 3000, gate: { maxError: 0.01, maxBound: 0.02 } }).code).toBe('accepted');
  });

  it('knows saturation: a head that is cut, and no hidden unit that is', () => {
    const steep: FloatPolicy = {
      layers: [
        { inSize: 1, outSize: 1, weights: Float32Array.of(8), bias: new Float32Array(1), activation: 'identity' },
      ],
      interface: plainInterface(1, 1),
    };
    const { saturation } = freezeModel(steep, { points: 4000 }).quantisation;
    expect(saturation.hidden).toBe(0);
    expect(saturation.head).toBeCloseTo(7 / 8, 1);
  });

  it('options out of bounds', () => {
    const policy = randomFloatPolicy(RandomStream.fromSeed(1, 'freeze-model'), [1, 1]);
    expect(refusal(policy, { points: -1 }).code).toBe('freeze.options');
    expect(refusal(policy, { boxes: 0 }).code).toBe('freeze.options');
  });
});

describe('fine-tuning', () => {
  const tune = distil({ epochs: 2 });

  it('brings a network that quantises badly within the gate, against the policy that was given', () => {
    const policy = twins();
    const plain = freezeModel(policy, { points: 5000 });
    const tuned = freezeModel(policy, { points: 5000, fineTune: { tune, above: 0.001 } });
    expect(plain.quantisation.maxError).toBeGreaterThan(0.001);
    expect(tuned.quantisation.fineTuned).toBe(true);
    expect(tuned.quantisation.maxError).toBeLessThan(plain.quantisation.maxError / 10);
    expect(tuned.quantisation.bound).toBeGreaterThanOrEqual(tuned.quantisation.maxError);
    const again = freezeModel(policy, { points: 5000, fineTune: { tune, above: 0.001 } });
    expect(again.cid).toBe(tuned.cid);
  });

  it('is not tried where the error is small, and not kept where it does not help', () => {
    const policy = randomFloatPolicy(RandomStream.fromSeed(4, 'freeze-model'), [3, 8, 1], 'relu', 0.8, 0.4);
    const untouched = freezeModel(policy, { points: 2000 });
    const asked = (above: number, ruin: number): string => {
      const spoil = (p: FloatPolicy): FloatPolicy => ({
        ...p,
        layers: p.layers.map((layer) => ({ ...layer, weights: layer.weights.map((w) => w * ruin) })),
      });
      return freezeModel(policy, { points: 2000, fineTune: { tune: spoil, above } }).cid;
    };
    expect(asked(0.01, 1.5)).toBe(untouched.cid);
    expect(asked(0, 1.5)).toBe(untouched.cid);
  });

  it.each(['tanh', 'hardtanh'] as const)('keeps what a %s network does while it learns', (hidden) => {
    const policy = randomFloatPolicy(RandomStream.fromSeed(6, 'freeze-model'), [2, 6, 1], hidden);
    const { quantisation } = freezeModel(policy, { points: 2000, fineTune: { tune, above: 0 } });
    expect(quantisation.maxError).toBeLessThan(0.0005);
  });
});
