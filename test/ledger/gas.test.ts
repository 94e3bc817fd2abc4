import { describe, expect, it } from 'vitest';
import type { LedgerApplication } from '../../src/ledger/application.ts';
import { MAX_BLOCK_GAS, txGas } from '../../src/ledger/gas.ts';
import { Market, registrationBody } from '../support/market.ts';

describe('gas of transactions', () => {
  it('rises with what a transaction makes the ledger compute', async () => {
    const market = await Market.open();
    const [plain, register, reading, correction] = market.signAll([
      ['buyer', 'account.transfer', { to: 'owner-1', micro: 1 }],
      ['engineer', 'policy.register', registrationBody(market.policy)],
      market.metered('bess-1', 0),
      market.corrected('bess-1', 0, 1),
    ]);
    expect(txGas(register!)).toBeGreaterThan(10 * txGas(plain!));
    expect(txGas(correction!)).toBeGreaterThan(txGas(reading!));
    expect(txGas(new Uint8Array(100).fill(7))).toBeLessThanOrEqual(txGas(plain!));
  });

  it('a proposal is cut to the gas of a block, and a block beyond it is refused', async () => {
    const market = await Market.open();
    const [register] = market.signAll([['engineer', 'policy.register', registrationBody(market.policy)]]);
    const app: LedgerApplication = market.app;
    const fits = Math.floor(MAX_BLOCK_GAS / txGas(register!));
    const txs = Array.from({ length: Math.min(fits + 5, 4000) }, () => register!);
    const block = { height: app.info().lastBlockHeight + 1, timeMs: market.at(0), txs };
    expect(app.prepareProposal(block, 4000000).txs).toHaveLength(fits);
    expect(app.processProposal(block)).toMatchObject({ status: 'reject' });
    expect(app.processProposal({ ...block, txs: txs.slice(0, fits) })).toMatchObject({ status: 'accept' });
  });
});
