/**
 * AC power flow of any network by Newton-Raphson on sparse 2x2 blocks, no allocation per solve.
 *
 * The Jacobian at the cold start, which no load changes, is factored once and kept: the first step of every cold
 * solve costs no factorisation. A result is a function of the starting voltages and the injections alone, never of
 * what was solved before.
 *
 * Buses without a slack bus to feed them have voltage 0 (`model.islands` says which) and take no part.
 */
import { atan2Real } from '../../../base/realMath.ts';
import type { Network } from '../../../grid/network.ts';
import { BUS, compileNetwork, flatProfile, type PowerFlowModel } from './admittance.ts';
import { branchFlows, type BranchFlow } from './flows.ts';
import { clampVoltages, DEFAULT_TOLERANCE_PU, finite, type PowerFlow, type SolveOptions } from './port.ts';
import { ReactiveLimits } from './reactiveLimits.ts';
import { NewtonSystem } from './system.ts';

const MAX_ITERATIONS = 30;
const TRAIL_LENGTH = 256;
/** A mismatch beyond this, pu, has left every solution behind. */
const DIVERGED_PU = 1e8;
export interface NewtonOptions {
  /** Hold a pv bus only while its machines are within their summed Q limits; default false. */
  readonly enforceQLimits?: boolean;
  /**
   * Where a cold start begins. `flat` (default): pq buses at 1 pu, every angle that of the island's slack bus.
   * `case`: the magnitudes and angles of the network's buses.
   */
  readonly start?: 'flat' | 'case';
}

/** Results of `solveBatch`, row by row; fields that are left out are not written. */
export interface BatchResult {
  /** One entry a row, 1 or 0. */
  readonly converged: Uint8Array;
  /** Rows x buses. */
  readonly vmPu?: Float64Array;
  readonly vRe?: Float64Array;
  readonly vIm?: Float64Array;
  /** One entry a row. */
  readonly lossPu?: Float64Array;
  readonly feedInPu?: Float64Array;
  readonly feedInQPu?: Float64Array;
}

export class NewtonPowerFlow implements PowerFlow {
  readonly model: PowerFlowModel;
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
  readonly vmPu: Float64Array;
  readonly vaRad: Float64Array;
  /** Net injections that the voltages make, per bus: what slack and pv machines deliver is in here. */
  readonly pNetPu: Float64Array;
  readonly qNetPu: Float64Array;
  converged = false;
  iterations = 0;
  /** Largest |dP| (buses to solve for) or |dQ| (pq buses) at the present voltages, pu. */
  residualPu = Infinity;
  /** Sum over branches of what enters at both ends, charging included; shunts are not branches. */
  lossPu = 0;
  lossQPu = 0;
  /** Power drawn by bus shunts. */
  shuntPu = 0;
  shuntQPu = 0;
  /** Net power that slack buses deliver into the network. */
  feedInPu = 0;
  feedInQPu = 0;
  /**
   * The smallest mismatch that voltages of double precision can resolve in this network, pu. A tolerance below it is
   * met as far as that goes: `converged` then stands with a `residualPu` between the two.
   */
  readonly attainablePu: number;
  /** Residual before the first step and after each one of the last attempt; the first `iterations + 1` entries. */
  readonly trail = new Float64Array(TRAIL_LENGTH);

  readonly #system: NewtonSystem;
  readonly #limits: ReactiveLimits | undefined;
  readonly #coldRe: Float64Array;
  readonly #coldIm: Float64Array;
  /** The same in elimination order. */
  readonly #coldV: Float64Array;
  readonly #factors: Float64Array;
  /** Of the Jacobian at the cold start; made by the first solve that needs it. */
  readonly #coldFactors: Float64Array;
  /** Of the solve at hand. */
  #tolerancePu = DEFAULT_TOLERANCE_PU;
  #maxIterations = MAX_ITERATIONS;
  #coldState: 'none' | 'ready' | 'singular' = 'none';

  /** @throws `env.network`, `env.unknownBus`. */
  constructor(network: Network | PowerFlowModel, { enforceQLimits = false, start = 'flat' }: NewtonOptions = {}) {
    this.model = 'busCount' in network ? network : compileNetwork(network);
    const n = this.model.busCount;
    this.vRe = new Float64Array(n);
    this.vIm = new Float64Array(n);
    this.vmPu = new Float64Array(n);
    this.vaRad = new Float64Array(n);
    this.pNetPu = new Float64Array(n);
    this.qNetPu = new Float64Array(n);
    this.#system = new NewtonSystem(this.model, enforceQLimits);
    this.attainablePu = this.#system.plan.attainablePu;
    this.#limits = enforceQLimits ? new ReactiveLimits(this.#system) : undefined;
    const cold = start === 'case' ? { re: this.model.startRe, im: this.model.startIm } : flatProfile(this.model);
    this.#coldRe = cold.re;
    this.#coldIm = cold.im;
    this.#factors = new Float64Array(this.#system.plan.lu.valueCount);
    this.#coldFactors = new Float64Array(this.#system.plan.lu.valueCount);
    this.flatStart();
    this.#gather();
    this.#coldV = this.#system.v.slice();
  }

  /** The cold start: flat, or the case's own voltages where the options say so. */
  flatStart(): void {
    this.vRe.set(this.#coldRe);
    this.vIm.set(this.#coldIm);
  }

  solve(pInjPu: Float64Array, qInjPu: Float64Array, options?: SolveOptions): boolean {
    this.#setTargets(options);
    return this.#solveAt(pInjPu, qInjPu, 0, options?.warm ?? false);
  }

  /**
   * Many load vectors on the one network.
   * @param pInjPu rows x buses, as is `qInjPu`
   * @param options `warm`: each row starts from the row before it, the first from the present voltages
   */
  solveBatch(
    pInjPu: Float64Array,
    qInjPu: Float64Array,
    rows: number,
    out: BatchResult,
    options?: SolveOptions,
  ): number {
    const n = this.model.busCount;
    this.#setTargets(options);
    const warm = options?.warm ?? false;
    let solved = 0;
    for (let row = 0; row < rows; row++) {
      const done = this.#solveAt(pInjPu, qInjPu, row * n, warm);
      if (done) solved++;
      else if (warm) this.flatStart();
      this.#writeRow(row, out);
    }
    return solved;
  }

  /**
   * One full Newton step; machines at Q limits are not looked at. `keepFactors`: with the Jacobian of the last call,
   * for a start so near to that call's that it serves here too.
   */
  iterate(pInjPu: Float64Array, qInjPu: Float64Array, keepFactors = false): number {
    this.#evaluateAt(pInjPu, qInjPu);
    return this.#stepBy(keepFactors ? this.#factors : this.#factored());
  }

  /** As `iterate`, where the reactive injection of pq bus `buses[s]` moves by `slope[s]` pu per pu of its voltage. */
  iterateWithDevices(pInjPu: Float64Array, qInjPu: Float64Array, buses: Int32Array, slope: Float64Array): number {
    const system = this.#system;
    this.#evaluateAt(pInjPu, qInjPu);
    system.assemble(this.#factors);
    for (let s = 0; s < buses.length; s++) {
      if (slope[s] !== 0) system.addReactiveSlope(this.#factors, buses[s]!, slope[s]!);
    }
    return this.#stepBy(system.plan.lu.factor(this.#factors) ? this.#factors : undefined);
  }

  finish(): void {
    if (!this.converged) this.#clamp();
    this.#gather();
    this.#system.evaluate();
    this.#report();
  }

  angles(): Float64Array {
    for (let k = 0; k < this.vaRad.length; k++) this.vaRad[k] = atan2Real(this.vIm[k]!, this.vRe[k]!);
    return this.vaRad;
  }

  /** Per branch, in the order of `network.branches`, at the present voltages. Allocates. */
  branchFlows(): BranchFlow[] {
    return branchFlows(this.model, this.vRe, this.vIm);
  }

  /** Per bus: 1 where its machines stand at their upper Q limit, -1 at the lower one, else 0. Allocates. */
  limitedBuses(): Int8Array {
    return this.#limits?.byBus() ?? new Int8Array(this.model.busCount);
  }

  /**
   * dV_i/dQ_j at the present solution, from the inverse Jacobian: row-major, n x n for n buses, pu per pu. 0
   * where bus i or j holds its voltage or is dead. Allocates.
   */
  reactiveSensitivityPu(busIndices: readonly number[]): Float64Array {
    const n = busIndices.length;
    const out = new Float64Array(n * n);
    const system = this.#system;
    this.#gather();
    system.evaluate();
    const factors = this.#factored();
    if (factors === undefined) return out;
    busIndices.forEach((bus, column) => {
      if (!system.unitReactiveStep(bus, factors)) return;
      busIndices.forEach((other, row) => (out[row * n + column] = system.magnitudeStep(other)));
    });
    return out;
  }

  #setTargets(options: SolveOptions | undefined): void {
    this.#tolerancePu = options?.tolerancePu ?? DEFAULT_TOLERANCE_PU;
    this.#maxIterations = Math.min(options?.maxIterations ?? MAX_ITERATIONS, TRAIL_LENGTH - 1);
  }

  #solveAt(p: Float64Array, q: Float64Array, offset: number, warm: boolean): boolean {
    this.#limits?.reset();
    this.#load(p, q, offset);
    let done = false;
    if (warm) {
      this.#gather();
      done = this.#attempt(false);
    }
    if (!done) {
      // Also after a warm start, which can fail far from the new operating point where a cold one does not.
      this.#system.v.set(this.#coldV);
      done = this.#attempt(true);
    }
    this.converged = done;
    if (this.#limits !== undefined) this.#enforceLimits(this.#limits);
    this.#scatterVoltages();
    if (this.converged) this.#report();
    else this.finish();
    return this.converged;
  }

  #attempt(cold: boolean): boolean {
    const system = this.#system;
    const { lu, attainablePu } = system.plan;
    const tolerancePu = this.#tolerancePu;
    const maxIterations = this.#maxIterations;
    system.evaluate();
    let residual = system.mismatchPu;
    this.trail[0] = residual;
    this.iterations = 0;
    while (residual > tolerancePu && residual < DIVERGED_PU && this.iterations < maxIterations) {
      if (residual <= attainablePu && this.iterations > 0 && residual > this.trail[this.iterations - 1]! / 2) break;
      const factors = cold && this.iterations === 0 ? this.#coldFactored() : this.#factored();
      if (factors === undefined) break;
      lu.solve(factors, system.rhs);
      system.applyStep();
      system.evaluate();
      residual = system.mismatchPu;
      this.trail[++this.iterations] = residual;
    }
    this.residualPu = residual;
    return residual <= tolerancePu || residual <= attainablePu;
  }

  #evaluateAt(pInjPu: Float64Array, qInjPu: Float64Array): void {
    this.#limits?.reset();
    this.#load(pInjPu, qInjPu, 0);
    this.#gather();
    this.#system.evaluate();
    this.residualPu = this.#system.mismatchPu;
  }

  /** Largest change of a voltage, pu; NaN without factors. */
  #stepBy(factors: Float64Array | undefined): number {
    if (factors === undefined) return NaN;
    const system = this.#system;
    system.plan.lu.solve(factors, system.rhs);
    system.applyStep();
    this.#scatterVoltages();
    return system.changePu;
  }

  /** Of the Jacobian at the voltages of the last `evaluate`; undefined when it is singular. */
  #factored(): Float64Array | undefined {
    this.#system.assemble(this.#factors);
    return this.#system.plan.lu.factor(this.#factors) ? this.#factors : undefined;
  }

  /** The same where those voltages are the cold start's. */
  #coldFactored(): Float64Array | undefined {
    if (this.#coldState === 'none') {
      this.#system.assemble(this.#coldFactors);
      this.#coldState = this.#system.plan.lu.factor(this.#coldFactors) ? 'ready' : 'singular';
    }
    return this.#coldState === 'ready' ? this.#coldFactors : undefined;
  }

  /**
   * Switch machines between held and limited and solve again until every one of them is where it belongs: all that
   * are beyond at once, and from the start again one by one where that leads to no solution.
   */
  #enforceLimits(limits: ReactiveLimits): void {
    if (!this.converged || this.#settleLimits(limits, false)) return;
    limits.reset();
    this.#system.v.set(this.#coldV);
    this.converged = this.#attempt(true) && this.#settleLimits(limits, true);
  }

  #settleLimits(limits: ReactiveLimits, one: boolean): boolean {
    const { maxRounds } = limits;
    for (let round = 0; round < maxRounds; round++) {
      if (!limits.switchBuses(one)) return true;
      if (!this.#attempt(false)) return false;
    }
    return false;
  }

  #load(p: Float64Array, q: Float64Array, offset: number): void {
    const { busAt, unknownCount } = this.#system.plan;
    const pOut = this.#system.p;
    const qOut = this.#system.q;
    for (let i = 0; i < unknownCount; i++) {
      const bus = offset + busAt[i]!;
      pOut[i] = p[bus]!;
      qOut[i] = q[bus]!;
    }
  }

  /** Voltages into elimination order, held magnitudes at their set points. */
  #gather(): void {
    const { v, held } = this.#system;
    const { busAt, liveCount, unknownCount } = this.#system.plan;
    const { vRe, vIm } = this;
    const { vSetPu, startRe, startIm } = this.model;
    for (let i = 0; i < liveCount; i++) {
      const bus = busAt[i]!;
      let re = vRe[bus]!;
      let im = vIm[bus]!;
      if (i >= unknownCount) {
        re = startRe[bus]!;
        im = startIm[bus]!;
      } else if (held[i] === 1) {
        const scale = vSetPu[bus]! / Math.sqrt(re * re + im * im);
        re *= scale;
        im *= scale;
      }
      v[2 * i] = re;
      v[2 * i + 1] = im;
    }
  }

  #scatterVoltages(): void {
    const { v } = this.#system;
    const { busAt, liveCount } = this.#system.plan;
    const { vRe, vIm } = this;
    for (let i = 0; i < liveCount; i++) {
      const bus = busAt[i]!;
      vRe[bus] = v[2 * i]!;
      vIm[bus] = v[2 * i + 1]!;
    }
  }

  #clamp(): void {
    clampVoltages(this.vRe, this.vIm);
    const { kind } = this.model;
    for (let k = 0; k < kind.length; k++) {
      if (kind[k] !== BUS.dead) continue;
      this.vRe[k] = 0;
      this.vIm[k] = 0;
    }
  }

  /** Everything that follows from the voltages and injections of the last `evaluate`. */
  #report(): void {
    const system = this.#system;
    system.evaluateSlack();
    const { v, pCalc, qCalc } = system;
    const { busAt, liveCount, unknownCount } = system.plan;
    const { gShuntPu, bShuntPu } = this.model;
    const { vmPu, pNetPu, qNetPu } = this;
    let p = 0;
    let q = 0;
    let slackP = 0;
    let slackQ = 0;
    let shuntP = 0;
    let shuntQ = 0;
    for (let i = 0; i < liveCount; i++) {
      const bus = busAt[i]!;
      const square = v[2 * i]! * v[2 * i]! + v[2 * i + 1]! * v[2 * i + 1]!;
      vmPu[bus] = Math.sqrt(square);
      pNetPu[bus] = pCalc[i]!;
      qNetPu[bus] = qCalc[i]!;
      p += pCalc[i]!;
      q += qCalc[i]!;
      shuntP += gShuntPu[bus]! * square;
      shuntQ -= bShuntPu[bus]! * square;
      if (i < unknownCount) continue;
      slackP += pCalc[i]!;
      slackQ += qCalc[i]!;
    }
    this.lossPu = finite(p - shuntP);
    this.lossQPu = finite(q - shuntQ);
    this.shuntPu = finite(shuntP);
    this.shuntQPu = finite(shuntQ);
    this.feedInPu = finite(slackP);
    this.feedInQPu = finite(slackQ);
  }

  #writeRow(row: number, out: BatchResult): void {
    const n = this.model.busCount;
    out.converged[row] = this.converged ? 1 : 0;
    out.vmPu?.set(this.vmPu, row * n);
    out.vRe?.set(this.vRe, row * n);
    out.vIm?.set(this.vIm, row * n);
    if (out.lossPu !== undefined) out.lossPu[row] = this.lossPu;
    if (out.feedInPu !== undefined) out.feedInPu[row] = this.feedInPu;
    if (out.feedInQPu !== undefined) out.feedInQPu[row] = this.feedInQPu;
  }
}
