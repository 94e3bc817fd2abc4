import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { balances } from '../../src/ledger/query.ts';
import { RECEIPT } from '../../src/ledger/receipt.ts';
import { constantPolicy, Market, type MarketOptions } from '../support/market.ts';

interface Late {
  readonly asset: string;
  readonly interval: 0 | 1;
  readonly byAuthority: boolean;
  readonly revision: number;
  readonly qVar: number;
  readonly vMicroPu: number;
}

/** Voltage support in a pool: every reading of an interval moves the payments of all. */
const MARKET: MarketOptions = {
  service: 'voltage-support',
  assets: 3,
  policy: constantPolicy('voltage-support', -400000, 0),
  terms: { pool: 1 },
};

const late: fc.Arbitrary<Late> = fc.record({
  asset: fc.constantFrom('bess-1', 'bess-2', 'bess-3'),
  interval: fc.constantFrom(0, 1),
  byAuthority: fc.boolean(),
  revision: fc.integer({ min: 0, max: 2 }),
  qVar: fc.integer({ min: -12000, max: 2000 }),
  vMicroPu: fc.integer({ min: 980000, max: 1050000 }),
});
/** The same readings in two orders. */
const orders = fc
  .array(late, { minLength: 2, maxLength: 8 })
  .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));

async function settled(readings: readonly Late[]) {
  const market = await Market.open(MARKET);
  const seen = (k: number) => market.assets.map((asset) => market.seen(asset, market.at(k)));
  await market.block(market.at(0), seen(0));
  await market.block(market.at(1), [
    ...seen(1),
    market.metered('bess-1', 0, { pW: 0, qVar: -9000, vMicroPu: 1020000 }),
  ]);
  await market.block(market.at(2), [market.metered('bess-2', 1, { pW: 0, qVar: -3000, vMicroPu: 1010000 })]);
  let n = 0;
  for (const { asset, interval, byAuthority, revision, qVar, vMicroPu } of readings) {
    const over = { pW: 0, qVar, vMicroPu };
    const item = byAuthority
      ? market.ruled(asset, interval, revision, over)
      : market.corrected(asset, interval, revision, over);
    await market.block(market.at(2, ++n), [item]);
  }
  const receipts = [0, 1].flatMap((k) =>
    market.assets.map((asset) => toHex(RECEIPT.encode(market.receipt(k, asset)!))),
  );
  return { receipts, balances: balances(market.app) };
}

describe('late readings', () => {
  it('in any order of arrival give the same balances and the same standing receipts', async () => {
    await fc.assert(
      fc.asyncProperty(orders, async ([one, other]) => {
        expect(await settled(other)).toEqual(await settled(one));
      }),
      { numRuns: 12 },
    );
  });

  it('give what the readings that count would have given in time', async () => {
    const winner: Late = {
      asset: 'bess-3',
      interval: 1,
      byAuthority: true,
      revision: 2,
      qVar: -10000,
      vMicroPu: 1030000,
    };
    const others: readonly Late[] = [
      { ...winner, revision: 1, qVar: 1 },
      { ...winner, byAuthority: false, qVar: 2 },
    ];
    const direct = await settled([winner]);
    expect(await settled([...others, winner])).toEqual(direct);
    expect(await settled([winner, ...others])).toEqual(direct);
  });
});
