/** Strict reading of the documents of this folder: exactly the keys given, kinds and ranges checked. */
import { compareText } from '../../../base/bytes.ts';
import type { Document } from '../../../base/cbor.ts';
import { fail, type ErrorCode } from '../../../base/errors.ts';
import { isId } from '../../../base/record.ts';

export type Fields<K extends string> = { readonly [P in K]: Document };

/** Reads one kind of document; every refusal carries `code` and the place. */
export class DocumentReader {
  readonly #code: ErrorCode;

  constructor(code: ErrorCode) {
    this.#code = code;
  }

  refuse(expected: unknown, got: unknown): Error {
    return fail(this.#code, { expected, got });
  }

  fields<K extends string>(value: Document | undefined, at: string, keys: readonly K[]): Fields<K> {
    if (!isMap(value)) throw this.refuse({ at, kind: 'map' }, show(value));
    for (const key of keys) if (!Object.hasOwn(value, key)) throw this.refuse({ at, key }, 'no such key');
    const unknown = Object.keys(value)
      .sort(compareText)
      .find((key) => !(keys as readonly string[]).includes(key));
    if (unknown !== undefined) throw this.refuse({ at, keys }, { key: unknown });
    return value as Fields<K>;
  }

  list(value: Document, at: string, min: number, max: number): readonly Document[] {
    if (!Array.isArray(value)) throw this.refuse({ at, kind: 'array' }, show(value));
    const items = value as readonly Document[];
    if (items.length < min || items.length > max) throw this.refuse({ at, min, max }, { items: items.length });
    return items;
  }

  integer(value: Document, at: string, min: number, max: number): number {
    if (typeof value !== 'number') throw this.refuse({ at, kind: 'integer' }, show(value));
    if (value < min || value > max) throw this.refuse({ at, min, max }, value);
    return value;
  }

  integers(value: Document, at: string, max: number, limit: number): readonly number[] {
    return this.list(value, at, 0, max).map((item, i) => this.integer(item, `${at}[${i}]`, 0 - limit, limit));
  }

  /** [lo, hi], lo <= hi. */
  interval(value: Document, at: string, min: number, max: number): readonly [number, number] {
    const pair = this.list(value, at, 2, 2);
    const lo = this.integer(pair[0]!, `${at}[0]`, min, max);
    return [lo, this.integer(pair[1]!, `${at}[1]`, lo, max)];
  }

  text(value: Document, at: string): string {
    if (typeof value !== 'string') throw this.refuse({ at, kind: 'text' }, show(value));
    return value;
  }

  id(value: Document, at: string): string {
    const text = this.text(value, at);
    if (!isId(text)) throw this.refuse({ at, characters: '1..32 of [a-z0-9._/-]' }, show(value));
    return text;
  }

  oneOf<T extends string>(value: Document, at: string, choices: readonly T[]): T {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.refuse({ at, oneOf: choices }, show(value));
    return found;
  }

  bytes(value: Document, at: string, min: number, max: number): Uint8Array {
    if (!(value instanceof Uint8Array)) throw this.refuse({ at, kind: 'bytes' }, show(value));
    if (value.length < min || value.length > max) throw this.refuse({ at, min, max }, { bytes: value.length });
    return value;
  }
}

function isMap(value: Document | undefined): value is { readonly [key: string]: Document } {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** What stands there instead, short enough for an error line. */
function show(value: Document | undefined): string | number {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return value.slice(0, 80);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return Array.isArray(value) ? 'array' : 'map';
}
