/**
 * Machines on a network as rotors with synchronising power: the classical second-order model (constant voltage E behind
 * transient reactance), linearised at an AC power flow, resistances and voltage changes left out, so that it loses nothing.
 *
 *   dP_ij = k_ij (d_i - d_j),   k_ij = V_i V_j cos(th_i - th_j - shift) / (x_ij tap)   branches
 *   dP_ie = k_e  (d_e - d_i),   k_e  = E V_i cos(d_e - th_i) / x'd                     machines
 *
 * With L the Laplacian of these over internal nodes g and buses n, buses have no inertia and balance at once:
 *   dPe = (Lgg - Lgn Lnn^-1 Lng) dd  -  shares dP_n,   shares = -Lgn Lnn^-1,   dth_n = shares' dd + Lnn^-1 dP_n
 * so each machine takes its share of what is injected at a bus, and the frequency of a bus is the mean of the machines'
 * by the same shares (as the frequency divider of Milano & Ortega 2017, resistances left out).
 */
import { fail } from '../../../base/errors.ts';
import { cosReal, sinReal } from '../../../base/realMath.ts';
import type { Network } from '../../../grid/network.ts';
import { solveInPlace } from '../linear.ts';
import { NewtonPowerFlow } from '../powerflow/newton.ts';
import type { Coupling, Port } from './rotorSystem.ts';

export interface Machine {
  readonly bus: number;
  readonly baseMva: number;
  /** Transient reactance, pu of the machine. */
  readonly xTransientPu: number;
}

export interface MachineNetwork {
  readonly coupling: Coupling;
  /** By bus asked for, on the base of the network. */
  readonly ports: readonly Port[];
}

const RAD_PER_DEG = 0.017453292519943295;

/** @throws `env.unknownBus`, `env.frequency` when the network has no power-flow solution. */
export function machineNetwork(
  network: Network,
  machines: readonly Machine[],
  portBuses: readonly number[],
): MachineNetwork {
  const flow = solved(network);
  const buses = network.buses.length;
  const at = machines.map(({ bus }) => indexOf(network, bus));
  const laplacian = branchLaplacian(network, flow);
  const internal = machines.map((machine, g) => {
    const k = machineCoefficient(network, flow, machine, at[g]!);
    laplacian[at[g]! * buses + at[g]!]! += k;
    return k;
  });
  // Column g: how every bus angle follows machine g, Lnn^-1 (-Lng).
  const follows = machines.map((_, g) => {
    const column = new Float64Array(buses);
    column[at[g]!] = internal[g]!;
    solveInPlace(laplacian.slice(), column, buses);
    return column;
  });
  return {
    coupling: { baseMva: network.baseMva, perRad: reduced(internal, at, follows) },
    ports: portBuses.map((bus) => {
      const i = indexOf(network, bus);
      return { baseMva: network.baseMva, shares: follows.map((column) => column[i]!) };
    }),
  };
}

function solved(network: Network): NewtonPowerFlow {
  const flow = new NewtonPowerFlow(network);
  const perMva = 1 / (network.baseMva * 1e6);
  const p = Float64Array.from(network.buses, ({ loadPW }) => -loadPW * perMva);
  const q = Float64Array.from(network.buses, ({ loadQVar }) => -loadQVar * perMva);
  for (const { bus, pW, qVar, inService } of network.generators ?? []) {
    if (inService === false) continue;
    const i = indexOf(network, bus);
    p[i]! += pW * perMva;
    q[i]! += qVar * perMva;
  }
  if (!flow.solve(p, q)) {
    throw fail('env.frequency', { expected: `a power-flow solution of ${network.name}`, got: flow.residualPu });
  }
  flow.finish();
  return flow;
}

function indexOf(network: Network, bus: number): number {
  const i = network.buses.findIndex(({ id }) => id === bus);
  if (i < 0) throw fail('env.unknownBus', { expected: `a bus of ${network.name}`, got: bus });
  return i;
}

function branchLaplacian(network: Network, { vRe, vIm }: NewtonPowerFlow): Float64Array {
  const n = network.buses.length;
  const laplacian = new Float64Array(n * n);
  for (const { fromBus, toBus, xPu, tap = 1, shiftDeg = 0, inService } of network.branches) {
    if (inService === false) continue;
    const i = indexOf(network, fromBus);
    const j = indexOf(network, toBus);
    // Re(V_i conj(V_j) e^(-j shift)) / (x tap)
    const inPhase = vRe[i]! * vRe[j]! + vIm[i]! * vIm[j]!;
    const across = vIm[i]! * vRe[j]! - vRe[i]! * vIm[j]!;
    const shift = shiftDeg * RAD_PER_DEG;
    const k = (inPhase * cosReal(shift) + across * sinReal(shift)) / (xPu * tap);
    laplacian[i * n + i]! += k;
    laplacian[j * n + j]! += k;
    laplacian[i * n + j]! -= k;
    laplacian[j * n + i]! -= k;
  }
  return laplacian;
}

/** E V cos(d - th) / x'd with E = V + j x'd I, I = conj((P + jQ) / V) of the machine alone. */
function machineCoefficient(network: Network, flow: NewtonPowerFlow, machine: Machine, i: number): number {
  const perMva = 1 / (network.baseMva * 1e6);
  const bus = network.buses[i]!;
  const q = flow.qNetPu[i]! + bus.loadQVar * perMva;
  const x = (machine.xTransientPu * network.baseMva) / machine.baseMva;
  const vSquare = flow.vRe[i]! * flow.vRe[i]! + flow.vIm[i]! * flow.vIm[i]!;
  if (!(x > 0)) throw fail('env.frequency', { expected: 'xTransientPu > 0', got: machine });
  // Re(E conj V) = V^2 + x Q is E V cos(d - th).
  return (vSquare + x * q) / x;
}

/** Lgg - Lgn Lnn^-1 Lng, made exactly symmetric with rows that sum to 0. */
function reduced(internal: readonly number[], at: readonly number[], follows: readonly Float64Array[]): Float64Array {
  const n = internal.length;
  const perRad = new Float64Array(n * n);
  for (let g = 0; g < n; g++) {
    for (let h = g + 1; h < n; h++) {
      const k = (internal[g]! * follows[h]![at[g]!]! + internal[h]! * follows[g]![at[h]!]!) / 2;
      perRad[g * n + h] = -k;
      perRad[h * n + g] = -k;
      perRad[g * n + g]! += k;
      perRad[h * n + h]! += k;
    }
  }
  return perRad;
}
