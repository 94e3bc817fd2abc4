/**
 * A network compiled for power flow: typed arrays in the order of `network.buses` and `network.branches`, per
 * unit on `baseMva`. The branch model is MATPOWER's (User's Manual 8, section 3.2): a pi line behind an ideal
 * transformer at the from end, and
 *   [I_from]   [y_ff y_ft] [V_from]
 *   [I_to  ] = [y_tf y_tt] [V_to  ]
 */
import { fail } from '../../../base/errors.ts';
import { cosReal, sinReal } from '../../../base/realMath.ts';
import type { Branch, Generator, Network } from '../../../grid/network.ts';
import { findIslands, inService, isLive, type Island } from './islands.ts';

export const BUS = { pq: 0, pv: 1, slack: 2, dead: 3 } as const;

/** Below it the flow through a branch drowns in the rounding of the voltages at its ends. */
const LEAST_IMPEDANCE_PU = 1e-12;
const DEG = 3.141592653589793 / 180;

export interface PowerFlowModel {
  readonly network: Network;
  readonly busCount: number;
  readonly islands: readonly Island[];
  /**
   * `BUS.*` per bus. A pv bus of a network that lists generators but has none in service there is pq; buses of a
   * de-energised island are dead.
   */
  readonly kind: Uint8Array;
  /** Held magnitude of slack and pv buses (the last in-service generator's set point, as MATPOWER has it). */
  readonly vSetPu: Float64Array;
  /** The case's own starting voltages; slack and pv buses at their set points. */
  readonly startRe: Float64Array;
  readonly startIm: Float64Array;
  /**
   * The case's own net injections: generators less loads. The Q of the machines on a pv or slack bus, and the P
   * of those on a slack bus, is the solver's to find and not in here.
   */
  readonly pInjPu: Float64Array;
  readonly qInjPu: Float64Array;
  /** Summed limits of the machines that hold a pv bus; infinite where there are none. */
  readonly qMinPu: Float64Array;
  readonly qMaxPu: Float64Array;
  /** Shunt admittance. */
  readonly gShuntPu: Float64Array;
  readonly bShuntPu: Float64Array;
  readonly branches: BranchAdmittances;
  /** Y by rows, columns ascending, diagonal included; [re, im] pairs. */
  readonly rowStart: Int32Array;
  readonly column: Int32Array;
  readonly y: Float64Array;
}

export interface BranchAdmittances {
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** 0: out of service, or a part of nothing energised. */
  readonly live: Uint8Array;
  /** Eight numbers a branch: ff, ft, tf, tt as [re, im]. */
  readonly y: Float64Array;
}

/** Bus id -> index. @throws `env.network` on a repeated id. */
function busIndices(network: Network): Map<number, number> {
  const index = new Map<number, number>();
  network.buses.forEach(({ id }, k) => {
    if (index.has(id)) throw fail('env.network', { expected: 'distinct bus ids', got: id });
    index.set(id, k);
  });
  return index;
}

/** @throws `env.network`, `env.unknownBus`. */
export function compileNetwork(network: Network): PowerFlowModel {
  const index = busIndices(network);
  checkNumbers(network);
  const ends = branchEnds(network, index);
  const islands = findIslands(network, index);
  if (!islands.some((island) => island.energised)) {
    throw fail('env.network', { expected: 'a slack bus', got: 'none' });
  }
  const machines = machinesByBus(network, index);
  const kind = busKinds(network, islands, machines);
  const branches = branchAdmittances(network, ends, kind);
  const baseVa = network.baseMva * 1e6;
  const gShuntPu = Float64Array.from(network.buses, (bus) => (bus.shuntPW ?? 0) / baseVa);
  const bShuntPu = Float64Array.from(network.buses, (bus) => (bus.shuntQVar ?? 0) / baseVa);
  return {
    network,
    busCount: network.buses.length,
    islands,
    kind,
    ...setPoints(network, kind, machines),
    ...injections(network, kind, machines),
    gShuntPu,
    bShuntPu,
    branches,
    ...admittanceRows(kind, branches, gShuntPu, bShuntPu),
  };
}

function checkNumbers(network: Network): void {
  const finiteOf = (what: string, item: object): void => {
    for (const [key, value] of Object.entries(item)) {
      // A limit may be infinite.
      if (typeof value !== 'number' || (key.includes('M') && !Number.isNaN(value))) continue;
      if (!Number.isFinite(value)) throw fail('env.network', { expected: `finite ${what}.${key}`, got: value });
    }
  };
  if (!(network.baseMva > 0)) throw fail('env.network', { expected: 'baseMva > 0', got: network.baseMva });
  for (const bus of network.buses) finiteOf(`bus ${bus.id}`, bus);
  for (const machine of network.generators ?? []) finiteOf(`generator at ${machine.bus}`, machine);
  for (const branch of network.branches) {
    finiteOf(`branch ${branch.fromBus}-${branch.toBus}`, branch);
    const z = Math.sqrt(branch.rPu * branch.rPu + branch.xPu * branch.xPu);
    if (z < LEAST_IMPEDANCE_PU && inService(branch)) {
      const expected = `a branch impedance of at least ${LEAST_IMPEDANCE_PU} pu`;
      throw fail('env.network', { expected, got: `${z} at ${branch.fromBus}-${branch.toBus}` });
    }
  }
}

function branchEnds(network: Network, index: ReadonlyMap<number, number>): { from: Int32Array; to: Int32Array } {
  const find = (id: number): number => {
    const k = index.get(id);
    if (k === undefined) throw fail('env.unknownBus', { expected: `a bus of ${network.name}`, got: id });
    return k;
  };
  return {
    from: Int32Array.from(network.branches, (branch) => find(branch.fromBus)),
    to: Int32Array.from(network.branches, (branch) => find(branch.toBus)),
  };
}

/** Machines in service, per bus. */
function machinesByBus(network: Network, index: ReadonlyMap<number, number>): Generator[][] {
  const at: Generator[][] = network.buses.map(() => []);
  for (const machine of network.generators ?? []) {
    const k = index.get(machine.bus);
    if (k === undefined) throw fail('env.unknownBus', { expected: `a bus of ${network.name}`, got: machine.bus });
    if (inService(machine)) at[k]!.push(machine);
  }
  return at;
}

function busKinds(network: Network, islands: readonly Island[], machines: readonly Generator[][]): Uint8Array {
  const kind = new Uint8Array(network.buses.length).fill(BUS.dead);
  for (const { buses, energised } of islands) {
    if (!energised) continue;
    for (const k of buses) {
      const named = network.buses[k]!.kind;
      const holds = network.generators === undefined || machines[k]!.length > 0;
      kind[k] = named === 'slack' ? BUS.slack : named === 'pv' && holds ? BUS.pv : BUS.pq;
    }
  }
  return kind;
}

function setPoints(
  network: Network,
  kind: Uint8Array,
  machines: readonly Generator[][],
): Pick<PowerFlowModel, 'vSetPu' | 'startRe' | 'startIm'> {
  const vSetPu = Float64Array.from(network.buses, (bus, k) =>
    kind[k] === BUS.pq ? bus.vSetPu : (machines[k]!.at(-1)?.vSetPu ?? bus.vSetPu),
  );
  vSetPu.forEach((v, k) => {
    if (v > 0 || kind[k] === BUS.dead || kind[k] === BUS.pq) return;
    throw fail('env.network', { expected: `a set point above 0 at bus ${network.buses[k]!.id}`, got: v });
  });
  const angle = (k: number): number => (network.buses[k]!.vaDeg ?? 0) * DEG;
  return {
    vSetPu,
    startRe: vSetPu.map((v, k) => (kind[k] === BUS.dead ? 0 : v * cosReal(angle(k)))),
    startIm: vSetPu.map((v, k) => (kind[k] === BUS.dead ? 0 : v * sinReal(angle(k)))),
  };
}

function injections(
  network: Network,
  kind: Uint8Array,
  machines: readonly Generator[][],
): Pick<PowerFlowModel, 'pInjPu' | 'qInjPu' | 'qMinPu' | 'qMaxPu'> {
  const baseVa = network.baseMva * 1e6;
  const total = (k: number, of: (machine: Generator) => number): number =>
    machines[k]!.reduce((sum, machine) => sum + of(machine), 0) / baseVa;
  const limit = (k: number, of: (machine: Generator) => number, none: number): number =>
    kind[k] === BUS.pv && machines[k]!.length > 0 ? total(k, of) : none;
  return {
    pInjPu: Float64Array.from(network.buses, (bus, k) =>
      kind[k] === BUS.dead ? 0 : (kind[k] === BUS.slack ? 0 : total(k, (m) => m.pW)) - bus.loadPW / baseVa,
    ),
    qInjPu: Float64Array.from(network.buses, (bus, k) =>
      kind[k] === BUS.dead ? 0 : (kind[k] === BUS.pq ? total(k, (m) => m.qVar) : 0) - bus.loadQVar / baseVa,
    ),
    qMinPu: Float64Array.from(network.buses, (_, k) => limit(k, (m) => m.qMinVar, -Infinity)),
    qMaxPu: Float64Array.from(network.buses, (_, k) => limit(k, (m) => m.qMaxVar, Infinity)),
  };
}

function branchAdmittances(
  network: Network,
  { from, to }: { from: Int32Array; to: Int32Array },
  kind: Uint8Array,
): BranchAdmittances {
  const y = new Float64Array(8 * from.length);
  const live = new Uint8Array(from.length);
  network.branches.forEach((branch, k) => {
    if (kind[from[k]!] === BUS.dead || !isLive(network, branch, from[k]!, to[k]!)) return;
    live[k] = 1;
    y.set(piModel(branch), 8 * k);
  });
  return { from, to, live, y };
}

/** y_ff, y_ft, y_tf, y_tt as [re, im]. */
function piModel({ rPu, xPu, bPu = 0, tap = 1, shiftDeg = 0 }: Branch): number[] {
  const square = rPu * rPu + xPu * xPu;
  const g = rPu / square;
  const b = -xPu / square;
  // MATPOWER writes 0 for "no transformer"
  const ratio = tap === 0 ? 1 : tap;
  const re = shiftDeg === 0 ? 1 : cosReal(shiftDeg * DEG);
  const im = shiftDeg === 0 ? 0 : sinReal(shiftDeg * DEG);
  const bTotal = b + bPu / 2;
  // t = ratio (re + j im): y_tt = y_s + j b/2, y_ff = y_tt / |t|^2, y_ft = -y_s / conj(t), y_tf = -y_s / t
  return [
    ...[g / (ratio * ratio), bTotal / (ratio * ratio)],
    ...[-(g * re - b * im) / ratio, -(b * re + g * im) / ratio],
    ...[-(g * re + b * im) / ratio, -(b * re - g * im) / ratio],
    ...[g, bTotal],
  ];
}

function admittanceRows(
  kind: Uint8Array,
  branches: BranchAdmittances,
  gShuntPu: Float64Array,
  bShuntPu: Float64Array,
): Pick<PowerFlowModel, 'rowStart' | 'column' | 'y'> {
  const rows = Array.from(kind, (of, k) =>
    of === BUS.dead ? new Map<number, [number, number]>() : new Map([[k, [gShuntPu[k]!, bShuntPu[k]!]]]),
  ) as Map<number, [number, number]>[];
  const add = (row: number, column: number, re: number, im: number): void => {
    const [g, b] = rows[row]!.get(column) ?? [0, 0];
    rows[row]!.set(column, [g + re, b + im]);
  };
  for (let k = 0; k < branches.from.length; k++) {
    if (branches.live[k] === 0) continue;
    const [from, to] = [branches.from[k]!, branches.to[k]!];
    const y = branches.y.subarray(8 * k, 8 * k + 8);
    add(from, from, y[0]!, y[1]!);
    add(from, to, y[2]!, y[3]!);
    add(to, from, y[4]!, y[5]!);
    add(to, to, y[6]!, y[7]!);
  }
  return flatten(rows);
}

function flatten(rows: readonly Map<number, [number, number]>[]): Pick<PowerFlowModel, 'rowStart' | 'column' | 'y'> {
  const rowStart = new Int32Array(rows.length + 1);
  const column: number[] = [];
  const y: number[] = [];
  rows.forEach((row, k) => {
    for (const [j, value] of [...row].sort(([a], [b]) => a - b)) {
      column.push(j);
      y.push(...value);
    }
    rowStart[k + 1] = column.length;
  });
  return { rowStart, column: Int32Array.from(column), y: Float64Array.from(y) };
}

/** pq buses at 1 pu, held ones at their set points, all at the angle of their island's first slack bus. */
export function flatProfile(model: PowerFlowModel): { re: Float64Array; im: Float64Array } {
  const re = new Float64Array(model.busCount);
  const im = new Float64Array(model.busCount);
  for (const { buses, energised } of model.islands) {
    if (!energised) continue;
    const slack = buses.find((k) => model.kind[k] === BUS.slack)!;
    const scale = 1 / Math.sqrt(model.startRe[slack]! ** 2 + model.startIm[slack]! ** 2);
    for (const k of buses) {
      const magnitude = model.kind[k] === BUS.pq ? 1 : model.vSetPu[k]!;
      re[k] = magnitude * scale * model.startRe[slack]!;
      im[k] = magnitude * scale * model.startIm[slack]!;
      if (model.kind[k] !== BUS.slack) continue;
      re[k] = model.startRe[k]!;
      im[k] = model.startIm[k]!;
    }
  }
  return { re, im };
}
