import { describe, expect, it } from 'vitest';
import { planKills, runKills } from '../support/kills.ts';

// A sample; `npm run check:deep` runs hundreds and writes docs/evidence/kills.md.
describe('kill -9', () => {
  it('at 12 seeded moments: restart continues, the final root is the unkilled one, the ledger sums to 0', () => {
    const kills = planKills('sample', 12, {
      blockWriting: 1,
      blockWritten: 2,
      finalized: 3,
      committing: 5,
      committed: 1,
    });
    const report = runKills(12, kills);
    expect(report.died).toBe(12);
    expect(report.final).toEqual(report.unkilled);
    expect(report.final.sumMicro).toBe(0);
    expect(report.final.height).toBe(17);
  }, 180000);
});
