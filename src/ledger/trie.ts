/**
 * The authenticated state: a compact binary Merkle trie over SHA-256(key). Its root depends on the set of
 * (key, value) pairs alone, never on the order of writes. Nodes are immutable, so a block is staged on a
 * new root and dropped by forgetting it.
 *
 *   empty  = 32 zero bytes
 *   leaf   = SHA-256(0x00 || SHA-256(key) || SHA-256(value))      a subtree of one leaf is that leaf
 *   branch = SHA-256(0x01 || left || right)                       bit i of the key hash, most significant first
 *
 * Inclusion and absence are both provable. The alternative, an off-the-shelf persistent Merkle tree, is
 * positional (absence needs a sorted index besides); this is a page of code and proves both.
 */
import { compareBytes, concatBytes, equalBytes } from '../base/bytes.ts';
import { sha256, ZERO_HASH } from '../base/hash.ts';

interface Leaf {
  readonly kind: 'leaf';
  readonly keyHash: Uint8Array;
  readonly valueHash: Uint8Array;
  readonly hash: Uint8Array;
}

interface Branch {
  readonly kind: 'branch';
  readonly left: TrieNode;
  readonly right: TrieNode;
  readonly hash: Uint8Array;
}

export type TrieNode = Leaf | Branch | undefined;

const LEAF_PREFIX = Uint8Array.of(0);
const BRANCH_PREFIX = Uint8Array.of(1);

export function trieRoot(node: TrieNode): Uint8Array {
  return node === undefined ? ZERO_HASH : node.hash;
}

export function leafNodeHash(keyHash: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return sha256(concatBytes(LEAF_PREFIX, keyHash, valueHash));
}

function branchHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(BRANCH_PREFIX, left, right));
}

function bitAt(keyHash: Uint8Array, depth: number): number {
  return (keyHash[depth >>> 3]! >> (7 - (depth & 7))) & 1;
}

function makeBranch(left: TrieNode, right: TrieNode): TrieNode {
  // A branch over at most one leaf collapses, which keeps the shape a function of the content.
  if (left === undefined && (right === undefined || right.kind === 'leaf')) return right;
  if (right === undefined && left !== undefined && left.kind === 'leaf') return left;
  return { kind: 'branch', left, right, hash: branchHash(trieRoot(left), trieRoot(right)) };
}

/** Insert, replace, or (value undefined) remove. */
export function trieSet(node: TrieNode, key: Uint8Array, value: Uint8Array | undefined): TrieNode {
  const keyHash = sha256(key);
  return value === undefined ? remove(node, keyHash, 0) : insert(node, makeLeaf(keyHash, sha256(value)), 0);
}

function makeLeaf(keyHash: Uint8Array, valueHash: Uint8Array): Leaf {
  return { kind: 'leaf', keyHash, valueHash, hash: leafNodeHash(keyHash, valueHash) };
}

function insert(node: TrieNode, leaf: Leaf, depth: number): TrieNode {
  if (node === undefined) return leaf;
  if (node.kind === 'leaf') {
    return equalBytes(node.keyHash, leaf.keyHash) ? leaf : split(node, leaf, depth);
  }
  return bitAt(leaf.keyHash, depth) === 0
    ? makeBranch(insert(node.left, leaf, depth + 1), node.right)
    : makeBranch(node.left, insert(node.right, leaf, depth + 1));
}

function split(a: Leaf, b: Leaf, depth: number): TrieNode {
  const bitA = bitAt(a.keyHash, depth);
  if (bitA === bitAt(b.keyHash, depth)) {
    const deeper = split(a, b, depth + 1);
    return bitA === 0 ? makeBranch(deeper, undefined) : makeBranch(undefined, deeper);
  }
  return bitA === 0 ? makeBranch(a, b) : makeBranch(b, a);
}

function remove(node: TrieNode, keyHash: Uint8Array, depth: number): TrieNode {
  if (node === undefined) return undefined;
  if (node.kind === 'leaf') return equalBytes(node.keyHash, keyHash) ? undefined : node;
  return bitAt(keyHash, depth) === 0
    ? makeBranch(remove(node.left, keyHash, depth + 1), node.right)
    : makeBranch(node.left, remove(node.right, keyHash, depth + 1));
}

/** Siblings from the root down, and the leaf met at the end: the key's own, another's, or none. */
export interface TrieProof {
  readonly siblings: readonly Uint8Array[];
  readonly leaf: { readonly keyHash: Uint8Array; readonly valueHash: Uint8Array } | undefined;
}

export function trieProof(root: TrieNode, key: Uint8Array): TrieProof {
  const keyHash = sha256(key);
  const siblings: Uint8Array[] = [];
  let node = root;
  while (node !== undefined && node.kind === 'branch') {
    const goLeft = bitAt(keyHash, siblings.length) === 0;
    siblings.push(trieRoot(goLeft ? node.right : node.left));
    node = goLeft ? node.left : node.right;
  }
  return { siblings, leaf: node === undefined ? undefined : { keyHash: node.keyHash, valueHash: node.valueHash } };
}

/** True when `proof` shows that `key` holds `value`, or (value undefined) that it holds nothing. */
export function verifyTrieProof(
  root: Uint8Array,
  key: Uint8Array,
  value: Uint8Array | undefined,
  { siblings, leaf }: TrieProof,
): boolean {
  const keyHash = sha256(key);
  if (siblings.length > 256 || !leafAnswers(keyHash, value, leaf, siblings.length)) return false;
  let hash = leaf === undefined ? ZERO_HASH : leafNodeHash(leaf.keyHash, leaf.valueHash);
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth]!;
    hash = bitAt(keyHash, depth) === 0 ? branchHash(hash, sibling) : branchHash(sibling, hash);
  }
  return equalBytes(hash, root);
}

function leafAnswers(
  keyHash: Uint8Array,
  value: Uint8Array | undefined,
  leaf: TrieProof['leaf'],
  depth: number,
): boolean {
  if (value !== undefined) {
    return leaf !== undefined && equalBytes(leaf.keyHash, keyHash) && equalBytes(leaf.valueHash, sha256(value));
  }
  if (leaf === undefined) return true;
  // Another key's leaf proves absence only when it stands on this key's path.
  return compareBytes(leaf.keyHash, keyHash) !== 0 && samePrefix(leaf.keyHash, keyHash, depth);
}

function samePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let i = 0; i < bits; i++) if (bitAt(a, i) !== bitAt(b, i)) return false;
  return true;
}
