/** Broken ONNX files: every truncation, huge claims, 10^4 mutations. A GridPact error or a network, soon, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importOnnx } from '../../../../src/agents/freeze/onnx/importOnnx.ts';
import { concatBytes } from '../../../../src/base/bytes.ts';
import { isGridPactError } from '../../../../src/base/errors.ts';
import { RandomStream } from '../../../../src/base/random.ts';
import { REPO_ROOT } from '../../../support/repo.ts';
import { data, floats, int, model, node, tensor, varint } from './writer.ts';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(REPO_ROOT, 'test', 'fixtures', 'onnx', `${name}.onnx`)));

/** Code, or 'accepted'; whatever else is thrown goes on. */
function outcome(bytes: Uint8Array): string {
  try {
    for (const { weights, bias } of importOnnx(bytes, { output: 'action' }).layers) {
      if (!weights.every(Number.isFinite) || !bias.every(Number.isFinite)) return 'not finite';
    }
    return 'accepted';
  } catch (error) {
    if (isGridPactError(error) && error.code.startsWith('onnx.')) return error.code;
    throw error;
  }
}

/** Milliseconds of processor time, which other work of the machine hardly changes. */
function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('broken ONNX files', () => {
  it('truncated at every byte', () => {
    const whole = fixture('shared-trunk-opset17');
    expect(outcome(whole)).toBe('accepted');
    for (let length = 0; length < whole.length; length++) {
      // What is lost at the end may be the version, which leaves an older operator set, or the output's shape.
      expect(outcome(whole.subarray(0, length)), `${length} bytes`).toMatch(/^(onnx\.|accepted)/);
    }
    expect(outcome(whole.subarray(0, whole.length >> 1))).toBe('onnx.malformed');
  });

  it('10^4 mutations of two files: bytes, varints, spliced, repeated, cut', () => {
    const stream = RandomStream.fromSeed(20261122, 'onnx-fuzz');
    const files = ['shared-trunk-opset17', 'hardtanh-opset10'].map(fixture);
    const codes = new Map<string, number>();
    let slowestMs = 0;
    for (let n = 0; n < 10000; n++) {
      const bytes = mutate(files[n % 2]!, files[(n >> 1) % 2]!, stream);
      const start = performance.now();
      const code = outcome(bytes);
      slowestMs = Math.max(slowestMs, performance.now() - start);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].filter((code) => code !== 'accepted' && !code.startsWith('onnx.'))).toEqual([]);
    // Weights may change unnoticed; structure may not.
    expect(codes.get('accepted')).toBeGreaterThan(100);
    for (const code of ['malformed', 'graph', 'operator', 'shape', 'tensor'])
      expect(codes.get(`onnx.${code}`)).toBeGreaterThan(0);
    expect(slowestMs).toBeLessThan(1000);
  });

  it('claims of 2^30 and more in every length cost nothing', () => {
    const claims = [2n ** 30n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
    for (const claim of claims) {
      for (const field of [1, 5, 7, 8, 11])
        expect(outcome(data(field, new Uint8Array(8), claim))).toBe('onnx.malformed');
      const lying = concatBytes(int(1, 2), int(2, 1), data(8, 'w'), data(9, new Uint8Array(8), claim));
      expect(
        outcome(model({ nodes: [node('MatMul x,w -> action')], tensors: [lying], outputs: { action: undefined } })),
      ).toBe('onnx.malformed');
    }
  });

  it('8 MiB of the worst kinds end within a second', () => {
    const size = 8 * 1024 * 1024 - 64;
    const filled = (pattern: Uint8Array): Uint8Array => {
      const bytes = new Uint8Array(size - (size % pattern.length));
      for (let at = 0; at < bytes.length; at += pattern.length) bytes.set(pattern, at);
      return bytes;
    };
    const kinds: Record<string, [Uint8Array, string]> = {
      'two-byte fields': [filled(int(3, 1)), 'onnx.malformed'],
      'ten-byte varints': [filled(concatBytes(varint(24), varint(2n ** 64n - 1n))), 'onnx.malformed'],
      'empty nodes': [data(7, filled(data(1, ''))), 'onnx.limits'],
      'empty constants': [data(7, filled(data(5, ''))), 'onnx.graph'],
      'nodes of many names': [data(7, filled(data(1, filledNames(64)))), 'onnx.limits'],
      'graphs in graphs': [nested(20000), 'onnx.malformed'],
      'one name of 8 MiB': [data(7, data(1, data(4, filled(Uint8Array.of(97))))), 'onnx.limits'],
      'packed dimensions': [data(7, data(5, data(1, filled(Uint8Array.of(1))))), 'onnx.limits'],
    };
    for (const [name, [bytes, code]] of Object.entries(kinds)) {
      const whole = concatBytes(data(8, int(2, 17)), bytes);
      let got = '';
      expect(
        cpuMs(() => (got = outcome(whole))),
        name,
      ).toBeLessThan(1000);
      expect(got, name).toBe(code);
    }
  });

  it('a huge constant named by every node is read once and refused', () => {
    const side = 1400;
    const big = tensor('w', [side, side], { raw: new Uint8Array(4 * side * side) });
    const nodes = Array.from({ length: 60 }, (_, n) =>
      node(`MatMul ${n === 0 ? 'x' : `a${n - 1}`},w -> ${n === 59 ? 'action' : `a${n}`}`),
    );
    const bytes = model({ nodes, tensors: [big], outputs: { action: undefined } });
    const before = process.memoryUsage().arrayBuffers;
    expect(outcome(bytes)).toBe('onnx.limits');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    expect(floats([1]).length).toBe(4);
  });
});

function filledNames(count: number): Uint8Array {
  return concatBytes(...Array.from({ length: count }, (_, n) => data(2, `n${n}`)));
}

function nested(depth: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0);
  for (let n = 0; n < depth; n++) bytes = data(7, n % 1000 === 0 ? bytes : bytes.subarray(0, 1 << 16));
  return bytes;
}

function mutate(bytes: Uint8Array, other: Uint8Array, stream: RandomStream): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (let n = 1 + stream.below(3); n > 0; n--) {
    const at = stream.below(result.length);
    const kind = stream.below(6);
    if (kind === 0) result[at]! ^= 1 << stream.below(8);
    else if (kind === 1) result[at] = stream.below(256);
    else if (kind === 2)
      result = concatBytes(
        result.subarray(0, at),
        varint(stream.next() * 2 ** stream.below(20)),
        result.subarray(at + 1),
      );
    else if (kind === 3)
      result = concatBytes(result.subarray(0, at), result.subarray(Math.min(result.length, at + 1 + stream.below(40))));
    else if (kind === 4) {
      const from = stream.below(other.length);
      result = concatBytes(result.subarray(0, at), other.subarray(from, from + stream.below(60)), result.subarray(at));
    } else result.set(result.subarray(stream.below(result.length)).slice(0, Math.min(30, result.length - at)), at);
  }
  return result;
}
