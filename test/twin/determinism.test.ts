import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { auditStore, replayStore, type AuditReport, type ReplayReport } from '../../src/ledger/audit.ts';
import { tinyScenario } from '../support/tinyTwin.ts';
import { twinOutcome, type TwinOutcome } from '../support/twinOutcome.ts';

const STEPS = 12;
const SETUP_BLOCKS = 4;
const PROGRAM = join(import.meta.dirname, '../support/twinOutcome.ts');

let whole: TwinOutcome;
let audit: AuditReport;
let replay: ReplayReport;

beforeAll(async () => {
  whole = await twinOutcome(tinyScenario(STEPS), [], async (store) => {
    audit = await auditStore(store);
    replay = await replayStore(store);
  });
});

describe('a run of the twin', () => {
  it('closes every interval, pays, and sums to zero', () => {
    expect(whole).toMatchObject({ height: SETUP_BLOCKS + STEPS + 1, receipts: 2 * 6 * STEPS, sumMicro: 0 });
    expect(whole.records.map(({ step, converged }) => [step, converged])).toEqual(
      Array.from({ length: STEPS }, (_, i) => [i, true]),
    );
  });

  it('is the same in another process: state root, receipts, physics', () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', PROGRAM, `${STEPS}`], {
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout || stderr)).toEqual(JSON.parse(JSON.stringify(whole)));
  });

  it('stopped and gone on with in set-up, at the first interval and in the middle comes to the same end', async () => {
    const resumed = await twinOutcome(tinyScenario(STEPS), [2, SETUP_BLOCKS + 1, SETUP_BLOCKS + 7]);
    expect(resumed.stateRoot).toBe(whole.stateRoot);
    expect(resumed.receiptsDigest).toBe(whole.receiptsDigest);
    // What was lived again is the tail of what was lived once.
    expect(whole.records.slice(-resumed.records.length)).toEqual(resumed.records);
  });

  it('another seed of keys and losses is another history', async () => {
    const other = await twinOutcome(tinyScenario(3, { seed: 'other' }));
    const same = await twinOutcome(tinyScenario(3));
    expect(other.stateRoot).not.toBe(same.stateRoot);
  });

  it('audits clean, and replays to the same root', () => {
    expect(audit).toMatchObject({ findings: [], stateRoot: whole.stateRoot, ledgerSumMicro: 0 });
    expect(replay).toEqual({ blocks: whole.height, stateRoot: whole.stateRoot, divergence: undefined });
  });
});
