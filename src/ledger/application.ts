/**
 * The ledger as an ABCI 2.0 application. State is staged in finalizeBlock and persisted in commit by one
 * atomic synced batch; until then a crash leaves the last committed block, and `info` names that block.
 */
import { equalBytes, toHex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { fail, isGridPactError } from '../base/errors.ts';
import { sha256, ZERO_HASH } from '../base/hash.ts';
import { ContentCache, type BlockContext, type BlockEvents } from './context.ts';
import type {
  Application,
  Block,
  CheckResult,
  FinalizeBlockResponse,
  InfoResponse,
  InitChainRequest,
  QueryRequest,
  QueryResponse,
  Snapshot,
  TxResult,
} from './engines/port.ts';
import { checkTx, executeBlock } from './execute.ts';
import { MAX_BLOCK_GAS, txGas } from './gas.ts';
import { decodeGenesis, type Genesis } from './genesis.ts';
import { HEADER, HEADER_VERSION, headerHash, type Header } from './header.ts';
import { writeInitialState } from './initialState.ts';
import { merkleRoot } from './merkle.ts';
import { runQuery } from './query.ts';
import { RECEIPT } from './receipt.ts';
import { readSnapshot, SNAPSHOT_FORMAT, snapshotChunk, snapshotOf, type SnapshotContent } from './snapshot.ts';
import { CommittedState, StagedState, type StagedChanges } from './state.ts';
import type { Batch, KeyValueStore } from './store/kv.ts';
import { resultLeaf, RESULTS_ROW, ROW } from './store/rows.ts';
import { genesisTable } from './tables.ts';
import { decodeTx, MAX_TX_BYTES, TX_TAG } from './transaction.ts';

export const MAX_BLOCK_TXS = 4096;
export const MAX_BLOCK_BYTES = 4194304;
const APP_VERSION = 'gridpact/1';

interface Pending {
  readonly header: Header;
  readonly staged: StagedChanges;
  readonly results: readonly TxResult[];
  readonly events: BlockEvents;
}

export interface ApplicationOptions {
  /** Undefined keeps everything in memory: replay and tests of pure execution. */
  readonly store: KeyValueStore | undefined;
  /** Tells checkTx roughly when the next block will be; execution itself only knows block time. */
  readonly clock: Clock | undefined;
}

export class LedgerApplication implements Application {
  readonly state = new CommittedState();
  readonly cache = new ContentCache();
  readonly #store: KeyValueStore | undefined;
  readonly #clock: Clock | undefined;
  #genesis: Genesis | undefined;
  #genesisBytes = new Uint8Array(0);
  #header: Header | undefined;
  #overlay = new StagedState(this.state);
  #check = new StagedState(this.state);
  #pending: Pending | undefined;
  #arriving: { readonly appHash: Uint8Array; readonly chunks: Uint8Array[]; readonly expected: number } | undefined;

  constructor({ store, clock }: ApplicationOptions) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * The committed state of a store, its root recomputed from every row and compared with the commit record.
   * @throws `store.damaged`.
   */
  static async open(options: ApplicationOptions & { readonly store: KeyValueStore }): Promise<LedgerApplication> {
    const app = new LedgerApplication(options);
    const commit = await options.store.get(ROW.commit);
    if (commit === undefined) return app;
    const rows: [string, Uint8Array][] = [];
    for await (const [key, value] of options.store.scan(ROW.statePrefix)) {
      rows.push([key.slice(ROW.statePrefix.length), value]);
    }
    const genesisBytes = await options.store.get(ROW.genesis);
    try {
      const header = HEADER.decode(commit);
      if (!equalBytes(commit, (await options.store.get(ROW.header(header.height))) ?? new Uint8Array(0))) {
        throw fail('store.damaged', { expected: `the commit record to be header ${header.height}` });
      }
      app.#restore(header, rows, genesisBytes ?? new Uint8Array(0));
    } catch (cause) {
      if (isGridPactError(cause, 'store.damaged')) throw cause;
      throw fail('store.damaged', { expected: 'readable commit record, genesis and state rows', cause });
    }
    return app;
  }

  #restore(header: Header, rows: readonly (readonly [string, Uint8Array])[], genesisBytes: Uint8Array): void {
    const loading = new StagedState(this.state);
    for (const [key, value] of rows) loading.set(key, value);
    const staged = loading.stage();
    if (!equalBytes(staged.root, header.stateRoot)) {
      const expected = `state root ${toHex(header.stateRoot)} of block ${header.height}`;
      throw fail('store.damaged', { expected, got: toHex(staged.root) });
    }
    // The rules of the chain are part of its state: a genesis beside it must be that one.
    if (!equalBytes(genesisBytes, genesisTable.get(loading) ?? new Uint8Array(0))) {
      throw fail('store.damaged', { expected: 'the genesis document that the state was begun with' });
    }
    this.#genesis = decodeGenesis(genesisBytes);
    this.#genesisBytes = Uint8Array.from(genesisBytes);
    this.#header = header;
    this.state.commit(staged);
    this.#reset();
  }

  get genesis(): Genesis {
    if (this.#genesis === undefined) throw fail('genesis.malformed', { expected: 'initChain first', got: 'nothing' });
    return this.#genesis;
  }

  /** Header of the last committed block; undefined before the first. */
  get lastHeader(): Header | undefined {
    return this.#header;
  }

  info(): InfoResponse {
    return {
      version: APP_VERSION,
      lastBlockHeight: this.#header?.height ?? 0,
      lastBlockAppHash: this.#header === undefined ? ZERO_HASH : headerHash(this.#header),
    };
  }

  initChain({ genesis: bytes }: InitChainRequest): { readonly appHash: Uint8Array } {
    this.#genesis = decodeGenesis(bytes);
    this.#genesisBytes = Uint8Array.from(bytes);
    this.#reset();
    return { appHash: sha256(bytes) };
  }

  /** Against the committed state and what was checked since; the overlay is dropped at the next commit. */
  checkTx(tx: Uint8Array): CheckResult {
    const lastMs = this.#lastTimeMs();
    const tMs = Math.max(lastMs + 1, this.#clock?.nowMs() ?? 0);
    return checkTx(this.#context(this.#check, this.info().lastBlockHeight + 1, tMs), tx);
  }

  /** Stop orders first, then in order of arrival, as far as count and bytes reach. */
  prepareProposal(block: Block, maxBytes: number): { readonly txs: readonly Uint8Array[] } {
    const txs: Uint8Array[] = [];
    let bytes = 0;
    let gas = 0;
    for (const tx of stopOrdersFirst(block.txs)) {
      bytes += tx.length;
      gas += txGas(tx);
      if (txs.length >= MAX_BLOCK_TXS || bytes > Math.min(maxBytes, MAX_BLOCK_BYTES) || gas > MAX_BLOCK_GAS) break;
      txs.push(tx);
    }
    return { txs };
  }

  processProposal(block: Block): { readonly status: 'accept' | 'reject'; readonly reason: string } {
    try {
      this.#checkBlock(block);
      return { status: 'accept', reason: '' };
    } catch (error) {
      if (!isGridPactError(error)) throw error;
      return { status: 'reject', reason: error.message };
    }
  }

  /** Readings come as transactions, so a vote has nothing to add. */
  extendVote(): { readonly extension: Uint8Array } {
    return { extension: new Uint8Array(0) };
  }

  verifyVoteExtension(extension: Uint8Array): 'accept' | 'reject' {
    return extension.length === 0 ? 'accept' : 'reject';
  }

  finalizeBlock(block: Block): FinalizeBlockResponse {
    this.#checkBlock(block);
    // A second call for the same height (a replay) starts over from the committed state.
    if (this.#pending !== undefined) this.#reset();
    const context = this.#context(this.#overlay, block.height, block.timeMs);
    const results = this.#execute(context, block.txs);
    const staged = this.#overlay.stage();
    const header = this.#makeHeader(block, results, context.events, staged.root);
    this.#pending = { header, staged, results, events: context.events };
    return { txResults: results, appHash: headerHash(header), events: context.events, header };
  }

  /** Only a bug throws here; what it had staged must not leak into the next attempt. */
  #execute(context: BlockContext, txs: readonly Uint8Array[]): readonly TxResult[] {
    try {
      return executeBlock(context, txs);
    } catch (error) {
      this.#reset();
      throw error;
    }
  }

  async commit(): Promise<{ readonly retainHeight: number }> {
    const pending = this.#pending;
    if (pending === undefined) throw fail('block.invalid', { expected: 'finalizeBlock before commit' });
    await this.#store?.write(commitBatch(pending));
    this.state.commit(pending.staged);
    this.#header = pending.header;
    this.#reset();
    return { retainHeight: 0 };
  }

  query(request: QueryRequest): QueryResponse {
    const value = runQuery(this, request);
    return { height: this.info().lastBlockHeight, value };
  }

  listSnapshots(): readonly Snapshot[] {
    return this.#header === undefined ? [] : [snapshotOf(this.state, this.#header)];
  }

  loadSnapshotChunk(height: number, format: number, chunk: number): Uint8Array {
    const [snapshot] = this.listSnapshots();
    if (snapshot === undefined || snapshot.height !== height || snapshot.format !== format) {
      throw fail('block.unknown', { expected: `a snapshot of height ${snapshot?.height}`, got: height });
    }
    return snapshotChunk(this.state, this.#header!, chunk);
  }

  /** Only a fresh application takes one, and only under an app hash that the engine trusts. */
  offerSnapshot(snapshot: Snapshot, appHash: Uint8Array): 'accept' | 'reject' {
    const fresh = this.#header === undefined && this.state.size() === 0;
    const known = snapshot.format === SNAPSHOT_FORMAT && equalBytes(snapshot.hash, appHash);
    if (!fresh || !known || snapshot.chunks < 1) return 'reject';
    this.#arriving = { appHash, chunks: [], expected: snapshot.chunks };
    return 'accept';
  }

  async applySnapshotChunk(index: number, chunk: Uint8Array): Promise<'accept' | 'retry' | 'reject'> {
    if (this.#arriving === undefined) return 'reject';
    const { chunks, appHash, expected } = this.#arriving;
    if (index !== chunks.length) return 'retry';
    chunks.push(chunk);
    if (chunks.length < expected) return 'accept';
    this.#arriving = undefined;
    const read = readSnapshot(chunks, appHash);
    if (read === 'damaged' || !this.#adopts(read)) return 'reject';
    await this.#store?.write({
      puts: [
        { key: ROW.genesis, value: read.genesis },
        { key: ROW.commit, value: HEADER.encode(read.header) },
        { key: ROW.header(read.header.height), value: HEADER.encode(read.header) },
        ...read.rows.map(([key, value]) => ({ key: ROW.state(key), value })),
      ],
      deletes: [],
    });
    return 'accept';
  }

  #adopts({ header, rows, genesis }: SnapshotContent): boolean {
    try {
      this.#restore(header, rows, genesis);
      return true;
    } catch (error) {
      if (isGridPactError(error)) return false;
      throw error;
    }
  }

  #reset(): void {
    this.#overlay = new StagedState(this.state);
    this.#check = new StagedState(this.state);
    this.#pending = undefined;
    if (this.#header === undefined && this.#genesis !== undefined) {
      // Persisted with the first block, as ABCI has it.
      writeInitialState(this.#overlay, this.#genesis, this.#genesisBytes);
      writeInitialState(this.#check, this.#genesis, this.#genesisBytes);
    }
  }

  #lastTimeMs(): number {
    return this.#header?.timeMs ?? this.genesis.initialTimeMs - 1;
  }

  #context(state: StagedState, height: number, tMs: number): BlockContext {
    const events: BlockEvents = { receipts: [], notices: [] };
    return { state, genesis: this.genesis, cache: this.cache, height, tMs, events };
  }

  /** @throws `block.invalid`. */
  #checkBlock({ height, timeMs, txs }: Block): void {
    const expected = this.info().lastBlockHeight + 1;
    if (height !== expected) throw fail('block.invalid', { expected: `height ${expected}`, got: height });
    const lastMs = this.#lastTimeMs();
    if (!Number.isSafeInteger(timeMs) || timeMs <= lastMs) {
      throw fail('block.invalid', { expected: `block time after ${lastMs}`, got: timeMs });
    }
    let bytes = 0;
    for (const tx of txs) bytes += tx.length;
    // Count and bytes first: they bound what reading the gas of each can cost.
    let gas = 0;
    if (txs.length <= MAX_BLOCK_TXS && bytes <= MAX_BLOCK_BYTES) for (const tx of txs) gas += txGas(tx);
    if (txs.length > MAX_BLOCK_TXS || bytes > MAX_BLOCK_BYTES || gas > MAX_BLOCK_GAS) {
      const got = `${txs.length} transactions, ${bytes} bytes, ${gas} gas`;
      throw fail('block.invalid', {
        expected: `at most ${MAX_BLOCK_TXS}, ${MAX_BLOCK_BYTES} bytes, ${MAX_BLOCK_GAS} gas`,
        got,
      });
    }
  }

  #makeHeader(block: Block, results: readonly TxResult[], events: BlockEvents, stateRoot: Uint8Array): Header {
    return {
      v: HEADER_VERSION,
      chain: this.genesis.chain,
      height: block.height,
      timeMs: block.timeMs,
      previous: this.#header === undefined ? sha256(this.#genesisBytes) : headerHash(this.#header),
      txCount: block.txs.length,
      txRoot: merkleRoot(block.txs),
      resultsRoot: merkleRoot(results.map(resultLeaf)),
      receiptCount: events.receipts.length,
      receiptsRoot: merkleRoot(events.receipts.map((receipt) => RECEIPT.encode(receipt))),
      stateRoot,
    };
  }
}

function commitBatch({ header, staged, results, events }: Pending): Batch {
  const encoded = HEADER.encode(header);
  const puts = [
    { key: ROW.commit, value: encoded },
    { key: ROW.header(header.height), value: encoded },
    { key: ROW.results(header.height), value: RESULTS_ROW.encode({ results }) },
    ...events.receipts.map((receipt, i) => ({ key: ROW.receipt(header.height, i), value: RECEIPT.encode(receipt) })),
  ];
  const deletes: string[] = [];
  for (const [key, value] of staged.changes) {
    if (value === undefined) deletes.push(ROW.state(key));
    else puts.push({ key: ROW.state(key), value });
  }
  return { puts, deletes };
}

/** A stop order takes along what its account sent before it: overtaking those would break the nonce order. */
function stopOrdersFirst(txs: readonly Uint8Array[]): readonly Uint8Array[] {
  const senders = txs.map(senderOf);
  const lastStop = new Map<string, number>();
  senders.forEach((sender, i) => {
    if (sender?.stops === true) lastStop.set(sender.from, i);
  });
  const isUrgent = (i: number): boolean => i <= (lastStop.get(senders[i]?.from ?? '') ?? -1);
  return [...txs.filter((_, i) => isUrgent(i)), ...txs.filter((_, i) => !isUrgent(i))];
}

/** Anything that does not decode is no stop order; it will be refused in execution. */
function senderOf(tx: Uint8Array): { readonly from: string; readonly stops: boolean } | undefined {
  if (tx.length > MAX_TX_BYTES || tx[0] !== TX_TAG.account) return undefined;
  try {
    const decoded = decodeTx(tx);
    if (decoded.type !== 'account') return undefined;
    return { from: decoded.tx.from, stops: decoded.tx.kind === 'deployment.suspend' };
  } catch {
    return undefined;
  }
}
