import { describe, it, expect, beforeAll, afterAll } from 'vitest';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noControl, oneStep1547 } from '../../src/agents/baselines/controllers.ts';
import { DEFAULT_BATTERY_PLAN, planPowerW } from '../../src/env/cases/ieee33Sites.ts';
import { createFeederScenario, ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { secondOfDay } from '../../src/grid/interval.ts';
import { auditStore, replayStore } from '../../src/ledger/audit.ts';
import { readStatement } from '../../src/ledger/reader.ts';
import { withLedger } from '../../src/cli/dataDirectory.ts';
import { batteryPlanPolicy, runSimulation, type SimulationOptions } from '../../src/cli/simulation.ts';
import { runBaseline } from '../../src/cli/voltageRun.ts';
import type { IntervalRecord } from '../../src/twin/run.ts';
import { tinySeries } from '../support/tinyTwin.ts';
import { voltageDay } from '../support/voltageDay.ts';
import { builtCli } from './built.ts';
import { droopPolicy, POLICY_FIXTURE } from './fixtures.ts';

const STEPS = 6;
const OPTIONS: SimulationOptions = {
  policyBytes: droopPolicy(),
  series: tinySeries(STEPS),
  seed: 's',
  missingRate: 0.2,
};

let room: string;
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'gridpact-simulation-'));
});
afterAll(() => rmSync(room, { recursive: true, force: true }));

describe('the fixture of the transcripts', () => {
  it('is what fixtures.ts makes', () => {
    expect(readFileSync(POLICY_FIXTURE).equals(droopPolicy())).toBe(true);
  });
});

describe('a simulated market', () => {
  it('money, proof and statements agree; the ledger stands up to audit and replay', async () => {
    const directory = join(room, 'whole');
    const result = await runSimulation({ ...OPTIONS, directory });
    expect(result).toMatchObject({ intervals: STEPS, ledgerSum: 0, receipts: 12 * STEPS, divergedSteps: 0 });
    expect(result.fallbacks).toBeGreaterThan(0);
    expect(result.proof).toMatchObject({ verified: true, height: result.height });
    expect(result.payments.map(({ owner }) => owner)).toEqual([1, 2, 3, 4, 5, 6].map((k) => `owner-${k}`));
    await withLedger(directory, async (store) => {
      for (const { owner, amountMicro } of result.payments) {
        expect((await readStatement(store, owner)).netMicro).toBe(amountMicro);
      }
      expect(result.payments.some(({ amountMicro }) => amountMicro > 0)).toBe(true);
      expect(await auditStore(store)).toMatchObject({ findings: [], stateRoot: result.stateRoot });
      expect(await replayStore(store)).toMatchObject({ divergence: undefined, stateRoot: result.stateRoot });
    });
  });

  it('stopped at any block and run again it ends as if it had never stopped', async () => {
    const whole = await runSimulation(OPTIONS);
    const directory = join(room, 'stopped');
    for (const untilHeight of [2, 5, 8]) {
      const part = await runSimulation({ ...OPTIONS, directory, untilHeight });
      expect(part.height).toBe(untilHeight);
    }
    expect(await runSimulation({ ...OPTIONS, directory })).toEqual(whole);
  });

  it('a directory of another simulation is refused, whatever it differs in', async () => {
    const directory = join(room, 'other');
    await runSimulation({ ...OPTIONS, directory, untilHeight: 1 });
    const others: readonly Partial<SimulationOptions>[] = [
      { seed: 't' },
      { missingRate: 0 },
      { series: tinySeries(STEPS - 1) },
      { series: tinySeries(STEPS, 141) },
      { policyBytes: droopPolicy(-4096) },
    ];
    for (const other of others) {
      await expect(runSimulation({ ...OPTIONS, ...other, directory })).rejects.toThrow(/the ledger of another run/);
    }
  });

  it('an artifact that is no voltage policy leaves nothing behind', async () => {
    const directory = join(room, 'refused');
    const wrong = { ...OPTIONS, directory, policyBytes: batteryPlanPolicy() };
    await expect(runSimulation(wrong)).rejects.toThrow(/cli\.file.*voltage policy/);
    expect(readdirSync(room)).not.toContain('refused');
  });

  it('killed in mid-run, the command run again gives the same state root', async () => {
    const args = ['simulate', '--policy', POLICY_FIXTURE, '--intervals', '24', '--json'];
    const cli = await builtCli();
    const whole = await finish(spawn(process.execPath, [cli, ...args]));
    const data = ['--data', join(room, 'killed')];
    const victim = spawn(process.execPath, [cli, ...args.slice(0, -1), ...data]);
    // Said when the last set-up block is committed, 25 blocks before the end.
    victim.stdout.on('data', (text: Buffer) => text.includes('escrow funded') && victim.kill('SIGKILL'));
    await new Promise((done) => victim.on('close', done));
    expect(victim.signalCode).toBe('SIGKILL');
    expect(JSON.parse(await finish(spawn(process.execPath, [cli, ...args, ...data])))).toEqual(JSON.parse(whole));
  });
});

function finish(child: ReturnType<typeof spawn>): Promise<string> {
  let text = '';
  child.stdout!.on('data', (part: Buffer) => (text += part.toString()));
  return new Promise((done, failed) => child.on('close', (code) => (code === 0 ? done(text) : failed(Error(text)))));
}

describe('baselines beside the ledger', () => {
  it.each([noControl(), oneStep1547()])('$name: the same day as the evaluation of agents', (controller) => {
    const series = ieee33Day(4);
    const scenario = createFeederScenario({ series });
    const lived = Array.from({ length: series.steps }, (_, step): IntervalRecord => {
      const second = secondOfDay(series.startMs + step * series.stepMs);
      const batterySetpointW = scenario.sites.map((s) => planPowerW(DEFAULT_BATTERY_PLAN, second, s.battery.pMaxW));
      return { step, minVPu: 1, maxVPu: 1, outOfBandBuses: 0, lossW: 0, converged: true, batterySetpointW };
    });
    const { outcome, trace } = runBaseline(scenario, controller, lived);
    const { outOfBandShare, controllableRatio, lossMwh, divergedSteps } = voltageDay(4, controller);
    expect(outcome).toMatchObject({ outOfBandShare, controllableRatio, divergedSteps });
    expect(outcome.lossMwh).toBeCloseTo(lossMwh, 10);
    expect(outcome.maxVPu).toBe(Math.max(...trace.maxVPu));
    expect(outcome.minVPu).toBe(Math.min(...trace.minVPu));
  });
});
