/**
 * How far a delivered frequency response lay outside what its curve allows, at 20 Hz (docs/reference/frequency.md#delivery):
 *
 *   window  = samples 0.2 to 0.55 s old
 *   lower   = rampLimit(curve(max f in window), up 2 pu/s, down 4 pu/s)
 *   upper   = rampLimit(curve(min f in window), up 4 pu/s, down 2 pu/s)
 *   err     = max(lower - response, response - upper, 0)          shares of the contracted power
 *   E       = max over the settlement period of the minimum of err over 4 samples: it must persist for 0.2 s
 *
 * Both directions in one curve that never rises: mirrored for high frequency, lower and upper change places. The form is
 * that of an illustrative script for Dynamic Containment; here it is applied to every curve, with the same times.
 */
import { responseAt, type ResponseCurve } from './responseCurve.ts';

export const METER_S = 0.05;
const FIRST_LAG = 4;
const RING = 12;
const PERSIST = 4;
const SLOW_PU = 2 * METER_S;
const FAST_PU = 4 * METER_S;
/** Until so many samples are there, anything within the contracted power is allowed. */
const WARM_UP = 21;

export class DeliveryError {
  /** Shares of contracted power over deviation in Hz. */
  readonly #curve: ResponseCurve;
  readonly #f = new Float64Array(RING);
  readonly #err = new Float64Array(PERSIST);
  #count = 0;
  #lower = 0;
  #upper = 0;
  #worst = 0;

  constructor(curveHz: ResponseCurve) {
    this.#curve = curveHz;
  }

  reset(): void {
    this.#count = 0;
    this.#worst = 0;
    this.#err.fill(0);
  }

  /** E since the last call; the next settlement period begins. */
  take(): number {
    const worst = this.#worst;
    this.#worst = 0;
    return worst;
  }

  /** E of the settlement period so far. */
  get worst(): number {
    return this.#worst;
  }

  get lower(): number {
    return this.#lower;
  }

  get upper(): number {
    return this.#upper;
  }

  /** A sample: deviation, Hz, and response as a share of the contracted power, export positive. */
  push(deviationHz: number, response: number): void {
    const at = this.#count++;
    const ring = this.#f;
    if (at === 0) ring.fill(deviationHz);
    ring[at % RING] = deviationHz;
    let most = -Infinity;
    let least = Infinity;
    for (let lag = FIRST_LAG; lag < RING; lag++) {
      const f = ring[(at + RING - lag) % RING]!;
      if (f > most) most = f;
      if (f < least) least = f;
    }
    const low = responseAt(this.#curve, most);
    const high = responseAt(this.#curve, least);
    this.#lower = at === 0 ? low : limited(this.#lower, low, SLOW_PU, FAST_PU);
    this.#upper = at === 0 ? high : limited(this.#upper, high, FAST_PU, SLOW_PU);
    const warm = at >= WARM_UP;
    const lower = warm ? this.#lower : -1;
    const upper = warm ? this.#upper : 1;
    this.#err[at % PERSIST] = Math.max(lower - response, response - upper, 0);
    let roll = this.#err[0]!;
    for (let k = 1; k < PERSIST; k++) if (this.#err[k]! < roll) roll = this.#err[k]!;
    if (roll > this.#worst) this.#worst = roll;
  }

  getState(): readonly number[] {
    return [this.#count, this.#lower, this.#upper, this.#worst, ...this.#f, ...this.#err];
  }

  setState(state: readonly number[]): void {
    [this.#count, this.#lower, this.#upper, this.#worst] = state as [number, number, number, number];
    this.#f.set(state.slice(4, 4 + RING));
    this.#err.set(state.slice(4 + RING));
  }
}

/** K of the payment: 1 up to E = 3 %, 0 from 7 % on, linear between. */
export function paymentFactor(error: number): number {
  return Math.min(1, Math.max(0, (0.07 - error) / 0.04));
}

function limited(now: number, target: number, up: number, down: number): number {
  const step = target - now;
  return now + (step > up ? up : step < -down ? -down : step);
}
