/**
 * Payment proofs as files: one line of lower-case hex and a newline, one file for the proof, one for the signed
 * header of the block. Every byte of both files counts: a changed byte is another spelling (refused), another
 * header (its signature fails) or another proof (its path fails).
 */
import { equalBytes, fromHex, toHex, utf8 } from '../base/bytes.ts';
import { fail, isGridPactError } from '../base/errors.ts';
import { SIGNED_HEADER, verifyHeader, type SignedHeader } from '../ledger/header.ts';
import { verifyReceiptProof } from '../ledger/proof.ts';
import type { Receipt } from '../ledger/receipt.ts';

export interface VerifiedPayment {
  readonly header: SignedHeader;
  readonly receipt: Receipt;
}

export function hexLine(bytes: Uint8Array): Uint8Array {
  return utf8(`${toHex(bytes)}\n`);
}

/** Needs nothing but the two files. `nodeKey`: the signer to insist on. @throws `proof.invalid` saying what failed. */
export function verifyPayment(proofFile: Uint8Array, headerFile: Uint8Array, nodeKey?: Uint8Array): VerifiedPayment {
  const proof = unhex(proofFile, 'proof file');
  const header = explained('header file: a signed header', () =>
    SIGNED_HEADER.decode(unhex(headerFile, 'header file')),
  );
  if (nodeKey !== undefined && !equalBytes(header.signer, nodeKey)) {
    throw fail('proof.invalid', { expected: `header signed by ${toHex(nodeKey)}`, got: `by ${toHex(header.signer)}` });
  }
  if (!verifyHeader(header))
    throw fail('proof.invalid', { expected: 'header signature of its signer', got: 'another' });
  return { header, receipt: explained('proof file: a payment proof', () => verifyReceiptProof(header, proof)) };
}

function unhex(bytes: Uint8Array, name: string): Uint8Array {
  // Latin-1 maps every byte to a character, so that no byte is lost before it is looked at.
  const text = new TextDecoder('latin1').decode(bytes);
  if (!/^([0-9a-f]{2})+\n$/.test(text)) {
    throw fail('proof.invalid', { expected: `${name}: one line of lower-case hex and a newline`, got: 'other bytes' });
  }
  return fromHex(text.slice(0, -1));
}

/** Whatever does not decode is a proof that does not verify. */
function explained<T>(expected: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isGridPactError(cause) || cause.code === 'proof.invalid') throw cause;
    const got = `${cause.code}: expected ${String(cause.expected)}, got ${String(cause.got)}`;
    throw fail('proof.invalid', { expected, got, cause });
  }
}
