/** Run the tiny market to an end and say everything it came to. As a program: STEPS, one line of JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concatBytes, toHex } from '../../src/base/bytes.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { sha256 } from '../../src/base/hash.ts';
import { EmbeddedEngine } from '../../src/ledger/engines/embedded.ts';
import { encodeGenesis } from '../../src/ledger/genesis.ts';
import { balances } from '../../src/ledger/query.ts';
import { allReceipts } from '../../src/ledger/reader.ts';
import { RECEIPT } from '../../src/ledger/receipt.ts';
import { openStore, type KeyValueStore } from '../../src/ledger/store/kv.ts';
import { runTwin, type IntervalRecord } from '../../src/twin/run.ts';
import { nodeSigner, twinGenesis, type TwinScenario } from '../../src/twin/scenario.ts';
import { tinyScenario } from './tinyTwin.ts';

export interface TwinOutcome {
  readonly height: number;
  readonly stateRoot: string;
  readonly receipts: number;
  /** SHA-256 of all receipts in order. */
  readonly receiptsDigest: string;
  readonly sumMicro: number;
  readonly records: readonly IntervalRecord[];
}

/** Up to `until`, each stop with the store closed and opened again; a fresh directory for every call. */
export async function twinOutcome(
  scenario: TwinScenario,
  stops: readonly number[] = [],
  look: (store: KeyValueStore) => Promise<void> = () => Promise.resolve(),
): Promise<TwinOutcome> {
  const directory = mkdtempSync(join(tmpdir(), 'gridpact-twin-'));
  try {
    for (const untilHeight of stops) await once(scenario, directory, untilHeight);
    return await once(scenario, directory, undefined, look);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function once(
  scenario: TwinScenario,
  directory: string,
  untilHeight: number | undefined,
  look?: (store: KeyValueStore) => Promise<void>,
): Promise<TwinOutcome> {
  const store = await openStore(directory);
  const genesis = encodeGenesis(twinGenesis(scenario));
  const signer = nodeSigner(scenario);
  const engine = await EmbeddedEngine.open({ store, genesis, signer, clock: new ManualClock(0) });
  const run = await runTwin(engine, scenario, untilHeight === undefined ? {} : { untilHeight });
  const leaves: Uint8Array[] = [];
  for await (const { receipt } of allReceipts(store)) leaves.push(RECEIPT.encode(receipt));
  await look?.(store);
  const outcome = {
    height: engine.height,
    stateRoot: toHex(run.lastHeader.stateRoot),
    receipts: leaves.length,
    receiptsDigest: toHex(sha256(concatBytes(...leaves))),
    sumMicro: balances(engine.app).sumMicro,
    records: run.records,
  };
  await engine.close();
  return outcome;
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(JSON.stringify(await twinOutcome(tinyScenario(Number(process.argv[2])))));
}
