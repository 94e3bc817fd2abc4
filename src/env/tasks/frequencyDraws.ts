/** What the frequency tasks draw. */
import type { RandomStream } from '../../base/random.ts';
import { uniform } from '../../base/realMath.ts';
import { kick } from '../series/generator/tracks.ts';

const AMBIENT_SD_PU = 0.001;

/** Uniform in [low, high]. */
export function between(stream: RandomStream, [low, high]: readonly [number, number]): number {
  return low + (high - low) * uniform(stream);
}

/** Imbalance besides events, pu: first-order autoregressive with sd 0.001. */
export function nextAmbient(ambientPu: number, keep: number, stream: RandomStream): number {
  return keep * ambientPu + Math.sqrt(1 - keep * keep) * AMBIENT_SD_PU * kick(stream);
}
