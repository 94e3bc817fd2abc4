/** The real dependency rules of the project, on a planted tree. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPO_ROOT } from '../support/repo.ts';

const uses = (...specifiers: string[]): string => specifiers.map((s) => `import '${s}';`).join('\n');
const leaf = uses('node:path');

/** Well-behaved rooms, each with every kind of import it is allowed. */
const CLEAN: Record<string, string> = {
  'src/base/leaf.ts': leaf,
  'src/base/signature.ts': uses('@noble/curves/ed25519.js', '@noble/hashes/sha2.js'),
  'src/grid/leaf.ts': uses('../base/leaf.ts'),
  'src/grid/units.ts': "export const load = () => import('mathjs');",
  'src/contracts/policy/leaf.ts': uses('../../grid/leaf.ts', '../../base/leaf.ts'),
  'src/contracts/services/leaf.ts': uses('../policy/leaf.ts'),
  'src/ledger/leaf.ts': uses('../contracts/services/leaf.ts', '../grid/leaf.ts', '../base/signature.ts'),
  'src/ledger/store/leaf.ts': uses('level', '../leaf.ts'),
  'src/env/leaf.ts': uses('../grid/leaf.ts', '../base/leaf.ts'),
  'src/agents/leaf.ts': uses('@tensorflow/tfjs-core', '../env/leaf.ts', '../contracts/policy/leaf.ts'),
  'src/verify/leaf.ts': uses('../contracts/policy/leaf.ts', '../grid/leaf.ts'),
  'src/twin/leaf.ts': uses('../env/leaf.ts', '../ledger/leaf.ts', '../contracts/services/leaf.ts'),
  'src/edge/leaf.ts': uses('../ledger/leaf.ts'),
  'src/api/leaf.ts': uses('fastify', '../twin/leaf.ts', '../agents/leaf.ts', '../verify/leaf.ts'),
  'src/console/leaf.ts': uses('../api/leaf.ts'),
  'src/cli/command.ts': "export interface Flags {}\nexport const load = () => import('./action.ts');",
  'src/cli/action.ts': "import type { Flags } from './command.ts';\nexport const act = (flags: Flags) => flags;",
  'src/cli/leaf.ts': uses('./command.ts', '@stricli/core', '../api/leaf.ts', '../console/leaf.ts', '../grid/units.ts'),
  'test/leaf.test.ts': uses('vitest', 'fastify', '../src/cli/leaf.ts', '../src/base/leaf.ts'),
};

/** `rule file` -> what the file imports. */
const PLANTED: Record<string, string> = {
  'room-base src/base/bad.ts': uses('../grid/leaf.ts'),
  'room-grid src/grid/bad.ts': "import type { x } from '../contracts/policy/leaf.ts';\nexport type Y = x;",
  'room-contracts src/contracts/bad.ts': uses('../env/leaf.ts'),
  'room-ledger src/ledger/bad.ts': uses('../env/leaf.ts'),
  'room-env src/env/bad.ts': uses('../ledger/leaf.ts'),
  'room-agents src/agents/bad.ts': uses('../contracts/services/leaf.ts'),
  'room-verify src/verify/bad.ts': uses('../env/leaf.ts'),
  'room-twin src/twin/bad.ts': uses('../agents/leaf.ts'),
  'room-edge src/edge/bad.ts': uses('../env/leaf.ts'),
  'room-api src/api/bad.ts': uses('../cli/leaf.ts'),
  'room-console src/console/bad.ts': "export const load = () => import('../cli/leaf.ts');",
  'room-unknown src/misc/bad.ts': leaf,
  'src-stands-alone src/cli/bad.ts': uses('../../test/leaf.test.ts'),
  'package-tensorflow src/env/tensors.ts': uses('@tensorflow/tfjs-core'),
  'package-mathjs src/agents/units.ts': "export const load = () => import('mathjs');",
  'mathjs-is-lazy src/grid/units2.ts': uses('mathjs'),
  'package-level src/ledger/rows.ts': uses('level'),
  'package-fastify src/twin/server.ts': uses('fastify'),
  'package-noble-curves src/contracts/keys.ts': uses('@noble/curves/ed25519.js'),
  'no-undeclared-package src/ledger/store/memory.ts': uses('fast-check'),
  'no-unresolved src/base/gone.ts': uses('./nothing.ts'),
  'no-cycle src/base/one.ts': uses('./two.ts'),
  'no-orphan src/grid/alone.ts': 'export const x = 1;',
};

let root = '';

beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'gridpact-boundaries-'));
  symlinkSync(path.join(REPO_ROOT, 'node_modules'), path.join(root, 'node_modules'));
  for (const file of ['package.json', 'tsconfig.json']) cpSync(path.join(REPO_ROOT, file), path.join(root, file));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function plant(file: string, text: string): void {
  mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(root, file), `${text}\n`);
}

/** `rule file` of every violation in the planted tree. */
function violations(): Set<string> {
  const cli = path.join(REPO_ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = path.join(REPO_ROOT, '.dependency-cruiser.cjs');
  const run = spawnSync(process.execPath, [cli, '--config', config, '--output-type', 'json', 'src', 'test'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const report = JSON.parse(run.stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  return new Set(report.summary.violations.map(({ from, rule }) => `${rule.name} ${from}`));
}

describe('dependency rules', () => {
  it('accept the imports the design allows', () => {
    for (const [file, text] of Object.entries(CLEAN)) plant(file, text);
    expect([...violations()]).toEqual([]);
  });

  it('catch each planted import', () => {
    for (const [rule, text] of Object.entries(PLANTED)) plant(rule.split(' ')[1]!, text);
    plant('src/base/two.ts', uses('./one.ts'));
    const found = violations();
    expect(Object.keys(PLANTED).filter((rule) => !found.has(rule))).toEqual([]);
  });
});
