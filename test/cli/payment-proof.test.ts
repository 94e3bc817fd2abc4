import { describe, it, expect, beforeAll } from 'vitest';
import fc from 'fast-check';
import { concatBytes } from '../../src/base/bytes.ts';
import { sha256, ZERO_HASH } from '../../src/base/hash.ts';
import { secretFromSeed, signerOf } from '../../src/base/signature.ts';
import { hexLine, verifyPayment } from '../../src/cli/paymentProof.ts';
import { SIGNED_HEADER, signHeader, type Header } from '../../src/ledger/header.ts';
import { merkleRoot } from '../../src/ledger/merkle.ts';
import { proveReceipt } from '../../src/ledger/proof.ts';
import { RECEIPT, type Receipt } from '../../src/ledger/receipt.ts';

const node = signerOf(secretFromSeed('test', 'node'));
const receipts = [10, 20, 30, 40, 50].map((payMicro) =>
  RECEIPT.encode({
    v: 1,
    deployment: sha256(new Uint8Array(0)),
    asset: 'site-1',
    owner: 'owner-1',
    interval: 7,
    dMs: 300000,
    service: 1,
    formulaVersion: 1,
    status: 0,
    flags: 0,
    revision: 0,
    readingHash: ZERO_HASH,
    setpoint: [1, 2],
    measured: [3, -4],
    score: [5],
    prices: [6],
    payMicro,
    penaltyMicro: 0,
  } satisfies Receipt),
);
const header: Header = {
  v: 1,
  chain: 'test',
  height: 9,
  timeMs: 1000,
  previous: ZERO_HASH,
  txCount: 0,
  txRoot: merkleRoot([]),
  resultsRoot: merkleRoot([]),
  receiptCount: receipts.length,
  receiptsRoot: merkleRoot(receipts),
  stateRoot: ZERO_HASH,
};

describe('payment proof files', () => {
  let proofFile: Uint8Array;
  let headerFile: Uint8Array;
  beforeAll(() => {
    proofFile = hexLine(proveReceipt(header, receipts, 3));
    headerFile = hexLine(SIGNED_HEADER.encode(signHeader(header, node)));
  });

  it('hold as made, with and without the key of the node', () => {
    expect(verifyPayment(proofFile, headerFile).receipt.payMicro).toBe(40);
    expect(verifyPayment(proofFile, headerFile, node.publicKey).header.height).toBe(9);
  });

  it('fail with any one byte of either changed, at every position', () => {
    for (const [which, file] of [proofFile, headerFile].entries()) {
      for (let at = 0; at < file.length; at++) {
        // Another hex digit where there was one: the least visible change.
        const changed = file.slice();
        changed[at] = file[at] === 0x30 ? 0x31 : 0x30;
        const check = () => verifyPayment(which === 0 ? changed : proofFile, which === 1 ? changed : headerFile);
        expect(check, `file ${which}, byte ${at}`).toThrow(/^proof\.invalid/);
      }
    }
  });

  it('fail with any other byte anywhere, a byte more or a byte less', () => {
    const change = fc.record({
      which: fc.nat(1),
      at: fc.nat(5000),
      flip: fc.integer({ min: 1, max: 255 }),
      how: fc.constantFrom('flip', 'insert', 'drop'),
    });
    fc.assert(
      fc.property(change, ({ which, at, flip, how }) => {
        const file = which === 0 ? proofFile : headerFile;
        const i = at % file.length;
        const middle = how === 'flip' ? [file[i]! ^ flip] : how === 'insert' ? [flip, file[i]!] : [];
        const changed = concatBytes(file.slice(0, i), Uint8Array.from(middle), file.slice(i + 1));
        expect(() => verifyPayment(which === 0 ? changed : proofFile, which === 1 ? changed : headerFile)).toThrow(
          /^proof\.invalid/,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('fail under the header of another node and for another block', () => {
    const other = signerOf(secretFromSeed('test', 'other'));
    const forged = hexLine(SIGNED_HEADER.encode(signHeader(header, other)));
    expect(verifyPayment(proofFile, forged).receipt.payMicro).toBe(40);
    expect(() => verifyPayment(proofFile, forged, node.publicKey)).toThrow(/header signed by/);
    const later = hexLine(SIGNED_HEADER.encode(signHeader({ ...header, height: 10 }, node)));
    expect(() => verifyPayment(proofFile, later)).toThrow(/height 10/);
  });
});
