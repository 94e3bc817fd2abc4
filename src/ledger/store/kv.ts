/**
 * The one door to disk: an ordered byte store with atomic batches. `sync` batches are on disk when the
 * promise resolves; that is the ledger's only durability promise, and it comes from level.
 */
import { Level } from 'level';
import { fail } from '../../base/errors.ts';

export interface Put {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface Batch {
  readonly puts: readonly Put[];
  readonly deletes: readonly string[];
}

export interface KeyValueStore {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Rows whose key starts with `prefix`, ascending, from the key `from` on when it is given. */
  scan(prefix: string, from?: string): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** All of it or none, on disk when resolved. */
  write(batch: Batch): Promise<void>;
  close(): Promise<void>;
}

/** @throws `store.locked` when another process holds it, `store.damaged` when it cannot be opened. */
export async function openStore(directory: string): Promise<KeyValueStore> {
  const db = new Level<string, Uint8Array>(directory, { keyEncoding: 'utf8', valueEncoding: 'view' });
  try {
    await db.open();
  } catch (cause) {
    const locked = (cause as { cause?: { code?: string } }).cause?.code === 'LEVEL_LOCKED';
    throw fail(locked ? 'store.locked' : 'store.damaged', { got: directory, cause });
  }
  return {
    async get(key) {
      return await db.get(key);
    },
    async *scan(prefix, from = prefix) {
      // '~' sorts after every character of a key (hex digits, letters, '/').
      for await (const [key, value] of db.iterator({ gte: from, lt: `${prefix}~` })) yield [key, value];
    },
    async write({ puts, deletes }) {
      await db.batch(
        [
          ...puts.map(({ key, value }) => ({ type: 'put' as const, key, value })),
          ...deletes.map((key) => ({ type: 'del' as const, key })),
        ],
        { sync: true },
      );
    },
    async close() {
      await db.close();
    },
  };
}
