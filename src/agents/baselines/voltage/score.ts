/** Which of two voltage controllers did better: the band first, then losses. */

export interface Score {
  readonly outOfBandShare: number;
  readonly lossMwh: number;
}

/**
 * Out-of-band shares nearer than this are a tie, and losses decide: 1e-4 is one bus of the 32 out of band for
 * one 5-minute interval in a day (1/9216 = 1.085e-4) and a little less.
 */
const OUT_OF_BAND_TOLERANCE = 1e-4;

/** Negative when a is better. */
export function compareScores(a: Score, b: Score, tolerance = OUT_OF_BAND_TOLERANCE): number {
  const band = a.outOfBandShare - b.outOfBandShare;
  return Math.abs(band) > tolerance ? band : a.lossMwh - b.lossMwh;
}
