/** Conformance case L2: spoiled artifacts and the code of each refusal. */
import * as dagCbor from '@ipld/dag-cbor';
import { concatBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts';
import { I32_MAX, I32_MIN } from '../../../src/base/fixed.ts';
import { artifactDocument, encodeArtifact } from '../../../src/contracts/policy/codec.ts';
import { int16Bytes, int32Bytes } from '../../../src/contracts/policy/tensors.ts';
import { tinyParts } from './samples.ts';

/** The tiny artifact as plain nested objects, free to spoil. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- spoiled on purpose
export function tinyDocument(): { [key: string]: any } {
  return structuredClone(artifactDocument(tinyParts())) as unknown as Record<string, unknown>;
}

/** The tiny artifact with a change made to its document, canonical again. */
export function spoiledBytes(change: (document: ReturnType<typeof tinyDocument>) => void): Uint8Array {
  const document = tinyDocument();
  change(document);
  return dagCbor.encode(document);
}

/** The first occurrence of `from` in the tiny artifact's bytes becomes `to`. */
function patched(from: Uint8Array, to: Uint8Array): Uint8Array {
  const bytes = encodeArtifact(tinyParts());
  const hex = toHex(bytes);
  const at = hex.indexOf(toHex(from));
  if (at < 0 || at % 2 !== 0) throw new Error('the pattern is not found on a byte boundary');
  return concatBytes(bytes.subarray(0, at / 2), to, bytes.subarray(at / 2 + from.length));
}

const tiny = encodeArtifact(tinyParts());

/** Name, bytes, code. */
export const BYTE_REFUSALS: readonly (readonly [string, () => Uint8Array, string])[] = [
  ['unsorted keys', () => swappedKeys(), 'cbor.canonical'],
  [
    'non-minimal integer',
    () => patched(concatBytes(utf8('am'), fromHex('197fff')), concatBytes(utf8('am'), fromHex('1a00007fff'))),
    'cbor.malformed',
  ],
  ['indefinite length', () => concatBytes(fromHex('bf'), tiny.subarray(1), fromHex('ff')), 'cbor.malformed'],
  [
    'float 1.0',
    () => patched(concatBytes(utf8('at'), fromHex('0a')), concatBytes(utf8('at'), fromHex('fb3ff0000000000000'))),
    'cbor.bounds',
  ],
  [
    'float16',
    () => patched(concatBytes(utf8('at'), fromHex('0a')), concatBytes(utf8('at'), fromHex('f93c00'))),
    'cbor.bounds',
  ],
  [
    'null',
    () => patched(concatBytes(utf8('at'), fromHex('0a')), concatBytes(utf8('at'), fromHex('f6'))),
    'cbor.bounds',
  ],
  [
    'undefined',
    () => patched(concatBytes(utf8('at'), fromHex('0a')), concatBytes(utf8('at'), fromHex('f7'))),
    'cbor.bounds',
  ],
  [
    'true',
    () => patched(concatBytes(utf8('at'), fromHex('0a')), concatBytes(utf8('at'), fromHex('f5'))),
    'cbor.bounds',
  ],
  ['trailing byte', () => concatBytes(tiny, Uint8Array.of(0)), 'cbor.malformed'],
  ['missing byte', () => tiny.subarray(0, tiny.length - 1), 'cbor.malformed'],
  ['nothing', () => new Uint8Array(0), 'cbor.bounds'],
  ['tag 1', () => concatBytes(fromHex('c1'), tiny), 'cbor.bounds'],
  ['tag 42', () => concatBytes(fromHex('d82a'), tiny), 'cbor.bounds'],
  ['deep nesting', () => new Uint8Array(200000).fill(0x81), 'cbor.bounds'],
  ['too long', () => new Uint8Array(262145).fill(0x80), 'cbor.bounds'],
  ['duplicate key', () => duplicateKey(), 'cbor.malformed'],
  [
    'non-ASCII name',
    () => patched(concatBytes(fromHex('63'), utf8('soc')), concatBytes(fromHex('63'), fromHex('c3a963'))),
    'policy.name',
  ],
  ['upper-case name', () => patched(utf8('csoc'), utf8('cSoc')), 'policy.name'],
];

/** head.out[0] holds "c": 0 just before "m": 10240; here they change places. */
function swappedKeys(): Uint8Array {
  const c = concatBytes(fromHex('61'), utf8('c'), fromHex('00'));
  const m = concatBytes(fromHex('61'), utf8('m'), fromHex('192800'));
  return patched(concatBytes(c, m), concatBytes(m, c));
}

/** fb[0] = {r, y, z, si}: y's place is taken by a second z. */
function duplicateKey(): Uint8Array {
  const y = concatBytes(fromHex('6179'), fromHex('48'), int32Bytes([20000, -20000]));
  return patched(y, concatBytes(fromHex('617a'), fromHex('48'), int32Bytes([20000, -20000])));
}

type Change = (d: ReturnType<typeof tinyDocument>) => void;
/** Name, code, change. */
export const CONTENT_REFUSALS: readonly (readonly [string, string, Change])[] = [
  ['unknown key', 'policy.schema', (d) => (d.in[0].x = 1)],
  ['unknown key at the top', 'policy.schema', (d) => (d.note = 'hello')],
  ['missing key', 'policy.schema', (d) => delete d.in[0].c],
  ['missing empty array', 'policy.schema', (d) => delete d.st],
  ['k without hardtanh', 'policy.schema', (d) => (d.layers[0].k = 3)],
  ['hardtanh without k', 'policy.schema', (d) => (d.layers[0].a = 'hardtanh')],
  ['tab in a continuous head', 'policy.schema', (d) => (d.head.tab = new Uint8Array(4))],
  ['text for an integer', 'policy.schema', (d) => (d.in[0].lo = 'low')],
  ['array for bytes', 'policy.schema', (d) => (d.layers[0].w = [1, 2])],
  ['another version', 'policy.version', (d) => (d.v = 'gridpolicy/int16/2')],
  ['unknown activation', 'policy.schema', (d) => (d.layers[0].a = 'gelu')],
  ['unknown head', 'policy.schema', (d) => (d.head.k = 'gauss')],
  ['unknown unit', 'policy.unit', (d) => (d.in[0].u = 'kw')],
  ['a unit of Object.prototype', 'policy.unit', (d) => (d.in[0].u = 'toString')],
  ['empty name', 'policy.name', (d) => (d.in[0].n = '')],
  ['name of 33', 'policy.name', (d) => (d.in[0].n = 'a'.repeat(33))],
  ['same name twice', 'policy.name', (d) => (d.in[1].n = 'f.grid')],
  ['hi below lo', 'policy.range', (d) => (d.in[0].hi = 48999)],
  ['c outside the box', 'policy.range', (d) => (d.in[0].c = 51001)],
  ['input m = 0', 'policy.range', (d) => (d.in[0].m = 0)],
  ['input m = 32768', 'policy.range', (d) => (d.in[0].m = 32768)],
  ['input t = 41', 'policy.range', (d) => (d.in[0].t = 41)],
  ['output m = -2^31', 'policy.range', (d) => (d.head.out[0].m = I32_MIN)],
  ['output c beyond i32', 'policy.range', (d) => (d.head.out[0].c = I32_MAX + 1)],
  ['shift 31', 'policy.range', (d) => (d.layers[0].s = 31)],
  ['weights one short', 'policy.tensor', (d) => (d.layers[0].w = new Uint8Array(6))],
  ['bias one byte long', 'policy.tensor', (d) => (d.layers[0].b = new Uint8Array(9))],
  ['weight -32768', 'policy.tensor', (d) => (d.layers[0].w = int16Bytes([0, -32768, 0, 0]))],
  ['width 257', 'policy.limits', (d) => (d.layers[0].o = 257)],
  ['no layer', 'policy.limits', (d) => (d.layers = [])],
  ['five layers', 'policy.limits', (d) => (d.layers = Array(5).fill(d.layers[0]))],
  ['no input', 'policy.limits', (d) => (d.in = [])],
  ['65 inputs', 'policy.limits', (d) => (d.in = Array(65).fill(d.in[0]))],
  ['17 envelopes', 'policy.limits', (d) => (d.env = Array(17).fill(d.env[0]))],
  ['layer sizes apart', 'policy.layers', (d) => Object.assign(d.layers[1], { i: 3, w: new Uint8Array(6) })],
  ['identity hidden', 'policy.layers', (d) => (d.layers[0].a = 'identity')],
  ['relu last', 'policy.head', (d) => (d.layers[1].a = 'relu')],
  [
    'outputs and last layer apart',
    'policy.head',
    (d) => Object.assign(d.layers[1], { o: 2, w: new Uint8Array(8), b: new Uint8Array(8) }),
  ],
  ['envelope on no output', 'policy.envelope', (d) => (d.env[0].d = 1)],
  ['envelope on no input', 'policy.envelope', (d) => (d.env[0].si = 2)],
  ['envelope on itself', 'policy.envelope', (d) => Object.assign(d.env[0], { sk: 'out', si: 0 })],
  ['envelope knots equal', 'policy.envelope', (d) => (d.env[0].r = int32Bytes([5, 5]))],
  [
    'envelope without knots',
    'policy.envelope',
    (d) => Object.assign(d.env[0], { r: new Uint8Array(), l: new Uint8Array(), h: new Uint8Array() }),
  ],
  ['envelope of 65 knots', 'policy.limits', (d) => (d.env[0].r = int32Bytes(Array.from({ length: 65 }, (_, i) => i)))],
  ['envelope lists of two lengths', 'policy.envelope', (d) => (d.env[0].h = int32Bytes([0]))],
  ['envelope value beyond hi', 'policy.envelope', (d) => (d.env[0].h = int32Bytes([0, 20001]))],
  ['envelope lower above upper', 'policy.envelope', (d) => (d.env[0].l = int32Bytes([1, 1]))],
  [
    'envelope closed at one end, both sides moving',
    'policy.envelope',
    (d) => Object.assign(d.env[0], { l: int32Bytes([0, 1]), h: int32Bytes([0, 3]) }),
  ],
  ['no fallback', 'policy.fallback', (d) => (d.fb = [])],
  ['fallback on no input', 'policy.fallback', (d) => (d.fb[0].si = 2)],
  ['fallback knots descending', 'policy.fallback', (d) => (d.fb[0].r = int32Bytes([1, 0]))],
  ['fallback value below lo', 'policy.fallback', (d) => (d.fb[0].y = int32Bytes([20000, -20001]))],
  ['fallback z above hi', 'policy.fallback', (d) => (d.fb[0].z = 20001)],
  ['state of no input', 'policy.state', (d) => (d.st = [{ i: 2, d: 0, z: 0 }])],
  ['state of no output', 'policy.state', (d) => (d.st = [{ i: 1, d: 1, z: 0 }])],
  [
    'state of an input twice',
    'policy.state',
    (d) =>
      (d.st = [
        { i: 1, d: 0, z: 0 },
        { i: 1, d: 0, z: 1 },
      ]),
  ],
  ['ragged knot bytes', 'policy.tensor', (d) => (d.env[0].r = new Uint8Array(7))],
];
