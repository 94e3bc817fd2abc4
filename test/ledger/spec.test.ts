/** docs/spec/ledger.md against the code: tables of records, key space, transactions, domains, worked bytes. */
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { ERRORS } from '../../src/base/errors.ts';
import type { Layout } from '../../src/base/record.ts';
import { sha256 } from '../../src/base/hash.ts';
import { signerOf, signingBytes } from '../../src/base/signature.ts';
import { DEVICE_BATCH, type DeviceBatch } from '../../src/contracts/metering/reading.ts';
import { CHANNELS, CHANNEL_NAMES } from '../../src/grid/snapshot.ts';
import { MAX_BLOCK_BYTES, MAX_BLOCK_TXS } from '../../src/ledger/application.ts';
import { HEADER, SIGNED_HEADER, signHeader, verifyHeader, type Header } from '../../src/ledger/header.ts';
import { leafHash, merkleRoot } from '../../src/ledger/merkle.ts';
import { RECEIPT_PROOF } from '../../src/ledger/proof.ts';
import { RECEIPT, RECEIPT_FLAG, type Receipt } from '../../src/ledger/receipt.ts';
import { CommittedState, StagedState } from '../../src/ledger/state.ts';
import * as tables from '../../src/ledger/tables.ts';
import { decodeTx, MAX_TX_BYTES, signBatch, signTx, TX_KINDS, type AccountTx } from '../../src/ledger/transaction.ts';
import { SpecPage } from '../support/specPage.ts';

const page = new SpecPage('ledger.md');
const signer = signerOf(new Uint8Array(32).fill(1));
const BYTE_FIELD = /^[0-9a-f]{64}$/;

/** JSON of the page with byte fields in hex, as a record. */
function record<T>(name: string): T {
  const entries = Object.entries(page.json<Record<string, unknown>>(name));
  const value = (x: unknown): unknown => (typeof x === 'string' && BYTE_FIELD.test(x) ? fromHex(x) : x);
  return Object.fromEntries(entries.map(([key, x]) => [key, value(x)])) as T;
}

describe('tables of docs/spec/ledger.md', () => {
  const records: readonly (readonly [string, Layout<never>])[] = [
    ['Record `deviceBatch`', DEVICE_BATCH],
    ['Record `header`', HEADER],
    ['Record `receipt`', RECEIPT],
    ['Record `receiptProof`', RECEIPT_PROOF],
    ...Object.values(tables.STATE_LAYOUTS).map((layout) => [`Row \`${layout.name}\``, layout] as const),
  ] as unknown as readonly (readonly [string, Layout<never>])[];
  it.each(records)('%s has the fields of the code, in order and type', (heading, { fields }) => {
    expect(page.table(`${heading}:`).map(([field, type]) => [field, type])).toEqual(fields);
  });

  it('a signed header is a header, then signer and signature', () => {
    expect(SIGNED_HEADER.fields).toEqual([...HEADER.fields, ['signer', 'bytes[32]'], ['signature', 'bytes[64]']]);
  });

  it('the key space', () => {
    const named = Object.values(tables).flatMap((table) =>
      typeof table === 'object' && 'prefix' in table ? [table.prefix] : [],
    );
    const rows = page.table('## 5. State');
    expect(rows.map(([bucket]) => bucket)).toEqual(named.sort());
    const layouts = Object.values(tables.STATE_LAYOUTS).map(({ name }) => name);
    const documents = ['genesis document', 'artifact bytes', 'deployment document', 'receipt'];
    expect(rows.map(([, , value]) => value).sort()).toEqual([...layouts, ...documents].sort());
  });

  it('keys as the table says', () => {
    const digest = 'ab'.repeat(32);
    expect(tables.setpointTable.key(5, digest, 'x1')).toBe(`110000000000000005${digest}027831`);
    expect(tables.receiptTable.key(digest, 'x1', 5)).toBe(`13${digest}0278310000000000000005`);
    expect(tables.balanceTable.key(tables.balanceKey.receivable('a'))).toBe('04050161');
  });

  it('every kind of transaction, and no other', () => {
    expect(page.table('Order of checks').map(([kind]) => kind)).toEqual([...TX_KINDS]);
  });

  it('every error code it names exists', () => {
    const codes = [...page.text.matchAll(/`([a-z]+\.[a-zA-Z]+)`/g)].map(([, code]) => code!);
    const known = new Set<string>([...Object.keys(ERRORS), ...TX_KINDS, ...CHANNEL_NAMES, 'settlement.md']);
    expect(codes.filter((code) => !known.has(code))).toEqual([]);
    expect(codes.length).toBeGreaterThan(40);
  });

  it('channels, limits, flags and domains', () => {
    for (const name of CHANNEL_NAMES) expect(page.text).toContain(`${CHANNELS[name].id} \`${name}\``);
    const spaced = (n: number): string => n.toLocaleString('en').replaceAll(',', ' ');
    for (const limit of [MAX_TX_BYTES, MAX_BLOCK_TXS, MAX_BLOCK_BYTES]) expect(page.text).toContain(spaced(limit));
    expect(page.text).toContain(
      Object.entries(RECEIPT_FLAG)
        .map(([name, bit]) => `${bit} ${name}`)
        .join(', '),
    );
    expect(page.table('## 2. Signatures').map(([domain]) => domain)).toEqual(['tx', 'device', 'enrolment', 'header']);
    expect(toHex(signingBytes('tx', 'example', Uint8Array.of(9)))).toBe(
      `${toHex(new TextEncoder().encode('gridpact/tx/v1'))}0007${toHex(new TextEncoder().encode('example'))}09`,
    );
  });
});

describe('worked examples of docs/spec/ledger.md', () => {
  it('the account transaction', () => {
    const tx = page.json<AccountTx>('example-tx');
    const bytes = page.hex('example-tx-bytes');
    expect(toHex(signTx(tx, signer))).toBe(toHex(bytes));
    expect(decodeTx(bytes)).toMatchObject({ type: 'account', tx });
  });

  it('the device batch', () => {
    const batch = page.json<DeviceBatch>('example-batch');
    const bytes = page.hex('example-batch-bytes');
    expect(toHex(signBatch(batch, 'example', signer))).toBe(toHex(bytes));
    expect(decodeTx(bytes)).toMatchObject({ type: 'device', batch });
  });

  it('the receipt and its leaf hash', () => {
    const receipt = record<Receipt>('example-receipt');
    const bytes = page.hex('example-receipt-bytes');
    expect(toHex(RECEIPT.encode(receipt))).toBe(toHex(bytes));
    expect(RECEIPT.decode(bytes)).toEqual(receipt);
    expect(toHex(leafHash(bytes))).toBe(page.block('example-receipt-leaf'));
  });

  it('the state and its root', () => {
    const state = new CommittedState();
    const staged = new StagedState(state);
    for (const line of page.block('example-state').split('\n').toReversed()) {
      const [key, value] = line.split(' ');
      staged.set(key!, fromHex(value!));
    }
    state.commit(staged.stage());
    expect(toHex(state.root())).toBe(page.block('example-state-root'));
    expect(tables.accountTable.get(state, 'buyer')).toEqual({ publicKey: signer.publicKey, nonce: 8 });
    expect(tables.balanceTable.get(state, tables.balanceKey.account('owner-1'))).toEqual({ micro: 1500000 });
  });

  it('the header, its hash and its signature', () => {
    const header = record<Header>('example-header');
    const bytes = page.hex('example-header-bytes');
    expect(toHex(HEADER.encode(header))).toBe(toHex(bytes));
    expect(toHex(sha256(bytes))).toBe(page.block('example-header-hash'));
    const signed = signHeader(header, signer);
    expect(toHex(signed.signature)).toBe(toHex(page.hex('example-header-signature')));
    expect(verifyHeader(signed)).toBe(true);
    expect(toHex(header.stateRoot)).toBe(page.block('example-state-root'));
    expect(toHex(header.receiptsRoot)).toBe(toHex(merkleRoot([page.hex('example-receipt-bytes')])));
  });
});
