/**
 * AC power flow of a radial feeder and what its voltages and losses do when the inverters' reactive powers move: exact
 * first derivatives by sweeps of the linearised equations, and the Gauss-Newton matrix of the losses.
 *
 * All per unit on the network's base, injection positive, branch currents from the substation outwards:
 *   I_b = -conj(S_b / V_b) + sum of I over the children,   V_b = V_parent - z_b I_b
 *   dI_b = -conj(dS_b / V_b) + conj(S_b) conj(dV_b) / conj(V_b)^2 + ...,   dV_b = dV_parent - z_b dI_b
 *   loss = sum r_b |I_b|^2,   d loss / dq_s = 2 sum r_b Re(conj(I_b) dI_b/dq_s)
 */
import type { RadialTopology } from '../../../env/physics/topology.ts';

const TOLERANCE_PU = 1e-14;
const MAX_SWEEPS = 200;
const LOST_PU = 2;

export class FeederDerivatives {
  readonly topology: RadialTopology;
  /** Bus index of each inverter. */
  readonly siteBus: Int32Array;
  /** Injections without the inverters' reactive power, pu, by bus; the slack bus's is ignored. */
  readonly pInjPu: Float64Array;
  readonly qInjPu: Float64Array;

  readonly vmPu: Float64Array;
  lossPu = 0;
  converged = false;
  /** dvm/dq, row-major buses x sites. */
  readonly voltageGradient: Float64Array;
  /** d loss / dq, by site. */
  readonly lossGradient: Float64Array;
  /** Row-major sites x sites: 2 sum_b r_b Re(conj(dI_b/dq_s) dI_b/dq_t). */
  readonly lossCurvature: Float64Array;

  readonly #v: Complex;
  readonly #i: Complex;
  /** Per site, kept from one call to the next: they change little. */
  readonly #dv: readonly Complex[];
  readonly #di: readonly Complex[];
  readonly #qPu: Float64Array;

  constructor(topology: RadialTopology, siteBus: Int32Array) {
    const { busCount } = topology;
    const sites = siteBus.length;
    this.topology = topology;
    this.siteBus = siteBus;
    this.pInjPu = new Float64Array(busCount);
    this.qInjPu = new Float64Array(busCount);
    this.vmPu = new Float64Array(busCount);
    this.voltageGradient = new Float64Array(busCount * sites);
    this.lossGradient = new Float64Array(sites);
    this.lossCurvature = new Float64Array(sites * sites);
    this.#v = complex(busCount);
    this.#i = complex(busCount);
    this.#dv = Array.from(siteBus, () => complex(busCount));
    this.#di = Array.from(siteBus, () => complex(busCount));
    this.#qPu = new Float64Array(busCount);
    this.flatStart();
  }

  flatStart(): void {
    this.#v.re.fill(this.topology.slackVPu);
    this.#v.im.fill(0);
    for (const { re, im } of this.#dv) {
      re.fill(0);
      im.fill(0);
    }
  }

  /** Power flow with these reactive powers of the inverters, pu. Returns whether there is a solution. */
  solve(qSitePu: Float64Array): boolean {
    this.#qPu.set(this.qInjPu);
    this.siteBus.forEach((bus, s) => (this.#qPu[bus]! += qSitePu[s]!));
    if (!this.#sweep()) {
      this.flatStart();
      this.#sweep();
    }
    this.lossPu = 0;
    const { rPu } = this.topology;
    for (let b = 0; b < rPu.length; b++) {
      this.vmPu[b] = Math.sqrt(this.#v.re[b]! * this.#v.re[b]! + this.#v.im[b]! * this.#v.im[b]!);
      this.lossPu += rPu[b]! * (this.#i.re[b]! * this.#i.re[b]! + this.#i.im[b]! * this.#i.im[b]!);
    }
    return this.converged;
  }

  /** At the point last solved: `voltageGradient`, `lossGradient`, `lossCurvature`. */
  differentiate(): void {
    const sites = this.siteBus.length;
    for (let s = 0; s < sites; s++) {
      this.#differentiateSite(s);
      this.#gradients(s);
    }
    for (let s = 0; s < sites; s++) {
      for (let t = 0; t <= s; t++) {
        const curvature = 2 * this.#weighted(this.#di[s]!, this.#di[t]!);
        this.lossCurvature[s * sites + t] = curvature;
        this.lossCurvature[t * sites + s] = curvature;
      }
    }
  }

  #sweep(): boolean {
    this.converged = false;
    for (let sweep = 0; sweep < MAX_SWEEPS && !this.converged; sweep++) {
      this.#backward();
      const moved = this.#forward();
      if (!(moved < LOST_PU)) return false;
      this.converged = moved <= TOLERANCE_PU;
    }
    return this.converged;
  }

  #backward(): void {
    const { order, parent, slack } = this.topology;
    const { pInjPu } = this;
    const q = this.#qPu;
    const v = this.#v;
    const i = this.#i;
    i.re.fill(0);
    i.im.fill(0);
    for (let k = order.length - 1; k > 0; k--) {
      const b = order[k]!;
      const square = v.re[b]! * v.re[b]! + v.im[b]! * v.im[b]!;
      // -conj(S / V) = -(p - jq) (vRe + j vIm) / |V|^2
      i.re[b]! -= (pInjPu[b]! * v.re[b]! + q[b]! * v.im[b]!) / square;
      i.im[b]! -= (pInjPu[b]! * v.im[b]! - q[b]! * v.re[b]!) / square;
      const up = parent[b]!;
      if (up === slack) continue;
      i.re[up]! += i.re[b]!;
      i.im[up]! += i.im[b]!;
    }
  }

  #forward(): number {
    const { order, parent, rPu, xPu } = this.topology;
    const v = this.#v;
    const i = this.#i;
    let moved = 0;
    for (let k = 1; k < order.length; k++) {
      const b = order[k]!;
      const up = parent[b]!;
      const re = v.re[up]! - rPu[b]! * i.re[b]! + xPu[b]! * i.im[b]!;
      const im = v.im[up]! - rPu[b]! * i.im[b]! - xPu[b]! * i.re[b]!;
      const change = Math.max(Math.abs(re - v.re[b]!), Math.abs(im - v.im[b]!));
      if (!(change <= moved)) moved = change;
      v.re[b] = re;
      v.im[b] = im;
    }
    return moved;
  }

  /** dV/dq_s and dI/dq_s, by the same sweeps. */
  #differentiateSite(s: number): void {
    for (let sweep = 0, moved = Infinity; sweep < MAX_SWEEPS && moved > TOLERANCE_PU; sweep++)
      moved = this.#sweepSite(s);
  }

  #sweepSite(s: number): number {
    const { order, parent, rPu, xPu, slack } = this.topology;
    const { pInjPu } = this;
    const q = this.#qPu;
    const v = this.#v;
    const dv = this.#dv[s]!;
    const di = this.#di[s]!;
    const bus = this.siteBus[s]!;
    di.re.fill(0);
    di.im.fill(0);
    for (let k = order.length - 1; k > 0; k--) {
      const b = order[k]!;
      const re = v.re[b]!;
      const im = v.im[b]!;
      const square = re * re + im * im;
      // conj(S) / conj(V)^2 = (p - jq) (re + j im)^2 / |V|^4
      const a = (re * re - im * im) / (square * square);
      const c = (2 * re * im) / (square * square);
      const f = pInjPu[b]! * a + q[b]! * c;
      const g = pInjPu[b]! * c - q[b]! * a;
      di.re[b]! += f * dv.re[b]! + g * dv.im[b]!;
      di.im[b]! += g * dv.re[b]! - f * dv.im[b]!;
      if (b === bus) {
        // -conj(j / V) = j V / |V|^2
        di.re[b]! -= im / square;
        di.im[b]! += re / square;
      }
      const up = parent[b]!;
      if (up === slack) continue;
      di.re[up]! += di.re[b]!;
      di.im[up]! += di.im[b]!;
    }
    let moved = 0;
    for (let k = 1; k < order.length; k++) {
      const b = order[k]!;
      const up = parent[b]!;
      const upRe = up === slack ? 0 : dv.re[up]!;
      const upIm = up === slack ? 0 : dv.im[up]!;
      const re = upRe - rPu[b]! * di.re[b]! + xPu[b]! * di.im[b]!;
      const im = upIm - rPu[b]! * di.im[b]! - xPu[b]! * di.re[b]!;
      moved = Math.max(moved, Math.abs(re - dv.re[b]!), Math.abs(im - dv.im[b]!));
      dv.re[b] = re;
      dv.im[b] = im;
    }
    return moved;
  }

  #gradients(s: number): void {
    const sites = this.siteBus.length;
    const dv = this.#dv[s]!;
    for (let b = 0; b < this.vmPu.length; b++) {
      const along = this.#v.re[b]! * dv.re[b]! + this.#v.im[b]! * dv.im[b]!;
      this.voltageGradient[b * sites + s] = b === this.topology.slack ? 0 : along / this.vmPu[b]!;
    }
    this.lossGradient[s] = 2 * this.#weighted(this.#i, this.#di[s]!);
  }

  /** sum r_b Re(conj(x_b) y_b) */
  #weighted(x: Complex, y: Complex): number {
    const { rPu } = this.topology;
    let sum = 0;
    for (let b = 0; b < rPu.length; b++) sum += rPu[b]! * (x.re[b]! * y.re[b]! + x.im[b]! * y.im[b]!);
    return sum;
  }
}

interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

function complex(n: number): Complex {
  return { re: new Float64Array(n), im: new Float64Array(n) };
}
