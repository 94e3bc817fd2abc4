/** Byte-string helpers. Hex is lower case only, so that a document has one spelling. */
import { fail } from './errors.ts';
import { ceilDiv } from './fixed.ts';

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const b of bytes) text += HEX[b];
  return text;
}

/** @throws `base.hex` unless `text` is lower-case hex of even length (and of `length` bytes, when given). */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(text) || (length !== undefined && text.length !== 2 * length)) {
    const expected = length === undefined ? 'lower-case hex' : `${2 * length} lower-case hex digits`;
    throw fail('base.hex', { expected, got: text.slice(0, 80) });
  }
  const out = new Uint8Array(text.length >>> 1);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

const BASE64 = encoder.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const SIXES = new Uint8Array(256).fill(255);
BASE64.forEach((code, six) => (SIXES[code] = six));
const PAD = 61;

/** RFC 4648 section 4, padded. */
export function toBase64(bytes: Uint8Array): string {
  const out = new Uint8Array(4 * ceilDiv(bytes.length, 3)).fill(PAD);
  for (let i = 0, at = 0; i < bytes.length; i += 3, at += 4) {
    const left = bytes.length - i;
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out[at] = BASE64[word >>> 18]!;
    out[at + 1] = BASE64[(word >>> 12) & 63]!;
    if (left > 1) out[at + 2] = BASE64[(word >>> 6) & 63]!;
    if (left > 2) out[at + 3] = BASE64[word & 63]!;
  }
  return decoder.decode(out);
}

/** @throws `base.base64` unless `toBase64` writes it so. */
export function fromBase64(text: string): Uint8Array {
  const codes = encoder.encode(text);
  const pads = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const out = new Uint8Array(Math.max(0, (codes.length >>> 2) * 3 - pads));
  const digits = codes.length - pads;
  let strange = codes.length & 3;
  let word = 0;
  for (let i = 0, at = 0; i < codes.length; i++) {
    const six = i < digits ? SIXES[codes[i]!]! : 0;
    strange |= six & 64;
    word = (word << 6) | six;
    if ((i & 3) !== 3) continue;
    for (let shift = 16; shift >= 0; shift -= 8) {
      if (at < out.length) out[at++] = (word >>> shift) & 255;
      else strange |= (word >>> shift) & 255;
    }
    word = 0;
  }
  if (strange !== 0) throw fail('base.base64', { expected: 'padded base64', got: text.slice(0, 80) });
  return out;
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Lexicographic by unsigned byte, shorter first on a tie: the order of every sorted list in consensus. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = a[i]! - b[i]!;
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** Code-unit order; ids are ASCII, so this is byte order. Never locale order. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
