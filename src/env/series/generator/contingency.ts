/**
 * The frequency after a large loss, at 20 Hz: a fall within seconds, a rebound of primary control, a return in minutes.
 *
 *   f(t) = -depth s(t) / max s,   s(t) = (1 - exp(-t/rise)) (0.4 exp(-t/10 s) + 0.6 exp(-t/restore))
 *
 * The greatest deviation is `depth` to the sample. An assumption, shaped after published records of large losses.
 */
import { expReal } from '../../../base/realMath.ts';

export interface Contingency {
  /** Hz; negative: frequency rises. */
  readonly depthHz: number;
  /** Time constant of the fall, s; the slope at the start is about depth / rise. */
  readonly riseS: number;
  /** Time constant of the return, s. */
  readonly restoreS: number;
}

const REBOUND_SHARE = 0.4;
const REBOUND_S = 10;
/** After so many time constants of the return nothing is left to speak of. */
const REACH = 6;

/** Deviations from the instant of the loss on, `stepMs` apart, Hz. */
export function contingencyHz({ depthHz, riseS, restoreS }: Contingency, stepMs = 50): Float64Array {
  const samples = Math.floor((REACH * restoreS * 1000) / stepMs);
  const dtS = stepMs / 1000;
  // Exponentials by repeated multiplication: one call each.
  const keep = [riseS, REBOUND_S, restoreS].map((tauS) => expReal(-dtS / tauS));
  let [rise, rebound, restore] = [1, 1, 1];
  let most = 0;
  const shape = Float64Array.from({ length: samples }, () => {
    const value = (1 - rise) * (REBOUND_SHARE * rebound + (1 - REBOUND_SHARE) * restore);
    rise *= keep[0]!;
    rebound *= keep[1]!;
    restore *= keep[2]!;
    most = Math.max(most, value);
    return value;
  });
  return shape.map((value) => (-depthHz * value) / most);
}
