/** The embedded engine over real stores: restart, replay, damage, time. */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { auditStore, replayStore } from '../../src/ledger/audit.ts';
import type { PersistStep } from '../../src/ledger/engines/embedded.ts';
import { verifyHeader } from '../../src/ledger/header.ts';
import { readStatement } from '../../src/ledger/reader.ts';
import type { KeyValueStore } from '../../src/ledger/store/kv.ts';
import { ROW } from '../../src/ledger/store/rows.ts';
import { accountTable } from '../../src/ledger/tables.ts';
import { signTx } from '../../src/ledger/transaction.ts';
import { MAX_BLOCK_TXS } from '../../src/ledger/application.ts';
import { CHAIN, Market, signer } from '../support/market.ts';
import { feed, openEngine, recordHistory, temporaryStore, type Recorded } from '../support/recorded.ts';

let history: Recorded;
let place: ReturnType<typeof temporaryStore>;
let store: KeyValueStore;

beforeAll(async () => {
  history = await recordHistory();
});
beforeEach(async () => {
  place = temporaryStore();
  store = await place.open();
});
afterEach(async () => {
  await store.close();
  place.done();
});

async function reopened(): Promise<KeyValueStore> {
  await store.close();
  store = await place.open();
  return store;
}

async function alter(key: string, change: (value: Uint8Array) => Uint8Array): Promise<void> {
  const value = await store.get(key);
  if (value === undefined) throw new Error(`no row ${key}`);
  await store.write({ puts: [{ key, value: change(value) }], deletes: [] });
}

const flipLast = (value: Uint8Array): Uint8Array => value.map((b, i) => (i === value.length - 1 ? b ^ 1 : b));

describe('restart', () => {
  it('comes back to the committed block, and to the same end', async () => {
    const engine = await openEngine(store, history.genesis);
    await feed(engine, history.blocks.slice(0, 5));
    const root = toHex(engine.app.state.root());
    const again = await openEngine(await reopened(), undefined);
    expect([again.height, toHex(again.app.state.root())]).toEqual([5, root]);
    await feed(again, history.blocks.slice(5));
    expect(toHex(again.app.state.root())).toBe(history.stateRoot);
  });

  const steps: readonly (readonly [PersistStep, number])[] = [
    ['blockWriting', 5],
    ['blockWritten', 6],
    ['finalized', 6],
    ['committed', 6],
  ];
  it.each(steps)('stopped at %s of block 6 it resumes at height %i', async (stop, height) => {
    const onStep = (step: PersistStep, at: number): void => {
      if (step === stop && at === 6) throw new Error('stopped');
    };
    const engine = await openEngine(store, history.genesis, { onStep });
    await expect(feed(engine, history.blocks)).rejects.toThrow('stopped');
    const again = await openEngine(await reopened(), history.genesis);
    expect(again.height).toBe(height);
    await feed(again, history.blocks.slice(height));
    expect(toHex(again.app.state.root())).toBe(history.stateRoot);
    expect((await auditStore(store)).findings).toEqual([]);
  });

  it('a block stored but not committed is executed once', async () => {
    const engine = await openEngine(store, history.genesis, {
      onStep: (step, at) => {
        if (step === 'finalized' && at === history.blocks.length) throw new Error('stopped');
      },
    });
    await expect(feed(engine, history.blocks)).rejects.toThrow('stopped');
    const again = await openEngine(await reopened(), undefined);
    expect(toHex(again.app.state.root())).toBe(history.stateRoot);
    const { netMicro } = await readStatement(store, 'owner-1');
    expect(netMicro).toBe(history.market.account('owner-1') + history.market.receivable('owner-1'));
  });

  it('another genesis is not this chain’s', async () => {
    await openEngine(store, history.genesis);
    const other = Market.bare({ assets: 3 }).genesis;
    await expect(openEngine(await reopened(), other)).rejects.toThrow('genesis.mismatch');
  });

  it('an empty store needs a genesis', async () => {
    await expect(openEngine(store, undefined)).rejects.toThrow('genesis.malformed');
  });

  it('a store open elsewhere is locked', async () => {
    await expect(place.open()).rejects.toThrow('store.locked');
  });
});

describe('a block that cannot hold everything', () => {
  it('leaves the rest waiting for the next one', async () => {
    const engine = await openEngine(store, history.genesis);
    await feed(engine, history.blocks.slice(0, 5));
    const { name, nonce } = { name: 'buyer', nonce: accountTable.get(engine.app.state, 'buyer')!.nonce };
    const body = { to: 'owner-1', micro: 1 };
    const held = signer(name);
    const txs = Array.from({ length: MAX_BLOCK_TXS + 3 }, (_, i) =>
      signTx({ chain: CHAIN, from: name, nonce: nonce + i, kind: 'account.transfer', body }, held),
    );
    const first = await engine.produce({ timeMs: engine.app.lastHeader!.timeMs + 1, txs });
    expect([first.block.txs.length, engine.poolSize]).toEqual([MAX_BLOCK_TXS, 3]);
    const second = await engine.produce({ timeMs: engine.app.lastHeader!.timeMs + 1 });
    expect(second.results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(accountTable.get(engine.app.state, 'buyer')!.nonce).toBe(nonce + txs.length);
  }, 30000);
});

describe('damage on open', () => {
  beforeEach(async () => {
    await feed(await openEngine(store, history.genesis), history.blocks);
  });

  it('a flipped bit in any state row', async () => {
    const keys: string[] = [];
    for await (const [key] of store.scan(ROW.statePrefix)) keys.push(key);
    expect(keys.length).toBeGreaterThan(30);
    for (const key of keys) {
      const before = (await store.get(key))!;
      await alter(key, flipLast);
      await expect(openEngine(store, undefined), key).rejects.toThrow('store.damaged');
      await alter(key, () => before);
    }
    expect((await openEngine(store, undefined)).height).toBe(history.blocks.length);
  });

  it('a row that is gone, or one too many', async () => {
    const [key] = await firstRow(ROW.statePrefix);
    const before = (await store.get(key))!;
    await store.write({ puts: [], deletes: [key] });
    await expect(openEngine(store, undefined)).rejects.toThrow('store.damaged');
    await store.write({
      puts: [
        { key, value: before },
        { key: ROW.state('7f00'), value: before },
      ],
      deletes: [],
    });
    await expect(openEngine(store, undefined)).rejects.toThrow('store.damaged');
  });

  it('any flipped byte of the commit record', async () => {
    const before = (await store.get(ROW.commit))!;
    for (let at = 0; at < before.length; at++) {
      await alter(ROW.commit, () => before.map((b, i) => (i === at ? b ^ 4 : b)));
      await expect(openEngine(store, undefined), `byte ${at}`).rejects.toThrow('store.damaged');
    }
  });

  it('a genesis that is not the one of the state', async () => {
    await alter(ROW.genesis, () => Market.bare({ assets: 3 }).genesis);
    await expect(openEngine(store, undefined)).rejects.toThrow('store.damaged');
    await alter(ROW.genesis, () => new Uint8Array(3));
    await expect(openEngine(store, undefined)).rejects.toThrow('store.damaged');
  });
});

async function firstRow(prefix: string): Promise<readonly [string, Uint8Array]> {
  for await (const row of store.scan(prefix)) return row;
  throw new Error(`no row under ${prefix}`);
}

describe('audit and replay', () => {
  beforeEach(async () => {
    await feed(await openEngine(store, history.genesis), history.blocks);
  });

  it('find nothing in a sound store', async () => {
    const report = await auditStore(store);
    expect(report).toMatchObject({
      height: 9,
      blocks: 9,
      findings: [],
      ledgerSumMicro: 0,
      stateRoot: history.stateRoot,
    });
    expect(report.transactions).toBe(history.blocks.reduce((n, block) => n + block.txs.length, 0));
    expect(await replayStore(store)).toEqual({ blocks: 9, stateRoot: history.stateRoot, divergence: undefined });
  });

  const damage: readonly (readonly [string, string, RegExp])[] = [
    ['a block', ROW.block(6), /^txRoot$|^unreadable$/],
    ['a result', ROW.results(6), /^resultsRoot$|^unreadable$/],
    ['a receipt', ROW.receipt(6, 0), /^receiptsRoot$/],
    ['a header', ROW.header(6), /^headerChain$/],
    ['the last header', ROW.header(9), /^state$|^commitRecord$/],
    ['the commit record', ROW.commit, /^state$|^commitRecord$/],
  ];
  it.each(damage)('%s altered: the audit names it', async (_, key, check) => {
    const isResults = key === ROW.results(6);
    // The code of the first result: list count, length, then the code itself.
    await alter(key, isResults ? (value) => value.map((b, i) => (i === 4 ? b ^ 1 : b)) : flipLast);
    const { findings } = await auditStore(store);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.some((finding) => check.test(finding.check))).toBe(true);
  });

  it('a row that is gone is named with its height', async () => {
    for (const key of [ROW.block(6), ROW.results(6), ROW.header(6)]) {
      const before = (await store.get(key))!;
      await store.write({ puts: [], deletes: [key] });
      expect((await auditStore(store)).findings).toContainEqual(
        expect.objectContaining({ check: 'unreadable', height: 6 }),
      );
      await store.write({ puts: [{ key, value: before }], deletes: [] });
    }
    await store.write({ puts: [], deletes: [ROW.receipt(6, 0)] });
    expect((await auditStore(store)).findings).toContainEqual(
      expect.objectContaining({ check: 'receiptsRoot', height: 6 }),
    );
  });

  it('replay names the first block that comes out differently, and the field', async () => {
    await alter(ROW.header(7), (value) => value.map((b, i) => (i === value.length - 1 ? b ^ 1 : b)));
    expect((await replayStore(store)).divergence).toMatchObject({ height: 7, field: 'stateRoot' });
  });
});

describe('blocks', () => {
  it('carry headers signed by the node, each naming the one before', async () => {
    const engine = await openEngine(store, history.genesis);
    let previous: string | undefined;
    for (const { timeMs, txs } of history.blocks) {
      const { header } = await engine.produce({ timeMs, txs });
      expect(verifyHeader(header)).toBe(true);
      expect(toHex(header.signer)).toBe(toHex(signer('node').publicKey));
      if (previous !== undefined) expect(toHex(header.previous)).toBe(previous);
      previous = toHex(engine.app.info().lastBlockAppHash);
    }
    await expect(engine.header(99)).rejects.toThrow('block.unknown');
  });

  it('take block time from the clock, always ahead of the last, and a day at most', async () => {
    const clock = new ManualClock(0);
    const engine = await openEngine(store, history.genesis, { clock });
    const { initialTimeMs } = engine.app.genesis;
    const times: number[] = [];
    const produce = async (): Promise<string[]> => {
      const { block, events } = await engine.produce();
      times.push(block.timeMs - initialTimeMs);
      return events.notices.filter(({ kind }) => kind === 'timeJump').map(({ detail }) => detail);
    };
    expect(await produce()).toEqual([]);
    clock.set(initialTimeMs + 500);
    await produce();
    clock.set(initialTimeMs - 5000);
    await produce();
    clock.set(initialTimeMs + 500 + 3 * 86400000);
    const jumps = [await produce(), await produce()];
    clock.set(initialTimeMs + 2 * 86400000);
    await produce();
    expect(times).toEqual([0, 500, 501, 86400501, 172800501, 172800502]);
    expect(jumps.map((list) => list.length)).toEqual([1, 1]);
  });

  it('are made one at a time, of what waits; the same bytes twice are one', async () => {
    const engine = await openEngine(store, history.genesis);
    const send = (nonce: number): Uint8Array =>
      signTx(
        { chain: CHAIN, from: 'buyer', nonce, kind: 'account.transfer', body: { to: 'engineer', micro: 1 } },
        signer('buyer'),
      );
    expect(engine.submit(send(0))).toMatchObject({ code: 0 });
    expect(engine.submit(send(0))).toMatchObject({ code: 1, error: 'tx.duplicate' });
    expect(engine.submit(send(1))).toMatchObject({ code: 0 });
    expect(engine.submit(send(5))).toMatchObject({ code: 1, error: 'tx.nonce' });
    expect(engine.poolSize).toBe(2);
    const [first, second] = await Promise.all([engine.produce(), engine.produce()]);
    expect([first.block.txs.length, second.block.txs.length]).toEqual([2, 0]);
    expect([first.block.height, second.block.height]).toEqual([1, 2]);
    expect(engine.poolSize).toBe(0);
    expect(engine.submit(send(0))).toMatchObject({ code: 1, error: 'tx.nonce' });
  });
});
