/** SHA-256 that goes on from where it stood, against the hash of the whole (node:crypto). */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Sha256Blocks } from '../../src/base/hash.ts';

const blocks = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(5))
  .map(([bytes, count]) => Uint8Array.from({ length: 64 * count }, (_, i) => (bytes[i % bytes.length]! + i) & 255));

it('comes to the digest of the whole, through JSON and beside its clones', () => {
  fc.assert(
    fc.property(blocks, blocks, fc.uint8Array({ maxLength: 200 }), (first, second, rest) => {
      const begun = new Sha256Blocks();
      begun.add(first);
      const stray = begun.clone();
      stray.add(Uint8Array.of(...new Uint8Array(64).fill(7)));
      const hash = new Sha256Blocks();
      hash.setState(JSON.parse(JSON.stringify(begun.getState())));
      for (const each of [begun, hash]) {
        each.add(second);
        const whole = createHash('sha256').update(first).update(second).update(rest).digest();
        expect(Buffer.from(each.digest(rest)).equals(whole)).toBe(true);
      }
      expect(hash.getState()).toEqual(begun.getState());
    }),
  );
});
