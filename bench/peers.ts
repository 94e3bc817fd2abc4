/** Peers in Python, run when they are there: GRIDPACT_PYTHON, else .venv of the repository, else python3. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface PeerRate {
  readonly peer: string;
  readonly value: number;
  readonly note: string;
}

const ROOT = join(import.meta.dirname, '..');

export function pythonPath(): string {
  const local = join(ROOT, '.venv', 'bin', 'python');
  return process.env['GRIDPACT_PYTHON'] ?? (existsSync(local) ? local : 'python3');
}

/** undefined when Python or the peer is not installed, said once on stderr. */
export function peerRate(peer: string, seconds: number): PeerRate | undefined {
  const script = join(import.meta.dirname, 'peers', 'env.py');
  const run = spawnSync(pythonPath(), [script, peer, String(seconds)], { encoding: 'utf8' });
  const line = (run.stdout ?? '').trim().split('\n').at(-1) ?? '';
  if (run.status === 0 && line.startsWith('{')) return JSON.parse(line) as PeerRate;
  process.stderr.write(`peer ${peer} skipped: ${reason(run)}\n`);
  return undefined;
}

function reason(run: { readonly error?: Error | undefined; readonly stderr: string | null }): string {
  return run.error?.message ?? (run.stderr ?? '').trim().split('\n').at(-1) ?? 'no output';
}
