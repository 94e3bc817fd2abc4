/**
 * Networks to time on: the built-in cases, and meshed grids of any size shaped like transmission systems (1.47
 * branches and 0.2 machines a bus, as the 1354-bus PEGASE case), which no data file is needed for.
 */
import { RandomStream } from '../src/base/random.ts';
import { uniform } from '../src/base/realMath.ts';
import { caseNetwork } from '../src/env/cases/index.ts';
import type { Branch, Bus, Generator, Network } from '../src/grid/network.ts';

const BRANCHES_PER_BUS = 1.47;
const MACHINE_EVERY = 5;

/** A built-in case, or `gridN`. */
export function benchNetwork(name: string): Network {
  const size = /^grid(\d+)$/.exec(name)?.[1];
  return size === undefined ? caseNetwork(name) : meshedGrid(Number(size));
}

function meshedGrid(buses: number): Network {
  const stream = RandomStream.fromSeed(buses, 'bench-grid');
  const side = Math.ceil(Math.sqrt(buses));
  const links = spanning(buses, side);
  for (let tries = 0; links.size < BRANCHES_PER_BUS * buses && tries < 100 * buses; tries++) {
    const from = stream.below(buses);
    const to = stream.below(2) === 0 ? from + 1 : from + side;
    if (to < buses && (to - from > 1 || to % side !== 0)) links.add(`${from + 1}-${to + 1}`);
  }
  const branches = [...links].map((link): Branch => {
    const [fromBus, toBus] = link.split('-').map(Number) as [number, number];
    const xPu = 0.02 + 0.04 * uniform(stream);
    return { fromBus, toBus, rPu: xPu / 6, xPu, bPu: 0.02 };
  });
  return {
    name: `grid${buses}`,
    provenance: 'made for bench/: a square mesh with links left out, seeded by its size',
    baseMva: 100,
    baseKv: 220,
    buses: Array.from({ length: buses }, (_, i) => toBus(i, stream)),
    branches,
    generators: Array.from({ length: buses }, (_, i) => i)
      .filter((i) => i % MACHINE_EVERY === 0)
      .map(toMachine),
  };
}

/** Rows of the square as chains, joined along their first column. */
function spanning(buses: number, side: number): Set<string> {
  const links = new Set<string>();
  for (let i = 1; i < buses; i++) links.add(i % side === 0 ? `${i - side + 1}-${i + 1}` : `${i}-${i + 1}`);
  return links;
}

function toBus(i: number, stream: RandomStream): Bus {
  const kind = i === 0 ? 'slack' : i % MACHINE_EVERY === 0 ? 'pv' : 'pq';
  const loadPW = 4e6 + 12e6 * uniform(stream);
  return { id: i + 1, kind, loadPW, loadQVar: loadPW / 3, vSetPu: kind === 'pq' ? 1 : 1.02 };
}

function toMachine(i: number): Generator {
  const pW = 50e6;
  return { bus: i + 1, pW, qVar: 0, qMinVar: -5e7, qMaxVar: 5e7, pMinW: 0, pMaxW: 2 * pW, vSetPu: 1.02 };
}
