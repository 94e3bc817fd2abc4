/** The contract's life: propose, approve k of n, suspend 1 of n, resume k of n, expire, end; money in and out. */
import { describe, expect, it } from 'vitest';
import { encodeDocument } from '../../src/base/cbor.ts';
import { toHex } from '../../src/base/bytes.ts';
import { cidDigest, cidOf } from '../../src/base/cid.ts';
import type { TxBody } from '../../src/ledger/transaction.ts';
import { deploymentTable, MAX_DEPLOYMENTS, readingTable } from '../../src/ledger/tables.ts';
import {
  constantPolicy,
  Market,
  registrationBody,
  type Draft,
  type Item,
  type MarketOptions,
} from '../support/market.ts';

const ASSET = 'bess-1';
const LEAD = { lMs: 20000, gMs: 0 };

async function errorsOf(market: Market, tMs: number, items: readonly Item[]): Promise<readonly string[]> {
  return (await market.attempt(tMs, items)).txResults.map(({ error }) => error);
}

function by(market: Market, kind: Draft[1], ...names: readonly string[]): readonly Draft[] {
  return names.map((name) => [name, kind, market.body()] as const);
}

/** A document of the market with something changed, proposed at `tMs`. */
async function propose(market: Market, tMs: number, over: TxBody): Promise<string> {
  const document = encodeDocument(market.deploymentBody(over));
  return (await errorsOf(market, tMs, [['engineer', 'deployment.propose', { document }]]))[0]!;
}

describe('approval', () => {
  it('k of n operators, each once; nothing is offered, funded or dispatched before', async () => {
    const market = Market.bare();
    await market.block(market.at(0, -50000), [
      market.enrolment(ASSET, 'owner-1'),
      ['engineer', 'policy.register', registrationBody(market.policy)],
    ]);
    await market.block(market.at(0, -40000), [['engineer', 'deployment.propose', { document: market.document }]]);
    const approve = (...names: readonly string[]): readonly Draft[] => by(market, 'deployment.approve', ...names);
    expect(await errorsOf(market, market.at(0, -39000), approve('buyer'))).toEqual(['deployment.notOperator']);
    expect(await errorsOf(market, market.at(0, -38000), approve('operator-1'))).toEqual(['']);
    expect(await errorsOf(market, market.at(0, -37000), approve('operator-1'))).toEqual([
      'deployment.duplicateApproval',
    ]);
    expect(market.view()).toMatchObject({ status: 'proposed', approvals: ['operator-1'] });
    expect(await errorsOf(market, market.at(0, -35000), [market.offer(ASSET)])).toEqual(['deployment.notApproved']);
    expect(await errorsOf(market, market.at(0, -34000), [['buyer', 'escrow.fund', market.body({ micro: 1 })]])).toEqual(
      ['deployment.notApproved'],
    );
    expect(await errorsOf(market, market.at(0, -33000), approve('operator-3'))).toEqual(['']);
    expect(market.view().status).toBe('approved');
    expect(await errorsOf(market, market.at(0, -32000), approve('operator-2'))).toEqual(['deployment.status']);
  });

  it('of what has expired is refused', async () => {
    const market = await Market.open();
    const over = { notAfter: market.at(1), caps: { output: 1 } };
    expect(await propose(market, market.at(0, 10), over)).toBe('');
    const deployment = cidOf(encodeDocument(market.deploymentBody(over)));
    expect(await errorsOf(market, market.at(1), [['operator-1', 'deployment.approve', { deployment }]])).toEqual([
      'deployment.expired',
    ]);
  });
});

describe('authority is of the interval, C2', () => {
  it('active from notBefore; expired exactly at notAfter, fallback to nothing', async () => {
    const bare = Market.bare();
    const market = await Market.open({ document: { notBefore: bare.at(1), notAfter: bare.at(2) } });
    const active: boolean[] = [];
    for (let k = 0; k < 3; k++) {
      await market.block(market.at(k), [market.seen(ASSET, market.at(k))]);
      active.push(market.setpoint(k) !== undefined);
    }
    expect(active).toEqual([false, true, false]);
    expect(market.view().status).toBe('expired');
    const query = {
      path: 'setpoint',
      data: { deployment: market.deployment, asset: ASSET, interval: market.interval(2) },
    };
    expect(() => market.app.query(query)).toThrow('deployment.expired');
  });

  it('one millisecond more and the interval at notAfter counts', async () => {
    const bare = Market.bare();
    const market = await Market.open({ document: { notAfter: bare.at(1, 1) } });
    await market.block(market.at(0));
    await market.block(market.at(1));
    expect(market.setpoint(1)).toBeDefined();
  });
});

describe('suspension', () => {
  it('by any one operator, from the next interval; the one under way is settled', async () => {
    const market = await Market.open();
    await market.block(market.at(0), [market.seen(ASSET, market.at(0))]);
    await market.block(market.at(0, 1), by(market, 'deployment.suspend', 'operator-3'));
    const { receipts } = await market.block(market.at(1), [market.metered(ASSET, 0)]);
    expect(receipts).toHaveLength(1);
    expect([market.setpoint(1), market.reserved]).toEqual([undefined, 0]);
    expect(market.view()).toMatchObject({ status: 'suspended', suspendReason: 'operator' });
  });

  it('in the block of the dispatch itself comes before it', async () => {
    const market = await Market.open();
    await market.block(market.at(0), by(market, 'deployment.suspend', 'operator-1'));
    expect(market.setpoint(0)).toBeUndefined();
  });

  it('revokes setpoints already issued for an interval that has not begun, and gives the reserve back', async () => {
    const market = await Market.open({ parameters: LEAD });
    const escrow = market.escrow;
    await market.block(market.at(0, -LEAD.lMs), [market.seen(ASSET, market.at(0, -LEAD.lMs))]);
    expect([market.setpoint(0)?.values[0], market.reserved]).toEqual([10000, 100000]);
    await market.block(market.at(0, -1), by(market, 'deployment.suspend', 'operator-2'));
    expect([market.setpoint(0), market.reserved, market.escrow]).toEqual([undefined, 0, escrow]);
    const { receipts } = await market.block(market.at(1), [market.metered(ASSET, 0)]);
    expect(receipts).toEqual([]);
  });

  it('leaves an interval alone that begins with the block', async () => {
    const market = await Market.open({ parameters: LEAD });
    await market.block(market.at(0, -LEAD.lMs), [market.seen(ASSET, market.at(0, -LEAD.lMs))]);
    await market.block(market.at(0), by(market, 'deployment.suspend', 'operator-2'));
    expect(market.setpoint(0)).toBeDefined();
  });

  it('resuming needs k operators, and the count starts over with every suspension', async () => {
    const market = await Market.open();
    const at = (n: number): number => market.at(0, n);
    const act = (n: number, kind: Draft[1], name: string): Promise<readonly string[]> =>
      errorsOf(market, at(n), by(market, kind, name));
    expect(await act(1, 'deployment.resume', 'operator-1')).toEqual(['deployment.status']);
    expect(await act(2, 'deployment.suspend', 'operator-1')).toEqual(['']);
    expect(await act(3, 'deployment.suspend', 'operator-2')).toEqual(['deployment.status']);
    expect(await act(4, 'deployment.resume', 'operator-1')).toEqual(['']);
    expect(market.view().status).toBe('suspended');
    expect(await act(5, 'deployment.resume', 'operator-1')).toEqual(['deployment.duplicateApproval']);
    expect(await act(6, 'deployment.resume', 'owner-1')).toEqual(['deployment.notOperator']);
    expect(await act(7, 'deployment.resume', 'operator-2')).toEqual(['']);
    expect(market.view().status).toBe('active');
    expect(await act(8, 'deployment.suspend', 'operator-3')).toEqual(['']);
    expect(await act(9, 'deployment.resume', 'operator-2')).toEqual(['']);
    expect(market.view().status).toBe('suspended');
  });
});

describe('money of a deployment', () => {
  it('an underfunded escrow suspends it at dispatch; nothing is reserved or issued', async () => {
    for (const [escrowMicro, runs] of [
      [99999, false],
      [100000, true],
    ] as const) {
      const market = await Market.open({ escrowMicro });
      await market.block(market.at(0), [market.seen(ASSET, market.at(0))]);
      expect(market.setpoint(0) !== undefined).toBe(runs);
      expect(market.view().status).toBe(runs ? 'active' : 'suspended');
      expect(market.view().suspendReason).toBe(runs ? 'none' : 'underfunded');
      expect(market.escrow + market.reserved).toBe(escrowMicro);
    }
  });

  it('runs again once it is funded and k operators resume it', async () => {
    const market = await Market.open({ escrowMicro: 99999 });
    await market.block(market.at(0), [market.seen(ASSET, market.at(0))]);
    await market.block(market.at(0, 1), [
      ['buyer', 'escrow.fund', market.body({ micro: 1 })],
      ...by(market, 'deployment.resume', 'operator-1', 'operator-3'),
    ]);
    await market.block(market.at(1));
    expect(market.setpoint(1)).toBeDefined();
  });

  it('a bill beyond every safe integer suspends; it does not stop the chain', async () => {
    const price = { from: 0, discharge: 1000000000000, charge: 0, penalty: 0, tolerance: 0 };
    const huge: MarketOptions = {
      assets: 9,
      ownerOf: () => 'owner-1',
      parameters: { dMs: 86400000, aMs: 86400000 },
      rating: { pMaxW: 90000000, eMaxWh: 1000000000 },
      offer: { pMaxW: 90000000 },
      document: { caps: { output: 90000000 } },
      terms: { buyer: 'buyer', prices: [price] },
    };
    const market = await Market.open(huge);
    await market.block(market.at(0));
    expect(market.view()).toMatchObject({ status: 'suspended', suspendReason: 'underfunded' });
    await market.block(market.at(1));
  });

  it('penalties without end suspend the deployment when a balance could not hold them, and the chain goes on', async () => {
    const price = { from: 0, discharge: 0, charge: 0, penalty: 1000000000000, tolerance: 0 };
    const market = await Market.open({
      assets: 5,
      parameters: { dMs: 86400000, aMs: 86400000 },
      policy: constantPolicy('energy-dispatch', 1000000),
      rating: { pMaxW: 90000000, eMaxWh: 1000000000 },
      offer: { pMaxW: 90000000 },
      document: { caps: { output: 90000000 } },
      terms: { buyer: 'buyer', prices: [price] },
    });
    const nothing = (k: number): readonly Item[] =>
      market.assets.map((asset) => market.metered(asset, k, { eStorageMilliWh: 0 }));
    const seen = (k: number): readonly Item[] => market.assets.map((asset) => market.seen(asset, market.at(k)));
    await market.block(market.at(0), seen(0));
    let k = 0;
    // 24 MWh short a day and asset: 2.4e13 micro-units each; a balance holds 9.0e15.
    while (market.view().status === 'active' && k < 100) {
      await market.block(market.at(k + 1), [...nothing(k), ...seen(k + 1)]);
      k++;
    }
    expect(market.view()).toMatchObject({ status: 'suspended', suspendReason: 'unsettled' });
    expect(k).toBeGreaterThan(60);
    expect(market.receipt(k - 2)).toBeDefined();
    expect(market.receipt(k - 1)).toBeUndefined();
    await market.block(market.at(k + 1));
  });

  it('anybody funds, only the buyer withdraws, never more than is there', async () => {
    const market = await Market.open();
    const held = market.escrow;
    const withdraw = (from: string, micro: number): Draft => [from, 'escrow.withdraw', market.body({ micro })];
    expect(await errorsOf(market, market.at(0, -9), [withdraw('owner-1', 1)])).toEqual(['escrow.notBuyer']);
    expect(await errorsOf(market, market.at(0, -8), [withdraw('buyer', held + 1)])).toEqual(['escrow.overdrawn']);
    await market.block(market.at(0, -7), [withdraw('buyer', held)]);
    expect(market.escrow).toBe(0);
    expect(market.account('buyer')).toBe(1000000000000);
  });

  it('what is reserved for an interval cannot be withdrawn from under it', async () => {
    const market = await Market.open({ escrowMicro: 100000 });
    await market.block(market.at(0), [market.seen(ASSET, market.at(0))]);
    expect(await errorsOf(market, market.at(0, 1), [['buyer', 'escrow.withdraw', market.body({ micro: 1 })]])).toEqual([
      'escrow.overdrawn',
    ]);
    await market.block(market.at(1), [market.metered(ASSET, 0)]);
    expect(market.account('owner-1')).toBe(49999);
  });
});

describe('end', () => {
  it('by the buyer or an operator, for good; what is left stays the buyer’s to withdraw', async () => {
    const market = await Market.open({ parameters: LEAD });
    await market.block(market.at(0, -LEAD.lMs), [market.seen(ASSET, market.at(0, -LEAD.lMs))]);
    expect(await errorsOf(market, market.at(0, -9), by(market, 'deployment.end', 'owner-1'))).toEqual([
      'deployment.notOperator',
    ]);
    await market.block(market.at(0, -8), by(market, 'deployment.end', 'buyer'));
    expect([market.view().status, market.setpoint(0), market.reserved]).toEqual(['ended', undefined, 0]);
    for (const kind of ['deployment.end', 'deployment.suspend', 'deployment.resume', 'deployment.approve'] as const) {
      expect(await errorsOf(market, nextTime(market), by(market, kind, 'operator-1'))).toEqual(['deployment.status']);
    }
    const micro = market.escrow;
    await market.block(market.at(1), [['buyer', 'escrow.withdraw', market.body({ micro })]]);
    expect(market.escrow).toBe(0);
  });
});

describe('proposal', () => {
  const stranger = encodeDocument({ x: 1 });
  const cases: readonly (readonly [string, TxBody, string])[] = [
    ['a buyer who approves', { terms: { buyer: 'operator-1' } }, 'deployment.buyerIsOperator'],
    [
      'a buyer who is an operator of the chain, though not of the deployment',
      { operators: ['operator-1', 'operator-2'], terms: { buyer: 'operator-3' } },
      'deployment.buyerIsOperator',
    ],
    ['a buyer without an account', { terms: { buyer: 'nobody' } }, 'account.unknown'],
    ['an operator who is none of the ledger', { operators: ['engineer', 'operator-1'] }, 'deployment.operator'],
    ['an unknown asset', { assets: ['bess-1', 'bess-9'] }, 'asset.unknown'],
    ['an unregistered policy', { policyCid: cidOf(stranger) }, 'policy.unknown'],
    ['no CID for a policy', { policyCid: 'policy' }, 'cid.malformed'],
    ['notAfter in the past', { notBefore: 0, notAfter: 1 }, 'deployment.expired'],
    ['notAfter before notBefore', { notBefore: 5e12, notAfter: 5e12 }, 'base.integer'],
    ['k of more than n', { k: 4 }, 'base.integer'],
    ['k of none', { k: 0 }, 'base.integer'],
    ['other semantics', { semantics: 'gridpolicy/int8/1' }, 'deployment.document'],
    ['assets out of order', { assets: ['bess-2', 'bess-1'] }, 'deployment.document'],
    ['an asset twice', { assets: ['bess-1', 'bess-1'] }, 'deployment.document'],
    ['no assets', { assets: [] }, 'deployment.document'],
    ['a service that does not exist', { service: 'lunch' }, 'deployment.document'],
    ['a cap on something else', { caps: { input: 1 } }, 'deployment.document'],
    ['a certificate that is no CID', { certificateCids: ['x'] }, 'cid.malformed'],
    ['a key too many', { extra: 1 }, 'deployment.document'],
    ['terms of another service', { terms: { buyer: 'buyer' } }, 'service.terms'],
  ];
  it.each(cases)('refuses %s', async (_, over, error) => {
    const market = await sharedMarket();
    const terms = over['terms'] as TxBody | undefined;
    const full = market.deploymentBody()['terms'] as TxBody;
    const isPartial = terms !== undefined && error !== 'service.terms';
    const merged = isPartial ? { ...over, terms: { ...full, ...terms } } : over;
    const before = market.stateRoot;
    expect(await propose(market, nextTime(market), merged)).toBe(error);
    expect(market.stateRoot).toBe(before);
  });

  it('refuses the same document twice', async () => {
    const market = await sharedMarket();
    expect(await propose(market, nextTime(market), {})).toBe('deployment.exists');
  });

  it('refuses a policy whose output is not in the unit of the service', async () => {
    const market = await sharedMarket();
    const other = registrationBody(constantPolicy('voltage-support'));
    await market.block(nextTime(market), [['engineer', 'policy.register', other]]);
    const policyCid = cidOf(other['artifact'] as Uint8Array);
    expect(await propose(market, nextTime(market), { policyCid })).toBe('deployment.policyUnit');
  });

  /** As many proposals as fit beside the market's own deployment, and their CIDs. */
  function crowd(market: Market): { readonly drafts: readonly Draft[]; readonly cids: readonly string[] } {
    const documents = Array.from({ length: MAX_DEPLOYMENTS - 1 }, (_, i) =>
      encodeDocument(market.deploymentBody({ caps: { output: i } })),
    );
    const drafts = documents.map((document): Draft => ['engineer', 'deployment.propose', { document }]);
    return { drafts, cids: documents.map(cidOf) };
  }

  it('a full ledger gives up the oldest proposal that nobody approved', async () => {
    const market = await Market.open();
    const { drafts, cids } = crowd(market);
    expect(new Set(await errorsOf(market, market.at(0, -9), drafts.slice(0, 1)))).toEqual(new Set(['']));
    expect(new Set(await errorsOf(market, market.at(0, -8), drafts.slice(1)))).toEqual(new Set(['']));
    const known = (cid: string): boolean =>
      market.app.state.get(deploymentTable.key(toHex(cidDigest(cid)))) !== undefined;
    expect(cids.every(known)).toBe(true);
    expect(await propose(market, market.at(0, -7), { caps: { output: 5000 } })).toBe('');
    expect(cids.filter((cid) => !known(cid))).toEqual([cids[0]]);
    expect(market.view().status).toBe('approved');
  });

  it('and stops at the limit when each has an approval', async () => {
    const market = await Market.open();
    const { drafts, cids } = crowd(market);
    const approvals = cids.map((deployment): Draft => ['operator-1', 'deployment.approve', { deployment }]);
    expect(new Set(await errorsOf(market, market.at(0, -9), [...drafts, ...approvals]))).toEqual(new Set(['']));
    expect(await propose(market, market.at(0, -7), { caps: { output: 5000 } })).toBe('deployment.limit');
  });
});

describe('readings that nothing is settled on', () => {
  it('are checked and not kept: before approval, and of an asset in no deployment, corrections too', async () => {
    const market = await Market.open();
    await market.block(market.at(0, -9), [market.enrolment('bess-2', 'owner-1')]);
    const kept = (asset: string): boolean =>
      market.app.state.get(readingTable.key(market.interval(0), asset)) !== undefined;
    await market.block(market.at(0), [market.seen(ASSET, market.at(0))]);
    await market.block(market.at(1), [market.metered(ASSET, 0), market.metered('bess-2', 0)]);
    expect([kept(ASSET), kept('bess-2')]).toEqual([true, false]);
    await market.block(market.at(1, 1), [market.corrected('bess-2', 0, 1)]);
    const document = encodeDocument(market.deploymentBody({ assets: ['bess-2'] }));
    await market.block(market.at(1, 2), [['engineer', 'deployment.propose', { document }]]);
    await market.block(market.at(1, 3), [market.corrected('bess-2', 0, 2)]);
    expect(kept('bess-2')).toBe(false);
  });
});

describe('offers', () => {
  it('an asset serves one living deployment of a service at a time', async () => {
    const market = await Market.open();
    const document = encodeDocument(market.deploymentBody({ caps: { output: 77 } }));
    const deployment = cidOf(document);
    const approve = ['operator-1', 'operator-2'].map((name): Draft => [name, 'deployment.approve', { deployment }]);
    await market.block(market.at(0, -9), [['engineer', 'deployment.propose', { document }], ...approve]);
    const second = market.offer(ASSET, { deployment });
    expect(await errorsOf(market, market.at(0, -8), [second])).toEqual(['offer.conflict']);
    await market.block(market.at(0, -7), [['owner-1', 'offer.withdraw', market.body({ asset: ASSET })]]);
    expect(await errorsOf(market, market.at(0, -6), [second])).toEqual(['']);
  });
});

let shared: Promise<Market> | undefined;

/** For refusals that change nothing. */
function sharedMarket(): Promise<Market> {
  shared ??= Market.open({ assets: 2 });
  return shared;
}

function nextTime(market: Market): number {
  return market.app.lastHeader!.timeMs + 1;
}
