import { describe, expect, it } from 'vitest';
import { initialiseMlp, mlpShape } from '../../src/agents/network.ts';
import { addIntervalGradient, addL1Gradient, roundToGrid } from '../../src/agents/regulariser.ts';
import { RandomStream } from '../../src/base/random.ts';

function net() {
  const shape = mlpShape([3, 5, 4, 2], 'relu', 1);
  const params = new Float32Array(shape.to);
  initialiseMlp(params, shape, 1, RandomStream.fromSeed(5, 'regulariser'));
  return { shape, params };
}

describe('regularisers on flat parameters', () => {
  it('the interval term is the half width worked out by hand, and its gradient the slope', () => {
    const one = mlpShape([2, 1], 'relu');
    const flat = Float32Array.of(3, -4, 9);
    const gradient = new Float32Array(3);
    expect(addIntervalGradient(flat, one, 2, gradient)).toBe(7);
    expect(Array.from(gradient)).toEqual([2, -2, 0]);

    const { shape, params } = net();
    const slopes = new Float32Array(params.length);
    addIntervalGradient(params, shape, 1, slopes);
    const at = (p: Float32Array): number => addIntervalGradient(p, shape, 0, new Float32Array(p.length));
    for (let k = 0; k < params.length; k++) {
      const moved = (h: number): Float32Array => params.map((x, i) => (i === k ? x + h : x));
      expect(slopes[k]).toBeCloseTo((at(moved(1e-3)) - at(moved(-1e-3))) / 2e-3, 2);
    }
  });

  it('L1 pulls weights and leaves biases', () => {
    const { shape, params } = net();
    const gradient = new Float32Array(params.length);
    addL1Gradient(params, shape, 0.5, gradient);
    for (const { weightsAt, biasAt, outSize } of shape.layers) {
      for (let i = weightsAt; i < biasAt; i++) expect(gradient[i]).toBe(0.5 * Math.sign(params[i]!));
      for (let i = biasAt; i < biasAt + outSize; i++) expect(gradient[i]).toBe(0);
    }
  });

  it('the grid holds the largest weight of a layer in int16, moves nothing by more than half a step, and is idempotent', () => {
    const { shape, params } = net();
    const out = params.slice();
    roundToGrid(params, shape, out);
    for (const { weightsAt, biasAt } of shape.layers) {
      const weights = params.slice(weightsAt, biasAt);
      const largest = weights.reduce((held, w) => Math.max(held, Math.abs(w)), 0);
      for (let i = weightsAt; i < biasAt; i++)
        expect(Math.abs(out[i]! - params[i]!)).toBeLessThan(largest / 16384 / 2 + 1e-9);
    }
    const again = out.slice();
    roundToGrid(out, shape, again);
    expect(again).toEqual(out);
  });
});
