/** Where every bus of a network is drawn: the network's own layout, or one made for it. */
import { fail } from '../../base/errors.ts';
import type { Network } from '../../grid/network.ts';
import { stressLayout } from './stressLayout.ts';
import { treeLayout, type Graph } from './treeLayout.ts';

/** Buses of the largest network that is drawn: all pairs of them are held while a layout is made. */
const MAX_BUSES = 3000;

/** x, y as pairs in the order of `network.buses`, any scale, y down. @throws `env.render` beyond 3000 buses. */
export function busPositions(network: Network): Float64Array {
  const { buses, layout } = network;
  if (layout !== undefined && buses.every(({ id }) => isPoint(layout[id]))) {
    return Float64Array.from(buses.flatMap(({ id }) => [...layout[id]!]));
  }
  if (buses.length > MAX_BUSES) {
    throw fail('env.render', { expected: `a network of at most ${MAX_BUSES} buses`, got: buses.length });
  }
  const graph = graphOf(network);
  const root = Math.max(
    0,
    buses.findIndex(({ kind }) => kind === 'slack'),
  );
  return treeLayout(graph, root) ?? stressLayout(graph);
}

function isPoint(point: readonly [number, number] | undefined): boolean {
  return point !== undefined && Number.isFinite(point[0]) && Number.isFinite(point[1]);
}

/** @throws `env.unknownBus`. */
export function graphOf({ buses, branches, name }: Network): Graph {
  const index = new Map(buses.map(({ id }, i) => [id, i]));
  const find = (id: number): number => {
    const i = index.get(id);
    if (i === undefined) throw fail('env.unknownBus', { expected: `a bus of ${name}`, got: id });
    return i;
  };
  return { count: buses.length, edges: branches.map(({ fromBus, toBus }) => [find(fromBus), find(toBus)]) };
}
