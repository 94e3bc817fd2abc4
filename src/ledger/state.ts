/**
 * State during execution: committed rows, a staged overlay for the block, a journal for the transaction.
 * Nothing reaches the committed map before `commit`, so a crash or a refused transaction leaves no trace.
 */
import { fromHex } from '../base/bytes.ts';
import { sortedEntries } from '../base/sorted.ts';
import { trieRoot, trieSet, trieProof, type TrieNode, type TrieProof } from './trie.ts';

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

export class State implements StateWriter {
  readonly #committed = new Map<StateKey, Uint8Array>();
  readonly #staged = new Map<StateKey, Uint8Array | undefined>();
  readonly #journal: [StateKey, boolean, Uint8Array | undefined][] = [];
  #trie: TrieNode = undefined;
  #stagedTrie: TrieNode = undefined;

  get(key: StateKey): Uint8Array | undefined {
    return this.#staged.has(key) ? this.#staged.get(key) : this.#committed.get(key);
  }

  set(key: StateKey, value: Uint8Array): void {
    this.#write(key, value);
  }

  delete(key: StateKey): void {
    if (this.get(key) !== undefined) this.#write(key, undefined);
  }

  #write(key: StateKey, value: Uint8Array | undefined): void {
    this.#journal.push([key, this.#staged.has(key), this.#staged.get(key)]);
    this.#staged.set(key, value);
  }

  /** Run `action`; if it throws, its writes are undone and the error goes on. */
  transact<T>(action: () => T): T {
    const mark = this.#journal.length;
    try {
      return action();
    } catch (error) {
      while (this.#journal.length > mark) {
        const [key, wasStaged, before] = this.#journal.pop()!;
        if (wasStaged) this.#staged.set(key, before);
        else this.#staged.delete(key);
      }
      throw error;
    }
  }

  /** The block's net changes in key order, and the root they lead to. */
  stage(): { readonly changes: readonly StateChange[]; readonly root: Uint8Array } {
    const changes = sortedEntries(this.#staged).filter(([key, value]) => value !== this.#committed.get(key));
    let trie = this.#trie;
    for (const [key, value] of changes) trie = trieSet(trie, fromHex(key), value);
    this.#stagedTrie = trie;
    return { changes, root: trieRoot(trie) };
  }

  /** Make the staged block the committed state. */
  commit(changes: readonly StateChange[]): void {
    for (const [key, value] of changes) {
      if (value === undefined) this.#committed.delete(key);
      else this.#committed.set(key, value);
    }
    this.#trie = this.#stagedTrie;
    this.discard();
  }

  discard(): void {
    this.#staged.clear();
    this.#journal.length = 0;
    this.#stagedTrie = this.#trie;
  }

  /** Rows from a store, on open. */
  load(rows: Iterable<readonly [StateKey, Uint8Array]>): void {
    for (const [key, value] of rows) {
      this.#committed.set(key, value);
      this.#trie = trieSet(this.#trie, fromHex(key), value);
    }
    this.discard();
  }

  root(): Uint8Array {
    return trieRoot(this.#trie);
  }

  /** Of the committed state. */
  prove(key: StateKey): TrieProof {
    return trieProof(this.#trie, fromHex(key));
  }

  committedGet(key: StateKey): Uint8Array | undefined {
    return this.#committed.get(key);
  }

  /** Committed rows of one bucket in key order: for queries and audit, not for execution. */
  scan(prefix: string): readonly (readonly [StateKey, Uint8Array])[] {
    return sortedEntries(this.#committed).filter(([key]) => key.startsWith(prefix));
  }
}
