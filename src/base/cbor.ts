/**
 * Canonical DAG-CBOR documents: integers, text, bytes, arrays, maps; nothing else.
 * Reading is scan -> decode -> re-encode -> compare. The scan bounds nesting and item count before the
 * decoder recurses (its stack depth depends on the node), and bars floats, tags, booleans and null.
 * The comparison is needed because the decoder accepts unsorted keys.
 */
import * as dagCbor from '@ipld/dag-cbor';
import { equalBytes } from './bytes.ts';
import { fail, isGridPactError } from './errors.ts';

export type Document = number | string | Uint8Array | readonly Document[] | { readonly [key: string]: Document };

export interface DocumentBounds {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly maxItems: number;
}

/** spec/policy.md 3.12. */
export const DOCUMENT_BOUNDS: DocumentBounds = { maxBytes: 262144, maxDepth: 6, maxItems: 10000 };

/** @throws `cbor.malformed` when the value holds something a document cannot. */
export function encodeDocument(value: Document): Uint8Array {
  assertDocument(value, 'document');
  return dagCbor.encode(value);
}

/** @throws `cbor.bounds`, `cbor.malformed`, `cbor.canonical`. */
export function decodeDocument(bytes: Uint8Array, bounds: DocumentBounds = DOCUMENT_BOUNDS): Document {
  scan(bytes, bounds);
  let value: Document;
  let again: Uint8Array;
  try {
    value = dagCbor.decode<Document>(bytes);
    again = encodeDocument(value);
  } catch (cause) {
    if (isGridPactError(cause)) throw cause;
    throw fail('cbor.malformed', { got: cause instanceof Error ? cause.message : String(cause), cause });
  }
  if (!equalBytes(again, bytes)) throw fail('cbor.canonical', { expected: 'the canonical encoding' });
  return value;
}

function assertDocument(value: unknown, path: string): void {
  if (typeof value === 'string' || value instanceof Uint8Array) return;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return;
  if (Array.isArray(value)) {
    value.forEach((item, i) => assertDocument(item, `${path}[${i}]`));
    return;
  }
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const [key, item] of Object.entries(value)) assertDocument(item, `${path}.${key}`);
    return;
  }
  throw fail('cbor.malformed', {
    expected: `${path}: safe integer, text, bytes, array or map`,
    got: typeof value === 'bigint' ? value : String(value),
  });
}

/** One linear pass over the item heads; no recursion. */
function scan(bytes: Uint8Array, { maxBytes, maxDepth, maxItems }: DocumentBounds): void {
  if (bytes.length === 0 || bytes.length > maxBytes) {
    throw fail('cbor.bounds', { expected: `1..${maxBytes} bytes`, got: bytes.length });
  }
  const remaining: number[] = [1]; // items still to come on each open level
  let items = 0;
  let at = 0;
  while (remaining.length > 0) {
    if (remaining[remaining.length - 1] === 0) {
      remaining.pop();
      continue;
    }
    remaining[remaining.length - 1]! -= 1;
    if (++items > maxItems) throw fail('cbor.bounds', { expected: `at most ${maxItems} items` });
    const head = readHead(bytes, at);
    at = head.next;
    if (head.major === 2 || head.major === 3) {
      at += head.value;
    } else if (head.major === 4 || head.major === 5) {
      // Every item takes at least a byte, so a longer count is a lie; it also keeps the arithmetic safe.
      if (head.value > bytes.length) throw fail('cbor.malformed', { got: `a count of ${head.value} at byte ${at}` });
      remaining.push(head.major === 4 ? head.value : 2 * head.value);
      if (remaining.length - 1 > maxDepth) throw fail('cbor.bounds', { expected: `nesting at most ${maxDepth}` });
    } else if (head.major > 5) {
      throw fail('cbor.bounds', {
        expected: 'no tag, float or simple value',
        got: `byte ${bytes[head.at]} at ${head.at}`,
      });
    }
    if (at > bytes.length) throw fail('cbor.malformed', { got: 'truncated item' });
  }
  if (at !== bytes.length) throw fail('cbor.malformed', { got: `${bytes.length - at} trailing bytes` });
}

function readHead(bytes: Uint8Array, at: number): { major: number; value: number; at: number; next: number } {
  if (at >= bytes.length) throw fail('cbor.malformed', { got: 'truncated item' });
  const major = bytes[at]! >> 5;
  const info = bytes[at]! & 31;
  if (info < 24) return { major, value: info, at, next: at + 1 };
  if (info > 27) {
    // 31 is indefinite length, or "break"; 28..30 are reserved.
    throw fail(major > 5 ? 'cbor.bounds' : 'cbor.malformed', { got: `head byte ${bytes[at]} at ${at}` });
  }
  const width = 1 << (info - 24);
  if (at + 1 + width > bytes.length) throw fail('cbor.malformed', { got: 'truncated item' });
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + bytes[at + 1 + i]!;
  return { major, value, at, next: at + 1 + width };
}
