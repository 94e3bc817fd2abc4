/** A short recorded history of a market, to be fed to engines over real stores. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../../src/base/clock.ts';
import type { Block } from '../../src/ledger/engines/port.ts';
import { EmbeddedEngine, type EmbeddedOptions } from '../../src/ledger/engines/embedded.ts';
import { openStore, type KeyValueStore } from '../../src/ledger/store/kv.ts';
import { Market, signer } from '../support/market.ts';

export interface Recorded {
  readonly genesis: Uint8Array;
  readonly blocks: readonly Block[];
  readonly stateRoot: string;
  readonly market: Market;
}

/** Set-up and `intervals` intervals of two assets, a correction among them: 5 + `intervals` blocks. */
export async function recordHistory(intervals = 4): Promise<Recorded> {
  const market = await Market.open({ assets: 2 });
  for (let k = 0; k <= intervals; k++) {
    const metered = k === 0 ? [] : market.assets.map((asset) => market.metered(asset, k - 1));
    const corrected = k === 2 ? [market.ruled('bess-1', 0, 1, { eStorageMilliWh: 500000 })] : [];
    await market.block(market.at(k), [
      ...metered,
      ...market.assets.map((asset) => market.seen(asset, market.at(k))),
      ...corrected,
    ]);
  }
  return { genesis: market.genesis, blocks: market.blocks, stateRoot: market.stateRoot, market };
}

/** A directory for a store, removed by `done`. */
export function temporaryStore(): { readonly directory: string; open(): Promise<KeyValueStore>; done(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'gridpact-store-'));
  return {
    directory,
    open: () => openStore(directory),
    done: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export function openEngine(
  store: KeyValueStore,
  genesis: Uint8Array | undefined,
  more: Partial<EmbeddedOptions> = {},
): Promise<EmbeddedEngine> {
  return EmbeddedEngine.open({ store, genesis, signer: signer('node'), clock: new ManualClock(0), ...more });
}

export async function feed(engine: EmbeddedEngine, blocks: readonly Block[]): Promise<void> {
  for (const { timeMs, txs } of blocks) await engine.produce({ timeMs, txs });
}
