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
    const { q, held } = this.#system;
    for (let n = 0; n < positions.length; n++) {
      const i = positions[n]!;
      if (this.#side[i] !== 0) q[i] = this.#otherQ[i]!;
      this.#side[i] = 0;
      this.#returns[i] = 0;
      held[i] = 1;
    }
  }

  /**
   * Look at a solved state. True when a bus changed sides, so that it must be solved again.
   * @param one let go only of the bus that is furthest beyond its limit, not of all that are beyond
   */
  switchBuses(one: boolean): boolean {
    const positions = this.#positions;
    let changed = false;
    let worst = -1;
    for (let n = 0; n < positions.length; n++) {
      const i = positions[n]!;
      if (this.#side[i] !== 0) {
        if (this.#takeBack(i)) changed = true;
      } else if (this.#excess(i) > TOLERANCE_PU) {
        if (!one) this.#letGo(i);
        else if (worst < 0 || this.#excess(i) > this.#excess(worst)) worst = i;
        changed = true;
      }
    }
    if (worst >= 0) this.#letGo(worst);
    return changed;
  }

  /** Rounds within which every machine can change sides one by one. */
  get maxRounds(): number {
    return 30 + 2 * (MAX_RETURNS + 1) * this.#positions.length;
  }

  byBus(): Int8Array {
    const out = new Int8Array(this.#system.plan.model.busCount);
    this.#side.forEach((side, i) => (out[this.#system.plan.busAt[i]!] = side));
    return out;
  }

  /** Q of the machines of a held bus. */
  #machineQ(i: number): number {
    return this.#system.qCalc[i]! - this.#system.q[i]!;
  }

  /** How far they are beyond a limit; negative within. */
  #excess(i: number): number {
    const { model, busAt } = this.#system.plan;
    const q = this.#machineQ(i);
    return Math.max(q - model.qMaxPu[busAt[i]!]!, model.qMinPu[busAt[i]!]! - q);
  }

  #letGo(i: number): void {
    const { model, busAt } = this.#system.plan;
    const { q, held } = this.#system;
    const bus = busAt[i]!;
    const side = this.#machineQ(i) > model.qMaxPu[bus]! ? 1 : -1;
    this.#side[i] = side;
    this.#otherQ[i] = q[i]!;
    held[i] = 0;
    q[i]! += side > 0 ? model.qMaxPu[bus]! : model.qMinPu[bus]!;
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
