/** Seeded networks of any shape that a power flow can solve: light loads, sound impedances. */
import { RandomStream } from '../../src/base/random.ts';
import { uniform } from '../../src/base/realMath.ts';
import type { Branch, Bus, Generator, Network } from '../../src/grid/network.ts';

export interface RandomNetworkOptions {
  readonly buses: number;
  /** Branches beyond a spanning tree; 0. */
  readonly loops?: number;
  /** Buses with a machine that holds the voltage, beside the slack bus; 0. */
  readonly machines?: number;
  /** Taps, shifters, charging and shunts; false. */
  readonly dressed?: boolean;
  /** Half width of the machines' Q limits, pu; wide. */
  readonly qRangePu?: number;
}

const BASE_MVA = 10;
const BASE_VA = BASE_MVA * 1e6;

export function randomNetwork(seed: number, options: RandomNetworkOptions): Network {
  const { buses: count, loops = 0, machines = 0, dressed = false, qRangePu = 10 } = options;
  const stream = RandomStream.fromSeed(seed, 'randomNetwork');
  const between = (low: number, high: number): number => low + (high - low) * uniform(stream);
  const buses: Bus[] = [];
  const generators: Generator[] = [];
  for (let k = 0; k < count; k++) {
    const kind = k === 0 ? 'slack' : k <= machines ? 'pv' : 'pq';
    const vSetPu = kind === 'pq' ? 1 : between(0.99, 1.02);
    const share = 0.5 / count;
    buses.push({
      id: 100 + 7 * k,
      kind,
      loadPW: between(-0.3, 1) * share * BASE_VA,
      loadQVar: between(-0.3, 0.6) * share * BASE_VA,
      vSetPu,
      ...(dressed && k % 3 === 1
        ? { shuntPW: between(0, 0.02) * BASE_VA, shuntQVar: between(-0.02, 0.05) * BASE_VA }
        : {}),
    });
    if (kind === 'pv') {
      const q = qRangePu * BASE_VA;
      const pW = (between(0, 0.6) * BASE_VA) / machines;
      const limits = { qMinVar: -q, qMaxVar: q, pMinW: 0, pMaxW: BASE_VA };
      generators.push({ bus: 100 + 7 * k, pW, qVar: 0, vSetPu, ...limits });
    }
  }
  const branches: Branch[] = [];
  const link = (from: number, to: number): void => {
    const xPu = between(0.02, 0.12);
    const dress = dressed
      ? { bPu: between(0, 0.04), tap: between(0.96, 1.04), shiftDeg: between(-3, 3), rateVa: between(0.5, 2) * BASE_VA }
      : {};
    branches.push({ fromBus: 100 + 7 * from, toBus: 100 + 7 * to, rPu: xPu * between(0.1, 0.7), xPu, ...dress });
  };
  for (let k = 1; k < count; k++) link(Math.floor(between(Math.max(0, k - 8), k)), k);
  for (let k = 0; k < loops && count > 2; k++) {
    const from = Math.floor(between(0, count));
    link(from, (from + 1 + Math.floor(between(0, count - 1))) % count);
  }
  return { name: `random-${seed}`, provenance: 'seeded', baseMva: BASE_MVA, baseKv: 10, buses, branches, generators };
}

/** The same network with buses, branches and machines in another order. */
export function shuffled(network: Network, seed: number): Network {
  const stream = RandomStream.fromSeed(seed, 'shuffle');
  const mix = <T>(list: readonly T[]): T[] =>
    list
      .map((item) => [uniform(stream), item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  return {
    ...network,
    buses: mix(network.buses),
    branches: mix(network.branches),
    generators: mix(network.generators ?? []),
  };
}
