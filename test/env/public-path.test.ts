/** What others import: `gridpact/env` of the built package is the barrel of the sources, and a task runs through it. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as env from '../../src/env/index.ts';
import { builtCli } from '../cli/built.ts';
import { REPO_ROOT } from '../support/repo.ts';

const STEPS = 30;

/** Printed by a process that knows the package by its name only. */
const SCRIPT = `
  import * as env from 'gridpact/env';
  const one = env.make('voltage-ieee33-v1');
  one.reset({ seed: 9 });
  for (let k = 0; k < ${STEPS}; k++) one.step(new Float32Array(6).fill(k / ${STEPS}));
  process.stdout.write(JSON.stringify({ names: Object.keys(env).sort(), hash: one.trajectoryHash() }));`;

function hashHere(): string {
  const one = env.make('voltage-ieee33-v1');
  one.reset({ seed: 9 });
  for (let k = 0; k < STEPS; k++) one.step(new Float32Array(6).fill(k / STEPS));
  return one.trajectoryHash();
}

/** Types come with `npm run build`, which `npm test` does first. */
const BUILT = path.join(REPO_ROOT, 'dist/env/index.js');

describe('gridpact/env', () => {
  let cwd = '';
  beforeAll(async () => {
    cwd = path.resolve(path.dirname(await builtCli()), '../..');
  });

  it('has the names of src/env/index.ts and gives the same trajectory', () => {
    const text = execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT], { cwd, encoding: 'utf8' });
    expect(JSON.parse(text)).toEqual({ names: Object.keys(env).sort(), hash: hashHere() });
  });

  it.skipIf(!existsSync(BUILT))('comes with its types (skipped when nothing is built)', () => {
    expect(existsSync(BUILT.replace('.js', '.d.ts'))).toBe(true);
  });

  it('names nothing below it', () => {
    const deep = `import('gridpact/env/gym/registry.js').catch((error) => process.stdout.write(error.code))`;
    const code = execFileSync(process.execPath, ['-e', deep], { cwd, encoding: 'utf8' });
    expect(code).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
