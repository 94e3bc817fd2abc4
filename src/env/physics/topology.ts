/** A radial network as typed arrays: who feeds whom, in an order in which every bus comes after its parent. */
import { fail } from '../../base/errors.ts';
import type { Network } from '../../grid/network.ts';

export interface RadialTopology {
  readonly network: Network;
  /** Buses, in the order of `network.buses`. */
  readonly busCount: number;
  readonly slack: number;
  readonly slackVPu: number;
  /** Bus indices from the slack bus outwards. */
  readonly order: Int32Array;
  /** Parent bus index; -1 for the slack bus. */
  readonly parent: Int32Array;
  /** Impedance of the branch that feeds the bus, pu. */
  readonly rPu: Float64Array;
  readonly xPu: Float64Array;
}

/** @throws `env.networkNotRadial` unless the network is one tree that hangs from one slack bus. */
export function radialTopology(network: Network): RadialTopology {
  const busCount = network.buses.length;
  const slacks = network.buses.flatMap((bus, i) => (bus.kind === 'slack' ? [i] : []));
  if (slacks.length !== 1 || network.branches.length !== busCount - 1) {
    throw fail('env.networkNotRadial', {
      expected: 'one slack bus and one branch less than buses',
      got: { slackBuses: slacks.length, buses: busCount, branches: network.branches.length },
    });
  }
  const slack = slacks[0]!;
  const tree = {
    network,
    busCount,
    slack,
    slackVPu: network.buses[slack]!.vSetPu,
    order: new Int32Array(busCount),
    parent: new Int32Array(busCount).fill(-1),
    rPu: new Float64Array(busCount),
    xPu: new Float64Array(busCount),
  };
  const reached = walk(tree, neighbours(network));
  if (reached !== busCount) {
    throw fail('env.networkNotRadial', { expected: `${busCount} buses fed by the slack bus`, got: reached });
  }
  return tree;
}

/** Index of the bus with this id. @throws `env.unknownBus`. */
export function busIndex(network: Network, id: number): number {
  const index = network.buses.findIndex((bus) => bus.id === id);
  if (index < 0) throw fail('env.unknownBus', { expected: `a bus of ${network.name}`, got: id });
  return index;
}

type Link = readonly [bus: number, branch: number];

function neighbours(network: Network): Link[][] {
  const links: Link[][] = network.buses.map(() => []);
  const known = new Map(network.buses.map(({ id }, index) => [id, index]));
  const indexOf = (id: number): number => known.get(id) ?? busIndex(network, id);
  network.branches.forEach((branch, k) => {
    const from = indexOf(branch.fromBus);
    const to = indexOf(branch.toBus);
    links[from]!.push([to, k]);
    links[to]!.push([from, k]);
  });
  return links;
}

/** Breadth first from the slack bus; returns how many buses were reached. */
function walk(tree: RadialTopology, links: readonly Link[][]): number {
  const seen = new Uint8Array(tree.busCount);
  seen[tree.slack] = 1;
  tree.order[0] = tree.slack;
  let count = 1;
  for (let head = 0; head < count; head++) {
    const from = tree.order[head]!;
    for (const [to, k] of links[from]!) {
      if (seen[to] === 1) continue;
      seen[to] = 1;
      tree.parent[to] = from;
      tree.rPu[to] = tree.network.branches[k]!.rPu;
      tree.xPu[to] = tree.network.branches[k]!.xPu;
      tree.order[count++] = to;
    }
  }
  return count;
}
