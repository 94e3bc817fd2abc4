import { describe, expect, it } from 'vitest';
import { runHistories } from './histories.ts';

// A sample of 20 histories of up to 60 commands; `npm run check:deep` runs many more.
describe('random histories against the naive model', () => {
  it('every balance, receipt and acceptance agrees after every block, and the ledger sums to zero', async () => {
    const report = await runHistories({ runs: 20, seed: 20260101, maxCommands: 60 });
    expect(report.failure).toBeUndefined();
    expect(report.runs).toBe(20);
    // The sample is worth something: it met corrections, refusals, missed intervals and suspensions.
    expect(report.blocks).toBeGreaterThan(300);
    expect(report.corrections).toBeGreaterThan(50);
    expect(report.refused).toBeGreaterThan(50);
    expect(report.missed).toBeGreaterThan(50);
    expect(report.suspensions).toBeGreaterThan(10);
  });
});
