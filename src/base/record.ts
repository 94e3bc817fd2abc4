/**
 * Fixed-layout binary records for hot data (readings, receipts, state leaves, headers): fields in
 * declared order, little-endian, no padding, one encoding per value. A layout is data, so that the
 * tables in docs/spec are checked against it.
 */
import { concatBytes, fromUtf8, utf8 } from './bytes.ts';
import { fail } from './errors.ts';
import { I32_MAX, I32_MIN, SAFE_MAX, U32_MAX } from './fixed.ts';

export interface Field<T> {
  /** As printed in the specification tables, for example `u32` or `bytes[32]`. */
  readonly type: string;
  write(value: T): Uint8Array;
  read(bytes: Uint8Array, at: number): { value: T; next: number };
}

export type Fields = Record<string, Field<unknown>>;
export type RecordOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export interface Layout<T> {
  readonly name: string;
  readonly fields: readonly (readonly [name: string, type: string])[];
  encode(value: T): Uint8Array;
  /** @throws `record.malformed` for a wrong length or a field outside its bounds. */
  decode(bytes: Uint8Array): T;
}

export function layout<F extends Fields>(name: string, fields: F): Layout<RecordOf<F>> {
  const entries = Object.entries(fields);
  return {
    name,
    fields: entries.map(([key, field]) => [key, field.type] as const),
    encode(value) {
      const record = value as Record<string, unknown>;
      return concatBytes(...entries.map(([key, field]) => writeNamed(name, key, field, record[key])));
    },
    decode(bytes) {
      const out: Record<string, unknown> = {};
      let at = 0;
      for (const [key, field] of entries) {
        const { value, next } = field.read(bytes, at);
        if (next > bytes.length) throw fail('record.malformed', { expected: `${name}.${key}`, got: 'end of bytes' });
        out[key] = value;
        at = next;
      }
      if (at !== bytes.length) {
        throw fail('record.malformed', { expected: `${name} of ${at} bytes`, got: `${bytes.length} bytes` });
      }
      return out as RecordOf<F>;
    },
  };
}

function writeNamed(name: string, key: string, field: Field<unknown>, value: unknown): Uint8Array {
  try {
    return field.write(value);
  } catch (cause) {
    throw fail('record.malformed', { expected: `${name}.${key}: ${field.type}`, got: value, cause });
  }
}

function intField(type: string, width: number, lo: number, hi: number): Field<number> {
  return {
    type,
    write(value) {
      if (!Number.isSafeInteger(value) || value < lo || value > hi) throw new RangeError(type);
      const out = new Uint8Array(width);
      // Two's complement by BigInt only for the 8-byte fields; DataView is explicit about endianness.
      const view = new DataView(out.buffer);
      if (width === 8) view.setBigInt64(0, BigInt(value), true);
      else if (width === 4) view.setInt32(0, value | 0, true);
      else if (width === 2) view.setInt16(0, value, true);
      else view.setInt8(0, value);
      return out;
    },
    read(bytes, at) {
      need(type, bytes, at, width);
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, width);
      let value: number;
      if (width === 8) value = Number(view.getBigInt64(0, true));
      else if (width === 4) value = lo < 0 ? view.getInt32(0, true) : view.getUint32(0, true);
      else if (width === 2) value = lo < 0 ? view.getInt16(0, true) : view.getUint16(0, true);
      else value = lo < 0 ? view.getInt8(0) : view.getUint8(0);
      if (value < lo || value > hi)
        throw fail('record.malformed', { expected: `${type} in [${lo}, ${hi}]`, got: value });
      return { value, next: at + width };
    },
  };
}

function need(type: string, bytes: Uint8Array, at: number, width: number): void {
  if (at + width > bytes.length) throw fail('record.malformed', { expected: type, got: 'end of bytes' });
}

export const u8 = intField('u8', 1, 0, 255);
export const u16 = intField('u16', 2, 0, 65535);
export const u32 = intField('u32', 4, 0, U32_MAX);
export const i32 = intField('i32', 4, I32_MIN, I32_MAX);
/** 8 bytes, but the value must be a safe integer. */
export const u53 = intField('u53', 8, 0, SAFE_MAX);
export const i53 = intField('i53', 8, -SAFE_MAX, SAFE_MAX);

export function bytesField(length: number): Field<Uint8Array> {
  const type = `bytes[${length}]`;
  return {
    type,
    write(value) {
      if (!(value instanceof Uint8Array) || value.length !== length) throw new RangeError(type);
      return value;
    },
    read(bytes, at) {
      need(type, bytes, at, length);
      return { value: bytes.slice(at, at + length), next: at + length };
    },
  };
}

/** An id: u8 length, then 1..32 characters of [a-z0-9._/-]. */
export const id: Field<string> = {
  type: 'id',
  write(value) {
    if (!isId(value)) throw new RangeError('id');
    return concatBytes(Uint8Array.of(value.length), utf8(value));
  },
  read(bytes, at) {
    need('id', bytes, at, 1);
    const next = at + 1 + bytes[at]!;
    need('id', bytes, at, 1 + bytes[at]!);
    let value = '';
    try {
      value = fromUtf8(bytes.subarray(at + 1, next));
    } catch {
      // falls through to the check below with an empty id
    }
    if (!isId(value)) throw fail('record.malformed', { expected: 'id: 1..32 of [a-z0-9._/-]' });
    return { value, next };
  },
};

export function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9._/-]{1,32}$/.test(value);
}

/** u16 count, then the items. */
export function listField<T>(item: Field<T> | Layout<T>, maxCount: number): Field<readonly T[]> {
  const inner: Field<T> = 'read' in item ? item : lengthPrefixed(item);
  const type = `list<${inner.type}>[0..${maxCount}]`;
  return {
    type,
    write(value) {
      if (!Array.isArray(value) || value.length > maxCount) throw new RangeError(type);
      return concatBytes(u16.write(value.length), ...value.map((v: T) => inner.write(v)));
    },
    read(bytes, at) {
      const count = u16.read(bytes, at);
      if (count.value > maxCount) throw fail('record.malformed', { expected: type, got: count.value });
      const out: T[] = [];
      let next = count.next;
      for (let i = 0; i < count.value; i++) {
        const one = inner.read(bytes, next);
        out.push(one.value);
        next = one.next;
      }
      return { value: out, next };
    },
  };
}

/** A layout inside a layout: u16 length, then its bytes. */
export function lengthPrefixed<T>(inner: Layout<T>): Field<T> {
  return {
    type: inner.name,
    write(value) {
      const bytes = inner.encode(value);
      return concatBytes(u16.write(bytes.length), bytes);
    },
    read(bytes, at) {
      const length = u16.read(bytes, at);
      need(inner.name, bytes, length.next, length.value);
      const end = length.next + length.value;
      return { value: inner.decode(bytes.slice(length.next, end)), next: end };
    },
  };
}

/** u32 length, then that many bytes. */
export const blob: Field<Uint8Array> = {
  type: 'blob',
  write: (value) => concatBytes(u32.write(value.length), value),
  read(bytes, at) {
    const length = u32.read(bytes, at);
    need('blob', bytes, length.next, length.value);
    const next = length.next + length.value;
    return { value: bytes.slice(length.next, next), next };
  },
};
