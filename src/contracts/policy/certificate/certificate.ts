/**
 * The certificate document `gridcertificate/1` (docs/spec/policy.md 4.3): how the boxes of a property are cut up,
 * which integer bound closes each piece, and what that proves.
 */
import { decodeDocument, encodeDocument, type Document } from '../../../base/cbor.ts';
import { cidDigest, cidOf } from '../../../base/cid.ts';
import { fail } from '../../../base/errors.ts';
import { SAFE_MAX, U32_MAX } from '../../../base/fixed.ts';
import { POLICY_LIMITS } from '../artifact.ts';
import { DocumentReader } from './reader.ts';

export const CERTIFICATE_VERSION = 'gridcertificate/1';

/** 4.4: leaves of one certificate. */
export const MAX_LEAVES = 4096;

/** A byte of `tree`: 0..127 splits that coordinate, these close a piece. */
export const LEAF_LINEAR = 0xf2;
export const LEAF_INTERVAL = 0xf3;
/** Inputs, and as many steps for a property of two runs. */
const MAX_DIMENSIONS = 128;

export interface Certificate {
  readonly v: typeof CERTIFICATE_VERSION;
  /** CIDs. */
  readonly policy: string;
  readonly property: string;
  /** What the leaves prove: the largest value of the sum (smallest for `min`) that they leave possible. */
  readonly bound: number;
  /** Pre-order, one tree for each box in turn. */
  readonly tree: Uint8Array;
  /** For max and min, inputs (and steps) at which the sum is within tol of `bound`; empty for forall. */
  readonly wit: readonly number[];
}

export interface LoadedCertificate extends Certificate {
  readonly bytes: Uint8Array;
  readonly cid: string;
}

const read = new DocumentReader('certificate.schema');

/** Scan, decode, compare with the canonical bytes, then the schema. @throws `cbor.*`, `certificate.*`, `cid.malformed`. */
export function loadCertificate(bytes: Uint8Array): LoadedCertificate {
  const f = read.fields(decodeDocument(bytes), 'certificate', ['v', 'policy', 'property', 'bound', 'tree', 'wit']);
  if (f.v !== CERTIFICATE_VERSION) throw fail('certificate.version', { expected: CERTIFICATE_VERSION, got: f.v });
  return {
    v: CERTIFICATE_VERSION,
    policy: cid(f.policy, 'policy'),
    property: cid(f.property, 'property'),
    bound: read.integer(f.bound, 'bound', 0 - SAFE_MAX, SAFE_MAX),
    tree: Uint8Array.from(read.bytes(f.tree, 'tree', 1, 2 * MAX_LEAVES)),
    wit: read.integers(f.wit, 'wit', 2 * POLICY_LIMITS.inputs, U32_MAX),
    bytes: Uint8Array.from(bytes),
    cid: cidOf(bytes),
  };
}

/** Encode and load: the way to make a certificate. Whether it proves anything is for `checkCertificate`. */
export function buildCertificate({ policy, property, bound, tree, wit }: Omit<Certificate, 'v'>): LoadedCertificate {
  const document: Document = { v: CERTIFICATE_VERSION, policy, property, bound, tree, wit };
  return loadCertificate(encodeDocument(document));
}

function cid(value: Document, at: string): string {
  const text = read.text(value, at);
  cidDigest(text);
  return text;
}

export interface LeafCounts {
  readonly linear: number;
  readonly interval: number;
}

/** Walks the pre-order bytes once. @throws `certificate.tree` when they are not exactly `boxes` trees over `dims`. */
export function countLeaves(tree: Uint8Array, boxes: number, dims: number): LeafCounts {
  let open = boxes;
  let linear = 0;
  let interval = 0;
  for (let at = 0; at < tree.length; at++) {
    const byte = tree[at]!;
    if (open === 0) throw fail('certificate.tree', { expected: { bytes: at }, got: tree.length });
    if (byte === LEAF_LINEAR) linear++;
    else if (byte === LEAF_INTERVAL) interval++;
    else if (byte >= Math.min(dims, MAX_DIMENSIONS)) {
      throw fail('certificate.tree', {
        expected: { at, dimensionBelow: dims, orLeaf: [LEAF_LINEAR, LEAF_INTERVAL] },
        got: byte,
      });
    }
    open += byte === LEAF_LINEAR || byte === LEAF_INTERVAL ? -1 : 1;
  }
  if (open > 0) throw fail('certificate.tree', { expected: 'every piece closed by a leaf', got: { open } });
  if (linear + interval > MAX_LEAVES) {
    throw fail('certificate.tree', { expected: { leavesAtMost: MAX_LEAVES }, got: linear + interval });
  }
  return { linear, interval };
}
