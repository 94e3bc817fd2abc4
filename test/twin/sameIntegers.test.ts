import { describe, expect, it } from 'vitest';
import { runSameIntegers } from './sameIntegersRun.ts';

// 2 000 snapshots here; GRIDPACT_SNAPSHOTS=10000 (as `npm run check:deep` has it) for more.
const SNAPSHOTS = Number(process.env.GRIDPACT_SNAPSHOTS ?? 2000);

describe('trained and deployed are the same integers', () => {
  it('executor on physics, environment and ledger on signed bytes agree on every snapshot', async () => {
    const report = await runSameIntegers(SNAPSHOTS);
    expect(report.firstDifference).toBeUndefined();
    expect(report.different).toBe(0);
    expect(report.snapshots).toBeGreaterThanOrEqual(SNAPSHOTS);
    // The sample is worth something: inputs beyond their bounds and readings lost.
    expect(report.beyondClampShare).toBeGreaterThanOrEqual(0.05);
    expect(report.missingShare).toBeGreaterThanOrEqual(0.05);
  }, 300000);
});
