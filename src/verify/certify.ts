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
 * cannot close as it is, is split on; one that has become easy since it was split, is closed whole.
 */
export function certify(
  tools: SearchTools,
  trees: Uint8Array,
  limit: number,
  witness: Incumbent | undefined,
): LoadedCertificate | Uncertified {
  const { policy, property, sign } = tools;
  const closed = new PieceCloser(tools, trees, limit);
  if (!closed.run()) return 'leaves';
  if (checkGas(policy, property, closed) > MAX_CHECK_GAS) return 'gas';
  return buildCertificate({
    policy: policy.cid,
    property: property.cid,
    bound: sign * closed.bound + 0,
    tree: Uint8Array.from(closed.bytes),
    wit: property.mode === 'forall' ? [] : witness!.point,
  });
}

/** From this many searched pieces on, whole pieces are tried first. */
const MANY_PIECES = 512;

class PieceCloser {
  readonly bytes: number[] = [];
  bound = VACUOUS;
  linear = 0;
  interval = 0;
  readonly #tools: SearchTools;
  readonly #trees: Uint8Array;
  readonly #limit: number;
  #at = 0;

  constructor(tools: SearchTools, trees: Uint8Array, limit: number) {
    this.#tools = tools;
    this.#trees = trees;
    this.#limit = limit;
  }

  /** False when there are too many leaves. */
  run(): boolean {
    const { property } = this.#tools;
    const isLong = this.#trees.length > 2 * MANY_PIECES;
    for (let b = 0; b < property.box.length; b++) {
      const open = [{ ...rootPiece(property, b), isOwn: false }];
      for (let piece = open.pop(); piece !== undefined; piece = open.pop()) {
        const { lo, hi } = piece;
        const searched = piece.isOwn ? SEARCHED : this.#trees[this.#at++]!;
        const isLeaf = searched === SEARCHED;
        if ((isLeaf || isLong) && this.#close(b, lo, hi)) {
          if (!isLeaf) this.#skip();
          if (this.linear + this.interval > MAX_LEAVES) return false;
          continue;
        }
        const split = isLeaf ? this.#tools.chooseByIntegers(lo, hi) : searched;
        // Bounds are exact at points: what cannot be split was never proved.
        if (split < 0 || open.length > MAX_LEAVES) return false;
        this.bytes.push(split);
        const middle = shiftFloor(lo[split]! + hi[split]!, 1);
        open.push(
          { lo: lo.with(split, middle + 1), hi, isOwn: isLeaf },
          { lo, hi: hi.with(split, middle), isOwn: isLeaf },
        );
      }
    }
    return true;
  }

  #close(b: number, lo: readonly number[], hi: readonly number[]): boolean {
    const { bounder } = this.#tools;
    let bound = bounder.bound(b, lo, hi, 3);
    const isPlain = bound <= this.#limit;
    if (!isPlain) bound = bounder.bound(b, lo, hi, 2);
    if (bound > this.#limit) return false;
    if (isPlain) this.interval++;
    else this.linear++;
    this.bytes.push(isPlain ? LEAF_INTERVAL : LEAF_LINEAR);
    this.bound = Math.max(this.bound, bound);
    return true;
  }

  /** Past both subtrees of the split just read. */
  #skip(): void {
    for (let open = 2; open > 0;) open += this.#trees[this.#at++] === SEARCHED ? -1 : 1;
  }
}
