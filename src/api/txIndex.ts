/**
 * Where a transaction was committed, by hash. A reader's aid beside the chain, kept in memory and rebuilt from
 * recent blocks: it is no part of state, and nothing but answers to clients depends on it.
 */
import { toHex } from '../base/bytes.ts';
import { sha256 } from '../base/hash.ts';
import type { EmbeddedEngine } from '../ledger/engines/embedded.ts';
import { readBlock } from '../ledger/reader.ts';

export interface TxPosition {
  readonly height: number;
  readonly index: number;
}

/** At about 150 bytes each, 15 MB. */
const MAX_TRANSACTIONS = 100000;
/** Older blocks are not indexed: a day and more at a block every ten seconds. */
const MAX_BLOCKS = 10000;

export class TxIndex {
  readonly #engine: EmbeddedEngine;
  readonly #positions = new Map<string, TxPosition>();
  #indexed = 0;
  #busy: Promise<void> = Promise.resolve();

  constructor(engine: EmbeddedEngine) {
    this.#engine = engine;
  }

  /** Undefined when no recent block holds it. */
  async find(hash: string): Promise<TxPosition | undefined> {
    const next = this.#busy.then(() => this.#catchUp());
    this.#busy = next.catch(() => undefined);
    await next;
    return this.#positions.get(hash);
  }

  async #catchUp(): Promise<void> {
    const last = this.#engine.height;
    for (let height = Math.max(this.#indexed, last - MAX_BLOCKS) + 1; height <= last; height++) {
      const { txs } = await readBlock(this.#engine.store, height);
      txs.forEach((tx, index) => this.#add(toHex(sha256(tx)), { height, index }));
      this.#indexed = height;
    }
  }

  /** The oldest make room. Of a hash in several blocks the last counts: only that one can have been accepted. */
  #add(hash: string, position: TxPosition): void {
    this.#positions.delete(hash);
    this.#positions.set(hash, position);
    if (this.#positions.size <= MAX_TRANSACTIONS) return;
    const [oldest] = this.#positions.keys();
    this.#positions.delete(oldest!);
  }
}
