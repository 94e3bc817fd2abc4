/** Rooms and the direction of imports (types count too): a room may import itself and the rooms listed. */
const ROOMS = {
  base: [],
  grid: ['base'],
  contracts: ['base', 'grid'],
  ledger: ['base', 'grid', 'contracts'],
  env: ['base', 'grid'],
  agents: ['base', 'grid', 'env', 'contracts/policy'],
  verify: ['base', 'grid', 'contracts/policy'],
  twin: ['base', 'grid', 'contracts', 'ledger', 'env'],
  edge: ['base', 'grid', 'contracts', 'ledger'],
  api: ['base', 'grid', 'contracts', 'ledger', 'env', 'agents', 'verify', 'twin', 'edge'],
  console: ['base', 'grid', 'contracts', 'ledger', 'env', 'agents', 'verify', 'twin', 'edge', 'api'],
  cli: ['base', 'grid', 'contracts', 'ledger', 'env', 'agents', 'verify', 'twin', 'edge', 'api', 'console'],
};

/** Packages that one place alone may import. Patterns fit a package on disk and one that is absent. */
const PACKAGES = {
  '@tensorflow/': '^src/agents/',
  mathjs: '^src/grid/units\\.ts$',
  highs: '^src/agents/baselines/',
  level: '^src/ledger/store/',
  fastify: '^src/api/',
  '@fastify/': '^src/api/',
  typebox: '^src/api/',
  '@noble/curves': '^src/base/signature\\.ts$',
  '@noble/hashes': '^src/base/',
  '@ipld/dag-cbor': '^src/base/',
  multiformats: '^src/base/',
  'smol-toml': '^src/agents/training/document\\.ts$',
  '@stricli/': '^src/cli/',
  picocolors: '^src/cli/',
};

const packagePath = (name) => `(^|node_modules/)${name}${name.endsWith('/') ? '' : '(/|$)'}`;

const roomRules = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `src/${room} may import ${[...allowed.map((name) => `src/${name}`), 'nothing else of src'].join(', ')}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
}));

const packageRules = Object.entries(PACKAGES).map(([name, place]) => ({
  name: `package-${name.replace(/[@/]+/g, ' ').trim().replace(/ /g, '-')}`,
  comment: `${name} is imported only in ${place}`,
  severity: 'error',
  from: { path: '^src/', pathNot: place },
  to: { path: packagePath(name) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...roomRules,
    ...packageRules,
    {
      name: 'room-unknown',
      comment: 'every file of src lies in a room of the design',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${Object.keys(ROOMS).join('|')})/` },
      to: {},
    },
    {
      name: 'src-stands-alone',
      comment: 'src is what is shipped: it imports nothing of test, bench, train or tools',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|train|tools)/' },
    },
    {
      name: 'mathjs-is-lazy',
      comment: 'loading mathjs takes about a second: await import() it where it is used',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: packagePath('mathjs'), dynamic: false },
    },
    {
      name: 'no-cycle',
      comment: 'cycles that a type import closes are gone at run time and may stay',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphan',
      comment: 'a file that imports nothing and that nothing imports',
      severity: 'error',
      from: { orphan: true, path: '^(src|bench|train|tools)/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
    {
      name: 'no-unresolved',
      comment: 'the optional native addon of tfjs may be absent; agents/backend.ts looks for it at run time',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '@tensorflow/tfjs-node' },
    },
    {
      name: 'no-undeclared-package',
      comment: 'shipped code imports only what package.json lists for users',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    reporterOptions: { text: { highlightFocused: true } },
  },
};
