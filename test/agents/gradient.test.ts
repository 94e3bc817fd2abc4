import { describe, expect, it } from 'vitest';
import { loadBackend } from '../../src/agents/backend.ts';
import { MlpGradient } from '../../src/agents/gradient.ts';
import { initialiseMlp, MlpRunner, mlpShape, type HiddenActivation } from '../../src/agents/network.ts';
import { RandomStream } from '../../src/base/random.ts';
import { normal } from '../../src/base/realMath.ts';

const ROWS = 7;

function draw(size: number, stream: RandomStream): Float32Array {
  return Float32Array.from({ length: size }, () => normal(stream));
}

/** L = sum_k c_k y_k, in double on perturbed parameters or inputs. */
function lossAt(shape: ReturnType<typeof mlpShape>, params: Float32Array, x: Float32Array, c: Float32Array): number {
  const y = new Float32Array(c.length);
  new MlpRunner(shape).run(params, x, ROWS, y);
  return y.reduce((sum, value, k) => sum + value * c[k]!, 0);
}

function centralDifference(at: Float32Array, k: number, loss: () => number): number {
  const held = at[k]!;
  const h = 1e-3;
  at[k] = held + h;
  const up = loss();
  at[k] = held - h;
  const down = loss();
  at[k] = held;
  return (up - down) / (2 * h);
}

describe('forward and backward of a dense network on tfjs', () => {
  it.each<[HiddenActivation, number[]]>([
    ['tanh', [3, 8, 5, 2]],
    ['relu', [9, 4, 12, 1]],
    ['hardtanh', [4, 6, 6, 3]],
  ])('%s %j: the runner gives the outputs, differences give the gradient', async (activation, sizes) => {
    const { tf } = await loadBackend('wasm');
    const stream = RandomStream.fromSeed(1, `gradient/${activation}`);
    const shape = mlpShape(sizes, activation, 2);
    const params = new Float32Array(shape.to + 3);
    initialiseMlp(params, shape, 1, stream);
    const x = draw(ROWS * shape.inputSize, stream);
    const c = draw(ROWS * shape.outputSize, stream);
    const net = new MlpGradient(tf, shape);

    const y = net.forward(params, x, ROWS);
    const expected = new Float32Array(y.length);
    new MlpRunner(shape).run(params, x, ROWS, expected);
    y.forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 5));

    const gradient = new Float32Array(params.length);
    const dx = net.backward(c, gradient, true);
    // Where a relu or a hardtanh bends inside +-h a difference is no derivative: nearly all must agree.
    const near = (a: number, b: number): boolean => Math.abs(a - b) < 2e-2 * Math.max(1, Math.abs(b));
    const loss = (): number => lossAt(shape, params, x, c);
    let wrong = 0;
    for (let k = shape.from; k < shape.to; k++) if (!near(gradient[k]!, centralDifference(params, k, loss))) wrong++;
    for (let k = 0; k < x.length; k++) if (!near(dx[k]!, centralDifference(x, k, loss))) wrong++;
    expect(wrong).toBeLessThanOrEqual(activation === 'tanh' ? 0 : 0.03 * (params.length + x.length));
    expect([gradient[0], gradient[1], gradient.at(-1)]).toEqual([0, 0, 0]);
    net.dispose();
  });

  it('adds to the gradient, holds parameters when told to, keeps no tensor', async () => {
    const { tf } = await loadBackend('wasm');
    const stream = RandomStream.fromSeed(2, 'gradient');
    const shape = mlpShape([3, 4, 1], 'relu');
    const params = new Float32Array(shape.to);
    initialiseMlp(params, shape, 1, stream);
    const x = draw(ROWS * 3, stream);
    const before = tf.memory().numTensors;
    const net = new MlpGradient(tf, shape);
    net.forward(params, x, ROWS);
    const once = new Float32Array(params.length);
    net.backward(new Float32Array(ROWS).fill(1), once);
    const twice = once.slice();
    net.backward(new Float32Array(ROWS).fill(1), twice);
    expect(Array.from(twice)).toEqual(Array.from(once, (g) => 2 * g));
    const dx = net.backward(new Float32Array(ROWS).fill(1), undefined, true);
    expect(dx.length).toBe(ROWS * 3);
    expect(once.some((g) => g !== 0)).toBe(true);
    const held = tf.memory().numTensors;
    for (let k = 0; k < 5; k++) {
      net.forward(params, x, ROWS);
      net.backward(new Float32Array(ROWS).fill(1), once);
    }
    expect(tf.memory().numTensors).toBe(held);
    net.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
