/**
 * One step of ANM6: setpoints to what the devices can do, AC power flow, state of charge, energy lost and limits
 * violated. Per unit on the base of the network (100 MVA), energy in pu h. Every device follows one sign: P > 0 out
 * of the device into the network, so charging has p < 0.
 */
import { busIndex, radialTopology } from '../physics/topology.ts';
import { CapabilityRegion } from '../physics/capability.ts';
import { RadialNewton, type RadialNewtonOptions } from '../physics/powerflow/radialNewton.ts';
import {
  ANM6_LOADS,
  ANM6_RENEWABLES,
  ANM6_SLACK,
  ANM6_SLOT_HOURS,
  ANM6_SLOTS,
  ANM6_STORAGE,
} from '../cases/anm6Devices.ts';
import { caseNetwork } from '../cases/index.ts';
import { GymAnmFlow } from './anm6GymFlow.ts';

/** Devices by id: 0 slack, 1 3 5 loads, 2 4 renewables, 6 storage. */
export const ANM6_DEVICES = 7;
/** What a slot brings from outside: P of the three loads, then the potential of the two renewables. */
export const ANM6_TRACKS = ANM6_LOADS.length + ANM6_RENEWABLES.length;

const NETWORK = caseNetwork('anm6');
const BASE_MVA = NETWORK.baseMva;
/** What 1 pu is, W; and 1 pu h, Wh. */
export const ANM6_BASE_W = BASE_MVA * 1e6;
const SLACK = ANM6_SLACK.id;
const STORE = ANM6_STORAGE.id;
const EFFICIENCY = ANM6_STORAGE.efficiency;
export const SOC_MIN_PU_H = ANM6_STORAGE.socMin / BASE_MVA;
export const SOC_MAX_PU_H = ANM6_STORAGE.socMax / BASE_MVA;

/** Of the day as published, pu: slots x tracks. */
export const ANM6_DAY_PU = Float64Array.from({ length: ANM6_SLOTS * ANM6_TRACKS }, (_, i) => {
  const track = i % ANM6_TRACKS;
  const slot = (i - track) / ANM6_TRACKS;
  const load = ANM6_LOADS[track];
  return (load === undefined ? ANM6_RENEWABLES[track - ANM6_LOADS.length]!.potential[slot]! : load.p[slot]!) / BASE_MVA;
});

interface Load {
  readonly id: number;
  readonly bus: number;
  readonly pMinPu: number;
  readonly qPerP: number;
}

interface Source {
  readonly id: number;
  readonly bus: number;
  readonly region: CapabilityRegion;
}

const place = (bus: number): number => busIndex(NETWORK, bus);
const LOADS: readonly Load[] = ANM6_LOADS.map(({ id, bus, pMin, qPerP }) => ({
  id,
  bus: place(bus),
  pMinPu: pMin / BASE_MVA,
  qPerP,
}));
const STORAGE_BUS = place(ANM6_STORAGE.bus);
const V_MIN_PU = Float64Array.from(NETWORK.buses, ({ vMinPu }) => vMinPu ?? 0);
const V_MAX_PU = Float64Array.from(NETWORK.buses, ({ vMaxPu }) => vMaxPu ?? Infinity);
const FROM = Int32Array.from(NETWORK.branches, ({ fromBus }) => place(fromBus));
const TO = Int32Array.from(NETWORK.branches, ({ toBus }) => place(toBus));
/** The bus that a branch feeds. */
const { parent: PARENT } = radialTopology(NETWORK);
const FED = FROM.map((from, k) => (PARENT[TO[k]!] === from ? TO[k]! : from));
const RATE_PU = Float64Array.from(NETWORK.branches, ({ rateVa }) => (rateVa ?? Infinity) / ANM6_BASE_W);

export interface Anm6GridState {
  readonly socPuH: number;
  readonly pPu: readonly number[];
  readonly qPu: readonly number[];
  readonly potentialPu: readonly number[];
}

export class Anm6Grid {
  /** By device. */
  readonly pPu = new Float64Array(ANM6_DEVICES);
  readonly qPu = new Float64Array(ANM6_DEVICES);
  /** By device; what a renewable could give, 0 for the others. */
  readonly potentialPu = new Float64Array(ANM6_DEVICES);
  readonly isRenewable = new Uint8Array(ANM6_DEVICES);
  readonly flow: RadialNewton | GymAnmFlow;
  socPuH = SOC_MIN_PU_H;
  /** Of the slot last lived: from upstream, sun and wind; to loads, lines, conversion and store, pu h. */
  sourcesPuH = 0;
  sinksPuH = 0;

  readonly #renewables: readonly Source[];
  readonly #storage = new CapabilityRegion(ANM6_STORAGE.rating, BASE_MVA);
  readonly #pBus = new Float64Array(NETWORK.buses.length);
  readonly #qBus = new Float64Array(NETWORK.buses.length);
  readonly #options: RadialNewtonOptions;
  /** Hours that `advance` lives. */
  readonly #dtH: number;

  /** `gym-anm`: its own tolerance, whatever is given. */
  constructor(tolerancePu: number, powerFlow: 'solved' | 'gym-anm' = 'solved', dtH = ANM6_SLOT_HOURS) {
    this.#dtH = dtH;
    this.flow = powerFlow === 'solved' ? new RadialNewton(NETWORK) : new GymAnmFlow(NETWORK);
    this.#options = { tolerancePu, maxIterations: MAX_ITERATIONS };
    this.#renewables = ANM6_RENEWABLES.map(({ id, bus, rating }) => ({
      id,
      bus: place(bus),
      region: new CapabilityRegion(rating, BASE_MVA),
    }));
    for (const { id } of ANM6_RENEWABLES) this.isRenewable[id] = 1;
  }

  /**
   * Devices and network in a slot of these tracks (pu) under setpoints [P2, P4, Q2, Q4, P6, Q6] in W and var;
   * no time passes. False: the power flow has no solution, the network is dark, and every device stands at 0.
   */
  solve(track: Float64Array, setpoints: ArrayLike<number>): boolean {
    this.#pBus.fill(0);
    this.#qBus.fill(0);
    for (let i = 0; i < LOADS.length; i++) this.#draw(LOADS[i]!, track[i]!);
    const n = this.#renewables.length;
    for (let i = 0; i < n; i++) {
      this.#generate(this.#renewables[i]!, track[LOADS.length + i]!, setpoints[i]!, setpoints[n + i]!);
    }
    this.#store(setpoints[2 * n]!, setpoints[2 * n + 1]!);
    const { flow } = this;
    if (!flow.solve(this.#pBus, this.#qBus, this.#options)) {
      this.pPu.fill(0);
      this.qPu.fill(0);
      return false;
    }
    this.pPu[SLACK] = flow.feedInPu;
    this.qPu[SLACK] = flow.feedInQPu;
    return true;
  }

  /** As `solve`, and live the slot: the state of charge moves on, unless the network went dark. */
  advance(track: Float64Array, setpoints: ArrayLike<number>): boolean {
    const solved = this.solve(track, setpoints);
    const p = this.pPu[STORE]!;
    // charging: soc -= dt eta p; discharging: soc -= dt p / eta
    const before = this.socPuH;
    const after = before - this.#dtH * (p <= 0 ? EFFICIENCY * p : p / EFFICIENCY);
    this.socPuH = Math.min(Math.max(after, SOC_MIN_PU_H), SOC_MAX_PU_H);
    this.#account(this.socPuH - before, p);
    return solved;
  }

  /** dE = dt (sum over slack, renewables and loads of p + sum over renewables of max(0, potential - p)), pu h. */
  energyLossPuH(): number {
    let sum = 0;
    for (let d = 0; d < STORE; d++) {
      const p = this.pPu[d]!;
      const spilled = this.potentialPu[d]! - p;
      sum += p;
      if (spilled > 0 && this.isRenewable[d] === 1) sum += spilled;
    }
    return this.#dtH * sum;
  }

  /** Phi = dt (sum over buses of [|V| - Vmax]+ + [Vmin - |V|]+, plus sum over branches of [|S| - rate]+), pu h. */
  violationPuH(): number {
    const { vmPu } = this.flow;
    let sum = 0;
    for (let b = 0; b < vmPu.length; b++) {
      const v = vmPu[b]!;
      if (v > V_MAX_PU[b]!) sum += v - V_MAX_PU[b]!;
      else if (v < V_MIN_PU[b]!) sum += V_MIN_PU[b]! - v;
    }
    for (let k = 0; k < RATE_PU.length; k++) {
      const over = this.branchFlowPu(k) - RATE_PU[k]!;
      if (over > 0) sum += over;
    }
    return this.#dtH * sum;
  }

  /** Apparent power of a branch at its greater end, |J| max(|V_from|, |V_to|): ANM6 has no charging and no tap. */
  branchFlowPu(branch: number): number {
    const { vmPu, currentPu } = this.flow;
    return currentPu[FED[branch]!]! * Math.max(vmPu[FROM[branch]!]!, vmPu[TO[branch]!]!);
  }

  getState(): Anm6GridState {
    return {
      socPuH: this.socPuH,
      pPu: Array.from(this.pPu),
      qPu: Array.from(this.qPu),
      potentialPu: Array.from(this.potentialPu),
    };
  }

  setState(state: Anm6GridState): void {
    this.socPuH = state.socPuH;
    this.pPu.set(state.pPu);
    this.qPu.set(state.qPu);
    this.potentialPu.set(state.potentialPu);
  }

  /** What the store takes in and what conversion loses add up to what the storage draws from the network. */
  #account(storedPuH: number, p: number): void {
    const conversionLoss = p <= 0 ? (EFFICIENCY - 1) * p : (1 / EFFICIENCY - 1) * p;
    let sources = this.pPu[SLACK]!;
    let drawn = this.flow.lossPu + conversionLoss;
    for (let i = 0; i < this.#renewables.length; i++) sources += this.pPu[this.#renewables[i]!.id]!;
    for (let i = 0; i < LOADS.length; i++) drawn -= this.pPu[LOADS[i]!.id]!;
    this.sourcesPuH = this.#dtH * sources;
    this.sinksPuH = this.#dtH * drawn + storedPuH;
  }

  #draw({ id, bus, pMinPu, qPerP }: Load, wanted: number): void {
    const p = wanted > 0 ? 0 : wanted < pMinPu ? pMinPu : wanted;
    this.#inject(id, bus, p, p * qPerP);
  }

  #generate({ id, bus, region }: Source, potential: number, pW: number, qVar: number): void {
    const most = Math.min(Math.max(potential, region.pMin), region.pMax);
    this.potentialPu[id] = most;
    region.project(pW / ANM6_BASE_W, qVar / ANM6_BASE_W, region.pMin, most);
    this.#inject(id, bus, region.p, region.q);
  }

  /** (soc - socMax) / (dt eta) <= p <= eta (soc - socMin) / dt */
  #store(pW: number, qVar: number): void {
    const region = this.#storage;
    const low = Math.max(region.pMin, (this.socPuH - SOC_MAX_PU_H) / (this.#dtH * EFFICIENCY));
    const high = Math.min(region.pMax, (EFFICIENCY * (this.socPuH - SOC_MIN_PU_H)) / this.#dtH);
    region.project(pW / ANM6_BASE_W, qVar / ANM6_BASE_W, low, high);
    this.#inject(STORE, STORAGE_BUS, region.p, region.q);
  }

  #inject(device: number, bus: number, p: number, q: number): void {
    this.pPu[device] = p;
    this.qPu[device] = q;
    this.#pBus[bus]! += p;
    this.#qBus[bus]! += q;
  }
}

/** Newton needs four steps far from collapse, and a dozen at its edge. */
const MAX_ITERATIONS = 25;
