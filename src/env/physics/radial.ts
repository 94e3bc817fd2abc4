/**
 * AC power flow of a radial network by backward/forward sweep on typed arrays, no allocation per solve.
 * Balanced, single-phase equivalent, constant-power injections. Signs: P > 0 export, Q > 0 injected.
 * Source of the method: Shirmohammadi et al., IEEE Trans. Power Systems 3(2), 1988.
 *
 * The sweep runs over one packed array, a record per bus in the order of treeChains.ts: what one bus needs lies in one
 * cache line, and what it hands to the next mostly in local variables. Everything outside is in the order of
 * `network.buses`.
 */
import { atan2Real } from '../../base/realMath.ts';
import type { Network } from '../../grid/network.ts';
import { J_IM, J_RE, P, Q, R, RECORD, V_IM, V_RE, X } from './busRecords.ts';
import { DEFAULT_TOLERANCE_PU, finite, V_CLAMP_MAX_PU, V_CLAMP_MIN_PU } from './powerflow/port.ts';
import type { PowerFlow, SolveOptions } from './powerflow/port.ts';
import { radialTopology, type RadialTopology } from './topology.ts';
import { treeChains, type TreeChains } from './treeChains.ts';
import { TreeNewton } from './treeNewton.ts';

export type { SolveOptions };

const MAX_ITERATIONS = 100;
const RE = 0;
const IM = 1;

export class RadialPowerFlow implements PowerFlow {
  readonly topology: RadialTopology;
  /** Complex bus voltages, pu, in the order of `network.buses`; filled by `finish`. */
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
  /** Filled by `finish`. */
  readonly vmPu: Float64Array;
  readonly vaRad: Float64Array;
  converged = false;
  iterations = 0;
  /** Largest voltage change in the last sweep, pu: the power mismatch at bus k is at most |S_k| * this / |V_k|. */
  residualPu = Infinity;
  /** Line losses and power fed in at the slack bus, pu. */
  lossPu = 0;
  lossQPu = 0;
  feedInPu = 0;
  feedInQPu = 0;

  /** Bus records in the order of the chains. */
  readonly #records: Float64Array;
  readonly #chains: TreeChains;
  /** Start of the record, by bus. */
  readonly #at: Int32Array;
  /** Starts of the records from the slack bus outwards, in which losses have always been added up. */
  readonly #outwards: Int32Array;
  readonly #newton: TreeNewton;
  /** [re, im] by record: currents of children off the chain while a sweep runs, and changes of voltage in `nudge`. */
  readonly #handed: Float64Array;

  /** @throws `env.networkNotRadial`. */
  constructor(network: Network | RadialTopology) {
    this.topology = 'order' in network ? network : radialTopology(network);
    const { busCount, order, rPu, xPu } = this.topology;
    this.vRe = new Float64Array(busCount);
    this.vIm = new Float64Array(busCount);
    this.vmPu = new Float64Array(busCount);
    this.vaRad = new Float64Array(busCount);
    this.#records = new Float64Array(busCount * RECORD);
    this.#handed = new Float64Array(busCount * RECORD);
    this.#chains = treeChains(this.topology);
    this.#newton = new TreeNewton(this.#records, this.#chains);
    this.#at = new Int32Array(busCount);
    this.#chains.busAt.forEach((bus, place) => {
      const at = place * RECORD;
      this.#at[bus] = at;
      this.#records[at + R] = rPu[bus]!;
      this.#records[at + X] = xPu[bus]!;
    });
    this.#outwards = order.map((bus) => this.#at[bus]!);
    this.flatStart();
  }

  /** Back to the slack voltage everywhere. */
  flatStart(): void {
    this.vRe.fill(this.topology.slackVPu);
    this.vIm.fill(0);
    const records = this.#records;
    for (let at = 0; at < records.length; at += RECORD) {
      records[at + V_RE] = this.topology.slackVPu;
      records[at + V_IM] = 0;
    }
  }

  /** Sweeps go on from what is in `vRe` and `vIm`. */
  takeVoltages(): void {
    const records = this.#records;
    for (let bus = 0; bus < this.#at.length; bus++) {
      const at = this.#at[bus]!;
      records[at + V_RE] = this.vRe[bus]!;
      records[at + V_IM] = this.vIm[bus]!;
    }
  }

  /** Everything of another solver of the same network. */
  copyFrom(other: RadialPowerFlow): void {
    this.#records.set(other.#records);
    for (const key of ['vRe', 'vIm', 'vmPu', 'vaRad'] as const) this[key].set(other[key]);
    this.converged = other.converged;
    this.iterations = other.iterations;
    this.residualPu = other.residualPu;
    this.lossPu = other.lossPu;
    this.lossQPu = other.lossQPu;
    this.feedInPu = other.feedInPu;
    this.feedInQPu = other.feedInQPu;
  }

  /**
   * Solve for net injections per bus (pu on `baseMva`, order of `network.buses`; the slack bus's own entry is
   * ignored). Never throws: a divergence gives `converged = false` and finite, clamped voltages.
   */
  solve(pInjPu: Float64Array, qInjPu: Float64Array, options: SolveOptions = {}): boolean {
    const { tolerancePu = DEFAULT_TOLERANCE_PU, maxIterations = MAX_ITERATIONS, warm = false } = options;
    if (warm) this.takeVoltages();
    else this.flatStart();
    this.converged = false;
    this.iterations = 0;
    this.inject(pInjPu, qInjPu, 0, 1);
    while (this.iterations < maxIterations && !this.converged) {
      this.residualPu = this.sweep();
      this.iterations++;
      this.converged = this.residualPu <= tolerancePu;
      if (!(this.residualPu < V_CLAMP_MAX_PU)) break;
    }
    this.finish();
    return this.converged;
  }

  /** As in `PowerFlow`: one sweep from the voltages in `vRe` and `vIm`. */
  iterate(pInjPu: Float64Array, qInjPu: Float64Array): number {
    this.takeVoltages();
    this.inject(pInjPu, qInjPu, 0, 1);
    const moved = this.sweep();
    this.#readVoltages();
    return moved;
  }

  /** Net injections of all buses, pu: `p` and `q` from index `from`, times `factor`. */
  inject(p: Float64Array, q: Float64Array, from: number, factor: number): void {
    const records = this.#records;
    const place = this.#at;
    for (let bus = 0; bus < place.length; bus++) {
      const at = place[bus]!;
      records[at + P] = p[from + bus]! * factor;
      records[at + Q] = q[from + bus]! * factor;
    }
  }

  /** Net injection of one bus, pu. */
  pInjPu(bus: number): number {
    return this.#records[this.#at[bus]! + P]!;
  }

  qInjPu(bus: number): number {
    return this.#records[this.#at[bus]! + Q]!;
  }

  setP(bus: number, pPu: number): void {
    this.#records[this.#at[bus]! + P] = pPu;
  }

  setQ(bus: number, qPu: number): void {
    this.#records[this.#at[bus]! + Q] = qPu;
  }

  /** Voltage magnitude after the last sweep, pu. */
  magnitude(bus: number): number {
    const at = this.#at[bus]!;
    const re = this.#records[at + V_RE]!;
    const im = this.#records[at + V_IM]!;
    return Math.sqrt(re * re + im * im);
  }

  magnitudes(buses: Int32Array, out: Float64Array): void {
    const d = this.#records;
    const place = this.#at;
    for (let s = 0; s < buses.length; s++) {
      const at = place[buses[s]!]!;
      const re = d[at + V_RE]!;
      const im = d[at + V_IM]!;
      out[s] = Math.sqrt(re * re + im * im);
    }
  }

  setReactive(buses: Int32Array, loadPu: Float64Array, qPu: Float64Array): void {
    const d = this.#records;
    const place = this.#at;
    for (let s = 0; s < buses.length; s++) d[place[buses[s]!]! + Q] = loadPu[s]!;
    for (let s = 0; s < buses.length; s++) d[place[buses[s]!]! + Q]! += qPu[s]!;
  }

  /**
   * Move the voltages by what a change of reactive injections does near 1 pu, in pu at each of `buses`:
   *   dV_k = dV_up + (x - j r) sum of dQ below k
   */
  nudge(buses: Int32Array, dqPu: Float64Array): void {
    const { above, chained, joined } = this.#chains;
    const d = this.#records;
    const handed = this.#handed;
    for (let at = 0; at < d.length; at += RECORD) d[at + J_RE] = 0;
    for (let s = 0; s < buses.length; s++) d[this.#at[buses[s]!]! + J_RE]! += dqPu[s]!;
    for (let n = above.length - 1; n > 0; n--) d[above[n]! + J_RE]! += d[n * RECORD + J_RE]!;
    let re = 0;
    let im = 0;
    handed[RE] = 0;
    handed[IM] = 0;
    for (let n = 1; n < above.length; n++) {
      const at = n * RECORD;
      if (chained[n] === 0) {
        re = handed[above[n]! + RE]!;
        im = handed[above[n]! + IM]!;
      }
      const dq = d[at + J_RE]!;
      re += d[at + X]! * dq;
      im -= d[at + R]! * dq;
      d[at + V_RE]! += re;
      d[at + V_IM]! += im;
      if (joined[n] === 1) {
        handed[at + RE] = re;
        handed[at + IM] = im;
      }
    }
    for (let n = 0; n < above.length; n++) {
      if (joined[n] === 0) continue;
      handed[n * RECORD + RE] = 0;
      handed[n * RECORD + IM] = 0;
    }
  }

  /** One Newton step, where the reactive injection of `buses[s]` moves by `slope[s]` pu per pu of its voltage. */
  newtonStep(buses: Int32Array, slope: Float64Array): number {
    const newton = this.#newton;
    for (let s = 0; s < buses.length; s++) if (slope[s] !== 0) newton.addSlope(this.#at[buses[s]!]!, slope[s]!);
    return newton.step();
  }

  /** One backward and one forward pass over what was injected. Returns the largest voltage change (NaN when it blew up). */
  sweep(): number {
    this.#backward();
    return this.#forward();
  }

  /** J_k = -conj(S_k / V_k) + sum of J over the buses k feeds, J_k flowing from the parent into k. */
  #backward(): void {
    const { above, chained, joined } = this.#chains;
    const d = this.#records;
    const handed = this.#handed;
    let a = 0;
    let b = 0;
    for (let n = above.length - 1; n > 0; n--) {
      const at = n * RECORD;
      if (joined[n] === 1) {
        a += handed[at + RE]!;
        b += handed[at + IM]!;
        handed[at + RE] = 0;
        handed[at + IM] = 0;
      }
      const re = d[at + V_RE]!;
      const im = d[at + V_IM]!;
      const p = d[at + P]!;
      const q = d[at + Q]!;
      const scale = 1 / (re * re + im * im);
      a -= (p * re + q * im) * scale;
      b -= (p * im - q * re) * scale;
      d[at + J_RE] = a;
      d[at + J_IM] = b;
      if (chained[n] === 1) continue;
      const up = above[n]!;
      handed[up + RE]! += a;
      handed[up + IM]! += b;
      a = 0;
      b = 0;
    }
    d[J_RE] = a + handed[RE]!;
    d[J_IM] = b + handed[IM]!;
    handed[RE] = 0;
    handed[IM] = 0;
  }

  /** V_k = V_parent - (r + jx) J_k */
  #forward(): number {
    const { above, chained } = this.#chains;
    const d = this.#records;
    let vRe = this.topology.slackVPu;
    let vIm = 0;
    d[V_RE] = vRe;
    d[V_IM] = vIm;
    let worst = 0;
    for (let n = 1; n < above.length; n++) {
      const at = n * RECORD;
      if (chained[n] === 0) {
        vRe = d[above[n]! + V_RE]!;
        vIm = d[above[n]! + V_IM]!;
      }
      const a = d[at + J_RE]!;
      const b = d[at + J_IM]!;
      const r = d[at + R]!;
      const x = d[at + X]!;
      vRe -= r * a - x * b;
      vIm -= r * b + x * a;
      const dRe = vRe - d[at + V_RE]!;
      const dIm = vIm - d[at + V_IM]!;
      const change = dRe * dRe + dIm * dIm;
      if (!(change <= worst)) worst = change;
      d[at + V_RE] = vRe;
      d[at + V_IM] = vIm;
    }
    return Math.sqrt(worst);
  }

  /** Magnitudes, losses and feed-in from the last sweep; clamps what a divergence left behind. Angles by `angles()`. */
  finish(): void {
    if (!this.converged) this.#clampVoltages();
    this.#readVoltages();
    const d = this.#records;
    let loss = 0;
    let lossQ = 0;
    const outwards = this.#outwards;
    for (let n = 1; n < outwards.length; n++) {
      const at = outwards[n]!;
      const re = d[at + J_RE]!;
      const im = d[at + J_IM]!;
      const square = re * re + im * im;
      loss += d[at + R]! * square;
      lossQ += d[at + X]! * square;
    }
    const { slackVPu } = this.topology;
    this.lossPu = finite(loss);
    this.lossQPu = finite(lossQ);
    this.feedInPu = finite(slackVPu * d[J_RE]!);
    this.feedInQPu = finite(-slackVPu * d[J_IM]!);
  }

  /** Voltage angles, rad, for reports; not needed on the hot path. */
  angles(): Float64Array {
    for (let k = 0; k < this.vaRad.length; k++) this.vaRad[k] = atan2Real(this.vIm[k]!, this.vRe[k]!);
    return this.vaRad;
  }

  #readVoltages(): void {
    const d = this.#records;
    const place = this.#at;
    const { vRe, vIm, vmPu } = this;
    for (let bus = 0; bus < place.length; bus++) {
      const at = place[bus]!;
      const re = d[at + V_RE]!;
      const im = d[at + V_IM]!;
      vRe[bus] = re;
      vIm[bus] = im;
      vmPu[bus] = Math.sqrt(re * re + im * im);
    }
  }

  #clampVoltages(): void {
    const d = this.#records;
    for (let at = 0; at < d.length; at += RECORD) {
      const magnitude = Math.sqrt(d[at + V_RE]! ** 2 + d[at + V_IM]! ** 2);
      if (magnitude >= V_CLAMP_MIN_PU && magnitude <= V_CLAMP_MAX_PU) continue;
      const scale = magnitude > V_CLAMP_MAX_PU && magnitude < Infinity ? V_CLAMP_MAX_PU / magnitude : 0;
      d[at + V_RE] = scale > 0 ? d[at + V_RE]! * scale : V_CLAMP_MIN_PU;
      d[at + V_IM] = scale > 0 ? d[at + V_IM]! * scale : 0;
    }
  }
}
