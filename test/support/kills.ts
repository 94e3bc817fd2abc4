/** Kill a simulation over and over at seeded moments; what survives must be what an unkilled run comes to. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '../../src/base/random.ts';
import type { PersistStep } from '../../src/ledger/engines/embedded.ts';

const SETUP_BLOCKS = 4;
const WORKER = join(import.meta.dirname, 'killWorker.ts');

export interface KillPlan {
  readonly step: PersistStep;
  readonly height: number;
  readonly spinUs: number;
}

export interface KillReport {
  readonly kills: readonly KillPlan[];
  /** Kills that really ended the process by signal. */
  readonly died: number;
  readonly final: { readonly height: number; readonly stateRoot: string; readonly sumMicro: number };
  readonly unkilled: { readonly height: number; readonly stateRoot: string; readonly sumMicro: number };
}

/**
 * `perStep` names how many kills fall on each named moment. One height is killed at most once, so a run of
 * `steps` intervals takes at most steps + 5 kills.
 */
export function planKills(seed: string, steps: number, perStep: Partial<Record<PersistStep, number>>): KillPlan[] {
  const stream = RandomStream.fromSeed(seed, 'test/kills');
  const heights = Int32Array.from({ length: steps + SETUP_BLOCKS + 1 }, (_, i) => i + 1);
  stream.shuffle(heights);
  const moments = Object.entries(perStep).flatMap(([step, n]) => Array.from({ length: n }, () => step as PersistStep));
  return moments
    .map((step, i) => ({ step, height: heights[i]!, spinUs: stream.below(3000) }))
    .sort((a, b) => a.height - b.height);
}

export function runKills(steps: number, kills: readonly KillPlan[]): KillReport {
  const directories = [mkdtempSync(join(tmpdir(), 'gridpact-kill-')), mkdtempSync(join(tmpdir(), 'gridpact-whole-'))];
  try {
    let died = 0;
    for (const { step, height, spinUs } of kills) {
      const { signal, stderr } = worker([directories[0]!, `${steps}`, step, `${height}`, `${spinUs}`]);
      if (signal === 'SIGKILL') died++;
      else throw new Error(`not killed at ${step} of block ${height}: ${stderr}`);
    }
    const final = JSON.parse(worker([directories[0]!, `${steps}`]).stdout) as KillReport['final'];
    const unkilled = JSON.parse(worker([directories[1]!, `${steps}`]).stdout) as KillReport['final'];
    return { kills, died, final, unkilled };
  } finally {
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  }
}

function worker(args: readonly string[]) {
  return spawnSync(process.execPath, ['--import', 'tsx', WORKER, ...args], { encoding: 'utf8' });
}
