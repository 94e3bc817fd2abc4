/** Conformance X5, X6 and X2 as far as this machine goes: one chain from threads, compiler tiers and a browser. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../src/base/bytes.ts';
import { RandomStream } from '../../../../src/base/random.ts';
import type { PolicyKernel } from '../../../../src/contracts/policy/kernel/kernel.ts';
import { chromiumPath, runInBrowser } from '../../../support/browser.ts';
import { REPO_ROOT } from '../../../support/repo.ts';
import { run, type ChainInput } from './chainRun.ts';
import { adversarialPolicies } from './nets.ts';

const SCRIPT = join(REPO_ROOT, 'test/contracts/policy/kernel/engineRun.ts');

const [, policy] = adversarialPolicies(RandomStream.fromSeed(5, 'x5')).find(([name]) => name.startsWith('16 env'))!;
const inputOf = (kind: PolicyKernel['kind']): ChainInput => ({
  kind,
  artifact: toHex(policy.bytes),
  points: [4096, 5000],
});
const expected = run(inputOf('reference'));

describe('X5', () => {
  it.each([1, 3])('%i worker threads at a time', async (threads) => {
    const answers = Array.from({ length: threads }, (_, n) => inWorker(inputOf(n === 2 ? 'scalar' : 'simd')));
    expect(await Promise.all(answers)).toEqual(answers.map(() => expected));
  });
});

function inWorker(input: ChainInput): Promise<string[]> {
  // A worker does not take the loader of its process, so it loads TypeScript itself.
  const start = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${JSON.stringify(SCRIPT)}, 'file:///'))`;
  const worker = new Worker(start, { eval: true, workerData: JSON.stringify(input) });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

describe('X6', () => {
  it.each([
    ['simd', ['--liftoff-only']],
    ['simd', ['--no-liftoff']],
    ['scalar', ['--liftoff-only']],
    ['scalar', ['--no-opt']],
    ['reference', ['--no-opt']],
    ['reference', ['--jitless', '--no-expose-wasm']],
  ] as const)('%s %j', (kind, flags) => {
    const child = spawnSync(process.execPath, [...flags, '--import', 'tsx', SCRIPT, JSON.stringify(inputOf(kind))], {
      encoding: 'utf8',
      cwd: REPO_ROOT,
    });
    expect(child.stdout, child.stderr).toBe(JSON.stringify(expected));
  });
});

describe('X2', () => {
  const skipped = chromiumPath() === undefined;
  it.skipIf(skipped)(`Chromium${skipped ? ': none on the path, and GRIDPACT_CHROMIUM names none' : ''}`, async () => {
    const inputs = (['simd', 'scalar', 'reference'] as const).map(inputOf);
    const digests = await runInBrowser('test/contracts/policy/kernel/chainRun.ts', 'runAll', inputs, 40_000);
    expect(digests).toEqual(inputs.map(() => expected));
  });
});
