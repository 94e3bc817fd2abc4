/**
 * State: committed rows with their trie, and overlays staged on them. A block runs on one overlay, the
 * mempool's checks on another; a transaction's writes are journalled, so that a refused one leaves no trace.
 * Nothing reaches the committed rows before `commit`.
 */
import { fromHex } from '../base/bytes.ts';
import { sortedEntries, sortedEntriesWhere } from '../base/sorted.ts';
import { trieProof, trieRoot, trieSet, type TrieNode, type TrieProof } from './trie.ts';

/** Keys are lower-case hex of bucket byte and key bytes: comparable as text in byte order. */
export type StateKey = string;

export interface StateReader {
  get(key: StateKey): Uint8Array | undefined;
}

export interface StateWriter extends StateReader {
  set(key: StateKey, value: Uint8Array): void;
  delete(key: StateKey): void;
}

export type StateChange = readonly [key: StateKey, value: Uint8Array | undefined];

/** A block's net effect: changes in key order and the trie they lead to. */
export interface StagedChanges {
  readonly changes: readonly StateChange[];
  readonly trie: TrieNode;
  readonly root: Uint8Array;
}

export class CommittedState implements StateReader {
  readonly #rows = new Map<StateKey, Uint8Array>();
  #trie: TrieNode = undefined;

  get(key: StateKey): Uint8Array | undefined {
    return this.#rows.get(key);
  }

  trie(): TrieNode {
    return this.#trie;
  }

  root(): Uint8Array {
    return trieRoot(this.#trie);
  }

  size(): number {
    return this.#rows.size;
  }

  prove(key: StateKey): TrieProof {
    return trieProof(this.#trie, fromHex(key));
  }

  /** Rows whose key starts with `prefix`, in key order: for queries, snapshots and audit, not for execution. */
  scan(prefix: string): readonly (readonly [StateKey, Uint8Array])[] {
    return sortedEntriesWhere(this.#rows, (key) => key.startsWith(prefix));
  }

  commit({ changes, trie }: StagedChanges): void {
    for (const [key, value] of changes) {
      if (value === undefined) this.#rows.delete(key);
      else this.#rows.set(key, value);
    }
    this.#trie = trie;
  }
}

export class StagedState implements StateWriter {
  readonly #base: CommittedState;
  readonly #staged = new Map<StateKey, Uint8Array | undefined>();
  readonly #journal: { key: StateKey; wasStaged: boolean; before: Uint8Array | undefined }[] = [];

  constructor(base: CommittedState) {
    this.#base = base;
  }

  get(key: StateKey): Uint8Array | undefined {
    return this.#staged.has(key) ? this.#staged.get(key) : this.#base.get(key);
  }

  set(key: StateKey, value: Uint8Array): void {
    this.#write(key, value);
  }

  delete(key: StateKey): void {
    if (this.get(key) !== undefined) this.#write(key, undefined);
  }

  #write(key: StateKey, value: Uint8Array | undefined): void {
    this.#journal.push({ key, wasStaged: this.#staged.has(key), before: this.#staged.get(key) });
    this.#staged.set(key, value);
  }

  /** Run `action`; if it throws, its writes are undone and the error goes on. */
  transact<T>(action: () => T): T {
    this.#journal.length = 0;
    try {
      return action();
    } catch (error) {
      for (let i = this.#journal.length - 1; i >= 0; i--) {
        const { key, wasStaged, before } = this.#journal[i]!;
        if (wasStaged) this.#staged.set(key, before);
        else this.#staged.delete(key);
      }
      throw error;
    }
  }

  stage(): StagedChanges {
    const changes = sortedEntries(this.#staged).filter(([key, value]) => value !== this.#base.get(key));
    let trie = this.#base.trie();
    for (const [key, value] of changes) trie = trieSet(trie, fromHex(key), value);
    return { changes, trie, root: trieRoot(trie) };
  }
}
