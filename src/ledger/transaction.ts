/**
 * Transactions. Two kinds of bytes: a document signed by an account (tag 1: signature, canonical DAG-CBOR),
 * and a batch signed by a device (tag 2: signature, fixed layout), which needs no account because the
 * device's counter orders it. Signatures are domain-separated and bound to the chain id.
 */
import { concatBytes } from '../base/bytes.ts';
import { decodeDocument, encodeDocument, type Document } from '../base/cbor.ts';
import { fail } from '../base/errors.ts';
import { SAFE_MAX } from '../base/fixed.ts';
import { isId } from '../base/record.ts';
import { sortedKeys } from '../base/sorted.ts';
import { signingBytes, verify, type Signer } from '../base/signature.ts';
import { DEVICE_BATCH, type DeviceBatch } from '../contracts/metering/reading.ts';

export const TX_KINDS = [
  'account.open',
  'account.transfer',
  'asset.register',
  'policy.register',
  'deployment.propose',
  'deployment.approve',
  'deployment.suspend',
  'deployment.resume',
  'deployment.end',
  'offer.make',
  'offer.withdraw',
  'escrow.fund',
  'escrow.withdraw',
  'reading.correct',
] as const;
export type TxKind = (typeof TX_KINDS)[number];

export type TxBody = { readonly [key: string]: Document };

export interface AccountTx {
  readonly chain: string;
  readonly from: string;
  readonly nonce: number;
  readonly kind: TxKind;
  readonly body: TxBody;
}

export type DecodedTx =
  | { readonly type: 'account'; readonly tx: AccountTx; readonly payload: Uint8Array; readonly signature: Uint8Array }
  | {
      readonly type: 'device';
      readonly batch: DeviceBatch;
      readonly payload: Uint8Array;
      readonly signature: Uint8Array;
    };

export const TX_TAG = { account: 1, device: 2 } as const;
/** An artifact of 256 KiB and its envelope. */
export const MAX_TX_BYTES = 270000;
const SIGNATURE_BYTES = 64;
const TX_DOMAIN = 'tx';
const DEVICE_DOMAIN = 'device';
const ENROLMENT_DOMAIN = 'enrolment';
const TX_BOUNDS = { maxBytes: MAX_TX_BYTES, maxDepth: 8, maxItems: 20000 };

export function signTx(tx: AccountTx, signer: Signer): Uint8Array {
  const payload = encodeDocument({ ...tx });
  const signature = signer.sign(signingBytes(TX_DOMAIN, tx.chain, payload));
  return concatBytes(Uint8Array.of(TX_TAG.account), signature, payload);
}

export function signBatch(batch: DeviceBatch, chain: string, signer: Signer): Uint8Array {
  const payload = DEVICE_BATCH.encode(batch);
  const signature = signer.sign(signingBytes(DEVICE_DOMAIN, chain, payload));
  return concatBytes(Uint8Array.of(TX_TAG.device), signature, payload);
}

/** What a device signs to join: the owner's registration without the signature itself. */
export function enrolmentBytes(chain: string, owner: string, body: TxBody): Uint8Array {
  const { deviceSignature: _, ...enrolment } = body;
  return signingBytes(ENROLMENT_DOMAIN, chain, encodeDocument({ owner, ...enrolment }));
}

/** Stateless checks only. @throws `tx.size`, `tx.malformed`, `cbor.*`, `record.malformed`. */
export function decodeTx(bytes: Uint8Array): DecodedTx {
  if (bytes.length <= 1 + SIGNATURE_BYTES || bytes.length > MAX_TX_BYTES) {
    throw fail('tx.size', { expected: `${2 + SIGNATURE_BYTES}..${MAX_TX_BYTES} bytes`, got: bytes.length });
  }
  const signature = bytes.slice(1, 1 + SIGNATURE_BYTES);
  const payload = bytes.slice(1 + SIGNATURE_BYTES);
  if (bytes[0] === TX_TAG.account) {
    return { type: 'account', tx: parseAccountTx(decodeDocument(payload, TX_BOUNDS)), payload, signature };
  }
  if (bytes[0] === TX_TAG.device) return { type: 'device', batch: DEVICE_BATCH.decode(payload), payload, signature };
  throw fail('tx.malformed', { expected: 'tag 1 (account) or 2 (device)', got: bytes[0] });
}

function parseAccountTx(document: Document): AccountTx {
  const map = document as TxBody;
  const isMap = typeof document === 'object' && !Array.isArray(document) && !(document instanceof Uint8Array);
  if (!isMap || !hasExactly(map, ['body', 'chain', 'from', 'kind', 'nonce'])) {
    throw fail('tx.malformed', { expected: 'a map of body, chain, from, kind, nonce' });
  }
  const { chain, from, nonce, kind, body } = map;
  if (typeof chain !== 'string') throw fail('tx.malformed', { expected: 'chain: text', got: chain });
  if (!isId(from)) throw fail('tx.malformed', { expected: 'from: an account name', got: from });
  if (typeof nonce !== 'number' || nonce < 0 || nonce >= SAFE_MAX) {
    throw fail('tx.malformed', { expected: 'nonce: integer >= 0', got: nonce });
  }
  if (!TX_KINDS.some((known) => known === kind)) throw fail('tx.kind', { expected: TX_KINDS.join(', '), got: kind });
  if (typeof body !== 'object' || Array.isArray(body) || body instanceof Uint8Array) {
    throw fail('tx.malformed', { expected: 'body: a map' });
  }
  return { chain, from, nonce, kind: kind as TxKind, body: body as TxBody };
}

export function hasExactly(map: object, keys: readonly string[]): boolean {
  return sortedKeys(map).length === keys.length && keys.every((key) => Object.hasOwn(map, key));
}

/** @throws `tx.chain`, `tx.signature`. */
export function checkTxSignature(decoded: DecodedTx & { type: 'account' }, chain: string, key: Uint8Array): void {
  if (decoded.tx.chain !== chain) throw fail('tx.chain', { expected: chain, got: decoded.tx.chain });
  if (!verify(key, signingBytes(TX_DOMAIN, chain, decoded.payload), decoded.signature)) {
    throw fail('tx.signature', { expected: `a signature by the key of ${decoded.tx.from} for chain ${chain}` });
  }
}

/** A batch names no chain: the chain id is in what was signed, so another chain's batch fails here. */
export function checkBatchSignature(decoded: DecodedTx & { type: 'device' }, chain: string, key: Uint8Array): void {
  if (!verify(key, signingBytes(DEVICE_DOMAIN, chain, decoded.payload), decoded.signature)) {
    throw fail('reading.signature', { expected: `a signature by the device of ${decoded.batch.device} for ${chain}` });
  }
}
