/**
 * What is reported of a frequency event, in Hz and s from the trigger. Samples are evenly spaced and the first is the
 * trigger instant; deviations are Hz from nominal.
 *
 *   nadir     the minimum after the trigger; between samples by the parabola through the lowest and its neighbours,
 *             so that its time is good to a millisecond at a 20 ms step
 *   zenith    the same upwards
 *   RoCoF     max |f(t) - f(t - 0.5 s)| / 0.5 s over t - 0.5 s >= trigger (the one to compare with);
 *             the initial slope -dP f0 / 2H is `initialRocofHzPerS`
 *   settling  the instant from which |f - target| <= band to the last sample; -1 when it is outside at the end
 */
import { fail } from '../../../base/errors.ts';

const ROCOF_WINDOW_S = 0.5;

export interface EventMetrics {
  readonly nadirHz: number;
  readonly nadirS: number;
  readonly zenithHz: number;
  readonly zenithS: number;
  readonly rocofHzPerS: number;
  readonly settlingS: number;
}

/** Just after a loss of `lossPu` (demand up or generation down), pu of the base that H stands on: negative. */
export function initialRocofHzPerS(lossPu: number, f0Hz: number, hS: number): number {
  return (-lossPu * f0Hz) / (2 * hS);
}

export interface TrackerOptions {
  /** Sample spacing; a whole number of samples must make 0.5 s. */
  readonly dtS: number;
  readonly bandHz: number;
  /** Default 0. */
  readonly targetHz?: number;
}

export type TrackerState = readonly number[];

/** Metrics sample by sample. */
export class EventTracker {
  readonly #dtS: number;
  readonly #bandHz: number;
  readonly #targetHz: number;
  /** The last 0.5 s of samples, a ring. */
  readonly #ring: Float64Array;
  #count = 0;
  #before = 0;
  #last = 0;
  #nadir = 0;
  #nadirS = 0;
  #zenith = 0;
  #zenithS = 0;
  #rocof = 0;
  #settledFrom = 0;

  /** @throws `env.frequency`. */
  constructor({ dtS, bandHz, targetHz = 0 }: TrackerOptions) {
    const samples = Math.floor(ROCOF_WINDOW_S / dtS + 0.5);
    if (!(dtS > 0) || Math.abs(samples * dtS - ROCOF_WINDOW_S) > 1e-9 || !(bandHz >= 0)) {
      throw fail('env.frequency', {
        expected: 'a sample spacing that divides 0.5 s, a band >= 0',
        got: { dtS, bandHz },
      });
    }
    this.#dtS = dtS;
    this.#bandHz = bandHz;
    this.#targetHz = targetHz;
    this.#ring = new Float64Array(samples);
  }

  reset(): void {
    this.#ring.fill(0);
    this.#count = 0;
    this.#before = 0;
    this.#last = 0;
    this.#nadir = 0;
    this.#nadirS = 0;
    this.#zenith = 0;
    this.#zenithS = 0;
    this.#rocof = 0;
    this.#settledFrom = 0;
  }

  /** The next sample; the first is that of the trigger instant. */
  push(deviationHz: number): void {
    const k = this.#count++;
    const at = k % this.#ring.length;
    if (k >= this.#ring.length) {
      const rate = Math.abs(deviationHz - this.#ring[at]!) / ROCOF_WINDOW_S;
      if (rate > this.#rocof) this.#rocof = rate;
    }
    this.#ring[at] = deviationHz;
    if (k === 0) this.#start(deviationHz);
    else this.#extremes(k, deviationHz);
    if (Math.abs(deviationHz - this.#targetHz) > this.#bandHz) this.#settledFrom = k + 1;
    this.#before = this.#last;
    this.#last = deviationHz;
  }

  metrics(): EventMetrics {
    return {
      nadirHz: this.#nadir,
      nadirS: this.#nadirS,
      zenithHz: this.#zenith,
      zenithS: this.#zenithS,
      rocofHzPerS: this.#rocof,
      settlingS: this.#settledFrom >= this.#count && this.#count > 0 ? -1 : this.#settledFrom * this.#dtS,
    };
  }

  getState(): TrackerState {
    const extremes = [this.#nadir, this.#nadirS, this.#zenith, this.#zenithS];
    return [this.#count, this.#before, this.#last, ...extremes, this.#rocof, this.#settledFrom, ...this.#ring];
  }

  setState(state: TrackerState): void {
    this.#count = state[0]!;
    this.#before = state[1]!;
    this.#last = state[2]!;
    this.#nadir = state[3]!;
    this.#nadirS = state[4]!;
    this.#zenith = state[5]!;
    this.#zenithS = state[6]!;
    this.#rocof = state[7]!;
    this.#settledFrom = state[8]!;
    this.#ring.set(state.slice(9));
  }

  #start(deviationHz: number): void {
    this.#nadir = deviationHz;
    this.#zenith = deviationHz;
    this.#last = deviationHz;
    this.#before = deviationHz;
  }

  #extremes(k: number, deviationHz: number): void {
    if (deviationHz < this.#nadir) {
      this.#nadir = deviationHz;
      this.#nadirS = k * this.#dtS;
    }
    if (deviationHz > this.#zenith) {
      this.#zenith = deviationHz;
      this.#zenithS = k * this.#dtS;
    }
    if (k >= 2) this.#vertex(k, deviationHz);
  }

  /** Where the middle one of the last three samples is an extremum: the vertex of the parabola through them. */
  #vertex(k: number, deviationHz: number): void {
    const left = this.#before - this.#last;
    const right = deviationHz - this.#last;
    const bend = left + right;
    if (left * right < 0 || bend === 0) return;
    const shift = (left - right) / (2 * bend);
    const value = this.#last - (bend * shift * shift) / 2;
    const timeS = (k - 1 + shift) * this.#dtS;
    if (value < this.#nadir) {
      this.#nadir = value;
      this.#nadirS = timeS;
    } else if (value > this.#zenith) {
      this.#zenith = value;
      this.#zenithS = timeS;
    }
  }
}

/** Metrics of a whole record. @throws `env.frequency`. */
export function eventMetrics(deviationHz: ArrayLike<number>, options: TrackerOptions): EventMetrics {
  const tracker = new EventTracker(options);
  for (let k = 0; k < deviationHz.length; k++) tracker.push(deviationHz[k]!);
  return tracker.metrics();
}
