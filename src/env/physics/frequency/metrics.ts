/**
 * What is reported of a frequency event, in Hz and s from the trigger. Samples are evenly spaced and the first is the
 * trigger instant; deviations are Hz from nominal.
 *
 *   nadir     the minimum after the trigger; between samples by the parabola through the lowest and its neighbours,
 *             where no event makes a corner between them: good to a millisecond on samples 20 ms apart
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
  #ringAt = 0;
  #count = 0;
  #before = 0;
  #last = 0;
  #nadir = 0;
  /** In samples from the trigger. */
  #nadirAt = 0;
  #zenith = 0;
  #zenithAt = 0;
  /** Largest over the window, Hz. */
  #change = 0;
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
    this.#ringAt = 0;
    this.#before = 0;
    this.#last = 0;
    this.#nadir = 0;
    this.#nadirAt = 0;
    this.#zenith = 0;
    this.#zenithAt = 0;
    this.#change = 0;
    this.#settledFrom = 0;
  }

  /** The next sample; the first is that of the trigger instant. */
  push(deviationHz: number): void {
    const k = this.#count++;
    const at = this.#ringAt;
    const ring = this.#ring;
    const change = deviationHz - ring[at]!;
    ring[at] = deviationHz;
    this.#ringAt = at + 1 === ring.length ? 0 : at + 1;
    if (k >= ring.length && (change > this.#change || -change > this.#change)) this.#change = Math.abs(change);
    const away = deviationHz - this.#targetHz;
    if (away > this.#bandHz || -away > this.#bandHz) this.#settledFrom = k + 1;
    if (k === 0) this.#start(deviationHz);
    const before = this.#before;
    const last = this.#last;
    this.#before = last;
    this.#last = deviationHz;
    if (deviationHz < this.#nadir) {
      this.#nadir = deviationHz;
      this.#nadirAt = k;
    } else if (deviationHz > this.#zenith) {
      this.#zenith = deviationHz;
      this.#zenithAt = k;
    }
    if ((before - last) * (deviationHz - last) > 0) this.#vertex(k, before, last, deviationHz);
  }

  /** Something struck at the last sample: the curve has a corner there, and no parabola is laid across it. */
  corner(): void {
    this.#before = this.#last;
  }

  metrics(): EventMetrics {
    return {
      nadirHz: this.#nadir,
      nadirS: this.#nadirAt * this.#dtS,
      zenithHz: this.#zenith,
      zenithS: this.#zenithAt * this.#dtS,
      rocofHzPerS: this.#change / ROCOF_WINDOW_S,
      settlingS: this.#settledFrom >= this.#count && this.#count > 0 ? -1 : this.#settledFrom * this.#dtS,
    };
  }

  getState(): TrackerState {
    const extremes = [this.#nadir, this.#nadirAt, this.#zenith, this.#zenithAt, this.#change];
    return [this.#count, this.#ringAt, this.#before, this.#last, ...extremes, this.#settledFrom, ...this.#ring];
  }

  setState(state: TrackerState): void {
    this.#count = state[0]!;
    this.#ringAt = state[1]!;
    this.#before = state[2]!;
    this.#last = state[3]!;
    this.#nadir = state[4]!;
    this.#nadirAt = state[5]!;
    this.#zenith = state[6]!;
    this.#zenithAt = state[7]!;
    this.#change = state[8]!;
    this.#settledFrom = state[9]!;
    this.#ring.set(state.slice(10));
  }

  #start(deviationHz: number): void {
    this.#nadir = deviationHz;
    this.#zenith = deviationHz;
    this.#last = deviationHz;
    this.#before = deviationHz;
  }

  /** Where the middle one of three samples is an extremum: the vertex of the parabola through them. */
  #vertex(k: number, before: number, last: number, now: number): void {
    const left = before - last;
    const right = now - last;
    const bend = left + right;
    const shift = (left - right) / (2 * bend);
    const value = last - (bend * shift * shift) / 2;
    if (value < this.#nadir) {
      this.#nadir = value;
      this.#nadirAt = k - 1 + shift;
    } else if (value > this.#zenith) {
      this.#zenith = value;
      this.#zenithAt = k - 1 + shift;
    }
  }
}

/** Metrics of a whole record. @throws `env.frequency`. */
export function eventMetrics(deviationHz: ArrayLike<number>, options: TrackerOptions): EventMetrics {
  const tracker = new EventTracker(options);
  for (let k = 0; k < deviationHz.length; k++) tracker.push(deviationHz[k]!);
  return tracker.metrics();
}
