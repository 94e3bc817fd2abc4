/** The real ESLint configuration of the project, on planted text with the path of a consensus file. */
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import { REPO_ROOT } from '../support/repo.ts';

const PLANTED = {
  contracts: 'src/contracts/planted.ts',
  ledger: 'src/ledger/planted.ts',
  grid: 'src/grid/planted.ts',
  base: 'src/base/planted.ts',
  store: 'src/ledger/store/planted.ts',
  engines: 'src/ledger/engines/planted.ts',
  env: 'src/env/planted.ts',
};

const eslint = new ESLint({
  cwd: REPO_ROOT,
  // Files that are not on disk are in no TypeScript project: the parser is told to take them all the same.
  overrideConfig: {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: Object.values(PLANTED), defaultProject: 'tsconfig.json' },
      },
    },
  },
});

async function consensusIds(code: string, filePath: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath });
  const fatal = result!.messages.filter((message) => message.fatal);
  expect(fatal).toEqual([]);
  const own = result!.messages.filter((message) => message.ruleId?.startsWith('consensus/'));
  return [...new Set(own.map((message) => message.messageId!))].sort();
}

const BANNED: Record<string, readonly string[]> = {
  floatLiteral: [
    'export const half = 0.5;',
    'export const milli = 1e-3;',
    'export const one = 1.0;',
    'export const unsafe = 9007199254740993;',
    'export const none = Number.EPSILON;',
    'export const top = Infinity;',
  ],
  division: [
    'export const third = 1 / 3;',
    'export const odd = (x: number): number => x % 2;',
    'export const kilo = 10 ** 3;',
    'export function halve(x: number): number {\n  let y = x;\n  y /= 2;\n  y %= 2;\n  y **= 2;\n  return y;\n}',
    'export const q = (a: bigint, b: bigint): bigint => a / b;',
  ],
  mathMember: ['export const e = Math.exp(1);', 'export const r = Math.round(2);', 'export const pi = Math.PI;'],
  mathRandom: ['export const dice = Math.random();'],
  mathAlias: [
    'const { exp } = Math;\nexport const e = exp(1);',
    "export const e = Math['exp'](1);",
    'const M = Math;\nexport const e = M.exp(1);',
    "export const f = (name: 'exp'): number => Math[name](1);",
  ],
  parseFloat: [
    "export const x = parseFloat('1');",
    "export const x = Number.parseFloat('1');",
    'export const p = [parseFloat];',
  ],
  floatStore: [
    'export const xs = new Float64Array(2);',
    'export const x = (view: DataView): number => view.getFloat32(0);',
  ],
  date: [
    'export const now = Date.now();',
    'export const d = new Date();',
    'export const of = (d: Date): number => d.getTime();',
  ],
  performance: [
    'export const now = performance.now();',
    "import { performance as p } from 'node:perf_hooks';\nexport const now = p.now();",
  ],
  process: [
    "export const home = process.env['HOME'];",
    "import { env } from 'node:process';\nexport const home = env['HOME'];",
  ],
  locale: [
    'export const f = (x: number): string => x.toLocaleString();',
    'export const c = (a: string, b: string): number => a.localeCompare(b);',
    'export const i = new Intl.NumberFormat();',
  ],
  timers: [
    'setTimeout(() => undefined, 1);',
    'queueMicrotask(() => undefined);',
    "import { setTimeout as t } from 'node:timers';\nt(() => undefined, 1);",
  ],
  cryptoRandom: [
    "import { randomBytes } from 'node:crypto';\nexport const b = randomBytes(1);",
    "import * as c from 'node:crypto';\nexport const h = c.createHash('sha256');",
    'export const b = crypto.getRandomValues(new Uint8Array(1));',
    'export const k = (utils: { randomSecretKey(): Uint8Array }): Uint8Array => utils.randomSecretKey();',
  ],
  async: [
    'export async function f(): Promise<void> {}',
    'export const f = async (): Promise<number> => await g();\ndeclare function g(): Promise<number>;',
    'export const p = Promise.resolve(1);',
    "export const load = (): unknown => import('./x.ts');",
    'export async function f(xs: AsyncIterable<number>): Promise<void> {\n  for await (const x of xs) void x;\n}',
  ],
  globalAccess: ['export const e = globalThis.Math.exp(1);', "export const d = globalThis['Date'];"],
  garbage: ['export const r = new WeakRef({});'],
  realLibrary: [
    "import { exp } from 'mathjs';\nexport const e = exp(1);",
    "import * as tf from '@tensorflow/tfjs-core';\nexport const t = tf;",
    "export { exp } from 'mathjs';",
  ],
  device: ["import { readFileSync } from 'node:fs';\nexport const f = readFileSync('x');"],
  sortComparator: ['export const s = [2, 1].sort();', 'export const s = [2, 1].toSorted();'],
  unsortedIteration: [
    'export function f(m: Map<string, number>): void {\n  for (const x of m) void x;\n}',
    'export function f(m: ReadonlySet<string>): void {\n  for (const x of m) void x;\n}',
    'export function f(m: Map<string, number>): void {\n  for (const x of m.values()) void x;\n}',
    'export const f = (m: Map<string, number>): void => m.forEach(() => undefined);',
    'export const f = (m: Set<string>): string[] => [...m];',
    'export const f = (m: Set<string>): string[] => Array.from(m);',
    'export const f = (m: Map<string, number>): string[] => [...m.keys()];',
    'export const f = (m: Map<string, number>): string[] => [...m.keys()].sort();',
    'export const f = (m: Map<string, number>): number => Math.max(...m.values());',
    'export function f(m: Set<string>): string | undefined {\n  const [first] = m;\n  return first;\n}',
    'export function* f(m: Set<string>): Iterable<string> {\n  yield* m;\n}',
    'export function f<M extends Map<string, number>>(m: M | undefined): void {\n  for (const x of m!) void x;\n}',
    'class Index extends Map<string, number> {}\nexport function f(m: Index): void {\n  for (const x of m) void x;\n}',
    'export function f(o: Record<string, number>): void {\n  for (const k in o) void k;\n}',
    'export const f = (o: object): string[] => Object.keys(o);',
    'export const f = (o: Record<string, number>): number[] => Object.values(o);',
    'export const f = (o: object): unknown[] => Reflect.ownKeys(o);',
    'export function f(o: Record<string, number>): void {\n  for (const [k] of Object.entries(o)) void k;\n}',
  ],
};

const CLEAN = `
import { compareText } from '../base/bytes.ts';
import { floorDiv } from '../base/fixed.ts';
import { sortedEntries, sortedKeys } from '../base/sorted.ts';

const SCALE = 1e6;
const MASK = 0x7e1f;

export interface Port {
  commit(): Promise<void>;
}

export function mean(values: ReadonlyMap<string, number>, other: Set<string>): number {
  let sum = 0;
  for (const [, value] of sortedEntries(values)) sum += Math.abs(Math.trunc(value)) & MASK;
  for (const key of sortedKeys(other)) sum += key.length;
  for (const key of [...other].sort(compareText)) sum += key.length;
  for (const key of Array.from(values.keys()).toSorted(compareText)) sum += key.length;
  for (const key of (Object.keys({ sum }) as 'sum'[]).sort(compareText)) sum += key.length;
  for (const [i, x] of [3, 1, 2].sort((a, b) => a - b).entries()) sum += i * x;
  const copy = new Map(values);
  return floorDiv(sum * SCALE, Math.max(copy.size, Object.keys({ sum }).length));
}
`;

describe('ESLint on planted consensus code', { timeout: 120_000 }, () => {
  for (const [id, sources] of Object.entries(BANNED)) {
    it(`${id} is caught in contracts and ledger`, async () => {
      for (const source of sources) {
        expect(await consensusIds(source, PLANTED.contracts), source).toContain(id);
        expect(await consensusIds(source, PLANTED.ledger), source).toContain(id);
      }
    });
  }

  it('accepts integer code that sorts what it iterates', async () => {
    for (const room of [PLANTED.contracts, PLANTED.ledger, PLANTED.grid]) {
      expect(await consensusIds(CLEAN, room), room).toEqual([]);
    }
  });

  it('has no inline escape', async () => {
    const source = '// eslint-disable-next-line consensus/numbers -- please\nexport const half = 0.5;\n';
    expect(await consensusIds(source, PLANTED.contracts)).toEqual(['floatLiteral']);
  });

  it('lets the store and the engines wait and read the clock, but not compute with reals', async () => {
    const io = 'export const f = async (): Promise<number> => await Promise.resolve(Date.now());\n';
    const reals = 'export const f = (): number => Math.random() + 0.5;\nexport const g = [1].sort();\n';
    for (const room of [PLANTED.store, PLANTED.engines]) {
      expect(await consensusIds(io, room), room).toEqual([]);
      expect(await consensusIds(reals, room), room).toEqual(['floatLiteral', 'mathRandom', 'sortComparator']);
    }
  });

  it('lets only quantise round a real in the snapshot', async () => {
    const source = 'export function quantise(x: number): number {\n  return Math.floor(x + 0.5);\n}\n';
    expect(await consensusIds(source, 'src/grid/snapshot.ts')).toEqual([]);
    expect(await consensusIds(source.replace('quantise', 'other'), 'src/grid/snapshot.ts')).toEqual(['floatLiteral']);
  });

  it('lets the application wait around execution, not in it', async () => {
    const app = (name: string): string => `export class App {\n  async ${name}(): Promise<void> {}\n}\n`;
    expect(await consensusIds(app('commit'), 'src/ledger/application.ts')).toEqual([]);
    expect(await consensusIds(app('finalizeBlock'), 'src/ledger/application.ts')).toEqual(['async']);
  });

  it('lets only the integer helpers divide in base', async () => {
    const source = 'export const half = (x: number): number => x / 2;\n';
    expect(await consensusIds(source, PLANTED.base)).toEqual(['division']);
    expect(await consensusIds(source, 'src/base/fixed.ts')).toEqual([]);
  });

  it('leaves the environment to its reals', async () => {
    expect(await consensusIds('export const e = Math.exp(0.5) / 3;\n', PLANTED.env)).toEqual([]);
  });
});

describe('ESLint on planted code of any room', () => {
  it.each([
    [
      '@typescript-eslint/no-floating-promises',
      'declare function g(): Promise<void>;\nexport const f = (): void => {\n  g();\n};\n',
    ],
    [
      '@typescript-eslint/no-misused-promises',
      'declare function g(): Promise<boolean>;\nexport const f = (): number => (g() ? 1 : 2);\n',
    ],
    [
      '@typescript-eslint/switch-exhaustiveness-check',
      "export function f(x: 'a' | 'b'): void {\n  switch (x) {\n    case 'a':\n  }\n}\n",
    ],
    ['@typescript-eslint/no-explicit-any', 'export const f = (x: any): number => x;\n'],
    ['no-console', "console.log('x');\n"],
  ])('%s', async (ruleId, source) => {
    const [result] = await eslint.lintText(source, { filePath: PLANTED.env });
    expect(result!.messages.map((message) => message.ruleId)).toContain(ruleId);
  });
});
