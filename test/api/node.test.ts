import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNode } from '../../src/api/node.ts';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { systemClock } from '../../src/base/clock.ts';
import { secretFromSeed, signerOf } from '../../src/base/signature.ts';
import { auditStore } from '../../src/ledger/audit.ts';
import { headerFromHex, verifyHeader } from '../../src/ledger/header.ts';
import { openStore, type Batch } from '../../src/ledger/store/kv.ts';
import { signTx } from '../../src/ledger/transaction.ts';
import { builtCli } from '../cli/built.ts';
import { CHAIN, signer, TestChain } from '../support/chain.ts';

const directory = mkdtempSync(join(tmpdir(), 'gridpact-node-'));
const store = join(directory, 'store');
const keys = join(directory, 'keys');
const running = new Set<ChildProcess>();
let cli = '';

beforeAll(async () => {
  cli = await builtCli();
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

interface Started {
  readonly url: string;
  readonly chain: string;
  readonly height: number;
  readonly genesisCid: string;
  readonly nodeKey: string;
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [cli, 'node', '--keys-dir', keys, '--port', '0', '--json', ...args]);
  running.add(child);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, stderr });
    });
  });
  const started = new Promise<Started>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line) as Started));
    void ended.then(({ stderr: text }) => reject(new Error(`ended early: ${text}`)));
  });
  // Whoever only waits for the end need not listen for the start.
  started.catch(() => undefined);
  return { child, started, ended };
}

async function json<T>(url: string, init?: RequestInit): Promise<T> {
  return (await (await fetch(url, init)).json()) as T;
}

/** A new account of the chain: a transaction that needs nobody's money. */
function openAccount(chain: string): Uint8Array {
  const signer = signerOf(secretFromSeed('test', 'account/new'));
  return signTx({ chain, from: 'new', nonce: 0, kind: 'account.open', body: { key: signer.publicKey } }, signer);
}

async function until<T>(poll: () => Promise<T>, done: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await poll();
    if (done(value) || tries > 100) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a node whose disk fails', () => {
  it('ends with the error, and the store goes on from the last block that was whole', async () => {
    const disk = await openStore(join(directory, 'failing'));
    let full = false;
    const failing = {
      ...disk,
      write: (batch: Batch) => (full ? Promise.reject(new Error('no space left on device')) : disk.write(batch)),
    };
    const chain = await TestChain.bare();
    const options = { signer: signer('node'), clock: systemClock, host: '127.0.0.1', port: 0, blockMs: 20 };
    const backend = (): Promise<string> => Promise.resolve('');
    const node = await startNode({ ...options, store: failing, genesis: chain.genesis, backend, logger: false });
    const { height } = node.engine;
    full = true;
    await fetch(`${node.url}/v1/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Uint8Array.from(openAccount(CHAIN)),
    });
    await expect(node.failed).rejects.toThrow('no space left on device');
    await node.stop();
    const again = await openStore(join(directory, 'failing'));
    expect(await auditStore(again)).toMatchObject({ height, findings: [] });
    await again.close();
    await chain.close();
  });
});

describe('gridpact node', () => {
  it('starts a chain, commits what it is sent, and stops on SIGTERM with status 0', async () => {
    const node = run('--dev', '--data', store, '--block-ms', '50');
    const { url, chain, nodeKey, genesisCid } = await node.started;
    expect(chain).toBe('gridpact-dev');
    expect(new URL(url).hostname).toBe('127.0.0.1');

    interface Health {
      readonly height: number;
      readonly backend: string;
      readonly stateRoot: string;
    }
    const health = await json<Health>(`${url}/v1/health`);
    expect(health).toMatchObject({ status: 'ok', chain, poolSize: 0 });
    expect(health.height).toBeGreaterThanOrEqual(1);
    expect(health.backend).toMatch(/^(node|wasm|cpu) tfjs-core \d/);

    const { hash } = await json<{ hash: string }>(`${url}/v1/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ tx: toHex(openAccount(chain)) }),
    });
    const status = await until(
      () => json<{ status: string; height: number; result: unknown }>(`${url}/v1/transactions/${hash}`),
      (answer) => answer.status === 'committed',
    );
    expect(status).toMatchObject({ status: 'committed', result: { code: 0 } });
    const { signedHeader } = await json<{ signedHeader: string }>(`${url}/v1/blocks/${status.height}`);
    const header = headerFromHex(signedHeader);
    expect([verifyHeader(header), toHex(header.signer)]).toEqual([true, nodeKey]);
    expect(await json(`${url}/v1/genesis`)).toMatchObject({ cid: genesisCid });

    const second = await run('--data', store).ended;
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('error store.locked: ');

    node.child.kill('SIGTERM');
    const { code, signal, stderr } = await node.ended;
    expect([code, signal]).toEqual([0, null]);
    const { secretKey } = JSON.parse(readFileSync(join(keys, 'node.key.json'), 'utf8')) as { secretKey: string };
    expect(fromHex(secretKey)).toHaveLength(32);
    expect(stderr).toContain('/v1/health');
    expect(stderr).not.toContain(secretKey);
  });

  it('left a store that audits clean, and goes on from it without --dev; SIGINT ends it as well', async () => {
    const kept = await openStore(store);
    const report = await auditStore(kept);
    await kept.close();
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ transactions: 1, ledgerSumMicro: 0 });

    const node = run('--data', store, '--log-level', 'silent');
    const { url, height } = await node.started;
    expect(height).toBeGreaterThanOrEqual(report.height);
    expect(await json(`${url}/v1/accounts/new`)).toMatchObject({ nonce: 1 });
    node.child.kill('SIGINT');
    expect(await node.ended).toEqual({ code: 0, signal: null, stderr: '' });
  });

  it('says what is wrong with how it was started, and leaves the store free', async () => {
    const fresh = join(directory, 'fresh');
    const genesis = join(directory, 'genesis.json');
    for (const [args, code, message] of [
      [['--data', fresh], 2, 'error cli.usage: '],
      [['--data', fresh, '--key', 'nobody'], 1, 'error keys.missing: '],
      [['--data', fresh, '--genesis', genesis], 1, 'error cli.file: '],
      [['--data', fresh, '--genesis', join(keys, 'node.key.json')], 1, 'error genesis.malformed: '],
      [['--data', store, '--block-ms', '20000'], 1, 'error api.lead: '],
      [['--data', store, '--host', '192.0.2.1'], 1, 'error api.listen: '],
    ] as const) {
      const ended = await run(...args).ended;
      expect([args, ended.code]).toEqual([args, code]);
      expect(ended.stderr).toContain(message);
    }
    await (await openStore(store)).close();
  });
});
