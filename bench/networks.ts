/**
 * Networks to time on: the built-in cases, and grids of any size shaped like transmission systems, which no data file is
 * needed for: as in the 1354-bus PEGASE case, 0.39 of the buses hang on one branch, 0.19 of them with a machine, and
 * there are 1.26 branches a bus.
 */
import { RandomStream } from '../src/base/random.ts';
import { uniform } from '../src/base/realMath.ts';
import { caseNetwork } from '../src/env/cases/index.ts';
import type { Branch, Bus, Generator, Network } from '../src/grid/network.ts';

const CORE_SHARE = 0.61;
const CORE_BRANCHES_PER_BUS = 1.43;
const MACHINE_SHARE = 0.19;

/** A built-in case, or `gridN`. */
export function benchNetwork(name: string): Network {
  const size = /^grid(\d+)$/.exec(name)?.[1];
  return size === undefined ? caseNetwork(name) : transmissionGrid(Number(size));
}

/** Buses 1..core are meshed, those after them hang on one of them; the first of these have machines. */
function transmissionGrid(buses: number): Network {
  const stream = RandomStream.fromSeed(buses, 'bench-grid');
  const core = Math.floor(CORE_SHARE * buses);
  const links = meshedCore(core, stream);
  for (let id = core + 1; id <= buses; id++) links.push([1 + stream.below(core), id]);
  const machines = Math.floor(MACHINE_SHARE * buses);
  const isMachine = (id: number): boolean => id > core && id <= core + machines;
  return {
    name: `grid${buses}`,
    provenance: 'made for bench/: a square mesh with links left out and single buses hung on it, seeded by its size',
    baseMva: 100,
    baseKv: 220,
    buses: Array.from({ length: buses }, (_, i) => toBus(i + 1, isMachine(i + 1), stream)),
    branches: links.map((link) => toBranch(link, stream)),
    generators: [1, ...Array.from({ length: machines }, (_, i) => core + 1 + i)].map(toMachine),
  };
}

type Link = readonly [fromBus: number, toBus: number];

/** Rows of a square as chains, joined along the first column, and more links between neighbours until there are enough. */
function meshedCore(core: number, stream: RandomStream): Link[] {
  const side = Math.ceil(Math.sqrt(core));
  const links: Link[] = [];
  for (let i = 1; i < core; i++) links.push(i % side === 0 ? [i - side + 1, i + 1] : [i, i + 1]);
  const taken = new Set<number>();
  while (links.length < CORE_BRANCHES_PER_BUS * core && taken.size < core) {
    const from = stream.below(core);
    if (taken.has(from)) continue;
    taken.add(from);
    if (from + side < core && from % side !== 0) links.push([from + 1, from + side + 1]);
  }
  return links;
}

function toBranch([fromBus, toBus]: Link, stream: RandomStream): Branch {
  const xPu = 0.02 + 0.04 * uniform(stream);
  return { fromBus, toBus, rPu: xPu / 6, xPu, bPu: 0.02 };
}

function toBus(id: number, isMachine: boolean, stream: RandomStream): Bus {
  const kind = id === 1 ? 'slack' : isMachine ? 'pv' : 'pq';
  const loadPW = 4e6 + 12e6 * uniform(stream);
  return { id, kind, loadPW, loadQVar: loadPW / 3, vSetPu: kind === 'pq' ? 1 : 1.02 };
}

function toMachine(bus: number): Generator {
  const pW = 50e6;
  return { bus, pW, qVar: 0, qMinVar: -5e7, qMaxVar: 5e7, pMinW: 0, pMaxW: 2 * pW, vSetPu: 1.02 };
}
