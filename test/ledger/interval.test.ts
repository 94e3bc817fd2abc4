/** The interval: readings in, close, dispatch, settlement, late data. Block times are offsets from interval 0. */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { RECEIPT_FLAG, RECEIPT_STATUS } from '../../src/ledger/receipt.ts';
import { SETPOINT_FLAG } from '../../src/ledger/tables.ts';
import {
  constantPolicy,
  D,
  FALLBACK_OUTPUT,
  Market,
  NETWORK_OUTPUT,
  observation,
  meter,
  type MarketOptions,
} from '../support/market.ts';

const GATED = { gMs: 30000, lMs: 20000 };
/** 833 333 mWh at 60 a MWh, and the cent that rounds up for the buyer. */
const PAY = 49999;
const ASSET = 'bess-1';

/** Interval 0 dispatched at its start from a fresh observation. */
async function dispatched(options: MarketOptions = {}): Promise<Market> {
  const market = await Market.open(options);
  const t = market.at(0, 0 - market.parameters.lMs);
  await market.block(
    t,
    market.assets.map((asset) => market.seen(asset, t)),
  );
  return market;
}

describe('readings and the gate', () => {
  it('a plain reading is taken from (j+1)D - S to (j+1)D + G, both ends included', async () => {
    const { gMs } = GATED;
    for (const [offset, error] of [
      [-1001, 'reading.future'],
      [-1000, ''],
      [0, ''],
      [gMs, ''],
      [gMs + 1, 'reading.intervalClosed'],
    ] as const) {
      const market = await dispatched({ parameters: GATED });
      const { txResults } = await market.attempt(market.at(1, offset), [market.metered(ASSET, 0)]);
      expect(txResults[0]!.error).toBe(error);
    }
  });

  it('with G = 0 the block at the end of the interval carries the reading, closes it, and takes no more', async () => {
    const market = await dispatched();
    const { receipts } = await market.block(market.at(1), [market.metered(ASSET, 0)]);
    expect(receipts.map(({ status, payMicro }) => [status, payMicro])).toEqual([[RECEIPT_STATUS.paid, PAY]]);
    const { txResults } = await market.attempt(market.at(1, 1), [market.metered(ASSET, 0)]);
    expect(txResults[0]!.error).toBe('reading.intervalClosed');
  });

  it('a reading of an interval that is not over is ahead of time; a correction of one not closed is too early', async () => {
    const market = await dispatched({ parameters: GATED });
    const { txResults } = await market.attempt(market.at(1, 10), [
      market.metered(ASSET, 1),
      market.corrected(ASSET, 0, 1),
    ]);
    expect(txResults.map(({ error }) => error)).toEqual(['reading.future', 'reading.intervalOpen']);
  });

  it('an observation is taken from t_h - A to t_h + S', async () => {
    const market = await dispatched();
    const { aMs, sMs } = market.parameters;
    for (const [offset, error] of [
      [-aMs - 1, 'reading.stale'],
      [-aMs, ''],
      [sMs, ''],
      [sMs + 1, 'reading.future'],
    ] as const) {
      const t = market.at(1, market.blocks.length);
      const { txResults } = await market.attempt(t, [market.seen(ASSET, t + offset)]);
      expect(txResults[0]!.error).toBe(error);
    }
  });

  it('counters: equal or less is refused, a gap is taken and counted, a greater context starts afresh', async () => {
    const market = await Market.open();
    const at = (n: number): number => market.at(0, 1000 + n);
    const send = async (n: number, context: number, firstCounter: number): Promise<string> => {
      const draft = { device: ASSET, context, firstCounter, readings: [observation(at(n), { soc: 1 })] };
      return (await market.attempt(at(n), [draft])).txResults[0]!.error;
    };
    const gaps = (): number =>
      (market.app.query({ path: 'asset', data: { asset: ASSET } }).value as { meter: { gaps: number } }).meter.gaps;
    expect(await send(1, 1, 5)).toBe('');
    expect(await send(2, 1, 5)).toBe('reading.counter');
    expect(await send(3, 1, 4)).toBe('reading.counter');
    expect([await send(4, 1, 6), gaps()]).toEqual(['', 0]);
    expect([await send(5, 1, 9), gaps()]).toEqual(['', 1]);
    expect(await send(6, 0, 99)).toBe('reading.counter');
    expect([await send(7, 2, 1), gaps()]).toEqual(['', 1]);
    expect(await send(8, 1, 100)).toBe('reading.counter');
  });

  it('all of a batch or nothing, receipts included', async () => {
    const market = await dispatched();
    await market.block(market.at(1), [market.metered(ASSET, 0)]);
    const t = market.at(1, 1000);
    const before = market.stateRoot;
    const [correction] = market.corrected(ASSET, 0, 1, { eStorageMilliWh: 5 }).readings;
    const readings = [correction!, observation(0, { soc: 1 })];
    const { txResults, receipts, header } = await market.attempt(t, [{ device: ASSET, readings }]);
    expect(txResults[0]!.error).toBe('reading.stale');
    // A receipt of a refused transaction would be a provable payment that was never made.
    expect([receipts.length, header.receiptCount]).toEqual([0, 0]);
    expect(market.stateRoot).toBe(before);
  });

  it('a batch without readings is refused', async () => {
    const market = await dispatched();
    const { txResults } = await market.attempt(market.at(0, 1), [{ device: ASSET, readings: [] }]);
    expect(txResults[0]!.error).toBe('reading.counter');
  });
});

describe('close', () => {
  it('in the first block at or after (j+1)D + G, ascending when several are due, before the dispatch', async () => {
    const market = await dispatched({ parameters: GATED });
    // Its own interval before the first, in which the set-up fell, is closed on the way.
    const early = await market.block(market.at(1, GATED.gMs - 1), [market.metered(ASSET, 0)]);
    expect(early.receipts).toEqual([]);
    expect(market.receipt(0)).toBeUndefined();
    const close = await market.block(market.at(3, GATED.gMs));
    expect(close.events.notices.map(({ kind, interval }) => [kind, interval - market.interval(0)])).toEqual([
      ['closed', 0],
      ['closed', 1],
      ['closed', 2],
      ['missed', 3],
    ]);
  });

  it('at most 12 a block, the rest in the next', async () => {
    const market = await dispatched();
    const closed = async (t: number): Promise<number[]> =>
      (await market.block(t)).events.notices
        .filter(({ kind }) => kind === 'closed')
        .map(({ interval }) => interval - market.interval(0));
    const t = market.at(30);
    // The interval before the first, in which the set-up fell, is closed already.
    expect(await closed(t)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(await closed(t + 1)).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    expect(await closed(t + 2)).toEqual([24, 25, 26, 27, 28, 29]);
    expect(await closed(t + 3)).toEqual([]);
  });

  it('receipts come in the order of asset ids, one for every dispatched asset', async () => {
    const market = await dispatched({ assets: 3 });
    const { receipts } = await market.block(market.at(1), [
      market.metered('bess-3', 0),
      market.metered('bess-1', 0, { eStorageMilliWh: 400000 }),
    ]);
    expect(receipts.map(({ asset, status }) => [asset, status])).toEqual([
      ['bess-1', RECEIPT_STATUS.paid],
      ['bess-2', RECEIPT_STATUS.missing],
      ['bess-3', RECEIPT_STATUS.paid],
    ]);
  });

  it('no reading: a receipt that says missing, nothing paid, no penalty, the reserve back in escrow', async () => {
    const market = await dispatched();
    const escrow = market.escrow + market.reserved;
    const { receipts } = await market.block(market.at(1));
    expect(receipts).toMatchObject([{ status: RECEIPT_STATUS.missing, payMicro: 0, penaltyMicro: 0, score: [] }]);
    expect(market.account('owner-1')).toBe(0);
    // The block dispatched interval 1, whose reserve is out again.
    expect(market.escrow + market.reserved).toBe(escrow);
  });

  it('pays out of the reserve: buyer debited up, owner credited down, the difference to rounding', async () => {
    const market = await dispatched();
    const escrow = market.escrow + market.reserved;
    await market.block(market.at(1), [market.metered(ASSET, 0)]);
    expect(market.account('owner-1')).toBe(PAY);
    expect(market.rounding).toBe(1);
    expect(market.escrow + market.reserved).toBe(escrow - PAY - 1);
  });

  it('a penalty is a payment with the roles swapped', async () => {
    const market = await dispatched();
    const escrow = market.escrow + market.reserved;
    const { receipts } = await market.block(market.at(1), [market.metered(ASSET, 0, { eStorageMilliWh: 0 })]);
    // 791 667 mWh short after tolerance, at 30 a MWh: 23 750.01.
    expect(receipts).toMatchObject([{ payMicro: 0, penaltyMicro: 23751 }]);
    expect(market.account('owner-1')).toBe(0);
    expect(market.receivable('owner-1')).toBe(-23751);
    expect(market.escrow + market.reserved).toBe(escrow + 23750);
    expect(market.rounding).toBe(1);
  });

  it('a receipt recomputes from what it holds', async () => {
    const market = await dispatched();
    const { receipts } = await market.block(market.at(1), [market.metered(ASSET, 0, { eStorageMilliWh: 700000 })]);
    const { setpoint, measured, score, prices, dMs, payMicro, penaltyMicro } = receipts[0]!;
    const eSet = Math.floor((setpoint[0]! * dMs) / 3600);
    const eDel = Math.min(measured[0]!, eSet);
    const eShort = Math.max(0, eSet - eDel - Math.floor((eSet * prices[3]!) / 1e6));
    expect(score).toEqual([eSet, eDel, eShort]);
    expect(payMicro).toBe(Math.floor((eDel * prices[0]!) / 1e9));
    expect(penaltyMicro).toBe(Math.ceil((eShort * prices[2]!) / 1e9));
  });
});

describe('dispatch', () => {
  it('in the first block from kD - L to kD, once', async () => {
    const market = await Market.open({ parameters: GATED });
    await market.block(market.at(0, -GATED.lMs - 1), [market.seen(ASSET, market.at(0, -GATED.lMs - 1))]);
    expect(market.setpoint(0)).toBeUndefined();
    await market.block(market.at(0, -GATED.lMs));
    const { height } = market.setpoint(0)!;
    await market.block(market.at(0, -1), [market.seen(ASSET, market.at(0, -1), { soc: 600000 })]);
    expect(market.setpoint(0)).toMatchObject({ height, values: [NETWORK_OUTPUT], flags: 0 });
    expect(market.setpoint(0)).toMatchObject({ validFromMs: market.at(0), validToMs: market.at(1) });
  });

  it('a missing or stale observation gives that asset alone the fallback, flagged to the receipt', async () => {
    const market = await Market.open({ assets: 3, parameters: { aMs: 60000 } });
    await market.block(market.at(0, -10000), [market.seen('bess-2', market.at(0, -10000))]);
    await market.block(market.at(0), [
      market.seen('bess-1', market.at(0)),
      market.seen('bess-3', market.at(0, -60000)),
    ]);
    expect(['bess-1', 'bess-2', 'bess-3'].map((asset) => market.setpoint(0, asset)!.values[0])).toEqual([
      NETWORK_OUTPUT,
      NETWORK_OUTPUT,
      NETWORK_OUTPUT,
    ]);
    // By the next dispatch two of them are older than A.
    const { receipts } = await market.block(market.at(1), [
      market.seen('bess-1', market.at(1)),
      market.metered('bess-2', 0),
    ]);
    expect(receipts.every(({ flags }) => (flags & RECEIPT_FLAG.fallback) === 0)).toBe(true);
    expect(['bess-1', 'bess-2', 'bess-3'].map((asset) => market.setpoint(1, asset)!.values[0])).toEqual([
      NETWORK_OUTPUT,
      FALLBACK_OUTPUT,
      FALLBACK_OUTPUT,
    ]);
    expect(market.setpoint(1, 'bess-2')!.flags).toBe(SETPOINT_FLAG.fallback);
    const next = await market.block(market.at(2));
    expect(next.receipts.map(({ flags }) => flags)).toEqual([0, RECEIPT_FLAG.fallback, RECEIPT_FLAG.fallback]);
  });

  it('the age limit is inclusive', async () => {
    for (const [age, output] of [
      [60000, NETWORK_OUTPUT],
      [60001, FALLBACK_OUTPUT],
    ] as const) {
      const market = await Market.open({ parameters: { aMs: 60000 } });
      await market.block(market.at(1, -5000), [market.seen(ASSET, market.at(1) - age)]);
      await market.block(market.at(1));
      expect(market.setpoint(1)!.values).toEqual([output]);
    }
  });

  it('the newest observation by time counts, not the last to arrive', async () => {
    const policy = constantPolicy('energy-dispatch');
    const steep = { ...policy, layers: [{ ...policy.layers[0]!, weights: Int16Array.of(1) }] };
    const market = await Market.open({ policy: steep });
    const t = market.at(0);
    await market.block(t, [market.seen(ASSET, t - 10, { soc: 900000 }), market.seen(ASSET, t - 20, { soc: 100000 })]);
    const [value] = market.setpoint(0)!.values;
    // (900000 - 500000) * 67 / 1024 = 26171.9
    expect(value).toBe(20000);
    const other = await Market.open({ policy: steep });
    await other.block(t, [other.seen(ASSET, t - 20, { soc: 900000 }), other.seen(ASSET, t - 10, { soc: 100001 })]);
    expect(other.setpoint(0)!.values[0]).toBe(NETWORK_OUTPUT - 26172);
  });

  it('clips to offer, rating, cap and state of charge', async () => {
    const first = async (options: MarketOptions, soc = 500000): Promise<number> => {
      const market = await Market.open(options);
      await market.block(market.at(0), [market.seen(ASSET, market.at(0), { soc })]);
      return market.setpoint(0)!.values[0]!;
    };
    expect(await first({})).toBe(10000);
    expect(await first({ offer: { pMaxW: 4000 } })).toBe(4000);
    expect(await first({ rating: { pMaxW: 3000 } })).toBe(3000);
    expect(await first({ document: { caps: { output: 2500 } } })).toBe(2500);
    expect(await first({ offer: { socFloorMicro: 500000 } })).toBe(0);
    expect(await first({ offer: { socFloorMicro: 0 } }, 100000)).toBe(0);
    const charging = constantPolicy('energy-dispatch', -10000);
    expect(await first({ policy: charging })).toBe(-10000);
    expect(await first({ policy: charging, offer: { socCeilingMicro: 500000 } })).toBe(0);
  });

  it('an asset that was not offered is never dispatched, settled or paid', async () => {
    const market = await dispatched({ assets: 2, unoffered: ['bess-2'] });
    expect(market.setpoint(0, 'bess-2')).toBeUndefined();
    const { receipts } = await market.block(market.at(1), [market.metered('bess-1', 0), market.metered('bess-2', 0)]);
    expect(receipts.map(({ asset }) => asset)).toEqual(['bess-1']);
    expect(market.account('owner-2')).toBe(0);
  });

  it('an offer counts from validFrom, until validTo, and never for an interval that began before it was made', async () => {
    const market = await dispatched({ assets: 2, unoffered: ['bess-2'] });
    await market.block(market.at(1), [
      market.offer('bess-2', { validFromMs: market.at(2), validToMs: market.at(3) }),
      market.seen('bess-2', market.at(1)),
    ]);
    expect(market.setpoint(1, 'bess-2')).toBeUndefined();
    await market.block(market.at(2));
    expect(market.setpoint(2, 'bess-2')).toBeDefined();
    await market.block(market.at(3));
    expect(market.setpoint(3, 'bess-2')).toBeUndefined();
  });

  it('the owner withdraws from the next undispatched interval; what is dispatched stands and is paid', async () => {
    const market = await dispatched();
    await market.block(market.at(0, 1), [['owner-1', 'offer.withdraw', market.body({ asset: ASSET })]]);
    expect(market.setpoint(0)).toBeDefined();
    await market.block(market.at(1), [market.metered(ASSET, 0)]);
    expect(market.account('owner-1')).toBe(PAY);
    expect(market.setpoint(1)).toBeUndefined();
  });

  it('an asset whose least price is not met is left alone', async () => {
    const price = 60000000;
    const at = async (minPrice: number): Promise<boolean> => {
      const market = await dispatched({ offer: { minPrice } });
      return market.setpoint(0) !== undefined;
    };
    expect([await at(price), await at(price + 1)]).toEqual([true, false]);
  });

  it('reserves the worst case out of escrow', async () => {
    const market = await dispatched();
    // 20 kW for five minutes at the dearer price: 1 666 666 mWh at 60 a MWh.
    expect(market.reserved).toBe(100000);
    expect(market.escrow).toBe(1000000000 - 100000);
  });
});

describe('missed interval', () => {
  it('nothing is issued late; the fallback is scored and flagged', async () => {
    const market = await Market.open();
    await market.block(market.at(0, 1), [market.seen(ASSET, market.at(0, 1))]);
    expect(market.setpoint(0)).toBeUndefined();
    const { receipts, events } = await market.block(market.at(1), [market.metered(ASSET, 0)]);
    expect(events.notices[0]).toMatchObject({ kind: 'closed', detail: 'missed' });
    const eSet = Math.floor((FALLBACK_OUTPUT * D) / 3600);
    expect(receipts).toMatchObject([
      {
        setpoint: [FALLBACK_OUTPUT],
        score: [eSet, eSet, 0],
        payMicro: Math.floor((eSet * 60000000) / 1e9),
        flags: RECEIPT_FLAG.missed | RECEIPT_FLAG.fallback,
      },
    ]);
    // Interval 1 is dispatched in time again.
    expect(market.setpoint(1)!.flags).toBe(0);
    expect(market.reserved).toBe(100000);
  });

  it('an escrow that cannot cover the worst case suspends instead of paying what nobody put up', async () => {
    const market = await Market.open({ escrowMicro: 99999 });
    await market.block(market.at(0, 1));
    const { receipts } = await market.block(market.at(1), [market.metered(ASSET, 0)]);
    expect(receipts).toEqual([]);
    expect(market.view()).toMatchObject({ status: 'suspended', suspendReason: 'underfunded' });
    expect([market.account('owner-1'), market.owed, market.escrow]).toEqual([0, 0, 99999]);
  });

  it('neither an offer nor an approval made after it began reaches back into it', async () => {
    const market = await Market.open({ assets: 2, unoffered: ['bess-2'] });
    await market.block(market.at(0, 1), [market.offer('bess-2', { validFromMs: market.at(0) })]);
    const { receipts } = await market.block(market.at(1), [market.metered('bess-2', 0)]);
    expect(receipts.map(({ asset }) => asset)).toEqual(['bess-1']);

    const late = await Market.open({ document: { notBefore: 0 } });
    await late.block(late.at(0, 1), [['operator-1', 'deployment.suspend', late.body()]]);
    await late.block(late.at(0, 2), [
      ['operator-1', 'deployment.resume', late.body()],
      ['operator-2', 'deployment.resume', late.body()],
    ]);
    expect((await late.block(late.at(1), [late.metered(ASSET, 0)])).receipts).toEqual([]);
    expect(late.setpoint(1)).toBeDefined();
  });

  it('a clock that jumps misses the intervals between', async () => {
    const market = await dispatched();
    const { events } = await market.block(market.at(5, 1));
    expect(events.notices.filter(({ kind }) => kind === 'missed')).toMatchObject([
      { detail: `intervals ${market.interval(1)}..${market.interval(5)}` },
    ]);
    expect(market.receipt(0)!.flags).toBe(0);
    for (const k of [1, 2, 3, 4]) expect(market.receipt(k)!.flags & RECEIPT_FLAG.missed).toBe(RECEIPT_FLAG.missed);
    expect(market.receipt(5)).toBeUndefined();
  });
});

describe('what is pinned at dispatch', () => {
  it('the price list entry in force at the start of the interval, also for a later correction', async () => {
    const cheap = { from: 0, discharge: 60000000, charge: 0, penalty: 0, tolerance: 0 };
    const prices = [cheap, { ...cheap, from: Market.bare().at(1), discharge: 120000000 }];
    const market = await dispatched({ terms: { buyer: 'buyer', prices } });
    await market.block(market.at(1), [market.metered(ASSET, 0)]);
    await market.block(market.at(2), [market.metered(ASSET, 1)]);
    expect([market.receipt(0)!, market.receipt(1)!].map((r) => [r.prices[0], r.payMicro])).toEqual([
      [60000000, 49999],
      [120000000, 99999],
    ]);
    await market.block(market.at(2, 5), [market.corrected(ASSET, 0, 1, { eStorageMilliWh: 400000 })]);
    expect(market.receipt(0)).toMatchObject({ payMicro: 24000, prices: [60000000, 0, 0, 0] });
  });

  it('no price or no formula in force: not dispatched', async () => {
    const later = Market.bare().at(1);
    const price = { from: later, discharge: 60000000, charge: 0, penalty: 0, tolerance: 0 };
    const market = await dispatched({ terms: { buyer: 'buyer', prices: [price] } });
    expect(market.setpoint(0)).toBeUndefined();
    await market.block(market.at(1));
    expect(market.setpoint(1)).toBeDefined();
  });

  it('the formula version by its effective date is on the receipt', async () => {
    const market = await dispatched();
    await market.block(market.at(1), [market.metered(ASSET, 0)]);
    expect(market.receipt(0)!.formulaVersion).toBe(1);
  });
});

describe('late data', () => {
  it('a correction reverses and settles anew; money is conserved and the difference alone moves', async () => {
    const market = await dispatched();
    await market.block(market.at(1), [market.metered(ASSET, 0)]);
    const [before, total] = [market.account('owner-1'), market.escrow + market.reserved];
    const { receipts } = await market.block(market.at(1, 1), [
      market.corrected(ASSET, 0, 1, { eStorageMilliWh: 800000 }),
    ]);
    expect(receipts).toMatchObject([{ revision: 1, flags: RECEIPT_FLAG.corrected, payMicro: 48000, penaltyMicro: 0 }]);
    expect(market.account('owner-1') - before).toBe(48000 - PAY);
    expect(market.rounding).toBe(0);
    expect(market.escrow + market.reserved - total).toBe(PAY + 1 - 48000);
  });

  it('a reading that was missing comes as a correction and is paid', async () => {
    const market = await dispatched();
    await market.block(market.at(1));
    await market.block(market.at(1, 1), [market.corrected(ASSET, 0, 1)]);
    expect(market.receipt(0)).toMatchObject({ status: RECEIPT_STATUS.paid, payMicro: PAY });
    expect(market.account('owner-1')).toBe(PAY);
  });

  it('a weaker one changes nothing; the authority outranks the device', async () => {
    const market = await dispatched();
    await market.block(market.at(1), [market.metered(ASSET, 0)]);
    await market.block(market.at(1, 1), [market.ruled(ASSET, 0, 0, { eStorageMilliWh: 100000 })]);
    expect(market.receipt(0)!.payMicro).toBe(6000);
    const weaker = await market.block(market.at(1, 2), [market.corrected(ASSET, 0, 65535)]);
    expect(weaker.receipts).toEqual([]);
    expect(market.receipt(0)!.payMicro).toBe(6000);
    expect(toHex(market.receipt(0)!.readingHash)).not.toBe('00'.repeat(32));
  });

  it('only the metering authority corrects by transaction', async () => {
    const market = await dispatched();
    await market.block(market.at(1));
    const { txResults } = await market.attempt(market.at(1, 1), [market.ruled(ASSET, 0, 1, {}, 'owner-1' as never)]);
    expect(txResults[0]!.error).toBe('reading.notAuthority');
  });

  it('until 30 days after the end of the interval, and no later', async () => {
    const window = 30 * 86400000;
    const long = { parameters: { dMs: 86400000, aMs: 86400000 }, document: { notAfter: 9e15 } };
    for (const [offset, error] of [
      [-1, ''],
      [0, 'reading.tooLate'],
    ] as const) {
      const market = await dispatched({ ...long, offer: { validToMs: 9e15 } });
      await market.block(market.at(1));
      const { txResults } = await market.attempt(market.at(1, window + offset), [market.corrected(ASSET, 0, 1)]);
      expect(txResults[0]!.error).toBe(error);
    }
  });

  it('rows of an interval go when no correction can reach them', async () => {
    const long = { parameters: { dMs: 86400000, aMs: 86400000 }, document: { notAfter: 9e15 } };
    const market = await dispatched({ ...long, offer: { validToMs: 9e15 } });
    await market.block(market.at(1), [market.metered(ASSET, 0)]);
    for (let day = 2; day <= 31; day++) await market.block(market.at(day));
    expect(market.receipt(0)).toBeDefined();
    await market.block(market.at(32));
    expect([market.receipt(0), market.setpoint(0)]).toEqual([undefined, undefined]);
    expect(market.receipt(1)).toBeDefined();
  });

  it('an owner short of balance after a reversal owes a receivable, which the next credit clears first', async () => {
    const market = await dispatched();
    await market.block(market.at(1), [market.metered(ASSET, 0), market.seen(ASSET, market.at(1))]);
    await market.block(market.at(1, 1), [['owner-1', 'account.transfer', { to: 'engineer', micro: PAY }]]);
    await market.block(market.at(1, 2), [market.corrected(ASSET, 0, 1, { eStorageMilliWh: 800000 })]);
    expect([market.account('owner-1'), market.receivable('owner-1')]).toEqual([0, 48000 - PAY]);
    await market.block(market.at(2), [market.metered(ASSET, 1)]);
    expect([market.account('owner-1'), market.receivable('owner-1')]).toEqual([48000, 0]);
  });

  it('an escrow emptied before a correction owes the rest, and the next funding pays it', async () => {
    const market = await dispatched();
    await market.block(market.at(1), [['owner-1', 'offer.withdraw', market.body({ asset: ASSET })]]);
    const micro = market.escrow;
    await market.block(market.at(1, 1), [['buyer', 'escrow.withdraw', market.body({ micro })]]);
    await market.block(market.at(1, 2), [market.corrected(ASSET, 0, 1)]);
    expect([market.escrow, market.owed, market.account('owner-1')]).toEqual([0, -PAY - 1, PAY]);
    await market.block(market.at(1, 3), [['buyer', 'escrow.fund', market.body({ micro: 60000 })]]);
    expect([market.escrow, market.owed]).toEqual([60000 - PAY - 1, 0]);
  });
});

describe('voltage support on the ledger', () => {
  const voltage: MarketOptions = {
    service: 'voltage-support',
    assets: 2,
    policy: constantPolicy('voltage-support', -400000, 0),
  };

  it('projects the setpoint on the metered circle, and pays reactive power and removed deviation', async () => {
    const market = await dispatched(voltage);
    expect(market.setpoint(0)!.values).toEqual([-400000, 800000]);
    const { receipts } = await market.block(market.at(1), [
      market.metered('bess-1', 0, { pW: 15000, qVar: -8000, vMicroPu: 1030000 }),
      market.metered('bess-2', 0, { pW: 0, qVar: 0, vMicroPu: 1020000 }),
    ]);
    // Capability sqrt(25^2 - 15^2) = 20 kvar; 40 % of it is 8 kvar; 4.93 kvar of that are free.
    expect(receipts[0]!.score).toEqual([-8000, 8000, 4930, 3070, 200]);
    // 300 000 ms * (3070 * 4.5e6 + 200 * 2e7) / 3.6e12
    expect(receipts[0]!.payMicro).toBe(1484);
    expect(receipts[1]).toMatchObject({ score: [-10000, 0, 0, 0, 0], payMicro: 0 });
  });

  it('a pool pays the same total by own delivery', async () => {
    const pooled = await dispatched({ ...voltage, terms: { pool: 1 } });
    const { receipts } = await pooled.block(pooled.at(1), [
      pooled.metered('bess-1', 0, { pW: 0, qVar: -10000, vMicroPu: 1030000 }),
      pooled.metered('bess-2', 0, { pW: 0, qVar: -5000, vMicroPu: 1020000 }),
    ]);
    const total = receipts[0]!.payMicro + receipts[1]!.payMicro;
    expect(Math.abs(receipts[0]!.payMicro - 2 * receipts[1]!.payMicro)).toBeLessThanOrEqual(2);
    expect(total).toBeGreaterThan(0);
    expect(pooled.rounding).toBeLessThanOrEqual(2);
  });

  it('the previous setpoint that a policy sees is the one of the interval before, or none', async () => {
    const parts = constantPolicy('voltage-support', 100000, 0);
    const withState = {
      ...parts,
      interface: {
        ...parts.interface,
        inputs: [...parts.interface.inputs, { n: 'prev', u: 'idx' as const, lo: -32767, hi: 32767, c: 0, m: 1, t: 0 }],
        state: [{ i: 1, d: 0, z: 7 }],
      },
      layers: [{ ...parts.layers[0]!, inSize: 2, weights: Int16Array.of(0, 1) }],
    };
    const market = await Market.open({ ...voltage, assets: 1, policy: withState });
    const step = async (k: number): Promise<number> => {
      await market.block(market.at(k), [market.seen(ASSET, market.at(k))]);
      return market.setpoint(k)!.values[0]!;
    };
    // 100 000 plus what was issued before, cut at 32 767.
    expect(await step(0)).toBe(100007);
    expect(await step(1)).toBe(132767);
    await market.block(market.at(3, -1));
    expect(await step(3)).toBe(100007);
  });
});

describe('dispatch with the lead of a whole interval', () => {
  it('two intervals may fall due in one block; both are dispatched once', async () => {
    const market = await Market.open({ parameters: { lMs: D, gMs: 0 } });
    const { events } = await market.block(market.at(0), [market.seen(ASSET, market.at(0))]);
    expect(events.notices.filter(({ kind }) => kind === 'dispatched').map(({ interval }) => interval)).toEqual([
      market.interval(0),
      market.interval(1),
    ]);
    expect(market.reserved).toBe(200000);
    await market.block(market.at(1), [{ device: ASSET, readings: [meter(market.interval(0))] }]);
    expect(market.reserved).toBe(200000);
    expect(market.account('owner-1')).toBe(PAY);
  });
});
