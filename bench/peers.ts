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
  return ask('env.py', [peer, String(seconds)], peer);
}

/** Stable-Baselines3: steps/s over so many seconds, or mean return of one seed. undefined: not installed. */
export function ppoPeer(what: 'rate' | 'return', amount: number, settings: object): PeerRate | undefined {
  return ask('ppo.py', [what, String(amount), JSON.stringify(settings)], 'stable-baselines3');
}

function ask(script: string, args: readonly string[], peer: string): PeerRate | undefined {
  const run = spawnSync(pythonPath(), [join(import.meta.dirname, 'peers', script), ...args], { encoding: 'utf8' });
  const line = (run.stdout ?? '').trim().split('\n').at(-1) ?? '';
  if (run.status === 0 && line.startsWith('{')) return JSON.parse(line) as PeerRate;
  process.stderr.write(`peer ${peer} skipped: ${reason(run)}\n`);
  return undefined;
}

function reason(run: { readonly error?: Error | undefined; readonly stderr: string | null }): string {
  return run.error?.message ?? (run.stderr ?? '').trim().split('\n').at(-1) ?? 'no output';
}
