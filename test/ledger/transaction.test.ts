import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { encodeDocument, type Document } from '../../src/base/cbor.ts';
import { isGridPactError } from '../../src/base/errors.ts';
import { secretFromSeed, signerOf, signingBytes, verify } from '../../src/base/signature.ts';
import type { DeviceBatch, Reading } from '../../src/contracts/metering/reading.ts';
import {
  checkBatchSignature,
  checkTxSignature,
  decodeTx,
  enrolmentBytes,
  MAX_TX_BYTES,
  signBatch,
  signTx,
  TX_KINDS,
  type AccountTx,
  type TxBody,
} from '../../src/ledger/transaction.ts';

const signer = signerOf(secretFromSeed('codec', 'account'));
const stranger = signerOf(secretFromSeed('codec', 'stranger'));
const id = fc.stringMatching(/^[a-z0-9._/-]{1,32}$/);
const i32 = fc.integer({ min: -2147483648, max: 2147483647 });

const body = fc.dictionary(
  fc.string({ maxLength: 10 }),
  fc.oneof(fc.maxSafeInteger(), fc.string(), fc.uint8Array({ maxLength: 40 }), fc.array(fc.maxSafeInteger())),
  { maxKeys: 5, noNullPrototype: true },
) as fc.Arbitrary<TxBody>;
const accountTx: fc.Arbitrary<AccountTx> = fc.record(
  { chain: id, from: id, nonce: fc.nat(1e9), kind: fc.constantFrom(...TX_KINDS), body },
  { noNullPrototype: true },
);

const meterValues = {
  interval: fc.maxSafeNat(),
  pW: i32,
  qVar: i32,
  vMicroPu: i32,
  eStorageMilliWh: fc.maxSafeInteger(),
  quality: fc.nat(255),
};
const MEASURED_BITS = [0, 1, 2, 3, 4, 5];
const observation: fc.Arbitrary<Reading> = fc
  .tuple(fc.maxSafeNat(), fc.subarray(MEASURED_BITS), fc.array(i32, { minLength: 6, maxLength: 6 }))
  .map(([tMs, bits, values]) => ({
    kind: 'observation',
    tMs,
    present: bits.reduce((mask, bit) => mask | (1 << bit), 0),
    values: values.slice(0, bits.length),
  }));
const reading: fc.Arbitrary<Reading> = fc.oneof(
  observation,
  fc.record({ kind: fc.constant('meter' as const), ...meterValues }, { noNullPrototype: true }),
  fc.record(
    { kind: fc.constant('correction' as const), ...meterValues, revision: fc.nat(65535) },
    { noNullPrototype: true },
  ),
);
const batch: fc.Arbitrary<DeviceBatch> = fc.record(
  {
    device: id,
    context: fc.nat(4294967295),
    firstCounter: fc.maxSafeNat(),
    readings: fc.array(reading, { maxLength: 6 }),
  },
  { noNullPrototype: true },
);

const PLAIN: AccountTx = { chain: 'c', from: 'a', nonce: 0, kind: 'account.transfer', body: { micro: 1, to: 'b' } };
const OBSERVED: Reading = { kind: 'observation', tMs: 1, present: 1, values: [5] };

/** Signed bytes of any document, for documents that are no transaction. */
function sealed(document: Document): Uint8Array {
  return Uint8Array.from([1, ...new Uint8Array(64), ...encodeDocument(document)]);
}

describe('transaction bytes', () => {
  it('account transactions round trip and carry a signature for their chain', () => {
    fc.assert(
      fc.property(accountTx, (tx) => {
        const decoded = decodeTx(signTx(tx, signer));
        if (decoded.type !== 'account') throw new Error('not an account transaction');
        expect(decoded.tx).toEqual(tx);
        checkTxSignature(decoded, tx.chain, signer.publicKey);
        expect(() => checkTxSignature(decoded, `${tx.chain.slice(0, 31)}x`, signer.publicKey)).toThrow('tx.chain');
        expect(() => checkTxSignature(decoded, tx.chain, stranger.publicKey)).toThrow('tx.signature');
      }),
      { numRuns: 100 },
    );
  });

  it('device batches round trip and are bound to the chain they were signed for', () => {
    fc.assert(
      fc.property(batch, id, (readings, chain) => {
        const decoded = decodeTx(signBatch(readings, chain, signer));
        if (decoded.type !== 'device') throw new Error('not a device batch');
        expect(decoded.batch).toEqual(readings);
        checkBatchSignature(decoded, chain, signer.publicKey);
        const other = chain === 'a' ? 'b' : 'a';
        expect(() => checkBatchSignature(decoded, other, signer.publicKey)).toThrow('reading.signature');
        expect(() => checkBatchSignature(decoded, chain, stranger.publicKey)).toThrow('reading.signature');
      }),
      { numRuns: 100 },
    );
  });

  it('a flipped bit in any byte is refused or breaks the signature', () => {
    const account = signTx(PLAIN, signer);
    const device = signBatch({ device: 'd', context: 1, firstCounter: 1, readings: [OBSERVED] }, 'c', signer);
    for (const bytes of [account, device]) {
      for (let at = 0; at < bytes.length; at++) {
        const flipped = bytes.map((byte, i) => (i === at ? byte ^ (1 << (at & 7)) : byte));
        expect(() => {
          const decoded = decodeTx(flipped);
          if (decoded.type === 'account') checkTxSignature(decoded, 'c', signer.publicKey);
          else checkBatchSignature(decoded, 'c', signer.publicKey);
        }).toThrow(/^(tx|cbor|record|reading)\./);
      }
    }
  });

  it('random bytes end in a coded error', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2, 3), fc.uint8Array({ maxLength: 200 }), (tag, rest) => {
        try {
          decodeTx(Uint8Array.from([tag, ...rest]));
        } catch (error) {
          expect(isGridPactError(error)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('size bounds, and no other tag', () => {
    expect(() => decodeTx(new Uint8Array(0))).toThrow('tx.size');
    expect(() => decodeTx(new Uint8Array(65))).toThrow('tx.size');
    expect(() => decodeTx(new Uint8Array(MAX_TX_BYTES + 1))).toThrow('tx.size');
    expect(() => decodeTx(Uint8Array.from([3, ...new Uint8Array(80)]))).toThrow('tx.malformed');
  });

  const notTransactions: readonly (readonly [string, Document, string])[] = [
    ['a list', [1, 2], 'tx.malformed'],
    ['a number', 1, 'tx.malformed'],
    ['bytes', new Uint8Array(10), 'tx.malformed'],
    ['a key too few', { chain: 'c', from: 'a', kind: 'account.open', nonce: 0 }, 'tx.malformed'],
    ['a key too many', { ...PLAIN, more: 1 }, 'tx.malformed'],
    ['a negative nonce', { ...PLAIN, nonce: -1 }, 'tx.malformed'],
    ['a nonce that could not be followed', { ...PLAIN, nonce: Number.MAX_SAFE_INTEGER }, 'tx.malformed'],
    ['a nonce in text', { ...PLAIN, nonce: '0' }, 'tx.malformed'],
    ['a sender that is no id', { ...PLAIN, from: 'A' }, 'tx.malformed'],
    ['a chain in bytes', { ...PLAIN, chain: new Uint8Array(1) }, 'tx.malformed'],
    ['an unknown kind', { ...PLAIN, kind: 'money.print' }, 'tx.kind'],
    ['a kind of every object', { ...PLAIN, kind: 'constructor' }, 'tx.kind'],
    ['a body that is a list', { ...PLAIN, body: [] }, 'tx.malformed'],
  ];
  it.each(notTransactions)('refuses %s', (_, document, code) => {
    expect(() => decodeTx(sealed(document))).toThrow(code);
  });

  it('a signature for one purpose is none for another', () => {
    const payload = utf8('same bytes');
    const messages = ['tx', 'device', 'enrolment', 'header'].map((domain) => signingBytes(domain, 'c', payload));
    for (const message of messages) {
      const signature = signer.sign(message);
      expect(messages.map((other) => verify(signer.publicKey, other, signature))).toEqual(
        messages.map((other) => other === message),
      );
    }
  });

  it('domain and chain id cannot run into one another', () => {
    expect(toHex(signingBytes('tx', 'ab', utf8('c')))).not.toBe(toHex(signingBytes('tx', 'a', utf8('bc'))));
    expect(() => signingBytes('tx', '', new Uint8Array(0))).toThrow('signature.domain');
  });

  it('an enrolment covers the owner and every field but the signature itself', () => {
    const base = { asset: 'x', bus: 1, deviceSignature: new Uint8Array(64) };
    const bytes = toHex(enrolmentBytes('c', 'owner', base));
    expect(toHex(enrolmentBytes('c', 'owner', { ...base, deviceSignature: Uint8Array.of(1) }))).toBe(bytes);
    expect(toHex(enrolmentBytes('c', 'other', base))).not.toBe(bytes);
    expect(toHex(enrolmentBytes('d', 'owner', base))).not.toBe(bytes);
    expect(toHex(enrolmentBytes('c', 'owner', { ...base, bus: 2 }))).not.toBe(bytes);
  });
});
