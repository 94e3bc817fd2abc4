/**
 * The order in which solvers of a tree keep their buses: chains. A bus is followed by the child with the largest
 * subtree, so that most of what one bus hands to the next stays in local variables instead of going through memory.
 */
import type { RadialTopology } from './topology.ts';
import { RECORD } from './busRecords.ts';

export interface TreeChains {
  /** Bus by place; the slack bus first, every bus after its parent. */
  readonly busAt: Int32Array;
  /** Start of the parent's record, by place. */
  readonly above: Int32Array;
  /** By place, 1 where the place before is the parent: the place goes on with its chain. */
  readonly chained: Uint8Array;
  /** By place, 1 where a child is not the next place: it hands over through memory. */
  readonly joined: Uint8Array;
}

export function treeChains({ order, parent, busCount }: RadialTopology): TreeChains {
  const size = new Int32Array(busCount).fill(1);
  const heir = new Int32Array(busCount).fill(-1);
  for (let n = order.length - 1; n > 0; n--) size[parent[order[n]!]!]! += size[order[n]!]!;
  for (const bus of order.subarray(1)) {
    const up = parent[bus]!;
    if (heir[up] === -1 || size[bus]! > size[heir[up]!]!) heir[up] = bus;
  }
  const busAt = new Int32Array(busCount);
  const place = new Int32Array(busCount);
  let count = 0;
  for (const bus of order) {
    if (bus !== order[0] && heir[parent[bus]!] === bus) continue;
    for (let next = bus; next !== -1; next = heir[next]!) {
      busAt[count] = next;
      place[next] = count++;
    }
  }
  const above = Int32Array.from(busAt, (bus, n) => (n === 0 ? 0 : place[parent[bus]!]! * RECORD));
  const chained = Uint8Array.from(above, (up, n) => (n > 0 && up === (n - 1) * RECORD ? 1 : 0));
  const joined = new Uint8Array(busCount);
  for (let n = 1; n < busCount; n++) if (chained[n] === 0) joined[above[n]! / RECORD] = 1;
  return { busAt, above, chained, joined };
}
