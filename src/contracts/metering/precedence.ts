/** Which of two readings of one (asset, interval) counts: a total order, so arrival order cannot matter. */
import { compareBytes } from '../../base/bytes.ts';
import type { StoredReading } from './reading.ts';

/** > 0 when `a` wins: greatest (authority rank, revision, reading hash). */
export function compareReadings(a: StoredReading, b: StoredReading): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.revision !== b.revision) return a.revision - b.revision;
  return compareBytes(a.hash, b.hash);
}
