/**
 * Ledger code -> HTTP status. Codes are the contract and statuses a courtesy to HTTP tools, so the mapping is
 * small: exact codes first, then the last part of a code, then its room, else 422 (understood, and refused).
 */
import type { ErrorCode } from '../base/errors.ts';

export const STATUS_OF_CODE: Partial<Readonly<Record<ErrorCode, number>>> = {
  'api.bodySize': 413,
  'api.mediaType': 415,
  'api.rate': 429,
  'api.request': 400,
  'api.route': 404,
  'asset.enrolment': 401,
  'deployment.duplicateApproval': 409,
  'deployment.notOperator': 403,
  'deployment.status': 409,
  'escrow.notBuyer': 403,
  'money.unbalanced': 500,
  'offer.notOwner': 403,
  'policy.selfTest': 500,
  'pool.full': 429,
  'query.path': 404,
  'reading.counter': 409,
  'reading.notAuthority': 403,
  'reading.signature': 401,
  'tx.chain': 422,
  'tx.duplicate': 409,
  'tx.nonce': 409,
  'tx.signature': 401,
};

export const STATUS_OF_LAST_PART: Readonly<Record<string, number>> = {
  exists: 409,
  malformed: 400,
  unknown: 404,
};

export const STATUS_OF_ROOM: Readonly<Record<string, number>> = {
  base: 400,
  block: 500,
  cbor: 400,
  cid: 400,
  query: 400,
  signature: 400,
  store: 500,
  tx: 400,
};

const REFUSED = 422;

export function httpStatusOf(code: ErrorCode): number {
  const [room, last] = code.split('.') as [string, string];
  return STATUS_OF_CODE[code] ?? STATUS_OF_LAST_PART[last] ?? STATUS_OF_ROOM[room] ?? REFUSED;
}
