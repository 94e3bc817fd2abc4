/**
 * The power flow of ANM6 as gym-anm leaves it: full Newton steps from the flat profile, up to the first mismatch of at
 * most 1e-5 pu. Its voltages are up to 1e-6 pu from the solution, so this is for repeating its figures, not for physics.
 */
import type { Network } from '../../grid/network.ts';
import { NewtonPowerFlow } from '../physics/powerflow/newton.ts';
import { radialTopology } from '../physics/topology.ts';

const MISMATCH_PU = 1e-5;
const MAX_ITERATIONS = 100;

export class GymAnmFlow {
  readonly vmPu: Float64Array;
  /** Magnitude of the current from the parent, by bus. */
  readonly currentPu: Float64Array;
  lossPu = 0;
  feedInPu = 0;
  feedInQPu = 0;

  readonly #newton: NewtonPowerFlow;
  readonly #parent: Int32Array;
  readonly #zPu: Float64Array;

  constructor(network: Network) {
    const { parent, rPu, xPu } = radialTopology(network);
    this.#newton = new NewtonPowerFlow(network);
    this.#parent = parent;
    this.#zPu = rPu.map((r, bus) => Math.sqrt(r * r + xPu[bus]! * xPu[bus]!));
    this.vmPu = new Float64Array(parent.length);
    this.currentPu = new Float64Array(parent.length);
  }

  solve(pInjPu: Float64Array, qInjPu: Float64Array): boolean {
    const newton = this.#newton;
    newton.flatStart();
    newton.converged = true;
    for (let i = 0; i <= MAX_ITERATIONS; i++) {
      newton.finish();
      const mismatch = this.#mismatch(pInjPu, qInjPu);
      if (mismatch <= MISMATCH_PU) {
        this.#report();
        return true;
      }
      if (Number.isNaN(mismatch) || Number.isNaN(newton.iterate(pInjPu, qInjPu))) return false;
    }
    return false;
  }

  #mismatch(pInjPu: Float64Array, qInjPu: Float64Array): number {
    const { pNetPu, qNetPu } = this.#newton;
    let worst = 0;
    for (let b = 0; b < pInjPu.length; b++) {
      if (this.#parent[b]! < 0) continue;
      worst = Math.max(worst, Math.abs(pNetPu[b]! - pInjPu[b]!), Math.abs(qNetPu[b]! - qInjPu[b]!));
    }
    return worst;
  }

  /** |J| = |V_parent - V| / |z| */
  #report(): void {
    const { vRe, vIm, vmPu, lossPu, feedInPu, feedInQPu } = this.#newton;
    this.vmPu.set(vmPu);
    for (let b = 0; b < vRe.length; b++) {
      const up = this.#parent[b]!;
      if (up < 0) continue;
      const re = vRe[up]! - vRe[b]!;
      const im = vIm[up]! - vIm[b]!;
      this.currentPu[b] = Math.sqrt(re * re + im * im) / this.#zPu[b]!;
    }
    this.lossPu = lossPu;
    this.feedInPu = feedInPu;
    this.feedInQPu = feedInQPu;
  }
}
