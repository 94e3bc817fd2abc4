/** What the README and the docs tell a reader to type works, with `gridpact` at hand and the recipes of a checkout. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { installCommand } from '../support/command.ts';
import { runnableBlocks, type Runnable } from '../support/markdown.ts';
import { REPO_ROOT } from '../support/repo.ts';

function pages(): string[] {
  const docs = readdirSync(path.join(REPO_ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const readme = existsSync(path.join(REPO_ROOT, 'README.md')) ? ['README.md'] : [];
  return [...readme, ...docs.filter((file) => file.endsWith('.md')).map((file) => path.join('docs', file))];
}

const blocks = pages().flatMap((page) =>
  runnableBlocks(readFileSync(path.join(REPO_ROOT, page), 'utf8')).map((block) => ({ page, ...block })),
);

/** Blocks of a page share a folder, so that a later one may use what an earlier one made. */
function runInOrder(scripts: readonly Runnable[]): { line: number; code: number | null; output: string }[] {
  const dir = mkdtempSync(path.join(tmpdir(), 'gridpact-docs-'));
  const bin = path.join(dir, '.bin');
  mkdirSync(bin);
  installCommand(bin);
  symlinkSync(path.join(REPO_ROOT, 'train'), path.join(dir, 'train'));
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}`, NO_COLOR: '1' };
  try {
    return scripts.map(({ line, language, script }) => {
      const run = spawnSync('bash', ['-euo', 'pipefail', '-c', language === 'ts' ? typescript(dir, script) : script], {
        cwd: dir,
        env,
        encoding: 'utf8',
      });
      return { line, code: run.status, output: run.status === 0 ? '' : `${run.stdout}${run.stderr}` };
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs it as if it lay in the root of the repository, with the public path as the sources have it now. */
function typescript(dir: string, script: string): string {
  const file = path.join(dir, 'block.ts');
  const here = script.replaceAll(`'./src/`, `'${REPO_ROOT}/src/`);
  writeFileSync(file, here.replaceAll(`'gridpact/env'`, `'${REPO_ROOT}/src/env/index.ts'`));
  return `'${process.execPath}' --import '${import.meta.resolve('tsx')}' '${file}'`;
}

describe('runnable code blocks', () => {
  it('README.md has at least one', () => {
    expect(blocks.filter(({ page }) => page === 'README.md').length).toBeGreaterThan(0);
  });

  for (const page of new Set(blocks.map((block) => block.page))) {
    it(`${page} runs as printed`, { timeout: 300_000 }, () => {
      for (const { line, code, output } of runInOrder(blocks.filter((block) => block.page === page)))
        expect({ line, code, output }).toEqual({ line, code: 0, output: '' });
    });
  }

  it('have the command at hand, share a folder within a page, and fail on the first bad line', () => {
    const results = runInOrder([
      { line: 1, language: 'sh', script: 'gridpact --help > help.txt' },
      { line: 2, language: 'sh', script: 'grep -q gridpact help.txt' },
      { line: 3, language: 'sh', script: 'echo before\ncat absent.txt\necho after' },
    ]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 1]);
    expect(results[2]!.output).toContain('before');
    expect(results[2]!.output).not.toContain('after');
  });

  it('a mark without a block is an error, an unmarked block is left alone', () => {
    expect(runnableBlocks('<!-- run -->\n\n```sh\na\nb\n```\n\n```sh\nc\n```\n')).toEqual([
      { line: 3, language: 'sh', script: 'a\nb' },
    ]);
    expect(() => runnableBlocks('<!-- run -->\ntext\n')).toThrow('line 1');
  });
});
