import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findDeadCode } from '../../tools/deadcode.ts';

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

function tree(files: Record<string, string>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'gridpact-deadcode-'));
  roots.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

const main = (...imports: string[]): string => `${imports.join('\n')}\n`;

describe('dead code', () => {
  it('finds a planted export and a planted file', () => {
    const root = tree({
      'src/cli/main.ts': main("import { used } from '../a.ts';", 'used();'),
      'src/a.ts': 'export const used = () => helper();\nexport function helper() {}\nexport class Unused {}',
      'src/b.ts': 'export const alone = 1;',
    });
    const { files, exports } = findDeadCode(root);
    expect(files).toEqual(['src/b.ts']);
    expect(exports).toEqual(['src/a.ts: helper', 'src/a.ts: Unused', 'src/b.ts: alone']);
  });

  it('sees use through every form of import', () => {
    const root = tree({
      'src/cli/main.ts': main(
        "import named, { a as b } from '../a.ts';",
        "import * as ns from '../b.ts';",
        "import type { T } from '../c.ts';",
        'export const t: T = named(b, ns.c);',
        "const { d } = await import('../d.ts');",
        "(await import('../e.ts')).e(d);",
        "let x: import('../f.ts').F;",
        "new Worker(new URL('../g.ts', import.meta.url));",
        "import { h, i } from '../barrel.ts';",
        'h(i);',
      ),
      'src/a.ts': 'export default function f() {}\nexport const a = 1;',
      'src/b.ts': 'export const c = 1;',
      'src/c.ts': 'export type T = number;',
      'src/d.ts': 'export const d = 1;',
      'src/e.ts': 'export const e = () => 1;',
      'src/f.ts': 'export interface F {}',
      'src/g.ts': 'export const g = 1;',
      'src/barrel.ts': "export { h } from './h.ts';\nexport * from './i.ts';",
      'src/h.ts': 'export const h = 1;',
      'src/i.ts': 'export const i = 1;',
    });
    // The command line is the entry, so its own export is the only one nobody names.
    expect(findDeadCode(root)).toEqual({ files: [], exports: ['src/cli/main.ts: t'], testOnly: [] });
  });

  it('names the one that is not used behind a namespace, a destructured import() and a barrel', () => {
    const root = tree({
      'src/cli/main.ts': main(
        "import * as ns from '../a.ts';",
        "const { b } = await import('../b.ts');",
        "import { c } from '../barrel.ts';",
        'ns.a(b, c);',
      ),
      'src/a.ts': 'export const a = 1;\nexport const deadA = 1;',
      'src/b.ts': 'export const b = 1;\nexport const deadB = 1;',
      'src/barrel.ts': "export * from './c.ts';",
      'src/c.ts': 'export const c = 1, deadC = 1;',
    });
    expect(findDeadCode(root).exports).toEqual(['src/a.ts: deadA', 'src/b.ts: deadB', 'src/c.ts: deadC']);
  });

  it('takes what a public path of the package hands on as used', () => {
    const root = tree({
      'src/cli/main.ts': main("import '../c.ts';"),
      'src/env/index.ts': "export { a } from '../a.ts';\nexport * from '../b.ts';",
      'src/a.ts': 'export const a = 1;\nexport const deadA = 1;',
      'src/b.ts': 'export const b = 1;',
      'src/c.ts': 'export const c = 1;',
    });
    expect(findDeadCode(root)).toEqual({ files: [], exports: ['src/a.ts: deadA', 'src/c.ts: c'], testOnly: [] });
  });

  it('keeps @public, types that spell out a signature, and notes what tests alone use', () => {
    const root = tree({
      'src/cli/main.ts': main("import { f } from '../a.ts';", 'f();'),
      'src/a.ts': [
        '/** @public for scripts */',
        'export const kept = 1;',
        'export interface Result {}',
        'export type Gone = 1;',
        'export const f = (): Result => ({});',
        'export const tested = 1;',
      ].join('\n'),
      'test/a.test.ts': "import { tested } from '../src/a.ts';\ntested;",
    });
    expect(findDeadCode(root)).toEqual({ files: [], exports: ['src/a.ts: Gone'], testOnly: ['src/a.ts: tested'] });
  });
});
