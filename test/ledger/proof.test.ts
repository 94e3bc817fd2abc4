/** Payment proofs: what the owner checks with a header alone. */
import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { isGridPactError } from '../../src/base/errors.ts';
import { HEADER, headerFromHex, headerView, SIGNED_HEADER, signHeader, verifyHeader } from '../../src/ledger/header.ts';
import type { Header } from '../../src/ledger/header.ts';
import { proveReceipt, RECEIPT_PROOF, verifyReceiptProof, verifyStateProof } from '../../src/ledger/proof.ts';
import { RECEIPT } from '../../src/ledger/receipt.ts';
import { balanceKey, balanceTable } from '../../src/ledger/tables.ts';
import { Market, signer } from '../support/market.ts';

let market: Market;
let header: Header;
let receipts: readonly Uint8Array[];

beforeAll(async () => {
  market = await Market.open({ assets: 5 });
  await market.block(market.at(0));
  const outcome = await market.block(
    market.at(1),
    market.assets.map((asset, i) => market.metered(asset, 0, { eStorageMilliWh: 100000 * i })),
  );
  ({ header } = outcome);
  receipts = outcome.receipts.map((receipt) => RECEIPT.encode(receipt));
});

function fails(bytes: Uint8Array, under: Header = header): boolean {
  try {
    verifyReceiptProof(under, bytes);
    return false;
  } catch (error) {
    return isGridPactError(error, 'proof.invalid') || isGridPactError(error, 'proof.malformed');
  }
}

const PATTERNS = [0x01, 0x10, 0x80, 0xff];

describe('payment proof', () => {
  it('gives the receipt to whoever holds the header and nothing else', () => {
    receipts.forEach((bytes, index) => {
      const proof = proveReceipt(header, receipts, index);
      // The header travels as bytes, as it does to a browser.
      const receipt = verifyReceiptProof(HEADER.decode(HEADER.encode(header)), proof);
      expect(toHex(RECEIPT.encode(receipt))).toBe(toHex(bytes));
    });
    expect(receipts).toHaveLength(5);
  });

  it('with any byte changed, by any of four patterns, fails', () => {
    for (const index of [0, 2, 4]) {
      const proof = proveReceipt(header, receipts, index);
      for (let at = 0; at < proof.length; at++) {
        for (const mask of PATTERNS) {
          expect(fails(proof.map((b, i) => (i === at ? b ^ mask : b)))).toBe(true);
        }
      }
    }
  });

  it('shorter or longer fails at every length', () => {
    const proof = proveReceipt(header, receipts, 1);
    for (let n = 0; n < proof.length; n++) expect(fails(proof.subarray(0, n))).toBe(true);
    expect(fails(Uint8Array.from([...proof, 0]))).toBe(true);
  });

  it('under a header with any other field fails', async () => {
    const proof = proveReceipt(header, receipts, 3);
    const root = header.receiptsRoot.map((b) => b ^ 1);
    const others: readonly Header[] = [
      { ...header, chain: 'other' },
      { ...header, height: header.height + 1 },
      { ...header, receiptCount: header.receiptCount + 1 },
      { ...header, receiptsRoot: root },
    ];
    for (const other of others) expect(fails(proof, other)).toBe(true);
    const { header: next } = await market.block(market.at(2));
    expect(fails(proof, next)).toBe(true);
  });

  it('a path for another place, or a receipt for another path, fails', () => {
    const parts = RECEIPT_PROOF.decode(proveReceipt(header, receipts, 1));
    const other = RECEIPT_PROOF.decode(proveReceipt(header, receipts, 2));
    for (const forged of [
      { ...parts, index: 2 },
      { ...parts, receipt: other.receipt },
      { ...parts, path: other.path },
      { ...parts, size: 4 },
      { ...parts, path: [] },
      { ...parts, v: 2 },
    ]) {
      expect(fails(RECEIPT_PROOF.encode(forged))).toBe(true);
    }
  });

  it('a receipt paid more than it was fails', () => {
    const parts = RECEIPT_PROOF.decode(proveReceipt(header, receipts, 2));
    const receipt = RECEIPT.decode(parts.receipt);
    const dearer = RECEIPT.encode({ ...receipt, payMicro: receipt.payMicro + 1 });
    expect(fails(RECEIPT_PROOF.encode({ ...parts, receipt: dearer }))).toBe(true);
  });
});

describe('signed header', () => {
  it('any byte changed, by any of four patterns, no longer verifies', () => {
    const bytes = SIGNED_HEADER.encode(signHeader(header, signer('node')));
    expect(verifyHeader(SIGNED_HEADER.decode(bytes))).toBe(true);
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of PATTERNS) {
        const changed = bytes.map((b, i) => (i === at ? b ^ mask : b));
        let verifies = false;
        try {
          verifies = verifyHeader(SIGNED_HEADER.decode(changed));
        } catch (error) {
          expect(isGridPactError(error, 'record.malformed')).toBe(true);
        }
        expect(verifies).toBe(false);
      }
    }
  });

  it('reads back from hex, and shows every field', () => {
    const signed = signHeader(header, signer('node'));
    const text = toHex(SIGNED_HEADER.encode(signed));
    expect(headerFromHex(text)).toEqual(signed);
    expect(headerView(signed)).toMatchObject({ height: header.height, stateRoot: toHex(header.stateRoot) });
    expect(Object.keys(headerView(signed))).toHaveLength(13);
    expect(() => headerFromHex(`${text}00`)).toThrow('record.malformed');
    expect(() => headerFromHex('xyz')).toThrow('base.hex');
  });
});

describe('state proof', () => {
  it('shows what an owner holds and that a stranger holds nothing, under the state root of the header', async () => {
    const m = await Market.open();
    await m.block(m.at(0));
    const { header: last } = await m.block(m.at(1), [m.metered('bess-1', 0)]);
    const key = balanceTable.key(balanceKey.account('owner-1'));
    const value = m.app.state.get(key);
    expect(value).toBeDefined();
    expect(verifyStateProof(last, key, value, m.app.state.prove(key))).toBe(true);
    expect(verifyStateProof(last, key, undefined, m.app.state.prove(key))).toBe(false);
    const none = balanceTable.key(balanceKey.account('stranger'));
    expect(verifyStateProof(last, none, undefined, m.app.state.prove(none))).toBe(true);
    const richer = balanceTable.key(balanceKey.account('stranger'));
    expect(verifyStateProof(last, richer, value, m.app.state.prove(key))).toBe(false);
  });
});
