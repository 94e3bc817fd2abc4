/** Split trees as bytes in pre-order: a coordinate for a split, or what closes a piece. */
import type { SplitTree } from './pieces.ts';

/** A piece that the search closed; which integer bound closes it is for `certify` to find. */
export const SEARCHED = 0xff;

/** grafts: subtrees for nodes that another search went on with. */
export function preorder(tree: SplitTree, grafts?: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = [];
  let bytes: number[] = [];
  const open = [0];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const graft = grafts?.get(node);
    const dim = tree.dimOf(node);
    if (graft !== undefined) {
      parts.push(Uint8Array.from(bytes), graft);
      bytes = [];
    } else if (dim < 0) bytes.push(SEARCHED);
    else {
      bytes.push(dim);
      open.push(tree.childOf(node) + 1, tree.childOf(node));
    }
  }
  return joined([...parts, Uint8Array.from(bytes)]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
