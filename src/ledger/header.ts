/**
 * The application's block header, written after execution: it binds the block's transactions, results,
 * receipts and the state they lead to. Its hash is the app hash; the embedded engine signs it, a
 * distributed engine puts the hash under its own consensus signatures.
 */
import { compareText, fromHex, toHex } from '../base/bytes.ts';
import { sha256 } from '../base/hash.ts';
import { bytesField, id, layout, u32, u53, u8, type RecordOf } from '../base/record.ts';
import { signingBytes, verify, type Signer } from '../base/signature.ts';

const headerFields = {
  v: u8,
  chain: id,
  height: u53,
  timeMs: u53,
  /** Hash of the previous header; of the genesis document for the first. */
  previous: bytesField(32),
  txCount: u32,
  txRoot: bytesField(32),
  resultsRoot: bytesField(32),
  receiptCount: u32,
  receiptsRoot: bytesField(32),
  stateRoot: bytesField(32),
};
export const HEADER = layout('header', headerFields);
export type Header = RecordOf<typeof headerFields>;
export const HEADER_VERSION = 1;

export const SIGNED_HEADER = layout('signedHeader', {
  ...headerFields,
  signer: bytesField(32),
  signature: bytesField(64),
});
export type SignedHeader = ReturnType<typeof SIGNED_HEADER.decode>;

const HEADER_DOMAIN = 'header';

export function headerHash(header: Header): Uint8Array {
  return sha256(HEADER.encode(header));
}

export function signHeader(header: Header, signer: Signer): SignedHeader {
  const signature = signer.sign(signingBytes(HEADER_DOMAIN, header.chain, HEADER.encode(header)));
  return { ...header, signer: signer.publicKey, signature };
}

export function verifyHeader(header: SignedHeader): boolean {
  return verify(header.signer, signingBytes(HEADER_DOMAIN, header.chain, HEADER.encode(header)), header.signature);
}

/** For JSON: every byte field as hex. */
export function headerView(header: SignedHeader): Readonly<Record<string, number | string>> {
  const entries = Object.entries(header).sort((a, b) => compareText(a[0], b[0]));
  return Object.fromEntries(entries.map(([key, value]) => [key, value instanceof Uint8Array ? toHex(value) : value]));
}

/** Of hex text of a whole signed header. @throws `base.hex`, `record.malformed`. */
export function headerFromHex(text: string): SignedHeader {
  return SIGNED_HEADER.decode(fromHex(text));
}
