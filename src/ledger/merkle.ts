/** Merkle tree hash and inclusion proofs of RFC 6962 section 2.1: leaf 0x00, node 0x01. */
import { concatBytes, equalBytes } from '../base/bytes.ts';
import { shiftFloor } from '../base/fixed.ts';
import { sha256 } from '../base/hash.ts';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(data: Uint8Array): Uint8Array {
  return sha256(concatBytes(LEAF, data));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(NODE, left, right));
}

/** MTH of a list of leaves; SHA-256 of nothing for the empty list. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  return rootOfHashes(leaves.map(leafHash));
}

function rootOfHashes(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return hashes[0]!;
  const k = splitPoint(hashes.length);
  return nodeHash(rootOfHashes(hashes.slice(0, k)), rootOfHashes(hashes.slice(k)));
}

/** Largest power of two smaller than n, n >= 2. */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Audit path of leaf `index`, bottom up. */
export function merklePath(leaves: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  return pathOfHashes(leaves.map(leafHash), index);
}

function pathOfHashes(hashes: readonly Uint8Array[], index: number): Uint8Array[] {
  if (hashes.length === 1) return [];
  const k = splitPoint(hashes.length);
  return index < k
    ? [...pathOfHashes(hashes.slice(0, k), index), rootOfHashes(hashes.slice(k))]
    : [...pathOfHashes(hashes.slice(k), index - k), rootOfHashes(hashes.slice(0, k))];
}

/** RFC 9162 section 2.1.3.2: path length and direction both follow from (index, size), so neither can be forged. */
export function verifyMerklePath(
  root: Uint8Array,
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): boolean {
  if (index < 0 || index >= size) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leafHash(leaf);
  for (const sibling of path) {
    if (sn === 0) return false;
    const odd = (fn & 1) === 1;
    if (odd || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (!odd && (fn & 1) === 0 && fn !== 0) {
        fn = shiftFloor(fn, 1);
        sn = shiftFloor(sn, 1);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    fn = shiftFloor(fn, 1);
    sn = shiftFloor(sn, 1);
  }
  return sn === 0 && equalBytes(hash, root);
}
