/**
 * The state of energy that a frequency response must keep, by settlement period k of its block (Response Service Terms 6.11):
 *
 *   REV     = contracted power x delivery duration              low: energy to deliver; high: headroom to take in
 *   req_0   = REV
 *   adj_k   = 0 if k < 3, else min(0.2 REV, max(0, REV - req_{k-3} - sum_{i=k-3}^{k-1} adj_i))
 *   req_k+1 = clamp(req_k - delivered_k + adj_k, 0, REV)
 *
 * What was delivered need not be there; three periods later it must come back, a fifth of REV in a period.
 */
const RECOVERED_SHARE = 0.2;
const NOTICE = 3;

/** Hours of full delivery that a product must have in store in each direction. */
export const DELIVERY_DURATION_H = {
  dynamicContainment: 0.25,
  dynamicModeration: 0.5,
  dynamicRegulation: 1,
  /** The 15 min of an alert state. */
  fcr: 0.25,
} as const;

/** One direction. Energies in any one unit. */
export class EnergyRequirement {
  readonly rev: number;
  readonly #required: number[];
  readonly #adjusted: number[] = [];

  constructor(rev: number) {
    this.rev = rev;
    this.#required = [rev];
  }

  /** At the start of the period at hand. */
  get required(): number {
    return this.#required.at(-1)!;
  }

  reset(): void {
    this.#required.length = 0;
    this.#required.push(this.rev);
    this.#adjusted.length = 0;
  }

  /** The period ends, `delivered` >= 0 in it. */
  close(delivered: number): void {
    const k = this.#adjusted.length;
    let adjust = 0;
    if (k >= NOTICE) {
      let pending = 0;
      for (let i = k - NOTICE; i < k; i++) pending += this.#adjusted[i]!;
      const missing = this.rev - this.#required[k - NOTICE]! - pending;
      adjust = Math.min(RECOVERED_SHARE * this.rev, Math.max(0, missing));
    }
    this.#adjusted.push(adjust);
    this.#required.push(Math.max(0, Math.min(this.rev, this.required - delivered + adjust)));
  }

  getState(): readonly number[] {
    return [this.#adjusted.length, ...this.#adjusted, ...this.#required];
  }

  setState(state: readonly number[]): void {
    const periods = state[0]!;
    this.#adjusted.splice(0, Infinity, ...state.slice(1, 1 + periods));
    this.#required.splice(0, Infinity, ...state.slice(1 + periods));
  }
}
