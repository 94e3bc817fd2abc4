/**
 * The single-process engine: a pool, a block store, a signing key. A block is stored (synced) before it is
 * executed; the application persists in commit; on open a stored block that was not committed is executed
 * again, so a kill at any instant loses no committed block and pays nothing twice.
 */
import { equalBytes, toHex } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import { fail, type GridPactError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import type { Signer } from '../../base/signature.ts';
import { DAY_MS } from '../../grid/interval.ts';
import { LedgerApplication, MAX_BLOCK_BYTES, MAX_BLOCK_TXS } from '../application.ts';
import type { BlockEvents, Notice } from '../context.ts';
import { HEADER, signHeader, type Header, type SignedHeader } from '../header.ts';
import type { KeyValueStore } from '../store/kv.ts';
import { BLOCK_ROW, ROW } from '../store/rows.ts';
import { resultOf } from '../execute.ts';
import type { Block, CheckResult, FinalizeBlockResponse, TxResult } from './port.ts';

/** Named moments of a block's life, in order; tests kill the process at each. */
export type PersistStep = 'blockWriting' | 'blockWritten' | 'finalized' | 'committing' | 'committed';

export interface EmbeddedOptions {
  readonly store: KeyValueStore;
  /** Genesis document; on an existing store it must be the same one. Undefined: the store's own. */
  readonly genesis: Uint8Array | undefined;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly onStep?: (step: PersistStep, height: number) => void;
}

export interface ProducedBlock {
  readonly block: Block;
  readonly results: readonly TxResult[];
  readonly events: BlockEvents;
  readonly header: SignedHeader;
}

const MAX_POOL_TXS = 2 * MAX_BLOCK_TXS;
/** Block time may run ahead of the last block by at most this much a block; the rest follows in later blocks. */
const MAX_TIME_JUMP_MS = DAY_MS;

export class EmbeddedEngine {
  readonly app: LedgerApplication;
  readonly store: KeyValueStore;
  readonly #signer: Signer;
  readonly #clock: Clock;
  readonly #onStep: (step: PersistStep, height: number) => void;
  readonly #pool = new Map<string, Uint8Array>();
  #busy: Promise<unknown> = Promise.resolve();

  private constructor(app: LedgerApplication, options: EmbeddedOptions) {
    this.app = app;
    this.store = options.store;
    this.#signer = options.signer;
    this.#clock = options.clock;
    this.#onStep = options.onStep ?? (() => undefined);
  }

  /** Handshake: initChain on an empty store, then replay of stored blocks the application has not committed. */
  static async open(options: EmbeddedOptions): Promise<EmbeddedEngine> {
    const app = await LedgerApplication.open({ store: options.store, clock: options.clock });
    const engine = new EmbeddedEngine(app, options);
    await engine.#handshake(options.genesis);
    return engine;
  }

  async #handshake(given: Uint8Array | undefined): Promise<void> {
    const stored = await this.store.get(ROW.genesis);
    const genesis = stored ?? given;
    if (genesis === undefined) throw fail('genesis.malformed', { expected: 'a genesis document for an empty store' });
    if (given !== undefined && !equalBytes(given, genesis)) {
      throw fail('genesis.mismatch', { expected: toHex(sha256(genesis)), got: toHex(sha256(given)) });
    }
    if (stored === undefined) await this.store.write({ puts: [{ key: ROW.genesis, value: genesis }], deletes: [] });
    if (this.app.info().lastBlockHeight === 0) this.app.initChain({ genesis });
    for (;;) {
      const row = await this.store.get(ROW.block(this.app.info().lastBlockHeight + 1));
      if (row === undefined) return;
      this.app.finalizeBlock(BLOCK_ROW.decode(row));
      await this.app.commit();
    }
  }

  get height(): number {
    return this.app.info().lastBlockHeight;
  }

  /** Whether a transaction of this hash (hex) waits for a block. */
  isWaiting(hash: string): boolean {
    return this.#pool.has(hash);
  }

  get poolSize(): number {
    return this.#pool.size;
  }

  /** Check and, if it passes, hold for the next block. Idempotent: the same bytes twice are `tx.duplicate`. */
  submit(tx: Uint8Array): CheckResult & { readonly hash: string } {
    const hash = toHex(sha256(tx));
    if (this.#pool.has(hash)) return { ...refused(fail('tx.duplicate', { got: `${hash}, waiting` })), hash };
    if (this.#pool.size >= MAX_POOL_TXS) {
      return { ...refused(fail('pool.full', { expected: `at most ${MAX_POOL_TXS} waiting` })), hash };
    }
    const result = this.app.checkTx(tx);
    if (result.code === 0) this.#pool.set(hash, tx);
    return { ...result, hash };
  }

  /**
   * One block of what waits in the pool, then of `txs`, at `timeMs` (default: the clock's).
   * Calls queue: blocks are produced one at a time.
   */
  produce(options: { readonly timeMs?: number; readonly txs?: readonly Uint8Array[] } = {}): Promise<ProducedBlock> {
    const next = this.#busy.then(() => this.#produce(options.timeMs, options.txs ?? []));
    this.#busy = next.catch(() => undefined);
    return next;
  }

  async #produce(timeMs: number | undefined, txs: readonly Uint8Array[]): Promise<ProducedBlock> {
    const height = this.height + 1;
    const jumps: Notice[] = [];
    const time = this.#blockTime(timeMs ?? this.#clock.nowMs(), jumps);
    // The application cuts to size, so that a stop order far back in the pool still comes first.
    const waiting = [...this.#pool.values(), ...txs];
    const proposal = this.app.prepareProposal({ height, timeMs: time, txs: waiting }, MAX_BLOCK_BYTES);
    const block: Block = { height, timeMs: time, txs: proposal.txs };
    this.#keepForNext(txs, proposal.txs);
    const verdict = this.app.processProposal(block);
    if (verdict.status === 'reject') throw fail('block.invalid', { got: verdict.reason });
    this.#onStep('blockWriting', height);
    await this.store.write({ puts: [{ key: ROW.block(height), value: BLOCK_ROW.encode(block) }], deletes: [] });
    this.#onStep('blockWritten', height);
    const response = this.app.finalizeBlock(block);
    this.#onStep('finalized', height);
    const committing = this.app.commit();
    this.#onStep('committing', height);
    await committing;
    this.#onStep('committed', height);
    this.#dropIncluded(block);
    response.events.notices.push(...jumps);
    return this.#produced(block, response);
  }

  /** What did not fit beside the pool waits in it. */
  #keepForNext(given: readonly Uint8Array[], taken: readonly Uint8Array[]): void {
    const inBlock = new Set(taken);
    for (const tx of given) if (!inBlock.has(tx)) this.#pool.set(toHex(sha256(tx)), tx);
  }

  #produced(block: Block, { txResults, events, header }: FinalizeBlockResponse): ProducedBlock {
    return { block, results: txResults, events, header: signHeader(header, this.#signer) };
  }

  /** max(clock, previous + 1), at most a bounded jump ahead. */
  #blockTime(wantedMs: number, jumps: Notice[]): number {
    const last = this.app.lastHeader?.timeMs;
    if (last === undefined) return Math.max(wantedMs, this.app.genesis.initialTimeMs);
    const timeMs = Math.min(Math.max(wantedMs, last + 1), last + MAX_TIME_JUMP_MS);
    if (timeMs < wantedMs) {
      jumps.push({ kind: 'timeJump', interval: -1, deployment: '', detail: `clock ${wantedMs}, block time ${timeMs}` });
    }
    return timeMs;
  }

  #dropIncluded(block: Block): void {
    for (const tx of block.txs) this.#pool.delete(toHex(sha256(tx)));
    // What waits was checked against the state before this block: check again, keep what still passes.
    for (const [hash, tx] of [...this.#pool]) {
      if (this.app.checkTx(tx).code !== 0) this.#pool.delete(hash);
    }
  }

  /** The engine's signature is a function of header and key, so it is made when asked for. */
  sign(header: Header): SignedHeader {
    return signHeader(header, this.#signer);
  }

  /** @throws `block.unknown`. */
  async header(height: number): Promise<SignedHeader> {
    const row = await this.store.get(ROW.header(height));
    if (row === undefined) throw fail('block.unknown', { expected: `1..${this.height}`, got: height });
    return this.sign(HEADER.decode(row));
  }

  async close(): Promise<void> {
    await this.#busy;
    await this.store.close();
  }
}

function refused(refusal: GridPactError): CheckResult {
  return { ...resultOf(refusal), refusal };
}
