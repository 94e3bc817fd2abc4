import { describe, it, expect } from 'vitest';
import fc from 'fast-check';
import { loadBackend } from '../../src/agents/backend.ts';
import {
  initialiseMlp,
  layersOf,
  MlpRunner,
  mlpShape,
  runnerOf,
  type HiddenActivation,
} from '../../src/agents/network.ts';
import { RandomStream } from '../../src/base/random.ts';
import { normal } from '../../src/base/realMath.ts';

function randomNet(seed: number, sizes: number[], hidden: HiddenActivation) {
  const shape = mlpShape(sizes, hidden);
  const params = new Float32Array(shape.to);
  const stream = RandomStream.fromSeed(seed, 'test');
  initialiseMlp(params, shape, 1, stream);
  for (const layer of shape.layers)
    for (let o = 0; o < layer.outSize; o++) params[layer.biasAt + o] = 0.1 * normal(stream);
  const inputs = Float32Array.from({ length: 64 * sizes[0]! }, () => normal(stream));
  return { shape, params, inputs };
}

describe('typed-array network', () => {
  it('computes a hand-worked net', () => {
    // h = relu([1 2; -1 1] [3, -1] + [0.5, 1]) = relu([1.5, -3]) = [1.5, 0];  y = 2*1.5 + 4*0 - 1 = 2
    const shape = mlpShape([2, 2, 1], 'relu');
    const params = Float32Array.of(1, 2, -1, 1, 0.5, 1, 2, 4, -1);
    const out = new Float32Array(1);
    new MlpRunner(shape).run(params, Float32Array.of(3, -1), 1, out);
    expect(out[0]).toBe(2);
  });

  it.each<HiddenActivation>(['relu', 'hardtanh', 'tanh'])('agrees with tfjs wasm to 1e-6 (%s)', async (hidden) => {
    const { tf } = await loadBackend('wasm');
    const { shape, params, inputs } = randomNet(5, [8, 32, 32, 2], hidden);
    const mine = new Float32Array(64 * 2);
    new MlpRunner(shape).run(params, inputs, 64, mine);
    const theirs = tf.tidy(() => {
      let x = tf.tensor2d(inputs, [64, 8]);
      for (const l of shape.layers) {
        const w = tf.tensor2d(params.slice(l.weightsAt, l.biasAt), [l.outSize, l.inSize]);
        x = tf.add(tf.matMul(x, tf.transpose(w)), tf.tensor1d(params.slice(l.biasAt, l.biasAt + l.outSize)));
        if (l.activation === 'relu') x = tf.relu(x);
        if (l.activation === 'tanh') x = tf.tanh(x);
        if (l.activation === 'hardtanh') x = tf.clipByValue(x, -1, 1);
      }
      return x.dataSync();
    });
    const worst = Math.max(...mine.map((y, i) => Math.abs(y - theirs[i]!) / Math.max(1, Math.abs(y))));
    expect(worst).toBeLessThan(1e-6);
  });

  it.each<HiddenActivation>(['relu', 'hardtanh', 'tanh'])('gives a row the same bits in any company (%s)', (hidden) => {
    const { shape, params } = randomNet(5, [5, 9, 16, 3], hidden);
    const stream = RandomStream.fromSeed(6, 'company');
    const inputs = Float32Array.from({ length: 11 * 5 }, () => 2 * normal(stream));
    const runner = new MlpRunner(shape);
    const alone = new Float32Array(11 * 3);
    for (let row = 0; row < 11; row++) runner.run(params, inputs.subarray(row * 5), 1, alone.subarray(row * 3));
    for (let rows = 2; rows <= 11; rows++) {
      const together = new Float32Array(rows * 3);
      runner.run(params, inputs, rows, together);
      expect(together.join()).toBe(alone.subarray(0, rows * 3).join());
    }
  });

  it('starts orthogonal: W W^T = gain^2 I on the short side', () => {
    const shape = mlpShape([8, 32, 4], 'relu');
    const params = new Float32Array(shape.to);
    initialiseMlp(params, shape, 0.5, RandomStream.fromSeed(3, 'test'));
    const [first, last] = layersOf(params, shape);
    for (let a = 0; a < 8; a++) {
      for (let b = 0; b < 8; b++) {
        let dot = 0;
        for (let o = 0; o < 32; o++) dot += first!.weights[o * 8 + a]! * first!.weights[o * 8 + b]!;
        expect(dot).toBeCloseTo(a === b ? 2 : 0, 5);
      }
    }
    const row = last!.weights.subarray(0, 32);
    expect(row.reduce((sum, w) => sum + w * w, 0)).toBeCloseTo(0.25, 5);
  });

  it('gives the same bytes for the same seed and other bytes for another', () => {
    const bytes = (seed: number): string => randomNet(seed, [4, 16, 1], 'relu').params.join();
    expect(bytes(1)).toBe(bytes(1));
    expect(bytes(1)).not.toBe(bytes(2));
  });

  it('acts from extracted layers as from the flat vector', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 9 }), (seed, width) => {
        const { shape, params, inputs } = randomNet(seed, [3, width, 2], 'relu');
        const flat = new Float32Array(128);
        const extracted = new Float32Array(128);
        new MlpRunner(shape).run(params, inputs, 64, flat);
        runnerOf(layersOf(params, shape))(inputs, 64, extracted);
        expect(extracted).toEqual(flat);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses sizes that do not chain', () => {
    expect(() => mlpShape([4], 'relu')).toThrow(/agents.network/);
    expect(() => mlpShape([4, 0, 1], 'relu')).toThrow(/agents.network/);
    const { shape, params } = randomNet(1, [3, 4, 1], 'relu');
    const layers = layersOf(params, shape);
    expect(() => runnerOf([layers[1]!, layers[1]!])).toThrow(/agents.network/);
  });
});
