/** The project's own vitest configuration on planted test files, as a child process. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { REPO_ROOT } from '../support/repo.ts';

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

function runVitest(files: Record<string, string>): { code: number | null; lines: string[]; errors: string } {
  const root = mkdtempSync(path.join(tmpdir(), 'gridpact-summary-'));
  roots.push(root);
  mkdirSync(path.join(root, 'test'));
  mkdirSync(path.join(root, 'tools'));
  for (const file of ['vitest.config.ts', 'test/setup.ts', 'tools/vitestSummary.ts', 'package.json']) {
    cpSync(path.join(REPO_ROOT, file), path.join(root, file));
  }
  symlinkSync(path.join(REPO_ROOT, 'node_modules'), path.join(root, 'node_modules'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(root, 'test', name), `import { it, expect } from 'vitest';\n${text}\n`);
  }
  const cli = path.join(REPO_ROOT, 'node_modules/vitest/vitest.mjs');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
  const run = spawnSync(process.execPath, [cli, 'run'], { cwd: root, env, encoding: 'utf8' });
  return { code: run.status, lines: run.stdout.trimEnd().split('\n'), errors: run.stderr };
}

describe('vitest configuration', () => {
  it('ends a good run with the totals alone on the last line, after the reasons of what was skipped', () => {
    const { code, lines } = runVitest({
      'a.test.ts': "it('passes', () => expect(1).toBe(1));\nit('needs a file', ({ skip }) => skip('file is absent'));",
    });
    expect(code).toBe(0);
    expect(lines.slice(-2)).toEqual([
      'skipped: test/a.test.ts > needs a file: file is absent',
      '1 passed, 0 failed, 1 skipped',
    ]);
  });

  it('counts a failed test, stray console output and a file that does not load', () => {
    const { code, lines, errors } = runVitest({
      'a.test.ts': "it('fails', () => expect(1).toBe(2));\nit('passes', () => expect(1).toBe(1));",
      'b.test.ts': "it('talks', () => {\n  console.log('hello');\n  expect(1).toBe(1);\n});",
      'c.test.ts': "throw new Error('cannot load');",
    });
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe('1 passed, 3 failed, 0 skipped');
    expect(errors).toContain('console.log: hello');
  });
});
