/** What a feeder drives: a power flow that other loops are settled between the steps of. */
import { fail } from '../../base/errors.ts';
import type { Network } from '../../grid/network.ts';
import { MeshedFlow } from './meshedFlow.ts';
import { RadialPowerFlow } from './radial.ts';
import { sensitivityPu } from './sensitivity.ts';
import { radialTopology } from './topology.ts';

/** All per unit on `baseMva`, in the order of `network.buses`; P > 0 export, Q > 0 injected. */
export interface GridFlow {
  /** Filled by `finish`. */
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
  readonly vmPu: Float64Array;
  converged: boolean;
  iterations: number;
  residualPu: number;
  readonly lossPu: number;
  readonly feedInPu: number;
  flatStart(): void;
  /** Go on from what is in `vRe` and `vIm`. */
  takeVoltages(): void;
  /** Net injections of all buses: `p` and `q` from index `from`, times `factor`. */
  inject(p: Float64Array, q: Float64Array, from: number, factor: number): void;
  pInjPu(bus: number): number;
  qInjPu(bus: number): number;
  setP(bus: number, pPu: number): void;
  setQ(bus: number, qPu: number): void;
  /** Voltage magnitude after the last step. */
  magnitude(bus: number): number;
  /** The same of several buses, to `out`. */
  magnitudes(buses: Int32Array, out: Float64Array): void;
  /** Reactive injection of each of `buses`: `loadPu` of the bus and `qPu` of every site there. */
  setReactive(buses: Int32Array, loadPu: Float64Array, qPu: Float64Array): void;
  /** One step towards the solution; returns the largest movement of a bus voltage, NaN when it blew up. */
  sweep(): number;
  /** Move the voltages by about what a change of the reactive injection of `buses[s]` by `dqPu[s]` does. */
  nudge?(buses: Int32Array, dqPu: Float64Array): void;
  /** One Newton step, where the reactive injection of `buses[s]` moves by `slope[s]` pu per pu of its voltage; returns as `sweep`. */
  newtonStep(buses: Int32Array, slope: Float64Array): number;
  finish(): void;
}

/** `auto`: sweeps where the network is one tree of plain branches, Newton everywhere else. */
export type GridSolver = 'auto' | 'sweep' | 'newton';

/** What never changes of a network and every copy of a feeder shares. */
export interface GridModel {
  readonly solver: 'sweep' | 'newton';
  /** Indices of the buses that no machine holds. */
  readonly freeBuses: Int32Array;
  create(): GridFlow;
  /** dV/dQ of these buses, row-major, pu per pu. */
  sensitivityPu(buses: readonly number[]): Float64Array;
}

const MODELS = new WeakMap<Network, Map<GridSolver, GridModel>>();

/** Compiled once for a network. @throws `env.networkNotRadial` when sweeps are asked for and cannot, `env.network`, `env.unknownBus`. */
export function gridModel(network: Network, solver: GridSolver = 'auto'): GridModel {
  const models = MODELS.get(network) ?? new Map<GridSolver, GridModel>();
  MODELS.set(network, models);
  const model = models.get(solver) ?? compile(network, solver);
  models.set(solver, model);
  return model;
}

function compile(network: Network, solver: GridSolver): GridModel {
  const live = { ...network, branches: network.branches.filter((branch) => branch.inService !== false) };
  const plain = isPlainTree(live);
  if (solver === 'sweep' && !plain) {
    throw fail('env.networkNotRadial', {
      expected: 'a tree of plain branches that hangs from one slack bus',
      got: network.name,
    });
  }
  if (solver === 'newton' || !plain) {
    const model = MeshedFlow.compile(network);
    return {
      solver: 'newton',
      freeBuses: MeshedFlow.freeBuses(model),
      create: () => new MeshedFlow(model),
      sensitivityPu: (buses) => MeshedFlow.sensitivityPu(model, buses),
    };
  }
  const tree = radialTopology(live);
  return {
    solver: 'sweep',
    freeBuses: tree.order.slice(1).sort((a, b) => a - b),
    create: () => new RadialPowerFlow(tree),
    sensitivityPu: (buses) => sensitivityPu(tree, buses),
  };
}

/** No machine but at the slack bus, no shunt, and lines that are series impedances. */
function isPlainTree({ buses, branches, generators = [] }: Network): boolean {
  const slack = buses.find((bus) => bus.kind === 'slack');
  return (
    branches.length === buses.length - 1 &&
    buses.every((bus) => (bus.kind === 'pq' || bus === slack) && !bus.shuntPW && !bus.shuntQVar) &&
    branches.every(({ bPu, tap, shiftDeg }) => !bPu && (tap ?? 1) === 1 && !shiftDeg) &&
    generators.every((machine) => machine.inService === false || machine.bus === slack?.id)
  );
}
