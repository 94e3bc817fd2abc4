/** RFC 4648 section 4: the vectors of section 10, any bytes against node's Buffer, and what is no base64. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromBase64, toBase64, utf8 } from '../../src/base/bytes.ts';

it.each([
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
])('"%s" is "%s"', (text, base64) => {
  expect(toBase64(utf8(text))).toBe(base64);
  expect(fromBase64(base64)).toEqual(utf8(text));
});

it('any bytes, there and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = toBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString('base64'));
      expect(fromBase64(text)).toEqual(bytes);
    }),
  );
});

it.each(['Z', 'Zg', 'Zg=', 'Z===', '====', '=', 'Zh==', 'Zm9=', 'Zm9v=', 'Zg==Zg==', 'Zm-_', 'Zm 9v', 'é===', '-'])(
  'refuses "%s"',
  (text) => {
    expect(() => fromBase64(text)).toThrow('base.base64');
  },
);
