/** Conformance V7: the fixed-point linear bound of the checker against the same lines in exact rationals (BigInt). */
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../../src/base/random.ts';
import type { LoadedPolicy } from '../../../../src/contracts/policy/artifact.ts';
import { NO_BOUND } from '../../../../src/contracts/policy/certificate/backward.ts';
import { rootPiece } from '../../../../src/contracts/policy/certificate/check.ts';
import { LeafBounder } from '../../../../src/contracts/policy/certificate/leaf.ts';
import { boundLayers } from '../../../../src/contracts/policy/certificate/network.ts';
import type { RunBounds } from '../../../../src/contracts/policy/certificate/run.ts';
import { buildPolicy } from '../../../../src/contracts/policy/codec.ts';
import { randomParts } from '../samples.ts';
import { propertyOf, shrink, tameParts } from './samples.ts';

/** sum_j w_j*a_j over the last layer's units through the run's own lines: numerator over 2^bits, nothing rounded. */
function exactUpper(policy: LoadedPolicy, run: RunBounds, w: readonly number[]): { top: bigint; bits: bigint } {
  const layers = boundLayers(policy);
  let weights = w.map(BigInt);
  let [constant, bits] = [0n, 0n];
  for (let l = layers.length - 1; l >= 0; l--) {
    const { inSize, shift, weights: matrix, offset } = layers[l]!;
    const { upSlope, upConst, loSlope, loConst } = run.lines[l]!;
    const s = BigInt(shift);
    const sloped = weights.map((a, j) => a * BigInt(a > 0n ? upSlope[j]! : loSlope[j]!));
    // In units of 2^-(bits+14), then, through the layer, of 2^-(bits+14+s).
    constant =
      (constant << 14n) + weights.reduce((sum, a, j) => sum + a * BigInt(a > 0n ? upConst[j]! : loConst[j]!), 0n);
    constant = (constant << s) + sloped.reduce((sum, a, j) => sum + a * BigInt(offset[j]!), 0n);
    for (const a of sloped) if (a < 0n) constant -= a * ((1n << s) - 1n);
    weights = Array.from({ length: inSize }, (_, i) =>
      sloped.reduce((sum, a, j) => sum + a * BigInt(matrix[j * inSize + i]!), 0n),
    );
    bits += 14n + s;
  }
  const top = weights.reduce((sum, a, i) => sum + a * BigInt(a > 0n ? run.xHi[i]! : run.xLo[i]!), constant);
  return { top, bits };
}

describe('V7: the checker in fixed point and in BigInt, on 1 000 leaves', () => {
  it('fixed point is within a count and 2^-12 of the range of the exact bound', () => {
    let leaves = 0;
    for (let seed = 0; leaves < 1000; seed++) {
      const stream = RandomStream.fromSeed(seed, 'certificate/exact');
      const hidden = Array.from({ length: 1 + stream.below(3) }, () => 2 + stream.below(12));
      const tame = { inputs: 1 + stream.below(5), hidden, outputs: 2, activation: 'hardtanh' as const };
      const policy = buildPolicy(seed % 2 === 0 ? randomParts(stream) : tameParts(stream, tame));
      const units = policy.layers[policy.layers.length - 1]!.outSize;
      const w = Array.from({ length: units }, () => stream.below(2001) - 1000);
      const property = propertyOf(policy, { at: 'unit', lin: w });
      const bounder = new LeafBounder(policy, property);
      const piece = shrink(stream, rootPiece(property, 0));
      bounder.bound(0, piece.lo, piece.hi, 2);
      const run = bounder.view.runs[0]!;
      const fixed = run.upperOfLast(w, 0, 1);
      const { top, bits } = exactUpper(policy, run, w);
      const exact = top >> bits;
      leaves++;
      if (fixed === NO_BOUND) continue;
      const size = w.reduce((sum, a, j) => {
        const [lo, hi] = [run.outLo[run.outLo.length - 1]![j]!, run.outHi[run.outHi.length - 1]![j]!];
        return sum + Math.abs(a) * Math.max(Math.abs(lo), Math.abs(hi), 32767);
      }, 0);
      // Below it only where a rounded weight was paid for with a range tighter than its line.
      expect(Math.abs(Number(BigInt(fixed) - exact))).toBeLessThanOrEqual(1 + size / 4096);
    }
  });
});
