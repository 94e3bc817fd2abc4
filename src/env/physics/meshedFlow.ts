/**
 * A network of any shape under a feeder: Newton's method with the machines of the case. Machines at pv buses hold
 * their set point without reactive limits. Each machine gives its case value times (load of the interval / nominal
 * load), as dispatch would have it, and the slack bus what is left.
 */
import type { Network } from '../../grid/network.ts';
import type { GridFlow } from './gridFlow.ts';
import { BUS, compileNetwork, type PowerFlowModel } from './powerflow/admittance.ts';
import { NewtonPowerFlow } from './powerflow/newton.ts';

const VA_PER_MVA = 1000000;
const NEAR_PU = 0.02;

export interface MeshedModel {
  readonly model: PowerFlowModel;
  /** Of the machines at each bus in the case, pu. */
  readonly pMachinePu: Float64Array;
  readonly qMachinePu: Float64Array;
  readonly nominalLoadPu: number;
}

export class MeshedFlow implements GridFlow {
  readonly newton: NewtonPowerFlow;
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
  readonly vmPu: Float64Array;
  converged = false;
  iterations = 0;
  residualPu = Infinity;

  readonly #machines: MeshedModel;
  /** The last step of this interval was so small that its Jacobian serves the next one. */
  #near = false;
  readonly #p: Float64Array;
  readonly #q: Float64Array;

  constructor(machines: MeshedModel) {
    this.#machines = machines;
    this.newton = new NewtonPowerFlow(machines.model);
    this.vRe = this.newton.vRe;
    this.vIm = this.newton.vIm;
    this.vmPu = this.newton.vmPu;
    this.#p = new Float64Array(this.vmPu.length);
    this.#q = new Float64Array(this.vmPu.length);
  }

  /** @throws `env.network`, `env.unknownBus`. */
  static compile(network: Network): MeshedModel {
    const model = compileNetwork(network);
    const baseVa = network.baseMva * VA_PER_MVA;
    const p = new Float64Array(network.buses.length);
    const q = new Float64Array(network.buses.length);
    for (const machine of network.generators ?? []) {
      if (machine.inService === false) continue;
      const at = network.buses.findIndex((bus) => bus.id === machine.bus);
      p[at]! += machine.pW / baseVa;
      q[at]! += machine.qVar / baseVa;
    }
    const nominalLoadPu = network.buses.reduce((sum, bus) => sum + bus.loadPW, 0) / baseVa;
    return { model, pMachinePu: p, qMachinePu: q, nominalLoadPu };
  }

  /** pq buses that a slack bus feeds. */
  static freeBuses({ model }: MeshedModel): Int32Array {
    return Int32Array.from(model.kind.keys()).filter((bus) => model.kind[bus] === BUS.pq);
  }

  /** dV/dQ at the case's own loads and machines, made symmetric; row-major. */
  static sensitivityPu(machines: MeshedModel, buses: readonly number[]): Float64Array {
    const flow = new MeshedFlow(machines);
    const { network } = machines.model;
    const loadPW = Float64Array.from(network.buses, (bus) => bus.loadPW);
    const loadQVar = Float64Array.from(network.buses, (bus) => bus.loadQVar);
    flow.inject(loadPW, loadQVar, 0, -1 / (network.baseMva * VA_PER_MVA));
    flow.newton.solve(flow.#p, flow.#q);
    const x = flow.newton.reactiveSensitivityPu(buses);
    const n = buses.length;
    return x.map((value, k) => 0.5 * (value + x[(k % n) * n + Math.floor(k / n)]!));
  }

  get lossPu(): number {
    return this.newton.lossPu + this.newton.shuntPu;
  }

  get feedInPu(): number {
    return this.newton.feedInPu;
  }

  flatStart(): void {
    this.newton.flatStart();
    this.#near = false;
  }

  /** The solver goes on from vRe and vIm as they are. */
  takeVoltages(): void {
    this.residualPu = Infinity;
  }

  inject(p: Float64Array, q: Float64Array, from: number, factor: number): void {
    const { pMachinePu, qMachinePu, nominalLoadPu } = this.#machines;
    this.#near = false;
    let sum = 0;
    for (let bus = 0; bus < pMachinePu.length; bus++) sum += p[from + bus]!;
    const share = nominalLoadPu > 0 ? (-sum * factor) / nominalLoadPu : 1;
    for (let bus = 0; bus < pMachinePu.length; bus++) {
      this.#p[bus] = p[from + bus]! * factor + pMachinePu[bus]! * share;
      this.#q[bus] = q[from + bus]! * factor + qMachinePu[bus]! * share;
    }
  }

  pInjPu(bus: number): number {
    return this.#p[bus]!;
  }

  qInjPu(bus: number): number {
    return this.#q[bus]!;
  }

  setP(bus: number, pPu: number): void {
    this.#p[bus] = pPu;
  }

  setQ(bus: number, qPu: number): void {
    this.#q[bus] = qPu;
  }

  magnitude(bus: number): number {
    const re = this.vRe[bus]!;
    const im = this.vIm[bus]!;
    return Math.sqrt(re * re + im * im);
  }

  magnitudes(buses: Int32Array, out: Float64Array): void {
    for (let s = 0; s < buses.length; s++) out[s] = this.magnitude(buses[s]!);
  }

  setReactive(buses: Int32Array, loadPu: Float64Array, qPu: Float64Array): void {
    for (let s = 0; s < buses.length; s++) this.#q[buses[s]!] = loadPu[s]!;
    for (let s = 0; s < buses.length; s++) this.#q[buses[s]!]! += qPu[s]!;
  }

  sweep(): number {
    const moved = this.newton.iterate(this.#p, this.#q, this.#near);
    this.#near = moved < NEAR_PU;
    return moved;
  }

  newtonStep(buses: Int32Array, slope: Float64Array): number {
    const moved = this.newton.iterateWithDevices(this.#p, this.#q, buses, slope);
    this.#near = moved < NEAR_PU;
    return moved;
  }

  finish(): void {
    this.newton.converged = this.converged;
    this.newton.finish();
  }
}
