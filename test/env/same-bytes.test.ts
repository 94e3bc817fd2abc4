/** One seed, one trajectory: in another process, and on another version of Node. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomRun } from '../../src/env/gym/randomRun.ts';
import { make, TASK_IDS } from '../../src/env/gym/registry.ts';
import { builtCli } from '../cli/built.ts';
import { REPO_ROOT } from '../support/repo.ts';

const STEPS = 60;
const SEED = 6;
/** Put there by .ci/run: npm install --prefix .cache/node22 node@22 */
const NODE_22 = process.env['GRIDPACT_NODE22'] ?? join(REPO_ROOT, '.cache/node22/node_modules/node/bin/node');

const here = Object.fromEntries(
  TASK_IDS.map((id) => [id, randomRun(make(id).copy, { seed: SEED, steps: STEPS }).digestHex]),
);

describe('the same seed gives the same trajectory hash', () => {
  let script = '';
  beforeAll(async () => {
    const gym = join(await builtCli(), '../../env/gym');
    const from = (file: string): string => JSON.stringify(pathToFileURL(join(gym, file)).href);
    script = `
      import { randomRun } from ${from('randomRun.js')};
      import { make } from ${from('registry.js')};
      const ids = ${JSON.stringify(TASK_IDS)};
      const run = (id) => randomRun(make(id).copy, { seed: ${SEED}, steps: ${STEPS} }).digestHex;
      process.stdout.write(process.version + ' ' + JSON.stringify(Object.fromEntries(ids.map((id) => [id, run(id)]))));`;
  });

  function elsewhere(node: string): { version: string; hashes: unknown } {
    const text = execFileSync(node, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const at = text.indexOf(' ');
    return { version: text.slice(0, at), hashes: JSON.parse(text.slice(at)) };
  }

  it('in a fresh process', () => {
    expect(elsewhere(process.execPath).hashes).toEqual(here);
  });

  it.skipIf(!existsSync(NODE_22))(`on Node 22 (skipped unless GRIDPACT_NODE22 or .cache/node22 has it)`, () => {
    const { version, hashes } = elsewhere(NODE_22);
    expect(version).toMatch(/^v22\./);
    expect(hashes).toEqual(here);
  });

  it('and another seed another one', () => {
    const id = TASK_IDS[0]!;
    expect(randomRun(make(id).copy, { seed: SEED + 1, steps: STEPS }).digestHex).not.toBe(here[id]);
  });
});
