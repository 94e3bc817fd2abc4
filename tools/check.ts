/** `npm test`: everything CI checks, one step after the other, stopping at the first that fails. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { summaryLine } from './vitestSummary.ts';

const STEPS = ['build', 'typecheck', 'lint', 'format:check', 'deps', 'deadcode'];

/** The exit code of `npm run <script>`, its output passed through. */
function run(script: string): number {
  const startMs = performance.now();
  const { status } = spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'}  ${script}  ${seconds} s\n`);
  return status ?? 1;
}

for (const step of STEPS) {
  const code = run(step);
  if (code !== 0) {
    process.stdout.write(`\nThe check "${step}" failed, so the tests were not run. Repeat it with: npm run ${step}\n`);
    process.stdout.write(`${summaryLine({ passed: 0, failed: 1, skipped: 0 })}\n`);
    process.exit(code);
  }
}

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
