/** Reading transaction bodies: exact key sets, typed fields, coded errors. */
import { toHex } from '../../base/bytes.ts';
import { cidDigest } from '../../base/cid.ts';
import { fail } from '../../base/errors.ts';
import { isId } from '../../base/record.ts';
import { sortedKeys } from '../../base/sorted.ts';
import { hasExactly, type TxBody } from '../transaction.ts';

export function expectKeys(body: TxBody, keys: readonly string[]): void {
  if (!hasExactly(body, keys)) {
    throw fail('tx.malformed', { expected: `body with exactly ${keys.join(', ')}`, got: sortedKeys(body).join(', ') });
  }
}

export function intField(body: TxBody, key: string, lo: number, hi: number): number {
  const value = body[key];
  if (typeof value !== 'number' || value < lo || value > hi) {
    throw fail('tx.malformed', { expected: `${key}: integer in [${lo}, ${hi}]`, got: value });
  }
  return value;
}

export function idField(body: TxBody, key: string): string {
  const value = body[key];
  if (!isId(value)) throw fail('tx.malformed', { expected: `${key}: 1..32 of [a-z0-9._/-]`, got: value });
  return value;
}

export function bytesField(body: TxBody, key: string, length?: number): Uint8Array {
  const value = body[key];
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) {
    throw fail('tx.malformed', { expected: `${key}: ${length ?? 'some'} bytes` });
  }
  return value;
}

/** A CID in text, as the hex digest that keys state. */
export function cidField(body: TxBody, key: string): string {
  const value = body[key];
  if (typeof value !== 'string') throw fail('tx.malformed', { expected: `${key}: a CID`, got: value });
  return toHex(cidDigest(value));
}
