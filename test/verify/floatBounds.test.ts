/** Conformance V2, V3 and V7 for the bounds in double precision that the search uses. */
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { rootPiece } from '../../src/contracts/policy/certificate/check.ts';
import { LeafBounder } from '../../src/contracts/policy/certificate/leaf.ts';
import type { LoadedProperty } from '../../src/contracts/policy/certificate/property.ts';
import { SumEvaluator } from '../../src/contracts/policy/certificate/sum.ts';
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import type { LoadedPolicy } from '../../src/contracts/policy/artifact.ts';
import { FloatBounds, isFloatBounded } from '../../src/verify/floatBounds.ts';
import { propertyOf, randomPoint, shrink, tameParts } from '../contracts/policy/certificate/samples.ts';
import { randomParts } from '../contracts/policy/samples.ts';

interface Case {
  readonly policy: LoadedPolicy;
  readonly property: LoadedProperty;
  readonly stream: RandomStream;
}

/** One output of a random network, as frozen or saturated, with envelopes. */
function caseOf(seed: number): Case | undefined {
  const stream = RandomStream.fromSeed(seed, 'verify/floats');
  const hidden = Array.from({ length: 1 + stream.below(3) }, () => 4 + stream.below(12));
  const activation = stream.below(3) === 0 ? ('hardtanh' as const) : ('relu' as const);
  const shape = { inputs: 1 + stream.below(5), hidden, outputs: 2, activation, envelopes: stream.below(3) };
  const policy = buildPolicy(seed % 3 === 0 ? randomParts(stream) : tameParts(stream, shape));
  const outputs = policy.interface.outputs.length;
  const lin = Array.from({ length: outputs }, () => 0).with(stream.below(outputs), 1 - 2 * stream.below(2));
  const parts = { lin, at: stream.below(2) === 0 ? ('out' as const) : ('head' as const) };
  const property = propertyOf(policy, { ...parts, mode: stream.below(2) === 0 ? 'max' : 'min' });
  return isFloatBounded(policy, property) ? { policy, property, stream } : undefined;
}

const cases = Array.from({ length: 900 }, (_, seed) => caseOf(seed)).filter((found) => found !== undefined);

describe('bounds in double precision', () => {
  it('V2 and V3: contain sampled points, and are exact on points', () => {
    let points = 0;
    for (const { policy, property, stream } of cases) {
      const sign = property.mode === 'min' ? -1 : 1;
      const floats = new FloatBounds(policy, property);
      const evaluator = new SumEvaluator(policy, property);
      const piece = shrink(stream, rootPiece(property, 0));
      const bound = floats.bound(piece.lo, piece.hi, Number.NEGATIVE_INFINITY);
      for (let k = 0; k < 20; k++) {
        const point = randomPoint(stream, property, piece)!;
        const sum = sign * evaluator.sum(point) + 0;
        expect(sum).toBeLessThanOrEqual(bound);
        expect(floats.bound(point, point, Number.NEGATIVE_INFINITY)).toBe(sum);
        points++;
      }
    }
    expect(points).toBeGreaterThan(8000);
  });

  it('V7: agree with the integer bounds of the checker on 1 000 leaves, to within a hundredth of the range', () => {
    let leaves = 0;
    let equal = 0;
    for (const { policy, property, stream } of cases) {
      const floats = new FloatBounds(policy, property);
      const integers = new LeafBounder(policy, property);
      const { lo, hi } = policy.interface.outputs[property.lin.findIndex((c) => c !== 0)]!;
      for (let n = 0; n < 3; n++) {
        const piece = shrink(stream, rootPiece(property, 0));
        const float = floats.bound(piece.lo, piece.hi, Number.NEGATIVE_INFINITY);
        const exact = integers.bound(0, piece.lo, piece.hi, 2);
        expect(Math.abs(float - exact)).toBeLessThanOrEqual(1 + (hi - lo) / 100);
        leaves++;
        if (float === exact) equal++;
      }
    }
    expect(leaves).toBeGreaterThan(1000);
    expect(equal).toBeGreaterThan(0.9 * leaves);
  });
});
