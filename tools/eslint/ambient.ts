/**
 * Consensus code is a function of committed state and the block: it reads no clock, process, locale,
 * random source or device, waits for nothing, and loads no library of reals.
 */
import { defineRule, globalReferences, isTypeReference, memberName, type Node } from './rule.ts';

const MESSAGES = {
  date: 'No wall clock here: the block time is the only time (the engine gives it, from the clock port).',
  performance: 'No wall clock here: nothing in consensus may depend on how long something took.',
  process: 'No process or environment here: what a node is started with is not committed state.',
  locale: 'Locale-dependent text differs between machines: use compareText (src/base/bytes.ts) or plain digits.',
  timers: 'No timers or deferred callbacks in execution: a block is executed start to end.',
  cryptoRandom: 'Random bytes differ on every node: draw from a RandomStream of the block (src/base/random.ts).',
  async: 'No await, async function or promise in execution: stage in execute, persist in commit (store/, engines/).',
  globalAccess: 'globalThis hides which global is used: name it.',
  garbage: 'What the garbage collector does differs on every node.',
  realLibrary: 'tfjs and mathjs compute on reals and stay out of consensus code.',
  device: 'No file, network, thread or system module in execution: that is for store/ and engines/.',
};
type Id = keyof typeof MESSAGES;

const GLOBALS: Readonly<Record<string, Id>> = {
  Date: 'date',
  performance: 'performance',
  process: 'process',
  Intl: 'locale',
  setTimeout: 'timers',
  setInterval: 'timers',
  setImmediate: 'timers',
  queueMicrotask: 'timers',
  crypto: 'cryptoRandom',
  Promise: 'async',
  globalThis: 'globalAccess',
  global: 'globalAccess',
  window: 'globalAccess',
  self: 'globalAccess',
  WeakRef: 'garbage',
  FinalizationRegistry: 'garbage',
  fetch: 'device',
  require: 'device',
};

/** A port's signature may speak of these; calling them is another matter. */
const HARMLESS_AS_TYPE = new Set(['Promise', 'process']);

const MODULES: Readonly<Record<string, Id>> = {
  process: 'process',
  perf_hooks: 'performance',
  timers: 'timers',
  'timers/promises': 'timers',
};

const RANDOM_NAMES = /^(random(Bytes|Int|UUID|Fill|FillSync|SecretKey|PrivateKey)|getRandomValues|webcrypto)$/;
const LOCALE_NAMES = /^(toLocale\w*|localeCompare)$/;

export const ambient = defineRule<Id>(
  'nothing from outside committed state in consensus code',
  MESSAGES,
  (report, context) => {
    const checkFunction = (node: { async?: boolean | undefined }): void => {
      if (node.async === true) report(node, 'async');
    };
    const checkModule = (node: object, source: unknown): void => {
      const id = moduleBan(source);
      if (id !== undefined) report(node, id);
    };
    return {
      FunctionDeclaration: checkFunction,
      FunctionExpression: checkFunction,
      ArrowFunctionExpression: checkFunction,
      AwaitExpression: (node) => report(node, 'async'),
      ForOfStatement(node) {
        if (node.await) report(node, 'async');
      },
      ImportExpression(node) {
        report(node, 'async');
        checkModule(node, node.source.type === 'Literal' ? node.source.value : undefined);
      },
      ImportDeclaration(node) {
        checkModule(node, node.source.value);
        if (isCryptoModule(node.source.value) && node.specifiers.some(bringsRandom)) report(node, 'cryptoRandom');
      },
      ExportNamedDeclaration: (node) => checkModule(node, node.source?.value),
      ExportAllDeclaration: (node) => checkModule(node, node.source.value),
      MemberExpression(node) {
        const name = memberName(node) ?? '';
        if (LOCALE_NAMES.test(name)) report(node, 'locale');
        else if (RANDOM_NAMES.test(name)) report(node, 'cryptoRandom');
      },
      'Program:exit'() {
        for (const reference of globalReferences(context)) {
          const { name } = reference.identifier;
          const id = Object.hasOwn(GLOBALS, name) ? GLOBALS[name] : undefined;
          if (id === undefined || (isTypeReference(reference) && HARMLESS_AS_TYPE.has(name))) continue;
          report(reference.identifier, id);
        }
      },
    };
  },
);

function moduleBan(source: unknown): Id | undefined {
  if (typeof source !== 'string') return undefined;
  if (/^(@tensorflow\/|mathjs(\/|$))/.test(source)) return 'realLibrary';
  const builtin = source.replace(/^node:/, '');
  if (Object.hasOwn(MODULES, builtin)) return MODULES[builtin];
  return source.startsWith('node:') && !isCryptoModule(source) ? 'device' : undefined;
}

function isCryptoModule(source: unknown): boolean {
  return source === 'node:crypto' || source === 'crypto';
}

/** The whole namespace, or a random function by name. */
function bringsRandom(specifier: { type: string }): boolean {
  if (specifier.type !== 'ImportSpecifier') return true;
  const { imported } = specifier as Extract<Node, { type: 'ImportSpecifier' }>;
  return RANDOM_NAMES.test(imported.type === 'Identifier' ? imported.name : String(imported.value));
}
