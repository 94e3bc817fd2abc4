/**
 * Checks that need no trust in the node that wrote a store: `auditStore` re-reads what is kept and holds it
 * against the headers, `replayStore` executes every block again from genesis.
 */
import { equalBytes, toHex } from '../base/bytes.ts';
import { isGridPactError } from '../base/errors.ts';
import { sha256, ZERO_HASH } from '../base/hash.ts';
import { LedgerApplication } from './application.ts';
import { HEADER, headerHash, type Header } from './header.ts';
import { merkleRoot } from './merkle.ts';
import { balances } from './query.ts';
import { readBlock, readHeader, readReceipts, readResults } from './reader.ts';
import type { KeyValueStore } from './store/kv.ts';
import { resultLeaf, ROW } from './store/rows.ts';

export interface Finding {
  readonly check: string;
  readonly height: number;
  readonly detail: string;
}

export interface AuditReport {
  readonly height: number;
  readonly blocks: number;
  readonly transactions: number;
  readonly receipts: number;
  readonly stateRoot: string;
  readonly ledgerSumMicro: number;
  /** Empty when all is well. */
  readonly findings: readonly Finding[];
}

export async function auditStore(store: KeyValueStore): Promise<AuditReport> {
  const findings: Finding[] = [];
  const note = (check: string, height: number, detail: string): void => void findings.push({ check, height, detail });
  const { app, damage } = await openForAudit(store);
  if (damage !== undefined) note('state', 0, damage);
  const genesis = (await store.get(ROW.genesis)) ?? new Uint8Array(0);
  const commit = await store.get(ROW.commit);
  const last = commit === undefined ? 0 : await heightOf(commit, note);
  let previous = sha256(genesis);
  let lastMs = -1;
  let transactions = 0;
  let receipts = 0;
  for (let height = 1; height <= last; height++) {
    const found = await auditBlock(store, height, previous, lastMs, note);
    transactions += found.transactions;
    receipts += found.receipts;
    previous = found.hash;
    lastMs = found.timeMs;
  }
  if (commit !== undefined && last > 0 && !equalBytes(previous, sha256(commit))) {
    note('commitRecord', last, 'the commit record is not the last header');
  }
  const sum = app === undefined ? 0 : balances(app).sumMicro;
  if (sum !== 0) note('ledgerSum', last, `balances sum to ${sum}`);
  const stateRoot = toHex(app?.state.root() ?? ZERO_HASH);
  return { height: last, blocks: last, transactions, receipts, stateRoot, ledgerSumMicro: sum, findings };
}

type Note = (check: string, height: number, detail: string) => void;

async function openForAudit(store: KeyValueStore) {
  try {
    return { app: await LedgerApplication.open({ store, clock: undefined }), damage: undefined };
  } catch (error) {
    if (!isGridPactError(error)) throw error;
    return { app: undefined, damage: error.message };
  }
}

async function heightOf(commit: Uint8Array, note: Note): Promise<number> {
  try {
    return HEADER.decode(commit).height;
  } catch (error) {
    note('commitRecord', 0, String(error));
    return 0;
  }
}

async function auditBlock(store: KeyValueStore, height: number, previous: Uint8Array, lastMs: number, note: Note) {
  try {
    const header = await readHeader(store, height);
    const block = await readBlock(store, height);
    const receipts = await readReceipts(store, height);
    const leaves = (await readResults(store, height)).map(resultLeaf);
    const { timeMs } = header;
    if (!equalBytes(header.previous, previous)) note('headerChain', height, 'previous hash differs');
    if (header.height !== height || timeMs <= lastMs) note('headerTime', height, `time ${timeMs} after ${lastMs}`);
    if (block.height !== height || block.timeMs !== timeMs) note('block', height, 'height or time differs');
    if (!agrees(header.txRoot, header.txCount, block.txs)) note('txRoot', height, 'transactions differ');
    if (!agrees(header.resultsRoot, header.txCount, leaves)) note('resultsRoot', height, 'results differ');
    if (!agrees(header.receiptsRoot, header.receiptCount, receipts)) note('receiptsRoot', height, 'receipts differ');
    return { hash: headerHash(header), timeMs, transactions: block.txs.length, receipts: receipts.length };
  } catch (error) {
    if (!isGridPactError(error)) throw error;
    note('unreadable', height, error.message);
    return { hash: previous, timeMs: lastMs, transactions: 0, receipts: 0 };
  }
}

function agrees(root: Uint8Array, count: number, leaves: readonly Uint8Array[]): boolean {
  return count === leaves.length && equalBytes(root, merkleRoot(leaves));
}

export interface ReplayReport {
  readonly blocks: number;
  readonly stateRoot: string;
  /** First block whose header came out differently, and how. */
  readonly divergence: { readonly height: number; readonly field: string; readonly detail: string } | undefined;
}

/** Execute all blocks again in memory and compare every header field. */
export async function replayStore(
  store: KeyValueStore,
  onBlock: (height: number, last: number) => void = () => undefined,
): Promise<ReplayReport> {
  const app = new LedgerApplication({ store: undefined, clock: undefined });
  const genesis = await store.get(ROW.genesis);
  const commit = await store.get(ROW.commit);
  if (genesis === undefined || commit === undefined) return { blocks: 0, stateRoot: '', divergence: undefined };
  app.initChain({ genesis });
  const last = HEADER.decode(commit).height;
  for (let height = 1; height <= last; height++) {
    const { header } = app.finalizeBlock(await readBlock(store, height));
    await app.commit();
    const field = firstDifference(await readHeader(store, height), header);
    if (field !== undefined) {
      const detail = `replay gives ${toHex(headerHash(header))}`;
      return { blocks: height, stateRoot: toHex(header.stateRoot), divergence: { height, field, detail } };
    }
    onBlock(height, last);
  }
  return { blocks: last, stateRoot: toHex(app.state.root()), divergence: undefined };
}

function firstDifference(kept: Header, made: Header): string | undefined {
  return HEADER.fields.map(([name]) => name as keyof Header).find((name) => !sameValue(kept[name], made[name]));
}

function sameValue(a: Header[keyof Header], b: Header[keyof Header]): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? equalBytes(a, b) : a === b;
}
