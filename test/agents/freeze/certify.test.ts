/** The certified bound of a frozen policy: never below what is observed, exact by hand on one layer, tight on what ships. */
import fc from 'fast-check';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { tanhReal } from '../../../src/base/realMath.ts';
import { certify } from '../../../src/agents/freeze/certify.ts';
import { Differential, TANH_COUNTS } from '../../../src/agents/freeze/differential.ts';
import type { FloatPolicy } from '../../../src/agents/freeze/floatPolicy.ts';
import { floatSums, inputBox, integerNetwork } from '../../../src/agents/freeze/integerNetwork.ts';
import { measureError, referencePoints } from '../../../src/agents/freeze/measure.ts';
import { certifiedRanges } from '../../../src/agents/freeze/reach.ts';
import { readFloatPolicy } from '../../../src/cli/modelFiles.ts';
import { buildPolicy } from '../../../src/contracts/policy/codec.ts';
import { evaluateLayer, tanhInteger } from '../../../src/contracts/policy/execute.ts';
import { REPO_ROOT } from '../../support/repo.ts';
import { plainInterface, randomFloatPolicy } from './floats.ts';

const NONE = new Float32Array(0);

function reachOf(policy: FloatPolicy): Float64Array[] {
  return certifiedRanges(policy.layers, inputBox(policy.interface.inputs)).map(({ hi }) =>
    hi.map((top) => 1.001 * top),
  );
}

describe('certified ranges', () => {
  it('hold every point, corners included, and are tighter than intervals', () => {
    const policy = randomFloatPolicy(RandomStream.fromSeed(1, 'reach-test'), [5, 16, 16, 2]);
    const box = inputBox(policy.interface.inputs);
    const ranges = certifiedRanges(policy.layers, box);
    const intervals = certifiedRanges(policy.layers, box, 1);
    const stream = RandomStream.fromSeed(2, 'reach-test');
    const count = 4000;
    const x = Int32Array.from(
      { length: 5 * count },
      () => [-32767, 32767, stream.below(65535) - 32767][stream.below(3)]!,
    );
    floatSums(policy.layers, x, count).forEach((z, l) => {
      const { lo, hi } = ranges[l]!;
      z.forEach((value, at) => {
        const o = at % hi.length;
        if (value < lo[o]! || value > hi[o]!) throw new Error(`${l}/${o}: ${value} not in ${lo[o]}..${hi[o]}`);
      });
    });
    const width = (all: typeof ranges): number => all[1]!.hi.reduce((sum, top) => sum + top, 0);
    expect(width(ranges)).toBeLessThan(0.9 * width(intervals));
  });
});

describe('the differential bound', () => {
  it('of one layer is what one works out by hand', () => {
    // u = 0.3 x over x in [-1, 1]: the shift is 16, W = round(0.3 * 2^16) = 19661, off by 0.2 / 2^16; half a count of rounding
    const policy: FloatPolicy = {
      layers: [
        { inSize: 1, outSize: 1, weights: Float32Array.of(0.3), bias: Float32Array.of(0.1), activation: 'identity' },
      ],
      interface: plainInterface(1, 1),
    };
    const [network] = [integerNetwork(policy, reachOf(policy), [])];
    const { layer, plan } = network[0]!;
    const box = inputBox(policy.interface.inputs);
    const [bounds] = new Differential(network, box).bounds(box);
    const unit = 32768 * 2 ** layer.shift;
    const top = Math.max(box.hi[0]!, -box.lo[0]!);
    const w = Math.fround(0.3);
    const b = Math.fround(0.1);
    const weight = Math.abs((layer.weights[0]! * 32768) / unit - w);
    const bias = layer.bias[0]! / unit - b;
    const half = 0.5 / plan.outScale[0]!;
    expect(bounds!.delta.hi[0]).toBeCloseTo(bias + weight * top + half, 9);
    expect(bounds!.delta.lo[0]).toBeCloseTo(bias - weight * top - half, 9);
    expect(bounds!.z.hi[0]).toBeCloseTo(b + w * box.hi[0]!, 9);
  });

  it('holds for relu, hardtanh and tanh networks of any depth, on any point', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const stream = RandomStream.fromSeed(seed, 'certify-any');
        const hidden = (['relu', 'tanh', 'hardtanh'] as const)[seed % 3]!;
        const depth = stream.below(4);
        const widths = [
          1 + stream.below(4),
          ...Array.from({ length: depth }, () => 1 + stream.below(7)),
          1 + stream.below(2),
        ];
        const policy = randomFloatPolicy(stream, widths, hidden, [0.3, 1, 2][stream.below(3)]!, 0.7);
        // relus cut below their reach are bounded as well
        const reach = reachOf(policy).map((tops) => tops.map((top) => (stream.below(4) === 0 ? 0.5 * top : top)));
        const network = integerNetwork(policy, reach, [stream.below(3), stream.below(3), 0]);
        const artifact = buildPolicy({
          interface: policy.interface,
          layers: network.map(({ layer }) => layer),
          head: { kind: 'cont' },
        });
        const points = referencePoints(policy, NONE, 2000, seed);
        const { maxError } = measureError(artifact, points, 0, points.count);
        for (const boxes of [1, 21]) {
          expect(certify(policy, network, { boxes }).bound).toBeGreaterThanOrEqual(maxError);
        }
      }),
      { numRuns: 40 },
    );
  }, 20000);

  it('holds inside the network too: every sum of every layer, on every point', () => {
    for (const hidden of ['relu', 'tanh', 'hardtanh'] as const) {
      const policy = randomFloatPolicy(RandomStream.fromSeed(7, 'certify-inside'), [3, 8, 8, 2], hidden);
      const network = integerNetwork(policy, reachOf(policy), [1, 1]);
      const box = inputBox(policy.interface.inputs);
      const bounds = new Differential(network, box).bounds(box);
      const points = referencePoints(policy, NONE, 2000, 1);
      const exact = floatSums(policy.layers, points.x, points.count);
      for (let p = 0; p < points.count; p++) {
        let x = points.x.subarray(3 * p, 3 * p + 3);
        network.forEach(({ layer, plan }, l) => {
          const sums = new Int32Array(layer.outSize);
          evaluateLayer({ ...layer, activation: 'identity' }, x, sums);
          sums.forEach((z, o) => {
            const off = z / plan.outScale[o]! - exact[l]![p * layer.outSize + o]!;
            const { lo, hi } = bounds[l]!.delta;
            if (off < lo[o]! || off > hi[o]!) throw new Error(`${hidden} ${l}/${o}: ${off} not in ${lo[o]}..${hi[o]}`);
          });
          const next = new Int32Array(layer.outSize);
          evaluateLayer(layer, x, next);
          x = next;
        });
      }
      expect(bounds).toHaveLength(3);
    }
  });

  it('more boxes never loosen it', () => {
    const policy = randomFloatPolicy(RandomStream.fromSeed(5, 'certify-boxes'), [3, 12, 12, 1]);
    const network = integerNetwork(policy, reachOf(policy), [1, 1]);
    const bounds = [1, 11, 101, 1001].map((boxes) => certify(policy, network, { boxes }).bound);
    expect([...bounds].sort((a, b) => b - a)).toEqual(bounds);
    expect(bounds.at(-1)!).toBeLessThan(0.8 * bounds[0]!);
    expect(certify(policy, network, { boxes: 101 })).toEqual(certify(policy, network, { boxes: 101 }));
  });

  it('the integer tanh is within its stated counts of tanh, everywhere', () => {
    let worst = 0;
    for (let z = -600000; z <= 600000; z++)
      worst = Math.max(worst, Math.abs(tanhInteger(z) - 32767 * tanhReal(z / 65536)));
    expect(worst).toBeLessThanOrEqual(TANH_COUNTS);
    expect(worst).toBeGreaterThan(0.9 * TANH_COUNTS);
  });

  it.each([
    ['dispatch-home', 5],
    ['frequency-area1', 20],
  ])('models/%s: within %i times what is observed', async (name, ratio) => {
    const policy = await readFloatPolicy(join(REPO_ROOT, 'models', name, 'float.json'));
    const ranges = certifiedRanges(policy.layers, inputBox(policy.interface.inputs));
    const network = integerNetwork(policy, reachOf(policy), [1, 0]);
    const layers = network.map(({ layer }) => layer);
    const artifact = buildPolicy({ interface: policy.interface, layers, head: { kind: 'cont' } });
    const points = referencePoints(policy, policy.calibration ?? NONE, 20000, 1);
    const { maxError } = measureError(artifact, points, 0, points.count);
    const { bound } = certify(policy, network, { boxes: 1000, ranges });
    expect(bound).toBeGreaterThanOrEqual(maxError);
    expect(bound).toBeLessThan(ratio * maxError);
  });
});
