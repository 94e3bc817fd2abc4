import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, toHex, utf8 } from '../../src/base/bytes.ts';
import { sha256, ZERO_HASH } from '../../src/base/hash.ts';
import {
  leafNodeHash,
  trieProof,
  trieRoot,
  trieSet,
  verifyTrieProof,
  type TrieNode,
  type TrieProof,
} from '../../src/ledger/trie.ts';

const key = (n: number): Uint8Array => utf8(`key ${n}`);
const value = (n: number): Uint8Array => utf8(`value ${n}`);

function trieOf(keys: readonly number[]): TrieNode {
  return keys.reduce<TrieNode>((node, n) => trieSet(node, key(n), value(n)), undefined);
}

const keySet = fc.uniqueArray(fc.nat(5000), { minLength: 0, maxLength: 60 });

describe('state trie', () => {
  it('empty, one leaf and two leaves hash as the page says', () => {
    expect(toHex(trieRoot(undefined))).toBe(toHex(ZERO_HASH));
    const leaf = leafNodeHash(sha256(key(1)), sha256(value(1)));
    expect(toHex(trieRoot(trieOf([1])))).toBe(toHex(leaf));
    // Find two keys that part at the first bit.
    const ofSide = (bit: number): number => {
      let n = 0;
      while (sha256(key(n))[0]! >> 7 !== bit) n++;
      return n;
    };
    const [a, b] = [ofSide(0), ofSide(1)];
    const [left, right] = [a, b].map((n) => leafNodeHash(sha256(key(n)), sha256(value(n))));
    expect(toHex(trieRoot(trieOf([b, a])))).toBe(toHex(sha256(concatBytes(Uint8Array.of(1), left!, right!))));
  });

  it('the root does not depend on the order of writes', () => {
    fc.assert(
      fc.property(
        keySet.chain((keys) => fc.tuple(fc.constant(keys), fc.shuffledSubarray(keys, { minLength: keys.length }))),
        ([keys, shuffled]) => {
          expect(toHex(trieRoot(trieOf(shuffled)))).toBe(toHex(trieRoot(trieOf(keys))));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('removing what was added restores the root, overwriting and back too', () => {
    fc.assert(
      fc.property(keySet, keySet, (keys, more) => {
        const base = trieOf(keys);
        const extra = more.filter((n) => !keys.includes(n));
        let node = base;
        for (const n of extra) node = trieSet(node, key(n), value(n));
        for (const n of keys) node = trieSet(node, key(n), value(n + 1));
        for (const n of extra) node = trieSet(node, key(n), undefined);
        for (const n of keys) node = trieSet(node, key(n), value(n));
        expect(toHex(trieRoot(node))).toBe(toHex(trieRoot(base)));
      }),
      { numRuns: 100 },
    );
  });

  it('removing everything leaves the empty trie; removing what is not there changes nothing', () => {
    const keys = Array.from({ length: 50 }, (_, n) => n);
    const full = trieOf(keys);
    expect(toHex(trieRoot(trieSet(full, key(999), undefined)))).toBe(toHex(trieRoot(full)));
    expect(keys.reduce<TrieNode>((node, n) => trieSet(node, key(n), undefined), full)).toBeUndefined();
  });

  it('writes leave the trie they started from as it was', () => {
    const base = trieOf([1, 2, 3]);
    const root = toHex(trieRoot(base));
    trieSet(trieSet(base, key(1), undefined), key(9), value(9));
    expect(toHex(trieRoot(base))).toBe(root);
  });

  it('different content, different root', () => {
    fc.assert(
      fc.property(keySet, fc.nat(5000), (keys, n) => {
        const before = trieOf(keys);
        const after = keys.includes(n) ? trieSet(before, key(n), undefined) : trieSet(before, key(n), value(n));
        expect(toHex(trieRoot(after))).not.toBe(toHex(trieRoot(before)));
      }),
      { numRuns: 100 },
    );
  });

  describe('proofs', () => {
    const keys = Array.from({ length: 40 }, (_, n) => n * 3);
    const trie = trieOf(keys);
    const root = trieRoot(trie);

    it('inclusion of every key, absence of every other', () => {
      for (let n = 0; n < 120; n++) {
        const proof = trieProof(trie, key(n));
        const present = n % 3 === 0;
        expect(verifyTrieProof(root, key(n), present ? value(n) : undefined, proof)).toBe(true);
        expect(verifyTrieProof(root, key(n), present ? undefined : value(n), proof)).toBe(false);
        expect(verifyTrieProof(root, key(n), value(n + 1), proof)).toBe(false);
      }
    });

    it('absence in an empty trie and beside a single leaf', () => {
      expect(verifyTrieProof(ZERO_HASH, key(1), undefined, trieProof(undefined, key(1)))).toBe(true);
      const one = trieOf([1]);
      expect(verifyTrieProof(trieRoot(one), key(2), undefined, trieProof(one, key(2)))).toBe(true);
      expect(verifyTrieProof(trieRoot(one), key(1), undefined, trieProof(one, key(1)))).toBe(false);
    });

    it('a proof of one key shows nothing about another', () => {
      for (const n of keys) {
        for (const m of [n + 1, n + 3]) {
          const proof = trieProof(trie, key(n));
          expect(verifyTrieProof(root, key(m), value(m), proof)).toBe(false);
          expect(verifyTrieProof(root, key(m), value(n), proof)).toBe(false);
        }
      }
    });

    it('a present key cannot be shown absent by leaving the leaf out or naming another', () => {
      for (const n of keys) {
        const { siblings } = trieProof(trie, key(n));
        const forged: readonly TrieProof[] = [
          { siblings, leaf: undefined },
          { siblings: siblings.slice(0, -1), leaf: undefined },
          { siblings: [], leaf: undefined },
          { siblings, leaf: { keyHash: sha256(key(9999)), valueHash: sha256(value(9999)) } },
          // A real leaf of the trie, which does not stand on this key's path.
          ...keys.filter((m) => m !== n).map((m) => trieProof(trie, key(m))),
        ];
        for (const proof of forged) expect(verifyTrieProof(root, key(n), undefined, proof)).toBe(false);
      }
    });

    it('any flipped bit of any sibling or leaf hash fails', () => {
      const flip = (bytes: Uint8Array, at: number): Uint8Array =>
        bytes.map((b, i) => (i === at >> 3 ? b ^ (1 << (at & 7)) : b));
      for (const n of [0, 1, 60]) {
        const proof = trieProof(trie, key(n));
        const held = n % 3 === 0 ? value(n) : undefined;
        proof.siblings.forEach((_, s) => {
          for (let bit = 0; bit < 256; bit += 17) {
            const siblings = proof.siblings.map((hash, i) => (i === s ? flip(hash, bit) : hash));
            expect(verifyTrieProof(root, key(n), held, { ...proof, siblings })).toBe(false);
          }
        });
        const { leaf } = proof;
        if (leaf === undefined) continue;
        for (let bit = 0; bit < 256; bit++) {
          const keyHash = { ...proof, leaf: { ...leaf, keyHash: flip(leaf.keyHash, bit) } };
          const valueHash = { ...proof, leaf: { ...leaf, valueHash: flip(leaf.valueHash, bit) } };
          expect(verifyTrieProof(root, key(n), held, keyHash)).toBe(false);
          expect(verifyTrieProof(root, key(n), held, valueHash)).toBe(false);
        }
      }
    });

    it('a proof deeper than a key hash has bits is refused', () => {
      const siblings = Array.from({ length: 257 }, () => ZERO_HASH);
      expect(verifyTrieProof(root, key(0), value(0), { siblings, leaf: undefined })).toBe(false);
    });
  });
});
