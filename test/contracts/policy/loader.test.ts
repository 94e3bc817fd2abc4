/** Conformance cases L1 to L6 of the policy specification, and the static checks of 3.2 to 3.9. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as dagCbor from '@ipld/dag-cbor';
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts';
import { cidOf } from '../../../src/base/cid.ts';
import { isGridPactError } from '../../../src/base/errors.ts';
import { I32_MAX, I32_MIN } from '../../../src/base/fixed.ts';
import { RandomStream } from '../../../src/base/random.ts';
import type { PolicyParts } from '../../../src/contracts/policy/artifact.ts';
import { rowBound } from '../../../src/contracts/policy/checks.ts';
import { artifactDocument, buildPolicy, encodeArtifact, loadArtifact } from '../../../src/contracts/policy/codec.ts';
import { int16Bytes, int16Values, int32Bytes, int32Values } from '../../../src/contracts/policy/tensors.ts';
import { dense, plainInput, probeParts, randomParts, tinyParts } from './samples.ts';

type Loose = Record<string, unknown>;

/** The tiny artifact as plain nested objects, free to spoil. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- spoiled on purpose
function tinyDocument(): { [key: string]: any } {
  return structuredClone(artifactDocument(tinyParts())) as unknown as Loose;
}

function codeOf(bytes: Uint8Array): string {
  try {
    loadArtifact(bytes);
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

function spoiled(change: (document: ReturnType<typeof tinyDocument>) => void): string {
  const document = tinyDocument();
  change(document);
  return codeOf(dagCbor.encode(document));
}

function refusal(parts: PolicyParts): string {
  return codeOf(encodeArtifact(parts));
}

/** The first occurrence of `from` in the tiny artifact's bytes becomes `to`. */
function patched(from: Uint8Array, to: Uint8Array): Uint8Array {
  const bytes = encodeArtifact(tinyParts());
  const hex = toHex(bytes);
  const at = hex.indexOf(toHex(from));
  expect(at % 2, 'pattern found on a byte boundary').toBe(0);
  return concatBytes(bytes.subarray(0, at / 2), to, bytes.subarray(at / 2 + from.length));
}

const tiny = encodeArtifact(tinyParts());

describe('L1 round trip', () => {
  it('the tiny artifact', () => {
    const policy = loadArtifact(tiny);
    expect(equalBytes(encodeArtifact(policy), tiny)).toBe(true);
    expect(policy.cid).toBe(cidOf(tiny));
  });

  it('random artifacts of every kind', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const bytes = encodeArtifact(randomParts(RandomStream.fromSeed(seed, 'loader')));
        expect(toHex(encodeArtifact(loadArtifact(bytes)))).toBe(toHex(bytes));
      }),
      { numRuns: 200 },
    );
  });
});

describe('L2 refused bytes', () => {
  const cases: [string, () => Uint8Array, string][] = [
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

  it.each(cases)('%s', (_name, make, code) => {
    expect(codeOf(make())).toBe(code);
  });
});

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

describe('L2 refused content', () => {
  type Change = (d: ReturnType<typeof tinyDocument>) => void;
  const cases: [string, string, Change][] = [
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
    [
      'envelope of 65 knots',
      'policy.limits',
      (d) => (d.env[0].r = int32Bytes(Array.from({ length: 65 }, (_, i) => i))),
    ],
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

  it.each(cases)('%s: %s', (_name, code, change) => {
    expect(spoiled(change)).toBe(code);
  });

  it('the unspoiled document is accepted', () => {
    expect(spoiled(() => undefined)).toBe('accepted');
  });

  it('more than 65 536 weights', () => {
    const wide = dense(
      Array.from({ length: 256 }, () => Array<number>(256).fill(0)),
      Array<number>(256).fill(0),
      0,
      'relu',
    );
    const first = dense(
      Array.from({ length: 256 }, () => [0, 0]),
      Array<number>(256).fill(0),
      0,
      'relu',
    );
    const last = dense([Array<number>(256).fill(0)], [0], 0, 'identity');
    expect(refusal({ ...tinyParts(), layers: [first, wide, last] })).toBe('policy.limits');
  });

  it('a segment whose product is 2^53, while 2^53-1 is accepted', () => {
    const parts = probeParts(dense([[0]], [0], 0, 'identity'));
    const outputs = [{ ...parts.interface.outputs[0]!, lo: I32_MIN, hi: I32_MAX }];
    const withSegment = (rise: number, width: number): string =>
      refusal({
        ...parts,
        interface: { ...parts.interface, outputs, fallback: [{ si: 0, r: [0, width], y: [0, rise], z: 0 }] },
      });
    expect(withSegment(4194304, 2147483647)).toBe('accepted');
    expect(withSegment(6361 * 69431, 20394401)).toBe('accepted');
    expect(withSegment(16777216, 536870912)).toBe('policy.fallback');
  });

  it('an action outside its output bounds, one action, 257 actions, half a row', () => {
    const {
      interface: { outputs, fallback, inputs },
    } = probeParts(dense([[0]], [0], 0, 'identity'));
    const discrete = (rows: number, table: Int32Array): string => {
      const layer = dense(
        Array.from({ length: Math.min(rows, 256) }, () => [0]),
        Array<number>(Math.min(rows, 256)).fill(0),
        0,
        'identity',
      );
      const shared = { inputs, outputs, fallback, envelopes: [], state: [] };
      return refusal({ interface: shared, layers: [layer], head: { kind: 'disc', actions: rows, table } });
    };
    expect(discrete(2, Int32Array.of(0, 32767))).toBe('accepted');
    expect(discrete(2, Int32Array.of(0, 32768))).toBe('policy.head');
    expect(discrete(1, Int32Array.of(0))).toBe('policy.limits');
    expect(discrete(256, new Int32Array(256))).toBe('accepted');
    expect(discrete(257, new Int32Array(257))).toBe('policy.head');
  });

  it('envelopes and fallback read only inputs with a missing flag of their own', () => {
    const layer = (n: number): ReturnType<typeof dense> => dense([Array<number>(n).fill(0)], [0], 0, 'identity');
    const reading = (n: number, si: number): string => {
      const parts = probeParts(layer(n));
      const inputs = Array.from({ length: n }, (_, i) => plainInput(`in.${i}`));
      return refusal({ ...parts, interface: { ...parts.interface, inputs, fallback: [{ si, r: [0], y: [0], z: 0 }] } });
    };
    expect([reading(32, 31), reading(33, 30), reading(33, 31), reading(64, 40)]).toEqual([
      'accepted',
      'accepted',
      'policy.fallback',
      'policy.fallback',
    ]);
  });
});

describe('3.6', () => {
  const withBias = (bias: number): PolicyParts =>
    probeParts(
      dense(
        [
          [300, -500],
          [1, 1],
        ],
        [0, bias],
        4,
        'identity',
      ),
    );
  const room = I32_MAX - rowBound(withBias(0).layers[0]!, 1, [32767, 32767]);

  it('L3 a row that meets 3.6 with equality is accepted', () => {
    expect(refusal(withBias(room))).toBe('accepted');
    expect(refusal(withBias(-room))).toBe('accepted');
  });

  it('L2 a row that violates 3.6 by exactly 1 is refused, by layer and row', () => {
    for (const bias of [room + 1, -room - 1]) {
      try {
        buildPolicy(withBias(bias));
        expect.unreachable();
      } catch (error) {
        expect(isGridPactError(error, 'policy.overflow')).toBe(true);
        expect((error as { got: unknown }).got).toEqual({ layer: 0, row: 1, sum: 2147483648 });
      }
    }
  });

  it('counts 2^k after hardtanh, not 32767', () => {
    const first = dense([[1]], [0], 0, 'hardtanh', 3);
    const last = dense([[32767]], [I32_MAX - 8 * 32767], 0, 'identity');
    const parts = probeParts(dense([[0]], [0], 0, 'identity'));
    expect(refusal({ ...parts, layers: [first, last] })).toBe('accepted');
    last.bias[0]! += 1;
    expect(refusal({ ...parts, layers: [first, last] })).toBe('policy.overflow');
  });
});

describe('identity', () => {
  it('L4 the same model from another key order has the same CID', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, item]) => [key, reversed(item)]),
      );
    };
    const document = reversed(tinyDocument()) as Loose;
    expect(Object.keys(document)[0]).toBe('st');
    expect(loadArtifact(dagCbor.encode(document)).cid).toBe(cidOf(tiny));
  });

  it('L5 tensors have one byte order, from any byte offset', () => {
    expect(toHex(int16Bytes([258, -2]))).toBe('0201feff');
    expect(toHex(int32Bytes([16909060, -2]))).toBe('04030201feffffff');
    const shifted = fromHex('000201feff').subarray(1);
    expect(Array.from(int16Values(shifted))).toEqual([258, -2]);
    expect(Array.from(int32Values(fromHex('0004030201feffffff').subarray(1)))).toEqual([16909060, -2]);
    expect(() => int32Bytes([I32_MAX + 1])).toThrow(/base\.integer/);
  });

  it('L5 no typed array of this room is laid over bytes, which would read in host order', () => {
    const overlay = /new (Int|Uint|Float)(16|32|64)Array\([^)]*buffer/;
    for (const file of ['artifact', 'checks', 'codec', 'execute', 'schema', 'tanhTable', 'tensors', 'vectors']) {
      const text = readFileSync(new URL(`../../../src/contracts/policy/${file}.ts`, import.meta.url), 'utf8');
      expect(overlay.test(text), file).toBe(false);
    }
  });

  it('L6 every one-bit flip of every byte changes the CID or is refused', () => {
    const cid = cidOf(tiny);
    let accepted = 0;
    for (let at = 0; at < tiny.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = tiny.slice();
        bytes[at]! ^= 1 << bit;
        if (codeOf(bytes) !== 'accepted') continue;
        accepted++;
        expect(loadArtifact(bytes).cid).not.toBe(cid);
      }
    }
    expect(accepted).toBeGreaterThan(0);
  });

  it('random bytes and random flips never crash the loader', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(tiny.length - 1), fc.nat(255), (noise, at, value) => {
        codeOf(noise);
        const bytes = tiny.slice();
        bytes[at] = value;
        codeOf(bytes);
      }),
      { numRuns: 500 },
    );
  });
});
