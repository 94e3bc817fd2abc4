/** Conformance V2, V3 and V9: integer bounds of random policies contain every point, and are exact on points. */
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../../src/base/random.ts';
import type { LoadedPolicy } from '../../../../src/contracts/policy/artifact.ts';
import { buildPolicy } from '../../../../src/contracts/policy/codec.ts';
import { rootPiece } from '../../../../src/contracts/policy/certificate/check.ts';
import { LeafBounder, VACUOUS } from '../../../../src/contracts/policy/certificate/leaf.ts';
import { SumEvaluator } from '../../../../src/contracts/policy/certificate/sum.ts';
import { randomParts } from '../samples.ts';
import { randomPoint, randomProperty, shrink, tameParts } from './samples.ts';

interface Tally {
  points: number;
  /** Pieces whose linear bound beats their interval bound. */
  tighter: number;
}

/** Pieces of one random property of the policy against points of them. */
function tryPolicy(policy: LoadedPolicy, stream: RandomStream, tally: Tally): void {
  const property = randomProperty(stream, policy);
  const sign = property.mode === 'min' ? -1 : 1;
  const bounder = new LeafBounder(policy, property);
  const evaluator = new SumEvaluator(policy, property);
  for (let n = 0; n < 3; n++) {
    const piece = n === 0 ? rootPiece(property, 0) : shrink(stream, rootPiece(property, 0));
    const interval = bounder.bound(0, piece.lo, piece.hi, 3);
    const linear = bounder.bound(0, piece.lo, piece.hi, 2);
    expect(linear).toBeLessThanOrEqual(interval);
    if (linear < interval) tally.tighter++;
    for (let k = 0; k < 8; k++) {
      const point = randomPoint(stream, property, piece);
      if (point === undefined) continue;
      expect(interval).not.toBe(VACUOUS);
      tally.points++;
      const sum = sign * evaluator.sum(point);
      if (sum > linear) throw new Error(`sum ${sum} above its bounds ${linear}, ${interval}`);
      for (const mode of [2, 3] as const) {
        const exact = bounder.bound(0, point, point, mode);
        if (exact !== sum + 0) throw new Error(`mode ${mode} at a point gives ${exact}, not ${sum}`);
      }
    }
  }
}

describe('V2 and V3: integer bounds of random properties contain sampled points and are exact on points', () => {
  it('random artifacts, most of them saturated (V9)', () => {
    const tally: Tally = { points: 0, tighter: 0 };
    for (let seed = 0; seed < 700; seed++) {
      const stream = RandomStream.fromSeed(seed, 'verify/bounds');
      tryPolicy(buildPolicy(randomParts(stream)), stream, tally);
    }
    expect(tally.points).toBeGreaterThan(7000);
  });

  it.each(['relu', 'hardtanh', 'tanh'] as const)('networks as frozen, %s', (activation) => {
    const tally: Tally = { points: 0, tighter: 0 };
    for (let seed = 0; seed < 200; seed++) {
      const stream = RandomStream.fromSeed(seed, `verify/tame/${activation}`);
      const hidden = Array.from({ length: 1 + stream.below(3) }, () => 4 + stream.below(12));
      const shape = { inputs: 1 + stream.below(5), hidden, outputs: 1 + stream.below(3), activation };
      const reach = [300, 100000, 1000000000][stream.below(3)]!;
      tryPolicy(buildPolicy(tameParts(stream, { ...shape, reach, envelopes: stream.below(3) })), stream, tally);
    }
    expect(tally.points).toBeGreaterThan(2000);
    expect(tally.tighter).toBeGreaterThan(60);
  });
});
