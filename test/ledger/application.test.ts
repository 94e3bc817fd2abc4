/** The call grammar of ABCI 2.0, as any engine may use it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { ZERO_HASH } from '../../src/base/hash.ts';
import { LedgerApplication, MAX_BLOCK_TXS } from '../../src/ledger/application.ts';
import type { Block } from '../../src/ledger/engines/port.ts';
import { headerHash } from '../../src/ledger/header.ts';
import { signTx } from '../../src/ledger/transaction.ts';
import { CHAIN, Market, signer } from '../support/market.ts';
import { recordHistory, type Recorded } from '../support/recorded.ts';

let history: Recorded;
beforeAll(async () => {
  history = await recordHistory();
});

function fresh(): LedgerApplication {
  return new LedgerApplication({ store: undefined, clock: undefined });
}

async function replayed(blocks: readonly Block[]): Promise<LedgerApplication> {
  const app = fresh();
  app.initChain({ genesis: history.genesis });
  for (const block of blocks) {
    app.finalizeBlock(block);
    await app.commit();
  }
  return app;
}

describe('info, initChain, finalizeBlock, commit', () => {
  it('before the first block nothing is committed', () => {
    const app = fresh();
    expect(app.info()).toMatchObject({ lastBlockHeight: 0, lastBlockAppHash: ZERO_HASH });
    expect(() => app.genesis).toThrow('genesis.malformed');
    const { appHash } = app.initChain({ genesis: history.genesis });
    expect(appHash).toHaveLength(32);
    expect(app.info().lastBlockHeight).toBe(0);
    expect(app.listSnapshots()).toEqual([]);
  });

  it('info names the last committed block, not the last finalized', async () => {
    const app = await replayed(history.blocks.slice(0, 3));
    const { appHash, header } = app.finalizeBlock(history.blocks[3]!);
    expect(app.info().lastBlockHeight).toBe(3);
    expect(toHex(appHash)).toBe(toHex(headerHash(header)));
    await app.commit();
    expect(app.info()).toMatchObject({ lastBlockHeight: 4, lastBlockAppHash: appHash });
  });

  it('finalizeBlock again for the same height starts over: the same answer, and nothing twice', async () => {
    const app = await replayed(history.blocks.slice(0, 5));
    const other = { ...history.blocks[5]!, txs: [] };
    const first = app.finalizeBlock(history.blocks[5]!);
    app.finalizeBlock(other);
    const again = app.finalizeBlock(history.blocks[5]!);
    expect(toHex(again.appHash)).toBe(toHex(first.appHash));
    expect(again.events.receipts).toEqual(first.events.receipts);
    await app.commit();
    for (const block of history.blocks.slice(6)) {
      app.finalizeBlock(block);
      await app.commit();
    }
    expect(toHex(app.state.root())).toBe(history.stateRoot);
  });

  it('nothing is visible before commit', async () => {
    const app = await replayed(history.blocks.slice(0, 5));
    const before = toHex(app.state.root());
    app.finalizeBlock(history.blocks[5]!);
    expect(toHex(app.state.root())).toBe(before);
  });

  it('commit without finalizeBlock, a height out of turn, a time that does not advance, too much', async () => {
    const app = await replayed(history.blocks.slice(0, 2));
    const next = history.blocks[2]!;
    await expect(app.commit()).rejects.toThrow('block.invalid');
    const bad: readonly Block[] = [
      { ...next, height: 2 },
      { ...next, height: 4 },
      { ...next, timeMs: history.blocks[1]!.timeMs },
      { ...next, timeMs: next.timeMs + 0.5 },
      { ...next, txs: Array.from({ length: MAX_BLOCK_TXS + 1 }, () => new Uint8Array(1)) },
      { ...next, txs: Array.from({ length: 20 }, () => new Uint8Array(250000)) },
    ];
    for (const block of bad) {
      expect(() => app.finalizeBlock(block)).toThrow('block.invalid');
      expect(app.processProposal(block).status).toBe('reject');
    }
    expect(app.processProposal(next)).toEqual({ status: 'accept', reason: '' });
    app.finalizeBlock(next);
    await app.commit();
    expect(app.info().lastBlockHeight).toBe(3);
  });

  it('the first block may not be before genesis', () => {
    const app = fresh();
    app.initChain({ genesis: history.genesis });
    const timeMs = app.genesis.initialTimeMs - 1;
    expect(() => app.finalizeBlock({ height: 1, timeMs, txs: [] })).toThrow('block.invalid');
    expect(() => app.finalizeBlock({ height: 1, timeMs: timeMs + 1, txs: [] })).not.toThrow();
  });

  it('a genesis that is not one', () => {
    expect(() => fresh().initChain({ genesis: new Uint8Array(5) })).toThrow('genesis.malformed');
  });
});

describe('proposals', () => {
  it('what prepareProposal makes, processProposal accepts', async () => {
    const app = await replayed(history.blocks.slice(0, 4));
    const txs = history.blocks.flatMap((block) => [...block.txs]);
    const block = { ...history.blocks[4]!, txs };
    const proposal = { ...block, ...app.prepareProposal(block, 1000) };
    expect(proposal.txs.reduce((sum, tx) => sum + tx.length, 0)).toBeLessThanOrEqual(1000);
    expect(app.processProposal(proposal).status).toBe('accept');
  });

  it('a vote carries nothing, and a vote that carries something is refused', async () => {
    const { app } = await Market.open();
    expect(app.verifyVoteExtension(app.extendVote().extension)).toBe('accept');
    expect(app.verifyVoteExtension(Uint8Array.of(1))).toBe('reject');
  });

  it('a stop order comes first, with what its account sent before it, so that its nonce still fits', async () => {
    const market = await Market.open();
    const send = (from: string, nonce: number, kind: 'deployment.suspend' | 'account.transfer') => {
      const body = kind === 'account.transfer' ? { to: 'buyer', micro: 1 } : market.body();
      return signTx({ chain: CHAIN, from, nonce, kind, body }, signer(from));
    };
    const [a, b, c, d, e] = [
      send('buyer', 1, 'account.transfer'),
      send('operator-1', 1, 'account.transfer'),
      send('buyer', 2, 'account.transfer'),
      send('operator-1', 2, 'deployment.suspend'),
      send('operator-1', 3, 'account.transfer'),
    ];
    await market.block(market.at(0, -9), [['buyer', 'account.transfer', { to: 'operator-1', micro: 10 }]]);
    const height = market.app.info().lastBlockHeight + 1;
    const waiting = { height, timeMs: market.at(0, -8), txs: [a!, b!, Uint8Array.of(9), c!, d!, e!] };
    const { txs } = market.app.prepareProposal(waiting, 1e6);
    expect(txs).toEqual([b, d, a, Uint8Array.of(9), c, e]);
    const { txResults } = market.app.finalizeBlock({ ...waiting, txs });
    expect(txResults[1]).toMatchObject({ code: 0 });
  });

  it('checkTx holds against what was checked before it, and forgets it with the next block', async () => {
    const market = await Market.open();
    const send = (nonce: number): Uint8Array =>
      signTx(
        { chain: CHAIN, from: 'buyer', nonce, kind: 'account.transfer', body: { to: 'engineer', micro: 1 } },
        signer('buyer'),
      );
    expect([1, 2, 2, 4].map((nonce) => market.app.checkTx(send(nonce)).error)).toEqual([
      '',
      '',
      'tx.nonce',
      'tx.nonce',
    ]);
    await market.block(market.at(0, -9));
    expect(market.app.checkTx(send(1)).code).toBe(0);
    expect(market.account('engineer')).toBe(0);
  });
});

describe('query', () => {
  it('answers with the height it answers for', () => {
    const { app } = history.market;
    expect(app.query({ path: 'account', data: { name: 'owner-1' } })).toMatchObject({
      height: history.blocks.length,
      value: { name: 'owner-1', receivableMicro: 0 },
    });
    expect(app.query({ path: 'balances', data: {} }).value).toMatchObject({ sumMicro: 0 });
  });

  it('a path or a field that does not exist', () => {
    const { app, deployment } = history.market;
    const ask = (path: string, data: Record<string, string | number> = {}) => app.query({ path, data });
    expect(() => ask('constructor')).toThrow('query.path');
    expect(() => ask('account')).toThrow('query.data');
    expect(() => ask('account', { name: 'nobody' })).toThrow('account.unknown');
    expect(() => ask('asset', { asset: 'none' })).toThrow('asset.unknown');
    expect(() => ask('receipt', { deployment, asset: 'bess-1', interval: 0 })).toThrow('receipt.unknown');
    expect(() => ask('receipt', { deployment, asset: 'bess-1', interval: 0.5 })).toThrow('query.data');
    expect(() => ask('setpoint', { deployment, asset: 'none', interval: 0 })).toThrow('asset.unknown');
    expect(() => ask('deployment', { deployment: 'x' })).toThrow('cid.malformed');
    expect(() => ask('proof', { key: 'zz' })).toThrow('base.hex');
  });
});

describe('snapshots', () => {
  async function offered(change: (chunks: Uint8Array[]) => Uint8Array[] = (chunks) => chunks) {
    const source = history.market.app;
    const [snapshot] = source.listSnapshots();
    const chunks = Array.from({ length: snapshot!.chunks }, (_, i) =>
      source.loadSnapshotChunk(snapshot!.height, snapshot!.format, i),
    );
    const app = fresh();
    expect(app.offerSnapshot(snapshot!, source.info().lastBlockAppHash)).toBe('accept');
    const answers: string[] = [];
    for (const [i, chunk] of change(chunks).entries()) answers.push(await app.applySnapshotChunk(i, chunk));
    return { app, answer: answers.at(-1) };
  }

  it('a fresh application comes to the same state and goes on with the same blocks', async () => {
    const { app, answer } = await offered();
    expect(answer).toBe('accept');
    expect(toHex(app.state.root())).toBe(history.stateRoot);
    expect(app.info()).toEqual(history.market.app.info());
    const next = { height: history.blocks.length + 1, timeMs: history.market.at(5), txs: [] };
    const one = app.finalizeBlock(next);
    const other = history.market.app.finalizeBlock(next);
    expect(toHex(one.appHash)).toBe(toHex(other.appHash));
  });

  it('every damaged byte of a sample is rejected, and the application is as fresh as before', async () => {
    const source = history.market.app;
    const length = source.loadSnapshotChunk(history.blocks.length, 1, 0).length;
    for (let i = 0; i < 60; i++) {
      const at = Math.floor((i * length) / 60) + (i % 7);
      const { app, answer } = await offered(([chunk]) => [chunk!.map((b, k) => (k === at ? b ^ (1 << (i & 7)) : b))]);
      expect(answer).toBe('reject');
      expect(app.info().lastBlockHeight).toBe(0);
    }
  });

  it('another genesis inside an intact state is rejected', async () => {
    // The genesis document is in the clear at the front: change the start of the chain by a millisecond.
    const { answer } = await offered(([chunk]) => {
      const text = [...'initialTimeMs'].map((c) => c.charCodeAt(0));
      const at = chunk!.findIndex((_, i) => text.every((c, j) => chunk![i + j] === c)) + text.length + 8;
      return [chunk!.map((b, i) => (i === at ? b ^ 1 : b))];
    });
    expect(answer).toBe('reject');
  });

  it('truncated, with something after it, or out of order', async () => {
    expect((await offered(([chunk]) => [chunk!.slice(0, -1)])).answer).toBe('reject');
    expect((await offered(([chunk]) => [Uint8Array.from([...chunk!, 0])])).answer).toBe('reject');
    const app = fresh();
    const source = history.market.app;
    const [snapshot] = source.listSnapshots();
    app.offerSnapshot({ ...snapshot!, chunks: 2 }, source.info().lastBlockAppHash);
    expect(await app.applySnapshotChunk(1, new Uint8Array(1))).toBe('retry');
  });

  it('only under the app hash that is trusted, in a known format, by an application without blocks', async () => {
    const source = history.market.app;
    const [snapshot] = source.listSnapshots();
    const trusted = source.info().lastBlockAppHash;
    expect(fresh().offerSnapshot(snapshot!, ZERO_HASH)).toBe('reject');
    expect(fresh().offerSnapshot({ ...snapshot!, format: 2 }, trusted)).toBe('reject');
    expect(fresh().offerSnapshot({ ...snapshot!, chunks: 0 }, trusted)).toBe('reject');
    expect((await replayed(history.blocks.slice(0, 1))).offerSnapshot(snapshot!, trusted)).toBe('reject');
    expect(await fresh().applySnapshotChunk(0, new Uint8Array(1))).toBe('reject');
    expect(() => source.loadSnapshotChunk(1, 1, 0)).toThrow('block.unknown');
  });
});
