/**
 * Payment proofs: a receipt and its path to the receipts root of a block header. Whoever holds the header
 * checks the payment with this file alone, without the ledger. Every byte of a proof is bound: version,
 * chain and height by the header, index and size by the RFC 6962 walk, receipt and path by the root.
 */
import { fromHex } from '../base/bytes.ts';
import { fail, isGridPactError } from '../base/errors.ts';
import { blob, bytesField, id, layout, listField, u32, u53, u8 } from '../base/record.ts';
import type { Header } from './header.ts';
import { merklePath, verifyMerklePath } from './merkle.ts';
import { RECEIPT, type Receipt } from './receipt.ts';
import { verifyTrieProof, type TrieProof } from './trie.ts';

export const RECEIPT_PROOF = layout('receiptProof', {
  v: u8,
  chain: id,
  height: u53,
  index: u32,
  size: u32,
  receipt: blob,
  path: listField(bytesField(32), 64),
});
const PROOF_VERSION = 1;

/** Proof of receipt `index` among all receipts of one block, in order. */
export function proveReceipt(header: Header, receipts: readonly Uint8Array[], index: number): Uint8Array {
  return RECEIPT_PROOF.encode({
    v: PROOF_VERSION,
    chain: header.chain,
    height: header.height,
    index,
    size: receipts.length,
    receipt: receipts[index]!,
    path: merklePath(receipts, index),
  });
}

/**
 * The proved receipt. The caller answers for the header: its signature, or its own trust in it.
 * @throws `proof.malformed`, `proof.invalid`.
 */
export function verifyReceiptProof(header: Header, bytes: Uint8Array): Receipt {
  const proof = decodeProof(bytes);
  const { v, chain, height, index, size, receipt, path } = proof;
  if (v !== PROOF_VERSION) throw fail('proof.malformed', { expected: `version ${PROOF_VERSION}`, got: v });
  if (chain !== header.chain || height !== header.height || size !== header.receiptCount) {
    const expected = `${header.chain}, height ${header.height}, ${header.receiptCount} receipts`;
    throw fail('proof.invalid', { expected, got: `${chain}, height ${height}, ${size} receipts` });
  }
  if (!verifyMerklePath(header.receiptsRoot, receipt, index, size, path)) {
    throw fail('proof.invalid', { expected: 'a path to the receipts root of the header' });
  }
  return RECEIPT.decode(receipt);
}

function decodeProof(bytes: Uint8Array): ReturnType<typeof RECEIPT_PROOF.decode> {
  try {
    return RECEIPT_PROOF.decode(bytes);
  } catch (cause) {
    if (!isGridPactError(cause)) throw cause;
    throw fail('proof.malformed', { got: cause.message, cause });
  }
}

/** That `key` (hex, as in the tables) held `value`, or nothing, after the block of this header. */
export function verifyStateProof(
  header: Header,
  key: string,
  value: Uint8Array | undefined,
  proof: TrieProof,
): boolean {
  return verifyTrieProof(header.stateRoot, fromHex(key), value, proof);
}
