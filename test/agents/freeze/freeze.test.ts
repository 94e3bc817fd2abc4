/** Freezing float networks to integers: accuracy, determinism, refusals. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../../src/base/errors.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { uniform } from '../../../src/base/realMath.ts';
import { FIXED_ONE, FloatNetwork, type FloatLayer, type FloatPolicy } from '../../../src/agents/freeze/floatPolicy.ts';
import { FREEZE_VERSION, freezePolicy, type FreezeOptions } from '../../../src/agents/freeze/freeze.ts';
import type { Activation } from '../../../src/contracts/policy/artifact.ts';
import { errorBound } from '../../../src/agents/freeze/measure.ts';
import { quantise } from '../../../src/agents/freeze/quantise.ts';
import { buildPolicy, loadArtifact } from '../../../src/contracts/policy/codec.ts';
import { createExecutor } from '../../../src/contracts/policy/execute.ts';
import { vec4096, vec65536 } from '../../../src/contracts/policy/vectors.ts';
import { plainInterface, randomFloatPolicy } from './floats.ts';

function floatLayer(rows: readonly (readonly number[])[], bias: readonly number[], activation: Activation): FloatLayer {
  return {
    inSize: rows[0]!.length,
    outSize: rows.length,
    weights: Float32Array.from(rows.flat()),
    bias: Float32Array.from(bias),
    activation,
  };
}

function oneLayer(row: readonly number[], bias = 0, activation: Activation = 'identity'): FloatPolicy {
  return { layers: [floatLayer([row], [bias], activation)], interface: plainInterface(row.length, 1) };
}

function refusal(policy: FloatPolicy, options: FreezeOptions = { points: 10 }): { code: string; got: unknown } {
  try {
    freezePolicy(policy, options);
  } catch (error) {
    if (isGridPactError(error)) return { code: error.code, got: error.got };
    throw error;
  }
  return { code: 'accepted', got: undefined };
}

/** What the issue of the float policy is, computed apart from the code under test. */
function issuedWatts(u: number): number {
  const y = Math.min(Math.max(u * 32768, -32767), 32767);
  return Math.min(Math.max(Math.floor((y * 1280039) / 2097152 + 0.5), -20000), 20000);
}

describe('accuracy', () => {
  it.each([
    ['relu', 0.001],
    ['tanh', 0.0005],
    ['hardtanh', 0.0005],
  ] as const)('random 8-32-32-1 %s networks stay within the gate of 0.1 %%', (activation, gate) => {
    for (let seed = 0; seed < 2; seed++) {
      const policy = randomFloatPolicy(RandomStream.fromSeed(seed, 'freeze-test'), [8, 32, 32, 1], activation);
      const { quantisation } = freezePolicy(policy, { points: 20000 });
      expect(quantisation.maxError).toBeLessThanOrEqual(gate);
      expect(quantisation.maxError).toBeGreaterThan(0);
      expect(quantisation.meanError).toBeLessThan(quantisation.maxError / 2);
      expect(quantisation.bound).toBeGreaterThanOrEqual(quantisation.maxError);
      expect(quantisation.points).toBe(20000);
    }
  });

  it('a tame network (L1 of trained size) is within 0.03 %', () => {
    const policy = randomFloatPolicy(RandomStream.fromSeed(4, 'freeze-test'), [6, 64, 64, 2], 'relu', 0.8, 0.4);
    const { quantisation } = freezePolicy(policy, { points: 10000 });
    expect(quantisation.maxError).toBeLessThanOrEqual(0.0003);
  });

  it('weights that are whole powers of two freeze without any error', () => {
    const policy = oneLayer([0.5, -0.25], 0.125);
    const { quantisation, artifact } = freezePolicy(policy, { points: 5000 });
    expect(quantisation.maxError).toBeLessThanOrEqual(1 / 40000);
    const out = new Int32Array(1);
    createExecutor(artifact).inferNetwork(Int32Array.of(16384, -8192), out);
    expect(out[0]).toBe(issuedWatts(0.25 + 0.0625 + 0.125));
  });

  it('the bound holds and the artifact loads for any network that freezes', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const stream = RandomStream.fromSeed(seed, 'freeze-any');
        const widths = [
          1 + stream.below(5),
          ...Array.from({ length: stream.below(3) }, () => 1 + stream.below(8)),
          1 + stream.below(2),
        ];
        const hidden = (['relu', 'tanh', 'hardtanh'] as const)[stream.below(3)]!;
        const gain = [0.01, 1, 5][stream.below(3)]!;
        const frozen = freezePolicy(randomFloatPolicy(stream, widths, hidden, gain, gain), { points: 300 });
        expect(frozen.quantisation.bound).toBeGreaterThanOrEqual(frozen.quantisation.maxError);
        expect(loadArtifact(frozen.bytes).cid).toBe(frozen.cid);
      }),
      { numRuns: 20 },
    );
  }, 20000);

  it('the bound knows of a relu that is cut below what it can reach', () => {
    const layers = [floatLayer([[1]], [0], 'relu'), floatLayer([[0.5]], [0], 'identity')];
    const policy: FloatPolicy = { layers, interface: plainInterface(1, 1) };
    const quantised = quantise(policy, [Float64Array.of(0.25), Float64Array.of(Infinity)]);
    const parts = { layers: quantised.map(({ layer }) => layer), head: { kind: 'cont' } as const };
    const executor = createExecutor(buildPolicy({ interface: policy.interface, ...parts }));
    const out = new Int32Array(1);
    executor.inferNetwork(Int32Array.of(32767), out);
    const error = Math.abs(out[0]! - issuedWatts((0.5 * 32767) / 32768)) / 40000;
    expect(error).toBeCloseTo((0.5 * 0.75) / 2, 3);
    expect(errorBound(policy, quantised)).toBeGreaterThanOrEqual(error);
    expect(errorBound(policy, quantised)).toBeLessThan(1.01 * error);
  });

  it('saturates where the float policy does, on both sides', () => {
    const { artifact, quantisation } = freezePolicy(oneLayer([8], 0), { points: 2000 });
    const out = new Int32Array(1);
    for (const x of [-32767, -8192, -4096, 0, 4096, 8192, 32767]) {
      createExecutor(artifact).inferNetwork(Int32Array.of(x), out);
      expect(Math.abs(out[0]! - issuedWatts((8 * x) / 32768))).toBeLessThanOrEqual(1);
    }
    expect(quantisation.maxError).toBeLessThan(0.0001);
  });

  it.each(['tanh', 'hardtanh'] as const)('a last %s is kept', (activation) => {
    const policy = oneLayer([1.7, -0.9], 0.1, activation);
    const { quantisation, artifact } = freezePolicy(policy, { points: 5000 });
    expect(quantisation.maxError).toBeLessThan(0.0002);
    expect(artifact.layers[0]!.activation).toBe(activation === 'tanh' ? 'tanh' : 'identity');
  });

  it('the float network that is measured against is that of the definition', () => {
    const stream = RandomStream.fromSeed(9, 'freeze-test');
    const policy = randomFloatPolicy(stream, [3, 5, 1], 'tanh');
    const [first, last] = [policy.layers[0]!, policy.layers[1]!];
    const out = new Int32Array(1);
    for (let n = 0; n < 200; n++) {
      const x = Int32Array.from([0, 0, 0], () => Math.floor(65535 * uniform(stream)) - 32767);
      const h = Array.from(first.bias, (b, o) =>
        Math.tanh(x.reduce((sum, v, i) => sum + first.weights[o * 3 + i]! * (v / FIXED_ONE), b)),
      );
      const u = h.reduce((sum, v, i) => sum + last.weights[i]! * v, last.bias[0]!);
      new FloatNetwork(policy).run(x, 0, out);
      expect(out[0]).toBe(issuedWatts(u));
    }
  });
});

describe('determinism', () => {
  it('the specification describes the version of the freeze that runs', () => {
    const page = readFileSync(new URL('../../../docs/spec/policy.md', import.meta.url), 'utf8');
    expect(page).toContain(`### 3.7 Freeze (not normative; version \`${FREEZE_VERSION}\`)`);
  });

  const policy = randomFloatPolicy(RandomStream.fromSeed(1, 'freeze-test'), [4, 16, 1]);

  it('same policy and options, same bytes and figures', () => {
    const once = freezePolicy(policy, { points: 2000 });
    const again = freezePolicy(policy, { points: 2000 });
    expect(again.cid).toBe(once.cid);
    expect(again.quantisation).toEqual(once.quantisation);
    expect([once.vec4096, once.vec65536]).toEqual([vec4096(once.artifact), vec65536(once.artifact)]);
  });

  it('the seed moves the grid', () => {
    const one = freezePolicy(policy, { points: 2000, seed: 1 }).quantisation.meanError;
    expect(freezePolicy(policy, { points: 2000, seed: 2 }).quantisation.meanError).not.toBe(one);
  });

  it('calibration rows are measured as well as the grid', () => {
    const calibration = Float32Array.from({ length: 4 * 30 }, (_, i) => ((i * 977) % 65535) / 32768 - 1);
    expect(freezePolicy(policy, { points: 100, calibration }).quantisation.points).toBe(130);
    expect(freezePolicy(policy, { points: 0, calibration }).quantisation.points).toBe(30);
  });
});

describe('extremes', () => {
  it('a network of zeros gives the bias of the head', () => {
    const policy: FloatPolicy = {
      layers: [floatLayer([[0], [0]], [0, 0], 'relu'), floatLayer([[0, 0]], [0], 'identity')],
      interface: plainInterface(1, 1),
    };
    const { quantisation } = freezePolicy(policy, { points: 50 });
    expect(quantisation.maxError).toBe(0);
  });

  it('a dead unit and a unit of tiny weights beside a strong one', () => {
    const layers = [
      floatLayer(
        [
          [1, 1],
          [-1e-7, 1e-7],
          [-1, -1],
        ],
        [0.3, 0, -9],
        'relu',
      ),
      floatLayer([[0.4, 1e6, 0.5]], [0], 'identity'),
    ];
    const { quantisation } = freezePolicy({ layers, interface: plainInterface(2, 1) }, { points: 3000 });
    expect(quantisation.maxError).toBeLessThan(0.001);
  });

  it('an input that cannot move may have any weight', () => {
    const policy = oneLayer([0.5, 300]);
    const inputs = [policy.interface.inputs[0]!, { ...policy.interface.inputs[1]!, lo: 7, hi: 7, c: 7 }];
    const { quantisation } = freezePolicy({ ...policy, interface: { ...policy.interface, inputs } }, { points: 3000 });
    expect(quantisation.maxError).toBeLessThan(0.003);
  });
});

describe('refusals', () => {
  it.each([NaN, Infinity, -Infinity])('a weight of %s, by layer, row and column', (value) => {
    const policy = oneLayer([0.5, value]);
    expect(refusal(policy)).toEqual({
      code: 'freeze.weights',
      got: { layer: 0, row: 0, column: 1, value: String(value) },
    });
    expect(refusal(oneLayer([1], value)).code).toBe('freeze.weights');
  });

  it('layers that do not fit', () => {
    const shared = plainInterface(2, 1);
    const last = floatLayer([[1, 1]], [0], 'identity');
    expect(refusal({ layers: [], interface: shared }).code).toBe('freeze.shape');
    expect(refusal({ layers: [floatLayer([[1, 1, 1]], [0], 'identity')], interface: shared }).code).toBe(
      'freeze.shape',
    );
    expect(refusal({ layers: [{ ...last, bias: new Float32Array(2) }], interface: shared }).code).toBe('freeze.shape');
    expect(refusal({ layers: [{ ...last, activation: 'relu' }], interface: shared }).code).toBe('freeze.shape');
    const hidden = floatLayer(
      [
        [1, 0],
        [0, 1],
      ],
      [0, 0],
      'identity',
    );
    expect(refusal({ layers: [hidden, last], interface: shared }).code).toBe('freeze.shape');
    expect(refusal({ layers: [last], interface: plainInterface(2, 2) }).code).toBe('freeze.shape');
  });

  it('scales that no shift can fit, with the layer', () => {
    const { code, got } = refusal(oneLayer([1e6]));
    expect(code).toBe('freeze.scale');
    expect(got).toMatchObject({ layer: 0 });
    expect(refusal(oneLayer([1, 1, 1].map(() => 30000))).code).toBe('freeze.scale');
  });

  it('an interface no artifact can have, a network too wide, options and calibration out of bounds', () => {
    const good = oneLayer([1]);
    const inputs = [{ ...good.interface.inputs[0]!, hi: -100001 }];
    expect(refusal({ ...good, interface: { ...good.interface, inputs } }).code).toBe('policy.range');
    expect(refusal({ ...good, interface: { ...good.interface, fallback: [] } }).code).toBe('policy.fallback');
    const wide = [
      floatLayer(
        Array.from({ length: 257 }, () => [1]),
        Array<number>(257).fill(0),
        'relu',
      ),
      floatLayer([Array<number>(257).fill(0.001)], [0], 'identity'),
    ];
    expect(refusal({ ...good, layers: wide }).code).toBe('policy.limits');
    expect(refusal(good, { points: -1 }).code).toBe('freeze.options');
    expect(refusal(oneLayer([1, 1]), { points: 1, calibration: new Float32Array(3) }).code).toBe('freeze.calibration');
    expect(refusal(good, { points: 1, calibration: Float32Array.of(NaN) }).code).toBe('freeze.calibration');
  });
});
