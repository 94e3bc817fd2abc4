/**
 * LinDistFlow voltage sensitivity of a radial feeder (Baran & Wu 1989): V_i changes with the reactive injection
 * at j by the reactance that both share on their way to the substation,
 *   dV_i/dQ_j = sum of x over path(i) n path(j)   [pu per pu, at V = 1].
 */
import type { Network } from '../../grid/network.ts';
import { busIndex, radialTopology, type RadialTopology } from './topology.ts';

/** Shared reactance (or resistance, for dV/dP) of two buses, pu. */
function sharedImpedancePu(tree: RadialTopology, i: number, j: number, branchPu: Float64Array): number {
  const onPath = new Uint8Array(tree.busCount);
  for (let k = i; k !== tree.slack; k = tree.parent[k]!) onPath[k] = 1;
  let sum = 0;
  for (let k = j; k !== tree.slack; k = tree.parent[k]!) if (onPath[k] === 1) sum += branchPu[k]!;
  return sum;
}

/** Row-major sites x sites, pu per pu. */
export function sensitivityPu(tree: RadialTopology, busIndices: readonly number[]): Float64Array {
  const out = new Float64Array(busIndices.length * busIndices.length);
  busIndices.forEach((i, row) => {
    busIndices.forEach((j, column) => {
      out[row * busIndices.length + column] = sharedImpedancePu(tree, i, j, tree.xPu);
    });
  });
  return out;
}

/**
 * dV/dQ of the sites, row-major sites x sites, integers in 1e-6 pu per Mvar: what a deployment document
 * declares, and on its diagonal the channel `sens.own`.
 * @throws `env.networkNotRadial`, `env.unknownBus`.
 */
export function linDistFlowSensitivity(network: Network, sites: readonly { readonly bus: number }[]): Int32Array {
  const tree = radialTopology(network);
  const perPu = sensitivityPu(
    tree,
    sites.map((site) => busIndex(network, site.bus)),
  );
  return Int32Array.from(perPu, (x) => microPerMvar(x, network.baseMva));
}

/** A sensitivity in pu per pu as an integer in 1e-6 pu per Mvar. */
export function microPerMvar(sensitivity: number, baseMva: number): number {
  return Math.floor((sensitivity / baseMva) * 1000000 + 0.5);
}
