/** Cases L1 to L6: bytes, and the CID they have or the code they are refused with. */
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { cidOf } from '../../src/base/cid.ts';
import { isGridPactError } from '../../src/base/errors.ts';
import { I32_MAX } from '../../src/base/fixed.ts';
import { sha256 } from '../../src/base/hash.ts';
import { RandomStream } from '../../src/base/random.ts';
import { rowBound } from '../../src/contracts/policy/checks.ts';
import { artifactDocument, encodeArtifact, loadArtifact } from '../../src/contracts/policy/codec.ts';
import { int16Bytes, int32Bytes } from '../../src/contracts/policy/tensors.ts';
import { BYTE_REFUSALS, CONTENT_REFUSALS, spoiledBytes } from '../../test/contracts/policy/refusals.ts';
import { dense, probeParts, randomParts, tinyParts } from '../../test/contracts/policy/samples.ts';
import { packBytes } from './packed.ts';

/** `refused`, `cid`, or what else the case states; docs/reference/conformance.md. */
export type LoaderCase = Readonly<Record<string, unknown>> & { readonly id: string; readonly title: string };

export function loaderCases(): LoaderCase[] {
  const tiny = encodeArtifact(tinyParts());
  return [
    accepted('L1', 'the worked example of docs/spec/policy.md', tiny),
    accepted('L1', 'an artifact of every kind of part', encodeArtifact(randomParts(RandomStream.fromSeed(1, 'L1')))),
    ...BYTE_REFUSALS.map(([title, make, code]) => refused('L2', title, make(), code)),
    ...CONTENT_REFUSALS.map(([title, code, change]) => refused('L2', title, spoiledBytes(change), code)),
    ...rowLimitCases(),
    { id: 'L4', title: 'keys in any order give the same name', document: reversedDocument(), cid: cidOf(tiny) },
    ...tensorCases(),
    flips(tiny),
  ];
}

function accepted(id: string, title: string, bytes: Uint8Array): LoaderCase {
  return { id, title, bytes: packBytes(bytes), cid: loadArtifact(bytes).cid };
}

function refused(id: string, title: string, bytes: Uint8Array, code: string): LoaderCase {
  return { id, title, bytes: packBytes(bytes), refused: code };
}

/** L2 and L3: sum |w|*xmax + |b| + r(s) one above 2^31-1, and equal to it. */
function rowLimitCases(): LoaderCase[] {
  const row = (bias: number): Uint8Array => encodeArtifact(probeParts(dense([[300, -500]], [bias], 4, 'identity')));
  const room = I32_MAX - rowBound(dense([[300, -500]], [0], 4, 'identity'), 0, [32767, 32767]);
  return [
    refused('L2', 'a row above 3.6 by exactly 1', row(room + 1), 'policy.overflow'),
    refused('L2', 'a row above 3.6 by exactly 1, negative bias', row(-room - 1), 'policy.overflow'),
    accepted('L3', 'a row that meets 3.6 with equality', row(room)),
    accepted('L3', 'a row that meets 3.6 with equality, negative bias', row(-room)),
  ];
}

/** The tiny artifact as JSON with every map backwards; byte strings are {"hex": ...}. */
function reversedDocument(): unknown {
  const backwards = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return { hex: toHex(value) };
    if (Array.isArray(value)) return value.map(backwards);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, item]) => [key, backwards(item)] as const);
    return Object.fromEntries(entries.reverse());
  };
  return backwards(artifactDocument(tinyParts()));
}

function tensorCases(): LoaderCase[] {
  const i16 = [0, 1, -1, 258, -2, 32767, -32767];
  const i32 = [0, 1, -1, 16909060, -2, I32_MAX, -I32_MAX - 1];
  return [
    {
      id: 'L5',
      title: 'i16 tensors are little-endian on every host',
      type: 'i16',
      values: i16,
      hex: toHex(int16Bytes(i16)),
    },
    {
      id: 'L5',
      title: 'i32 tensors are little-endian on every host',
      type: 'i32',
      values: i32,
      hex: toHex(int32Bytes(i32)),
    },
  ];
}

/** Byte by byte, bit 0 to 7: '1' where the flipped artifact still loads (under another name), '0' where it does not. */
function flips(bytes: Uint8Array): LoaderCase {
  let loads = '';
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << bit;
      loads += isLoadable(flipped) ? '1' : '0';
    }
  }
  const loaded = loads.replaceAll('0', '').length;
  const title = 'every one-bit flip: how many still load, and SHA-256 of the text of 0 and 1';
  return { id: 'L6', title, bytes: packBytes(bytes), loaded, sha256: toHex(sha256(utf8(loads))) };
}

function isLoadable(bytes: Uint8Array): boolean {
  try {
    loadArtifact(bytes);
    return true;
  } catch (error) {
    if (isGridPactError(error)) return false;
    throw error;
  }
}
