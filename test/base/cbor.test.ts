import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { decodeDocument, DOCUMENT_BOUNDS, encodeDocument, type Document } from '../../src/base/cbor.ts';
import { isGridPactError } from '../../src/base/errors.ts';

const document: fc.Arbitrary<Document> = fc.letrec<{ value: Document }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

function hex(text: string): Uint8Array {
  return fromHex(text.replaceAll(' ', ''));
}

function arrayOf(depth: number): Uint8Array {
  return concatBytes(new Uint8Array(depth).fill(0x81), Uint8Array.of(0x00));
}

describe('canonical DAG-CBOR documents', () => {
  it('round trip, and the bytes have one spelling', () => {
    fc.assert(
      fc.property(document, (value) => {
        const bytes = encodeDocument(value);
        const back = decodeDocument(bytes);
        expect(toHex(encodeDocument(back))).toBe(toHex(bytes));
        expect(back).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it('RFC 8949 appendix A, the items a document may hold', () => {
    const vectors: readonly (readonly [string, Document])[] = [
      ['00', 0],
      ['17', 23],
      ['1818', 24],
      ['1903e8', 1000],
      ['1a000f4240', 1000000],
      ['1b000000e8d4a51000', 1000000000000],
      ['20', -1],
      ['3903e7', -1000],
      ['60', ''],
      ['62c3bc', utf8('ü').length === 2 ? 'ü' : ''],
      ['40', new Uint8Array(0)],
      ['4401020304', Uint8Array.of(1, 2, 3, 4)],
      ['80', []],
      ['8301820203820405', [1, [2, 3], [4, 5]]],
      ['a0', {}],
      ['a26161016162820203', { a: 1, b: [2, 3] }],
    ];
    for (const [text, value] of vectors) {
      expect(toHex(encodeDocument(value))).toBe(text);
      expect(decodeDocument(hex(text))).toEqual(value);
    }
  });

  const refused: readonly (readonly [string, string, string])[] = [
    ['no bytes', '', 'cbor.bounds'],
    ['a half-precision float', 'f93c00', 'cbor.bounds'],
    ['a single-precision float', 'fa47c35000', 'cbor.bounds'],
    ['a double that is an integer', 'fb3ff0000000000000', 'cbor.bounds'],
    ['NaN', 'fb7ff8000000000000', 'cbor.bounds'],
    ['null', 'f6', 'cbor.bounds'],
    ['undefined', 'f7', 'cbor.bounds'],
    ['true', 'f5', 'cbor.bounds'],
    ['a date tag', 'c074323031332d30332d32315432303a30343a30305a', 'cbor.bounds'],
    ['a CID tag', 'd82a4100', 'cbor.bounds'],
    ['a bignum tag', 'c249010000000000000000', 'cbor.bounds'],
    ['null deep inside', 'a16161 81 a16162 f6', 'cbor.bounds'],
    ['a one-byte length for a small integer', '1801', 'cbor.malformed'],
    ['a two-byte length for a small integer', '190001', 'cbor.malformed'],
    ['an eight-byte length for a small integer', '1b0000000000000001', 'cbor.malformed'],
    ['a long length of a string', '780161', 'cbor.malformed'],
    ['an integer beyond 2^53', '1b0020000000000000', 'cbor.malformed'],
    ['keys out of order', 'a2616201616101', 'cbor.canonical'],
    ['longer key first', 'a262616101616201', 'cbor.canonical'],
    ['a key twice', 'a2616101616102', 'cbor.malformed'],
    ['a key that is a number', 'a10101', 'cbor.malformed'],
    ['indefinite array', '9f01ff', 'cbor.malformed'],
    ['indefinite map', 'bf616101ff', 'cbor.malformed'],
    ['indefinite string', '7f6161ff', 'cbor.malformed'],
    ['a break', 'ff', 'cbor.bounds'],
    ['reserved head', '1c', 'cbor.malformed'],
    ['truncated string', '6261', 'cbor.malformed'],
    ['truncated array', '8201', 'cbor.malformed'],
    ['truncated head', '19', 'cbor.malformed'],
    ['trailing bytes', '0000', 'cbor.malformed'],
    ['an array that claims 2^32 items', '9affffffff', 'cbor.malformed'],
    ['a map that claims 2^62 entries', 'bb4000000000000000', 'cbor.malformed'],
    ['a string that claims 2^64-1 bytes', '7bffffffffffffffff', 'cbor.malformed'],
  ];
  it.each(refused)('refuses %s', (_, text, code) => {
    expect(() => decodeDocument(hex(text))).toThrow(code);
  });

  it('a key called __proto__ is a key like any other, and no prototype', () => {
    const value = decodeDocument(hex('a1 69 5f5f70726f746f5f5f a1 6161 01')) as { readonly [key: string]: Document };
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value['a']).toBeUndefined();
  });

  it('text that is not UTF-8 has no canonical spelling', () => {
    expect(() => decodeDocument(hex('62fffe'))).toThrow(/cbor\.(canonical|malformed)/);
  });

  it('nesting: the bound itself passes, one more is refused, a bomb is refused without recursion', () => {
    const { maxDepth } = DOCUMENT_BOUNDS;
    expect(() => decodeDocument(arrayOf(maxDepth))).not.toThrow();
    expect(() => decodeDocument(arrayOf(maxDepth + 1))).toThrow('cbor.bounds');
    expect(() => decodeDocument(arrayOf(200000))).toThrow('cbor.bounds');
  });

  it('items: the bound itself passes, one more is refused', () => {
    const bounds = { maxBytes: 1000, maxDepth: 2, maxItems: 10 };
    const list = (n: number): Uint8Array => encodeDocument(Array.from({ length: n }, () => 0));
    expect(() => decodeDocument(list(9), bounds)).not.toThrow();
    expect(() => decodeDocument(list(10), bounds)).toThrow('cbor.bounds');
  });

  it('bytes: the bound itself passes, one more is refused', () => {
    const bounds = { maxBytes: 50, maxDepth: 1, maxItems: 10 };
    expect(() => decodeDocument(encodeDocument(new Uint8Array(48)), bounds)).not.toThrow();
    expect(() => decodeDocument(encodeDocument(new Uint8Array(49)), bounds)).toThrow('cbor.bounds');
  });

  it('will not encode what a document cannot hold', () => {
    const values: readonly unknown[] = [1.5, NaN, null, undefined, true, 1n, 2 ** 53, new Map(), new Date(0), [[null]]];
    for (const value of values) expect(() => encodeDocument(value as Document)).toThrow('cbor.malformed');
  });

  it('random bytes and flipped bits end in a document or a coded error, and no two spellings mean the same', () => {
    const base = encodeDocument({ a: [1, -2, { b: 'text' }], c: Uint8Array.of(1, 2, 3), d: 123456 });
    const mutated = fc
      .tuple(fc.nat(base.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, mask]) => base.map((byte, i) => (i === at ? byte ^ mask : byte)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), mutated), (bytes) => {
        try {
          expect(toHex(encodeDocument(decodeDocument(bytes)))).toBe(toHex(bytes));
        } catch (error) {
          expect(isGridPactError(error)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
