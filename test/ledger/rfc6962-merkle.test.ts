import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { leafHash, merklePath, merkleRoot, nodeHash, verifyMerklePath } from '../../src/ledger/merkle.ts';

/** The eight leaves of the certificate-transparency reference tests and the roots of their first n. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (text) => fromHex(text),
);
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const MAX_SIZE = 33;
const leaves = Array.from({ length: MAX_SIZE }, (_, i) => Uint8Array.of(i, i * 7, 255 - i));

describe('RFC 6962 Merkle tree', () => {
  it.each(ROOTS.map((root, n) => [n, root] as const))('root of the first %i reference leaves', (n, root) => {
    expect(toHex(merkleRoot(LEAVES.slice(0, n)))).toBe(root);
  });

  it('audit path of leaf 0 of 8, from the certificate-transparency tests', () => {
    expect(merklePath(LEAVES, 0).map(toHex)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
  });

  it('every leaf of every size 1..33 has a path that verifies, of the least length', () => {
    for (let size = 1; size <= MAX_SIZE; size++) {
      const some = leaves.slice(0, size);
      const root = merkleRoot(some);
      for (let index = 0; index < size; index++) {
        const path = merklePath(some, index);
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
        expect(verifyMerklePath(root, some[index]!, index, size, path)).toBe(true);
      }
    }
  });

  it('no other index passes with the same leaf and path, whatever size is claimed', () => {
    for (let size = 1; size <= MAX_SIZE; size++) {
      const some = leaves.slice(0, size);
      const root = merkleRoot(some);
      for (let index = 0; index < size; index++) {
        const path = merklePath(some, index);
        for (let other = -1; other <= size; other++) {
          if (other === index) continue;
          expect(verifyMerklePath(root, some[index]!, other, size, path)).toBe(false);
        }
      }
    }
  });

  it('a path too short, too long, reordered or altered fails', () => {
    const root = merkleRoot(leaves);
    for (const index of [0, 1, 15, 16, 31, 32]) {
      const path = merklePath(leaves, index);
      const verify = (p: readonly Uint8Array[]): boolean => verifyMerklePath(root, leaves[index]!, index, MAX_SIZE, p);
      expect(verify(path.slice(1))).toBe(false);
      expect(verify(path.slice(0, -1))).toBe(false);
      expect(verify([...path, path[0]!])).toBe(false);
      if (path.length > 1) expect(verify(path.toReversed())).toBe(false);
      for (let i = 0; i < path.length; i++) {
        expect(verify(path.map((hash, at) => (at === i ? hash.map((b, k) => (k === 31 ? b ^ 1 : b)) : hash)))).toBe(
          false,
        );
      }
    }
  });

  it('an inner node cannot pass for a leaf', () => {
    const [a, b] = leaves;
    const asLeaf = new Uint8Array([1, ...leafHash(a!), ...leafHash(b!)]);
    expect(toHex(merkleRoot([asLeaf]))).not.toBe(toHex(nodeHash(leafHash(a!), leafHash(b!))));
    expect(verifyMerklePath(merkleRoot([a!, b!]), asLeaf, 0, 1, [])).toBe(false);
  });

  it('an empty tree proves nothing', () => {
    expect(verifyMerklePath(merkleRoot([]), new Uint8Array(0), 0, 0, [])).toBe(false);
  });
});
