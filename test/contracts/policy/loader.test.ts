/** Conformance cases L1 to L6 of the policy specification, and the static checks of 3.2 to 3.9. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as dagCbor from '@ipld/dag-cbor';
import { equalBytes, fromHex, toHex } from '../../../src/base/bytes.ts';
import { cidOf } from '../../../src/base/cid.ts';
import { isGridPactError } from '../../../src/base/errors.ts';
import { I32_MAX, I32_MIN } from '../../../src/base/fixed.ts';
import { RandomStream } from '../../../src/base/random.ts';
import type { PolicyParts } from '../../../src/contracts/policy/artifact.ts';
import { rowBound } from '../../../src/contracts/policy/checks.ts';
import { buildPolicy, encodeArtifact, loadArtifact } from '../../../src/contracts/policy/codec.ts';
import { int16Bytes, int16Values, int32Bytes, int32Values } from '../../../src/contracts/policy/tensors.ts';
import { BYTE_REFUSALS, CONTENT_REFUSALS, spoiledBytes, tinyDocument } from './refusals.ts';
import { dense, plainInput, probeParts, randomParts, tinyParts } from './samples.ts';

type Loose = Record<string, unknown>;

function codeOf(bytes: Uint8Array): string {
  try {
    loadArtifact(bytes);
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

function refusal(parts: PolicyParts): string {
  return codeOf(encodeArtifact(parts));
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
  it.each(BYTE_REFUSALS)('%s', (_name, make, code) => {
    expect(codeOf(make())).toBe(code);
  });
});

describe('L2 refused content', () => {
  it.each(CONTENT_REFUSALS)('%s: %s', (_name, code, change) => {
    expect(codeOf(spoiledBytes(change))).toBe(code);
  });

  it('the unspoiled document is accepted', () => {
    expect(codeOf(spoiledBytes(() => undefined))).toBe('accepted');
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
