/** The connected parts of a network, by its branches in service. */
import type { Branch, Network } from '../../../grid/network.ts';

export interface Island {
  /** Bus indices, ascending. */
  readonly buses: readonly number[];
  /**
   * It holds a slack bus. An island without one has no source that could balance it, whatever machines it holds:
   * it is de-energised, its voltages are 0 and its loads unserved.
   */
  readonly energised: boolean;
}

export function inService(item: { readonly inService?: boolean }): boolean {
  return item.inService !== false;
}

/** A branch carries power unless it is out of service or ends at an isolated bus. */
export function isLive(network: Network, branch: Branch, from: number, to: number): boolean {
  return inService(branch) && network.buses[from]!.kind !== 'isolated' && network.buses[to]!.kind !== 'isolated';
}

/** @param index bus id -> bus index */
export function findIslands(network: Network, index: ReadonlyMap<number, number>): Island[] {
  const links: number[][] = network.buses.map(() => []);
  for (const branch of network.branches) {
    const from = index.get(branch.fromBus)!;
    const to = index.get(branch.toBus)!;
    if (!isLive(network, branch, from, to)) continue;
    links[from]!.push(to);
    links[to]!.push(from);
  }
  const seen = new Uint8Array(links.length);
  const islands: Island[] = [];
  for (let start = 0; start < links.length; start++) {
    if (seen[start] === 1) continue;
    const buses = reach(start, links, seen).sort((a, b) => a - b);
    islands.push({ buses, energised: buses.some((k) => network.buses[k]!.kind === 'slack') });
  }
  return islands;
}

function reach(start: number, links: readonly (readonly number[])[], seen: Uint8Array): number[] {
  const found = [start];
  seen[start] = 1;
  for (let head = 0; head < found.length; head++) {
    for (const to of links[found[head]!]!) {
      if (seen[to] === 1) continue;
      seen[to] = 1;
      found.push(to);
    }
  }
  return found;
}
