import { startNode, type RunningNode } from '../../api/node.ts';
import { fromHex, toHex } from '../../base/bytes.ts';
import { cidOf } from '../../base/cid.ts';
import { systemClock } from '../../base/clock.ts';
import { fail, isGridPactError } from '../../base/errors.ts';
import { encodeGenesis } from '../../ledger/genesis.ts';
import { openStore, type KeyValueStore } from '../../ledger/store/kv.ts';
import { ROW } from '../../ledger/store/rows.ts';
import type { Action } from '../command.ts';
import type { NodeFlags } from '../commands/node.ts';
import { readGenesisFile } from '../genesisFile.ts';
import { createKey, loadSigner, readPublicKey } from '../keyFile.ts';
import type { Reporter } from '../ui/output.ts';
import { facts } from '../ui/table.ts';

export const runNode: Action<NodeFlags> = async (report, flags) => {
  const { data, dev, key, keysDir, host, port, blockMs, logLevel } = flags;
  if (dev) await ensureKey(keysDir, key);
  const signer = await loadSigner(keysDir, key);
  const given = flags.genesis === undefined ? undefined : await readGenesisFile(flags.genesis);
  const store = await openStore(data);
  const genesis = given ?? (await genesisOf(store, flags));
  const logger = { level: logLevel, stream: { write: (line: string) => void report.io.stderr.write(line) } };
  const node = await startNode({
    store,
    genesis,
    signer,
    clock: systemClock,
    host,
    port,
    blockMs,
    backend: describeLoadedBackend,
    logger,
  });
  tell(report, node, genesis, signer.publicKey, key);
  if (!isLoopback(host)) report.warn(`${host} is reached from other machines: put TLS in front of this node`);
  await untilEnd(node);
};

function tell(
  report: Reporter,
  { url, engine }: RunningNode,
  genesis: Uint8Array,
  key: Uint8Array,
  name: string,
): void {
  const { chain } = engine.app.genesis;
  const genesisCid = cidOf(genesis);
  report.text(
    ...facts([
      ['listening', url],
      ['docs', `${url}/docs`],
      ['chain', `${chain}, height ${engine.height}`],
      ['genesis', genesisCid],
      ['node key', `${toHex(key)} (${name})`],
    ]),
  );
  report.document({ url, chain, height: engine.height, genesisCid, nodeKey: key });
}

/** The store is closed even when no more blocks can be made; then the reason goes on to the error line. */
async function untilEnd(node: RunningNode): Promise<void> {
  try {
    await Promise.race([node.failed, untilSignal()]);
  } finally {
    await node.stop();
  }
}

/** Once each: a second signal ends the process the hard way, which the store survives. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

async function genesisOf(store: KeyValueStore, { dev, keysDir }: NodeFlags): Promise<Uint8Array> {
  try {
    const stored = await store.get(ROW.genesis);
    if (stored !== undefined) return stored;
    if (dev) return await devGenesis(keysDir);
    throw fail('cli.usage', { expected: '--genesis or --dev for a new store', got: 'neither' });
  } catch (error) {
    await store.close();
    throw error;
  }
}

const DEV_CHAIN = 'gridpact-dev';
const DEV_OPERATORS = ['operator-1', 'operator-2', 'operator-3'];
const DEV_ACCOUNTS = [...DEV_OPERATORS, 'buyer', 'engineer', 'owner-1', 'owner-2'];
/** 1 000 000 currency units. */
const DEV_BUYER_MICRO = 1000000000000;
/** Five minutes, dispatched half a minute ahead, metered within half a minute after. */
const DEV_PARAMETERS = { dMs: 300000, gMs: 30000, lMs: 30000, aMs: 300000, sMs: 2000 };

async function devGenesis(keysDir: string): Promise<Uint8Array> {
  const accounts: { name: string; key: Uint8Array; micro: number }[] = [];
  for (const name of DEV_ACCOUNTS) {
    const key = fromHex(await ensureKey(keysDir, name));
    accounts.push({ name, key, micro: name === 'buyer' ? DEV_BUYER_MICRO : 0 });
  }
  return encodeGenesis({
    chain: DEV_CHAIN,
    initialTimeMs: systemClock.nowMs(),
    parameters: DEV_PARAMETERS,
    services: [
      { service: 'voltage-support', version: 1, fromMs: 0 },
      { service: 'energy-dispatch', version: 1, fromMs: 0 },
    ],
    operators: DEV_OPERATORS,
    accounts,
  });
}

/** The public key, in hex, of a key that is there afterwards. */
async function ensureKey(dir: string, name: string): Promise<string> {
  try {
    return (await readPublicKey(dir, name)).publicKey;
  } catch (error) {
    if (!isGridPactError(error, 'keys.missing')) throw error;
    return (await createKey(dir, name)).publicKey;
  }
}

async function describeLoadedBackend(): Promise<string> {
  const { describeBackend, loadBackend } = await import('../../agents/backend.ts');
  return describeBackend(await loadBackend('auto'));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
