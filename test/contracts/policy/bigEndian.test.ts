/** Conformance case L5: on a host that keeps the high byte first, the same bytes, name and digests. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { encodeArtifact, loadArtifact } from '../../../src/contracts/policy/codec.ts';
import { decodeTanhTable, TANH_TABLE } from '../../../src/contracts/policy/tanhTable.ts';
import { int16Bytes } from '../../../src/contracts/policy/tensors.ts';
import { vec4096 } from '../../../src/contracts/policy/vectors.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { randomParts, tinyParts } from './samples.ts';

type Wide = typeof Int16Array | typeof Int32Array | typeof Uint32Array;

/**
 * A typed array that, laid over bytes, reads them high byte first, as every one does on such a host. It is then a copy,
 * which is enough for reading; arrays made from numbers are as they were.
 */
function highByteFirst<T extends Wide>(Original: T): T {
  const width = Original.BYTES_PER_ELEMENT;
  const Swapped = function (this: unknown, first: unknown, ...rest: [number?, number?]): unknown {
    if (!(first instanceof ArrayBuffer)) return Reflect.construct(Original, [first, ...rest].slice(0, 1 + rest.length));
    const [offset = 0, length = (first.byteLength - offset) / width] = rest;
    const bytes = new Uint8Array(first.slice(offset, offset + width * length));
    for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
    return Reflect.construct(Original, [bytes.buffer]);
  };
  return Object.assign(Swapped as unknown as T, { from: Original.from.bind(Original), of: Original.of.bind(Original) });
}

const parts = [
  tinyParts(),
  ...[3, 5, 23].map((seed) => randomParts(RandomStream.fromSeed(seed, 'conformance-artifact'))),
];
const table = int16Bytes(TANH_TABLE);

interface Seen {
  readonly bytes: string[];
  readonly cids: string[];
  readonly digests: string[];
  readonly tanh: number[];
}

function seen(): Seen {
  const policies = parts.map((one) => loadArtifact(encodeArtifact(one)));
  return {
    bytes: policies.map(({ bytes }) => toHex(bytes)),
    cids: policies.map(({ cid }) => cid),
    digests: policies.map(vec4096),
    tanh: Array.from(decodeTanhTable(table)),
  };
}

describe('L5 big-endian host', () => {
  const here = seen();

  beforeEach(() => {
    vi.stubGlobal('Int16Array', highByteFirst(Int16Array));
    vi.stubGlobal('Int32Array', highByteFirst(Int32Array));
    vi.stubGlobal('Uint32Array', highByteFirst(Uint32Array));
  });
  afterEach(() => vi.unstubAllGlobals());

  it('the simulated host keeps the high byte first', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4).buffer;
    expect([new Int16Array(bytes)[0], new Int32Array(bytes)[0], new Uint32Array(bytes, 0, 1)[0]]).toEqual([
      0x0102, 0x01020304, 0x01020304,
    ]);
    expect(Array.from(new Int16Array([258, -2]))).toEqual([258, -2]);
  });

  it('gives the same bytes, CIDs, self-test digests and tanh table', () => {
    expect(seen()).toEqual(here);
    expect(here.tanh).toEqual(Array.from(TANH_TABLE));
  });
});
