/** From the tree of a search to a certificate: every piece closed by the cheapest integer bound that does. */
import { shiftFloor } from '../base/fixed.ts';
import {
  buildCertificate,
  LEAF_INTERVAL,
  LEAF_LINEAR,
  MAX_LEAVES,
  type LoadedCertificate,
} from '../contracts/policy/certificate/certificate.ts';
import { checkGas, MAX_CHECK_GAS, rootPiece } from '../contracts/policy/certificate/check.ts';
import { VACUOUS } from '../contracts/policy/certificate/leaf.ts';
import { SEARCHED } from './preorder.ts';
import type { Incumbent, SearchTools } from './search.ts';

/** Why a proof has no certificate: its pieces are more than one may hold, or its check would cost more. */
export type Uncertified = 'leaves' | 'gas';

/**
 * trees: one pre-order tree a box, as searched. limit: what no piece may exceed, `min` negated. A piece that integers
 * cannot close as it is, is split on.
 */
export function certify(
  tools: SearchTools,
  trees: Uint8Array,
  limit: number,
  witness: Incumbent | undefined,
): LoadedCertificate | Uncertified {
  const { policy, property, sign } = tools;
  const closed = closePieces(tools, trees, limit);
  if (closed === undefined) return 'leaves';
  if (checkGas(policy, property, closed) > MAX_CHECK_GAS) return 'gas';
  return buildCertificate({
    policy: policy.cid,
    property: property.cid,
    bound: sign * closed.bound + 0,
    tree: Uint8Array.from(closed.bytes),
    wit: property.mode === 'forall' ? [] : witness!.point,
  });
}

interface ClosedTree {
  readonly bytes: readonly number[];
  readonly bound: number;
  readonly linear: number;
  readonly interval: number;
}

function closePieces(
  { property, bounder, chooser }: SearchTools,
  trees: Uint8Array,
  limit: number,
): ClosedTree | undefined {
  const bytes: number[] = [];
  let [bound, linear, interval, at] = [VACUOUS, 0, 0, 0];
  const closeBy = (byte: number, value: number): void => {
    bytes.push(byte);
    bound = Math.max(bound, value);
  };
  for (let b = 0; b < property.box.length; b++) {
    const open = [{ ...rootPiece(property, b), isOwn: false }];
    for (let piece = open.pop(); piece !== undefined; piece = open.pop()) {
      const { lo, hi, isOwn } = piece;
      let split = isOwn ? SEARCHED : trees[at++]!;
      if (split === SEARCHED) {
        const plain = bounder.bound(b, lo, hi, 3);
        const tight = plain <= limit ? plain : bounder.bound(b, lo, hi, 2);
        if (tight <= limit) {
          closeBy(plain <= limit ? LEAF_INTERVAL : LEAF_LINEAR, tight);
          if (plain <= limit) interval++;
          else linear++;
          if (linear + interval > MAX_LEAVES) return undefined;
          continue;
        }
        split = chooser.choose(bounder.view, lo, hi);
        // Bounds are exact at points, so a point above the limit means that there was no proof.
        if (split < 0) return undefined;
      }
      bytes.push(split);
      const middle = shiftFloor(lo[split]! + hi[split]!, 1);
      const own = isOwn || trees[at - 1] === SEARCHED;
      open.push({ lo: lo.with(split, middle + 1), hi, isOwn: own }, { lo, hi: hi.with(split, middle), isOwn: own });
      if (open.length > MAX_LEAVES) return undefined;
    }
  }
  return { bytes, bound, linear, interval };
}
