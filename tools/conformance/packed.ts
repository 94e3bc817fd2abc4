/** Bytes of conformance files: hex with repeated stretches written once. */
import { toHex } from '../../src/base/bytes.ts';

/** Hex, or [hex, times]. */
export type PackedBytes = readonly (string | readonly [string, number])[];

const LONGEST_PERIOD = 256;
/** Shorter stretches are left as they are. */
const LEAST_SAVED = 48;

export function packBytes(bytes: Uint8Array): PackedBytes {
  const parts: (string | readonly [string, number])[] = [];
  let literal = 0;
  let at = 0;
  while (at < bytes.length) {
    const { period, times } = longestRepeat(bytes, at);
    if (period * (times - 1) < LEAST_SAVED) {
      at++;
      continue;
    }
    if (literal < at) parts.push(toHex(bytes.subarray(literal, at)));
    parts.push([toHex(bytes.subarray(at, at + period)), times]);
    at = literal = at + period * times;
  }
  if (literal < at) parts.push(toHex(bytes.subarray(literal, at)));
  return parts;
}

/** What saves most when written once; the shortest period wins ties. */
function longestRepeat(bytes: Uint8Array, at: number): { period: number; times: number } {
  let best = { period: 1, times: 1 };
  for (let period = 1; period <= LONGEST_PERIOD && at + 2 * period <= bytes.length; period++) {
    let end = at + period;
    while (end < bytes.length && bytes[end] === bytes[end - period]) end++;
    const times = Math.floor((end - at) / period);
    if (period * (times - 1) > best.period * (best.times - 1)) best = { period, times };
  }
  return best;
}
