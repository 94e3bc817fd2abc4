/**
 * Q limits of the machines that hold pv buses. A bus whose machines (all together) would pass a limit is let go
 * and injects the limit; it is held again when its voltage shows that the limit no longer binds: above the set
 * point at the upper limit, below it at the lower one. A bus may be taken back `MAX_RETURNS` times in a solve and
 * then stays at its limit, so that switching ends.
 */
import type { NewtonSystem } from './system.ts';

/** Beyond a limit or set point by more than this counts, pu. */
const TOLERANCE_PU = 1e-9;
const MAX_RETURNS = 3;

export class ReactiveLimits {
  readonly #system: NewtonSystem;
  /** Positions of buses with limits. */
  readonly #positions: Int32Array;
  /** By position: 1 at the upper limit, -1 at the lower, 0 held. */
  readonly #side: Int8Array;
  readonly #returns: Uint8Array;
  /** By position: injection of everything but the machines. */
  readonly #otherQ: Float64Array;

  constructor(system: NewtonSystem) {
    const { model, busAt, unknownCount } = system.plan;
    const { held } = system;
    this.#system = system;
    this.#positions = Int32Array.from(
      Array.from(busAt.subarray(0, unknownCount).keys()).filter((i) => {
        const bus = busAt[i]!;
        return held[i] === 1 && (model.qMaxPu[bus]! < Infinity || model.qMinPu[bus]! > -Infinity);
      }),
    );
    this.#side = new Int8Array(unknownCount);
    this.#returns = new Uint8Array(unknownCount);
    this.#otherQ = new Float64Array(unknownCount);
  }

  /** Every machine holds its bus again: the start of a solve. */
  reset(): void {
    const positions = this.#positions;
    for (let n = 0; n < positions.length; n++) {
      this.#side[positions[n]!] = 0;
      this.#returns[positions[n]!] = 0;
      this.#system.held[positions[n]!] = 1;
    }
  }

  /** Look at a solved state. True when a bus changed sides, so that it must be solved again. */
  switchBuses(): boolean {
    const positions = this.#positions;
    let changed = false;
    for (let n = 0; n < positions.length; n++) {
      const i = positions[n]!;
      if (this.#side[i] === 0 ? this.#letGo(i) : this.#takeBack(i)) changed = true;
    }
    return changed;
  }

  byBus(): Int8Array {
    const out = new Int8Array(this.#system.plan.model.busCount);
    this.#side.forEach((side, i) => (out[this.#system.plan.busAt[i]!] = side));
    return out;
  }

  #letGo(i: number): boolean {
    const { model, busAt } = this.#system.plan;
    const { qCalc, q, held } = this.#system;
    const bus = busAt[i]!;
    const qMachines = qCalc[i]! - q[i]!;
    const side =
      qMachines > model.qMaxPu[bus]! + TOLERANCE_PU ? 1 : qMachines < model.qMinPu[bus]! - TOLERANCE_PU ? -1 : 0;
    if (side === 0) return false;
    this.#side[i] = side;
    this.#otherQ[i] = q[i]!;
    held[i] = 0;
    q[i]! += side > 0 ? model.qMaxPu[bus]! : model.qMinPu[bus]!;
    return true;
  }

  #takeBack(i: number): boolean {
    const { model, busAt } = this.#system.plan;
    const { v, q, held } = this.#system;
    const bus = busAt[i]!;
    const magnitude = Math.sqrt(v[2 * i]! * v[2 * i]! + v[2 * i + 1]! * v[2 * i + 1]!);
    const excess = (magnitude - model.vSetPu[bus]!) * this.#side[i]!;
    const range = model.qMaxPu[bus]! - model.qMinPu[bus]!;
    if (!(excess > TOLERANCE_PU) || !(range > TOLERANCE_PU) || this.#returns[i]! >= MAX_RETURNS) return false;
    this.#returns[i]!++;
    this.#side[i] = 0;
    held[i] = 1;
    q[i] = this.#otherQ[i]!;
    const scale = model.vSetPu[bus]! / magnitude;
    v[2 * i]! *= scale;
    v[2 * i + 1]! *= scale;
    return true;
  }
}
