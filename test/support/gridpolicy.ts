/** python/gridpolicy.py for tests. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPO_ROOT } from './repo.ts';

const PYTHON = process.env['GRIDPACT_PYTHON'] ?? 'python3';
const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of the command; text in, text out. */
export function gridpolicy(args: readonly string[], stdin = ''): Ran {
  const script = join(REPO_ROOT, 'python', 'gridpolicy.py');
  return spawnSync(PYTHON, [script, ...args], { encoding: 'utf8', input: stdin, env, maxBuffer: 64 * 1024 * 1024 });
}

const version = spawnSync(PYTHON, ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))'], { env }).status;
export const HAS_PYTHON = version === 0;
/** For the title of a suite. */
export const ABOUT_PYTHON = HAS_PYTHON
  ? 'python/gridpolicy.py'
  : `python/gridpolicy.py (skipped: ${PYTHON} is not Python 3.8 or newer)`;
