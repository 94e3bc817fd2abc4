import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { isGridPactError } from '../../src/base/errors.ts';
import { I32_MAX, I32_MIN, SAFE_MAX, U32_MAX } from '../../src/base/fixed.ts';
import {
  blob,
  bytesField,
  i32,
  i53,
  id,
  isId,
  layout,
  lengthPrefixed,
  listField,
  u16,
  u32,
  u53,
  u8,
} from '../../src/base/record.ts';

const INNER = layout('inner', { a: u8, b: i32 });
const OUTER = layout('outer', {
  u8,
  u16,
  u32,
  i32,
  u53,
  i53,
  name: id,
  hash: bytesField(4),
  list: listField(i32, 3),
  rows: listField(INNER, 2),
  inner: lengthPrefixed(INNER),
  rest: blob,
});

const idText = fc.stringMatching(/^[a-z0-9._/-]{1,32}$/);
const i32s = fc.integer({ min: I32_MIN, max: I32_MAX });
const inner = fc.record({ a: fc.integer({ min: 0, max: 255 }), b: i32s }, { noNullPrototype: true });
const outer = fc.record(
  {
    u8: fc.integer({ min: 0, max: 255 }),
    u16: fc.integer({ min: 0, max: 65535 }),
    u32: fc.integer({ min: 0, max: U32_MAX }),
    i32: i32s,
    u53: fc.maxSafeNat(),
    i53: fc.maxSafeInteger(),
    name: idText,
    hash: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    list: fc.array(i32s, { maxLength: 3 }),
    rows: fc.array(inner, { maxLength: 2 }),
    inner,
    rest: fc.uint8Array({ maxLength: 30 }),
  },
  { noNullPrototype: true },
);

type Outer = ReturnType<typeof OUTER.decode>;
const PLAIN: Outer = {
  u8: 1,
  u16: 2,
  u32: 3,
  i32: -4,
  u53: 5,
  i53: -6,
  name: 'a/b',
  hash: Uint8Array.of(1, 2, 3, 4),
  list: [7],
  rows: [{ a: 8, b: -9 }],
  inner: { a: 10, b: 11 },
  rest: Uint8Array.of(12),
};

describe('fixed-layout records', () => {
  it('declared order, little-endian, no padding', () => {
    expect(toHex(OUTER.encode(PLAIN))).toBe(
      [
        '01',
        '0200',
        '03000000',
        'fcffffff',
        '0500000000000000',
        'faffffffffffffff',
        '03612f62',
        '01020304',
        '0100' + '07000000',
        '0100' + '0500' + '08' + 'f7ffffff',
        '0500' + '0a' + '0b000000',
        '01000000' + '0c',
      ].join(''),
    );
  });

  it('round trip', () => {
    fc.assert(
      fc.property(outer, (value) => {
        expect(OUTER.decode(OUTER.encode(value))).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it('every truncation and every trailing byte is refused', () => {
    fc.assert(
      fc.property(outer, fc.uint8Array({ minLength: 1, maxLength: 4 }), (value, tail) => {
        const bytes = OUTER.encode(value);
        for (let n = 0; n < bytes.length; n++) {
          expect(() => OUTER.decode(bytes.subarray(0, n))).toThrow('record.malformed');
        }
        expect(() => OUTER.decode(Uint8Array.from([...bytes, ...tail]))).toThrow('record.malformed');
      }),
      { numRuns: 30 },
    );
  });

  it('one value, one encoding: whatever decodes encodes to the same bytes', () => {
    const bytes = OUTER.encode(PLAIN);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = bytes.map((byte, i) => (i === at ? byte ^ mask : byte));
        try {
          expect(toHex(OUTER.encode(OUTER.decode(changed)))).toBe(toHex(changed));
        } catch (error) {
          expect(isGridPactError(error, 'record.malformed')).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  const outside: readonly (readonly [string, Partial<Record<keyof Outer, unknown>>])[] = [
    ['u8 256', { u8: 256 }],
    ['u8 -1', { u8: -1 }],
    ['u16 65536', { u16: 65536 }],
    ['u32 2^32', { u32: U32_MAX + 1 }],
    ['i32 2^31', { i32: I32_MAX + 1 }],
    ['i32 below', { i32: I32_MIN - 1 }],
    ['u53 2^53', { u53: SAFE_MAX + 1 }],
    ['u53 negative', { u53: -1 }],
    ['i53 -2^53', { i53: -SAFE_MAX - 1 }],
    ['a fraction', { u32: 0.5 }],
    ['NaN', { i53: NaN }],
    ['a bigint', { u53: 1n }],
    ['nothing', { u53: undefined }],
    ['an empty id', { name: '' }],
    ['an id of 33', { name: 'a'.repeat(33) }],
    ['a capital in an id', { name: 'A' }],
    ['short bytes', { hash: new Uint8Array(3) }],
    ['hex for bytes', { hash: '01020304' }],
    ['a list too long', { list: [1, 2, 3, 4] }],
    ['an item out of bounds', { list: [I32_MAX + 1] }],
    ['a row out of bounds', { rows: [{ a: 256, b: 0 }] }],
  ];
  it.each(outside)('will not encode %s', (_, over) => {
    expect(() => OUTER.encode({ ...PLAIN, ...over } as Outer)).toThrow('record.malformed');
  });

  it('will not read an 8-byte field beyond the safe range', () => {
    const U = layout('u', { x: u53 });
    const I = layout('i', { x: i53 });
    const of = (value: bigint): Uint8Array => {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigInt64(0, value, true);
      return new Uint8Array(view.buffer);
    };
    expect(U.decode(of(9007199254740991n)).x).toBe(SAFE_MAX);
    for (const value of [9007199254740992n, 9007199254740993n, -1n]) {
      expect(() => U.decode(of(value))).toThrow('record.malformed');
    }
    expect(I.decode(of(-9007199254740991n)).x).toBe(-SAFE_MAX);
    for (const value of [9007199254740992n, -9007199254740992n, -9007199254740993n]) {
      expect(() => I.decode(of(value))).toThrow('record.malformed');
    }
  });

  it('reads at the right place of a larger buffer, and keeps no view of it', () => {
    const bytes = OUTER.encode(PLAIN);
    const larger = new Uint8Array(bytes.length + 20);
    larger.set(bytes, 7);
    const value = OUTER.decode(larger.subarray(7, 7 + bytes.length));
    larger.fill(0);
    expect(value).toEqual(PLAIN);
  });

  it('a count beyond its bound is refused before its items are read', () => {
    const LIST = layout('list', { items: listField(u8, 3) });
    expect(() => LIST.decode(Uint8Array.of(4, 0, 1, 2, 3, 4))).toThrow('record.malformed');
    expect(() => LIST.decode(Uint8Array.of(255, 255))).toThrow('record.malformed');
  });

  it('ids are 1..32 of a closed alphabet', () => {
    expect(['a', 'site-13', 'x/y.z_1', 'a'.repeat(32)].map(isId)).toEqual([true, true, true, true]);
    expect(['', ' a', 'a\n', 'é', 'a\u0000', 7, undefined].map(isId)).toEqual(Array(7).fill(false));
  });
});
