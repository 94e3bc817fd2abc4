/**
 * The checker of certificates: replays the split tree and derives every bound again, in integers alone. What it
 * accepts is proved, whoever or whatever searched for it (docs/spec/policy.md 4.4, 4.5).
 */
import { fail } from '../../../base/errors.ts';
import { shiftFloor } from '../../../base/fixed.ts';
import type { LoadedPolicy } from '../artifact.ts';
import { countLeaves, LEAF_INTERVAL, LEAF_LINEAR, type LoadedCertificate } from './certificate.ts';
import { LeafBounder, VACUOUS } from './leaf.ts';
import { checkPropertyFits, type LoadedProperty, type Property } from './property.ts';
import { contains, SumEvaluator } from './sum.ts';

/** 4.5: no certificate may cost more; about the multiplications of its bounds. */
export const MAX_CHECK_GAS = 1073741824;
const GAS_BASE = 1000;

export interface CheckedClaim {
  readonly policyCid: string;
  readonly propertyCid: string;
  readonly certificateCid: string;
  /** forall and max: the sum is never above it; min: never below. */
  readonly bound: number;
  readonly leaves: number;
  readonly gas: number;
}

/** Gas of one leaf of either kind: a constant of the policy and the property. */
export interface LeafGas {
  readonly interval: number;
  readonly linear: number;
}

/** Multiplications: an interval leaf runs the network twice; a linear leaf also carries rows of each layer back to the inputs, twice. */
export function leafGas(policy: LoadedPolicy, property: Property): LeafGas {
  const runs = property.rel.length === 0 ? 1 : 3;
  let rows = 0;
  let below = 0;
  for (const { inSize, outSize } of policy.layers) {
    rows += outSize * below;
    below += inSize * outSize;
  }
  const actions = policy.head.kind === 'disc' && property.at !== 'unit' ? policy.head.actions : 1;
  const interval = runs * 2 * policy.gas;
  return { interval, linear: interval + runs * (2 * rows + actions * below) };
}

/**
 * @throws `certificate.*` for the first thing that does not hold, `property.mismatch`. Returning means: proved.
 */
export function checkCertificate(
  policy: LoadedPolicy,
  property: LoadedProperty,
  certificate: LoadedCertificate,
): CheckedClaim {
  checkPropertyFits(property, policy);
  if (certificate.policy !== policy.cid) {
    throw fail('certificate.policy', { expected: policy.cid, got: certificate.policy });
  }
  if (certificate.property !== property.cid) {
    throw fail('certificate.property', { expected: property.cid, got: certificate.property });
  }
  const bounder = new LeafBounder(policy, property);
  const counts = countLeaves(certificate.tree, property.box.length, bounder.dims);
  const gas = checkGas(policy, property, counts);
  if (gas > MAX_CHECK_GAS) throw fail('certificate.gas', { expected: { max: MAX_CHECK_GAS }, got: gas });
  const proved = replay(property, certificate.tree, bounder);
  checkClaim(policy, property, certificate, property.mode === 'min' ? 0 - proved : proved);
  const { policy: policyCid, property: propertyCid, cid: certificateCid, bound } = certificate;
  return { policyCid, propertyCid, certificateCid, bound, leaves: counts.interval + counts.linear, gas };
}

export function checkGas(
  policy: LoadedPolicy,
  property: Property,
  counts: { readonly linear: number; readonly interval: number },
): number {
  const { interval, linear } = leafGas(policy, property);
  return GAS_BASE + counts.interval * interval + counts.linear * linear;
}

/** The coordinates of box b: raw inputs, then steps. */
export function rootPiece({ box, rel }: Property, b: number): { lo: number[]; hi: number[] } {
  const sides = [...box[b]!, ...rel];
  return { lo: sides.map(([lo]) => lo), hi: sides.map(([, hi]) => hi) };
}

/** Largest bound of any leaf. A split gives [lo, m] first, then [m+1, hi], m = floor((lo + hi) / 2). */
function replay(property: Property, tree: Uint8Array, bounder: LeafBounder): number {
  let proved = VACUOUS;
  let at = 0;
  for (let b = 0; b < property.box.length; b++) {
    const open = [rootPiece(property, b)];
    for (let piece = open.pop(); piece !== undefined; piece = open.pop()) {
      const byte = tree[at++]!;
      const { lo, hi } = piece;
      if (byte === LEAF_INTERVAL || byte === LEAF_LINEAR) {
        proved = Math.max(proved, bounder.bound(b, lo, hi, byte === LEAF_INTERVAL ? 3 : 2));
        continue;
      }
      if (lo[byte]! >= hi[byte]!) {
        throw fail('certificate.tree', { expected: { at: at - 1, rule: 'split what is wider than 1' }, got: byte });
      }
      const middle = shiftFloor(lo[byte]! + hi[byte]!, 1);
      open.push({ lo: lo.with(byte, middle + 1), hi }, { lo, hi: hi.with(byte, middle) });
    }
  }
  return proved;
}

function checkClaim(
  policy: LoadedPolicy,
  property: LoadedProperty,
  { bound, wit }: LoadedCertificate,
  proved: number,
): void {
  if (bound !== proved) throw fail('certificate.claim', { expected: { bound: proved }, got: bound });
  if (property.mode === 'forall') {
    if (bound > property.rhs) throw fail('certificate.claim', { expected: { boundAtMost: property.rhs }, got: bound });
    if (wit.length > 0) throw fail('certificate.witness', { expected: 'none for forall', got: wit.length });
    return;
  }
  if (!contains(property, wit)) throw fail('certificate.witness', { expected: 'a point of the boxes', got: wit });
  const reached = new SumEvaluator(policy, property).sum(wit);
  const gap = Math.abs(bound - reached);
  if (gap > property.tol)
    throw fail('certificate.witness', { expected: { within: property.tol, of: bound }, got: reached });
}
