/** The directory of a ledger: the store's files, and beside them the key that signs its block headers. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../base/errors.ts';
import { openStore, type KeyValueStore } from '../ledger/store/kv.ts';
import { ROW } from '../ledger/store/rows.ts';

/** Name of the key file. */
export const NODE_KEY = 'node';

/**
 * Runs `work` on a store that exists; reading never makes one.
 * @throws `store.missing`, `store.locked`, `store.damaged`.
 */
export async function withLedger<T>(directory: string, work: (store: KeyValueStore) => Promise<T>): Promise<T> {
  const missing = (): Error => fail('store.missing', { expected: 'the --data directory of a ledger', got: directory });
  // Every level store has a CURRENT; opening a directory without one would make a store there.
  await access(join(directory, 'CURRENT')).catch(() => {
    throw missing();
  });
  const store = await openStore(directory);
  try {
    if ((await store.get(ROW.genesis)) === undefined) throw missing();
    return await work(store);
  } finally {
    await store.close();
  }
}
