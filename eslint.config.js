import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { tsImport } from 'tsx/esm/api';

const { consensus } = await tsImport('./tools/eslint/consensus.ts', import.meta.url);

/**
 * Consensus rooms: what every node must compute alike. No inline escape: exemptions are the entries below.
 * src/base and src/grid are under the same rules because consensus code is built on them.
 */
const CONSENSUS = ['src/base/**/*.ts', 'src/grid/**/*.ts', 'src/contracts/**/*.ts', 'src/ledger/**/*.ts'];

const BANS = ['numbers', 'ambient', 'order'];

/** Message ids lifted for the named files, or only inside the functions `within`; every other ban stays. */
function exempt(files, why, { within, ...lifted }) {
  const bans = Object.keys(lifted).length > 0 ? lifted : Object.fromEntries(BANS.map((ban) => [ban, undefined]));
  const rules = Object.entries(bans).map(([ban, allow]) => [
    `consensus/${ban}`,
    ['error', { ...(allow && { allow }), ...(within && { within }) }],
  ]);
  return { name: `gridpact/exempt: ${why}`, files, rules: Object.fromEntries(rules) };
}

const EXEMPTIONS = [
  exempt(['src/base/fixed.ts'], 'the integer helpers are where / % and ** are allowed', { numbers: ['division'] }),
  exempt(['src/base/clock.ts'], 'the clock port', { ambient: ['date'] }),
  exempt(['src/base/sorted.ts'], 'the sorting helpers themselves', { order: ['unsortedIteration'] }),
  exempt(['src/base/cbor.ts', 'src/base/record.ts'], 'declared field order; checks that do not depend on order', {
    order: ['unsortedIteration'],
  }),
  exempt(['src/base/lru.ts'], 'a cache: which entry it forgets changes no result', { order: ['unsortedIteration'] }),
  exempt(['src/base/signature.ts'], 'a new key is random', { within: ['generateSecretKey'] }),
  exempt(['src/base/signatureFast.ts'], 'asks the runtime for OpenSSL', { ambient: ['globalAccess'] }),
  exempt(['src/grid/units.ts'], 'units of recipes and fleet files, by mathjs, only when asked for', {
    ambient: ['async', 'realLibrary'],
  }),
  exempt(['src/grid/snapshot.ts'], 'a real becomes an integer at the meter', { within: ['quantise', 'quantiseBy'] }),
  exempt(['src/ledger/application.ts'], 'opens and persists around execution, which is not async', {
    ambient: ['async'],
    within: ['open', 'commit', 'applySnapshotChunk'],
  }),
  exempt(['src/ledger/audit.ts', 'src/ledger/reader.ts'], 'reads a store from outside, executes nothing itself', {
    ambient: ['async'],
  }),
  // Store and engines do IO around execution. They still may not compute with reals, draw random numbers or
  // order anything by locale: what they hand to execution or hash must be the same on every node.
  exempt(['src/ledger/store/**/*.ts', 'src/ledger/engines/**/*.ts'], 'IO: waits, reads clocks, opens files', {
    ambient: ['async', 'date', 'performance', 'process', 'timers', 'device'],
  }),
  exempt(['src/ledger/engines/**/*.ts'], 'a pool keeps the order of arrival: a proposer may propose any order', {
    order: ['unsortedIteration'],
  }),
];

/**
 * What decides the bytes of a series or of a policy. ECMAScript leaves the last bits of these functions to the engine
 * (sqrt and the integer ones are exact), so exp, ln, tanh, sin and cos come from src/base/realMath.ts.
 */
const REPRODUCIBLE = ['src/base/realMath.ts', 'src/env/**/*.ts', 'src/agents/**/*.ts'];

const ENGINE_DEPENDENT = [
  ...['acos', 'acosh', 'asin', 'asinh', 'atan', 'atan2', 'atanh', 'cbrt', 'cos', 'cosh', 'exp', 'expm1', 'hypot'],
  ...['log', 'log10', 'log1p', 'log2', 'pow', 'random', 'sin', 'sinh', 'tan', 'tanh'],
];

/** Bans of the above. */
function reproducible() {
  const bans = ENGINE_DEPENDENT.map((property) => ({
    object: 'Math',
    property,
    message: 'The engine decides its last bits, and so the bytes of what is trained: use src/base/realMath.ts.',
  }));
  const clock = { object: 'Date', property: 'now', message: 'A time must not decide the bytes of what is trained.' };
  return { 'no-restricted-properties': ['error', ...bans, clock] };
}

export default defineConfig(
  { ignores: ['dist/', 'coverage/', 'models/', 'docs/', 'python/', 'runs/', 'data/', '.cache/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // A callback may return nothing or a promise of nothing.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Indices into typed arrays are checked by the loop that makes them.
      '@typescript-eslint/no-non-null-assertion': 'off',
      eqeqeq: 'error',
    },
  },
  { files: ['src/**/*.ts'], ignores: ['src/cli/**', 'src/console/**'], rules: { 'no-console': 'error' } },
  {
    name: 'gridpact/consensus',
    files: CONSENSUS,
    ignores: ['src/base/realMath.ts'],
    plugins: { consensus },
    linterOptions: { noInlineConfig: true },
    rules: Object.fromEntries(BANS.map((ban) => [`consensus/${ban}`, 'error'])),
  },
  ...EXEMPTIONS,
  { name: 'gridpact/reproducible', files: REPRODUCIBLE, rules: reproducible() },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly', module: 'writable', require: 'readonly', URL: 'readonly' },
    },
  },
);
