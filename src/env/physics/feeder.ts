/**
 * The physical world of a voltage task: a network with PV and batteries behind inverters, advanced one
 * interval at a time. The gym task and the ledger's digital twin run this same class.
 *
 * Within an interval loads, PV and battery power are constant and every inverter's own volt-var curve is live,
 * so the reported state is the joint fixed point of the AC power flow and all local loops. Active power has
 * priority on the P-Q circle; the battery may take room from PV, never the other way.
 * Nothing here throws after construction: a power flow without solution is reported as `converged = false`
 * with finite voltages, every bus counted out of band.
 */
import { fail } from '../../base/errors.ts';
import { intervalStartMs } from '../../grid/interval.ts';
import { CHANNELS, quantiseBy, type Snapshot } from '../../grid/snapshot.ts';
import type { VoltVarCurve } from '../../grid/voltVar.ts';
import { checkSeries, type FeederSeries } from '../series/series.ts';
import { feasiblePowerW, nextEnergyWh } from './battery.ts';
import { realCurve, type RealCurve } from './curve.ts';
import { buildPlant, DEFAULT_BAND, type FeederPlant, type FeederScenario } from './feederPlant.ts';
import type { GridFlow } from './gridFlow.ts';
import { capabilityVarReal } from './inverter.ts';
import { JointSolution } from './jointSolution.ts';
import { DEFAULT_TOLERANCE_PU } from './powerflow/port.ts';
import { VoltVarLoop } from './voltVarLoop.ts';

const MICRO = 1000000;
const MS_PER_HOUR = 3600000;
/** Counted in band up to here beyond the edge, so that a bus regulated onto the edge is not out by rounding. */
const BAND_SLACK_PU = 1e-9;

/** Setpoints of one interval, one entry per site. */
export interface FeederSetpoints {
  /** As in `VoltVarSetpoint`. */
  readonly offsetMicro: Int32Array;
  readonly limitMicro: Int32Array;
  /** Wanted battery power, export positive; clipped to what rating and energy allow. */
  readonly pBatteryW: Float64Array;
  /** `curve`: the inverter adds its live curve to the offset. `share`: the offset alone is the share. */
  mode: 'curve' | 'share';
  /** Instead of the scenario's curve in this interval. */
  curve?: VoltVarCurve | undefined;
}

/** Everything that decides the future; plain and serialisable. */
export interface FeederState {
  readonly step: number;
  readonly socWh: readonly number[];
  readonly qPu: readonly number[];
  readonly vRe: readonly number[];
  readonly vIm: readonly number[];
}

export function createSetpoints(siteCount: number, limitMicro: number): FeederSetpoints {
  return {
    offsetMicro: new Int32Array(siteCount),
    limitMicro: new Int32Array(siteCount).fill(limitMicro),
    pBatteryW: new Float64Array(siteCount),
    mode: 'curve',
  };
}

/** Channels of a meter, by id, and counts per pu and per unit. */
const V_OWN = CHANNELS['v.own'].id;
const P_OWN = CHANNELS['p.own'].id;
const Q_OWN = CHANNELS['q.own'].id;
const P_PV = CHANNELS['p.pv'].id;
const SOC = CHANNELS.soc.id;
const SENS_OWN = CHANNELS['sens.own'].id;
const ALWAYS_MEASURED = (1 << V_OWN) | (1 << P_OWN) | (1 << Q_OWN) | (1 << P_PV) | (1 << SENS_OWN);

export class Feeder {
  readonly scenario: FeederScenario;
  readonly siteCount: number;
  /** The interval last solved; -1 before the first. */
  step = -1;

  /** Per site, of the last interval. `pW` = `pvW` + `pBatteryW`, export positive. */
  readonly pW: Float64Array;
  readonly qVar: Float64Array;
  readonly pvW: Float64Array;
  readonly pBatteryW: Float64Array;
  /** At the end of the last interval. */
  readonly socWh: Float64Array;

  /** Per bus, pu, in the order of `network.buses`. */
  readonly vPu: Float64Array;
  lossW = 0;
  /** Power drawn from the substation, W. */
  feedInW = 0;
  converged = true;
  iterations = 0;
  residualPu = 0;
  /** Buses outside the band; slack and pv buses are held at their set points and not counted. */
  outOfBandBuses = 0;
  minVPu = 1;
  maxVPu = 1;

  readonly flow: GridFlow;

  readonly #plant: FeederPlant;
  readonly #loop: VoltVarLoop;
  readonly #joint: JointSolution;
  #series: FeederSeries;
  #customCurve: VoltVarCurve | undefined;
  #customReal: RealCurve | undefined;

  /** @throws `env.networkNotRadial`, `env.network`, `env.unknownBus`, `env.series`, `env.voltVarCurve`, `env.sites`. */
  constructor(scenario: FeederScenario, plant: FeederPlant = buildPlant(scenario)) {
    this.scenario = scenario;
    this.#plant = plant;
    const n = scenario.sites.length;
    this.siteCount = n;
    this.#series = checkSeries(scenario.series, scenario.network.buses.length, n);
    this.pW = new Float64Array(n);
    this.qVar = new Float64Array(n);
    this.pvW = new Float64Array(n);
    this.pBatteryW = new Float64Array(n);
    this.socWh = new Float64Array(n);
    this.flow = plant.grid.create();
    this.vPu = this.flow.vmPu;
    this.#loop = new VoltVarLoop(n, plant.sensitivityPu);
    const { tolerancePu = DEFAULT_TOLERANCE_PU } = scenario;
    this.#joint = new JointSolution(this.flow, this.#loop, {
      siteBus: plant.siteBus,
      tolerancePu,
      // On a plain tree at the finest tolerance the sweeps alone make the numbers that trained policies stand on.
      newtonFirst: tolerancePu > DEFAULT_TOLERANCE_PU || plant.grid.solver === 'newton',
    });
    this.reset();
  }

  get series(): FeederSeries {
    return this.#series;
  }

  /** Net injections of the last interval, pu, in the order of `network.buses`. */
  get pInjPu(): Float64Array {
    return this.vPu.map((_, bus) => this.flow.pInjPu(bus));
  }

  get qInjPu(): Float64Array {
    return this.vPu.map((_, bus) => this.flow.qInjPu(bus));
  }

  /** Flat voltages, initial energy, before step 0; with another series when one is given. */
  reset(series?: FeederSeries): void {
    if (series !== undefined) {
      this.#series = checkSeries(series, this.vPu.length, this.siteCount);
    }
    this.step = -1;
    this.flow.flatStart();
    for (let b = 0; b < this.vPu.length; b++) this.vPu[b] = this.flow.magnitude(b);
    this.#loop.qPu.fill(0);
    this.pW.fill(0);
    this.qVar.fill(0);
    this.pvW.fill(0);
    this.pBatteryW.fill(0);
    this.#plant.batteries.forEach((battery, s) => {
      this.socWh[s] = (battery.ratedWh * this.scenario.initialSocMicro) / MICRO;
    });
  }

  /** Live interval `step` (0-based row of the series) under the setpoints; batteries move their energy. */
  advance(step: number, setpoints: FeederSetpoints): boolean {
    return this.#solveInterval(step, setpoints, true);
  }

  /** As `advance`, but no energy moves: what the meters would show at the start of the interval. */
  preview(step: number, setpoints: FeederSetpoints): boolean {
    return this.#solveInterval(step, setpoints, false);
  }

  /** Rise of the own voltage per Mvar injected, 1e-6 pu, as the channel `sens.own` has it. */
  sensOwnMicro(site: number): number {
    return this.#plant.sensOwnMicro[site]!;
  }

  /**
   * Fill the measured channels of a site as its meter reports them at the end of the interval, and `sens.own`.
   * `time.day` is the dispatcher's to fill.
   */
  measure(site: number, snapshot: Snapshot): void {
    const { values } = snapshot;
    const { ratedWh } = this.#plant.batteries[site]!;
    values[V_OWN] = quantiseBy(this.vPu[this.#plant.siteBus[site]!]!, MICRO);
    values[P_OWN] = quantiseBy(this.pW[site]!, 1);
    values[Q_OWN] = quantiseBy(this.qVar[site]!, 1);
    values[P_PV] = quantiseBy(this.pvW[site]!, 1);
    values[SENS_OWN] = this.#plant.sensOwnMicro[site]!;
    snapshot.present |= ALWAYS_MEASURED;
    if (ratedWh > 0) {
      values[SOC] = quantiseBy(this.socWh[site]! / ratedWh, MICRO);
      snapshot.present |= 1 << SOC;
    }
  }

  /** Voltage at the site's bus, pu. */
  siteVPu(site: number): number {
    return this.vPu[this.#plant.siteBus[site]!]!;
  }

  /** UTC ms of the start of an interval of the series. */
  startMs(step: number): number {
    return this.#series.startMs + intervalStartMs(step, this.#series.stepMs);
  }

  /** Buses whose voltage is free, by index. */
  get countedBuses(): Int32Array {
    return this.#plant.counted;
  }

  /** Of the last interval, W: what entered the network, and what it went to; equal but for the solver's residual, 0 without a solution. */
  balanceW(): { readonly sources: number; readonly sinks: number } {
    const { flow } = this;
    const { slackBuses, baseVa } = this.#plant;
    if (!this.converged) return { sources: 0, sinks: 0 };
    const row = Math.max(0, this.step) * this.vPu.length;
    let injectedPu = 0;
    let loadW = 0;
    for (let b = 0; b < this.vPu.length; b++) {
      if (slackBuses.includes(b)) continue;
      injectedPu += flow.pInjPu(b);
      loadW += this.#series.loadPW[row + b]!;
    }
    return { sources: this.feedInW + injectedPu * baseVa + loadW, sinks: loadW + this.lossW };
  }

  getState(): FeederState {
    return {
      step: this.step,
      socWh: Array.from(this.socWh),
      qPu: Array.from(this.#loop.qPu),
      vRe: Array.from(this.flow.vRe),
      vIm: Array.from(this.flow.vIm),
    };
  }

  /** Outputs of the last interval are not part of the state: advance or preview to see them again. */
  setState(state: FeederState): void {
    this.step = state.step;
    this.socWh.set(state.socWh);
    this.#loop.qPu.set(state.qPu);
    this.flow.vRe.set(state.vRe);
    this.flow.vIm.set(state.vIm);
    this.flow.takeVoltages();
    this.flow.converged = true;
    this.flow.finish();
  }

  /** Independent copy; network, curve and series are shared and never written. */
  clone(): Feeder {
    const copy = new Feeder({ ...this.scenario, series: this.#series }, this.#plant);
    copy.setState(this.getState());
    for (const key of ['pW', 'qVar', 'pvW', 'pBatteryW'] as const) copy[key].set(this[key]);
    for (let b = 0; b < this.vPu.length; b++) {
      copy.flow.setP(b, this.flow.pInjPu(b));
      copy.flow.setQ(b, this.flow.qInjPu(b));
    }
    copy.lossW = this.lossW;
    copy.feedInW = this.feedInW;
    copy.converged = this.converged;
    copy.iterations = this.iterations;
    copy.residualPu = this.residualPu;
    copy.outOfBandBuses = this.outOfBandBuses;
    copy.minVPu = this.minVPu;
    copy.maxVPu = this.maxVPu;
    return copy;
  }

  #solveInterval(step: number, setpoints: FeederSetpoints, moveEnergy: boolean): boolean {
    if (!(step >= 0 && step < this.#series.steps)) {
      throw fail('env.step', { expected: `step in [0, ${this.#series.steps})`, got: step });
    }
    this.step = step;
    this.#loadBuses(step);
    for (let s = 0; s < this.siteCount; s++) this.#setSite(s, step, setpoints, moveEnergy);
    this.#loop.curve = setpoints.mode === 'share' ? undefined : this.#curveFor(setpoints.curve);
    this.#joint.solve();
    this.#report();
    return this.converged;
  }

  #curveFor(custom: VoltVarCurve | undefined): RealCurve {
    if (custom === undefined) return this.#plant.curve;
    if (custom !== this.#customCurve) {
      this.#customReal = realCurve(custom);
      this.#customCurve = custom;
    }
    return this.#customReal!;
  }

  #loadBuses(step: number): void {
    const { flow, siteCount } = this;
    const { loadPW, loadQVar } = this.#series;
    const { siteBus } = this.#plant;
    const row = step * this.vPu.length;
    flow.inject(loadPW, loadQVar, row, -1 / this.#plant.baseVa);
    const { qLoadPu } = this.#joint;
    for (let s = 0; s < siteCount; s++) qLoadPu[s] = flow.qInjPu(siteBus[s]!);
  }

  /** Active power of one site and what it leaves for reactive power. */
  #setSite(s: number, step: number, setpoints: FeederSetpoints, moveEnergy: boolean): void {
    const plant = this.#plant;
    const battery = plant.batteries[s]!;
    const sMax = plant.sMaxVa[s]!;
    const dtH = this.#series.stepMs / MS_PER_HOUR;
    const asked = setpoints.pBatteryW[s]!;
    const wanted = asked > -Infinity && asked < Infinity ? Math.min(Math.max(asked, -sMax), sMax) : 0;
    const pBattery = feasiblePowerW(battery, this.socWh[s]!, wanted, dtH);
    if (moveEnergy) this.socWh[s] = nextEnergyWh(battery, this.socWh[s]!, pBattery, dtH);
    const pv = Math.min(this.#series.pvW[step * this.siteCount + s]!, sMax - pBattery);
    const p = pv + pBattery;
    const { baseVa } = plant;
    this.pBatteryW[s] = pBattery;
    this.pvW[s] = pv;
    this.pW[s] = p;
    const bus = plant.siteBus[s]!;
    this.flow.setP(bus, this.flow.pInjPu(bus) + p / baseVa);
    this.#loop.offset[s] = setpoints.offsetMicro[s]! / MICRO;
    this.#loop.limit[s] = setpoints.limitMicro[s]! / MICRO;
    this.#loop.capabilityPu[s] = capabilityVarReal(sMax, p) / baseVa;
  }

  #report(): void {
    const { flow } = this;
    const { baseVa } = this.#plant;
    flow.finish();
    this.converged = flow.converged;
    this.iterations = flow.iterations;
    this.residualPu = flow.residualPu;
    // After a divergence the currents mean nothing; the base power bounds what is reported.
    this.lossW = Math.min(flow.lossPu, this.converged ? Infinity : 1) * baseVa;
    this.feedInW = this.converged ? flow.feedInPu * baseVa : 0;
    for (let s = 0; s < this.siteCount; s++) this.qVar[s] = this.#loop.qPu[s]! * baseVa;
    this.#countBand();
  }

  #countBand(): void {
    const { counted } = this.#plant;
    const { vPu } = this;
    const [low, high] = this.scenario.band ?? DEFAULT_BAND;
    const lowest = low - BAND_SLACK_PU;
    const highest = high + BAND_SLACK_PU;
    let out = 0;
    let min = Infinity;
    let max = -Infinity;
    for (let k = 0; k < counted.length; k++) {
      const v = vPu[counted[k]!]!;
      if (v < lowest || v > highest) out++;
      if (v < min) min = v;
      if (v > max) max = v;
    }
    this.outOfBandBuses = this.converged ? out : counted.length;
    this.minVPu = min;
    this.maxVPu = max;
  }
}
