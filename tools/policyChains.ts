/**
 * The evidence for "the same integers everywhere": the digest chain of docs/spec/policy.md 3.14 by every executor, and
 * X1 at full length. What an executor gave is kept in runs/policy-chains, so an interrupted run goes on after it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchPolicy } from '../bench/policies.ts';
import { toHex } from '../src/base/bytes.ts';
import { RandomStream } from '../src/base/random.ts';
import type { LoadedPolicy } from '../src/contracts/policy/artifact.ts';
import { instantiateKernel } from '../src/contracts/policy/kernel/engine.ts';
import { assertKernel, WasmKernel } from '../src/contracts/policy/kernel/kernel.ts';
import { MODULE_SHA256 } from '../src/contracts/policy/kernel/module.ts';
import { CHAIN_CHUNK } from '../src/contracts/policy/kernel/selfTest.ts';
import { vec65536 } from '../src/contracts/policy/vectors.ts';
import type { ChainInput } from '../test/contracts/policy/kernel/chainRun.ts';
import { adversarialPolicies, randomPolicy } from '../test/contracts/policy/kernel/nets.ts';
import { chromiumPath, runInBrowser } from '../test/support/browser.ts';
import type { Judged } from './dispatchTables.ts';

/** Whole chunks from 10^5, 10^7 and 10^8 vectors on. */
const POINTS = [100000, 10000000, 100000000].map((vectors) => Math.ceil(vectors / CHAIN_CHUNK) * CHAIN_CHUNK);
const RANDOM_NETS = 50;
const BROWSER_LIMIT_MS = 3600000;

interface Executor {
  readonly name: string;
  /** Digest of the module it runs, if any: with another one, what is stored does not count. */
  readonly module: string;
  /** Lengths the chain is read at. */
  readonly points: readonly number[];
  /** undefined: not to be had here. */
  chain(input: Omit<ChainInput, 'kind'>): string[] | undefined | Promise<string[] | undefined>;
}

interface Chain {
  readonly cid: string;
  readonly module: string;
  readonly digests: readonly string[];
  readonly seconds: number;
}

/** @throws what an executor throws. */
export async function policyChains(root: string): Promise<Judged> {
  const policy = benchPolicy(true);
  const rows: string[] = [];
  const chains: (readonly string[])[] = [];
  const missing: string[] = [];
  for (const executor of executors(root)) {
    const chain = await stored(root, executor, policy);
    if (chain === undefined) missing.push(executor.name);
    else {
      chains.push(chain.digests);
      const last = chain.digests.length - 1;
      rows.push(
        `| ${executor.name} | ${executor.points[last]} | ${chain.seconds.toFixed(0)} | \`${chain.digests[last]}\` |`,
      );
    }
  }
  const agreed = POINTS.map((_, p) => new Set(chains.flatMap((digests) => digests.slice(p, p + 1))).size === 1);
  const nets = allNetsAgree(root);
  return {
    facts: [
      ['policy', `6-64-64-1 relu with an envelope, \`${policy.cid}\``],
      ...POINTS.map((vectors, p) => [`chains equal after ${vectors} vectors`, String(agreed[p])] as const),
      ['executors not to be had on this machine', missing.length === 0 ? 'none' : missing.join(', ')],
      [
        'X1: nets whose vec65536 both kernels gave',
        `${nets} of ${RANDOM_NETS} random and ${adversarial().length} adversarial`,
      ],
      ['kernel module, SIMD', `\`${MODULE_SHA256.simd}\``],
      ['kernel module, scalar', `\`${MODULE_SHA256.scalar}\``],
    ],
    passed: agreed.every(Boolean) && missing.length === 0 && nets === RANDOM_NETS + adversarial().length,
    sections: ['## Chains', '', '| executor | vectors | time, s | chain |', '|---|---|---|---|', ...rows, ''],
  };
}

function executors(root: string): readonly Executor[] {
  const [short, middle, long] = [POINTS.slice(0, 1), POINTS.slice(0, 2), POINTS];
  const { simd, scalar } = MODULE_SHA256;
  const script = join(root, 'test/contracts/policy/kernel/engineRun.ts');
  const inNode = (kind: ChainInput['kind']) => (input: Omit<ChainInput, 'kind'>) =>
    JSON.parse(output(process.execPath, ['--import', 'tsx', script, JSON.stringify({ kind, ...input })])) as string[];
  return [
    { name: `WASM SIMD, Node ${process.version}`, module: simd, points: long, chain: inNode('simd') },
    { name: `WASM scalar, Node ${process.version}`, module: scalar, points: long, chain: inNode('scalar') },
    { name: 'WASM SIMD, Chromium', module: simd, points: long, chain: inChromium },
    { name: `TypeScript reference, Node ${process.version}`, module: '', points: middle, chain: inNode('reference') },
    { name: 'Python', module: '', points: short, chain: (input) => inPython(root, input) },
  ];
}

function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(stderr);
  return stdout;
}

function inChromium(input: Omit<ChainInput, 'kind'>): Promise<string[]> | undefined {
  if (chromiumPath() === undefined) return undefined;
  return runInBrowser('test/contracts/policy/kernel/chainRun.ts', 'run', { kind: 'simd', ...input }, BROWSER_LIMIT_MS);
}

function inPython(root: string, { artifact, points }: Omit<ChainInput, 'kind'>): string[] | undefined {
  const script = join(root, 'python', 'gridpolicy.py');
  if (!existsSync(script)) return undefined;
  const file = join(folder(root), 'policy.bin');
  writeFileSync(file, Buffer.from(artifact, 'hex'));
  const python = process.env['GRIDPACT_PYTHON'] ?? 'python3';
  return points.map((vectors) => output(python, [script, 'chain', file, String(vectors)]).trim());
}

function folder(root: string): string {
  const path = join(root, 'runs', 'policy-chains');
  mkdirSync(path, { recursive: true });
  return path;
}

/** From the file of an earlier run with the same policy and kernel, or run now. */
async function stored(
  root: string,
  { name, module, points, chain }: Executor,
  policy: LoadedPolicy,
): Promise<Chain | undefined> {
  const file = join(folder(root), `${name.toLowerCase().replace(/[^a-z0-9.]+/g, '-')}.json`);
  if (existsSync(file)) {
    const known = JSON.parse(readFileSync(file, 'utf8')) as Chain;
    if (known.cid === policy.cid && known.module === module && known.digests.length === points.length) return known;
  }
  process.stdout.write(`  ${name}, ${points[points.length - 1]} vectors ...\n`);
  const startMs = performance.now();
  const digests = await chain({ artifact: toHex(policy.bytes), points });
  if (digests === undefined) return undefined;
  const made = { cid: policy.cid, module, digests, seconds: (performance.now() - startMs) / 1000 };
  writeFileSync(file, JSON.stringify(made));
  return made;
}

function adversarial(): readonly LoadedPolicy[] {
  return adversarialPolicies(RandomStream.fromSeed(2, 'x1')).map(([, policy]) => policy);
}

/** X1 in full: how many nets' vec65536 the kernels give. Nets done are kept by their CID. */
function allNetsAgree(root: string): number {
  const stream = RandomStream.fromSeed(1, 'x1');
  const nets = [...adversarial(), ...Array.from({ length: RANDOM_NETS }, () => randomPolicy(stream))];
  const file = join(folder(root), 'nets.json');
  const module = MODULE_SHA256.simd + MODULE_SHA256.scalar;
  const before = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { module: string; cids: string[] })
    : undefined;
  const done = new Set(before?.module === module ? before.cids : []);
  for (const policy of nets) {
    if (done.has(policy.cid)) continue;
    const expected = vec65536(policy);
    for (const kind of ['simd', 'scalar'] as const) {
      assertKernel(new WasmKernel(policy, kind, instantiateKernel(kind)), expected);
    }
    done.add(policy.cid);
    writeFileSync(file, JSON.stringify({ module, cids: [...done] }));
  }
  return nets.filter(({ cid }) => done.has(cid)).length;
}
