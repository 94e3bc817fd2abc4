import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { encodeDocument } from '../../src/base/cbor.ts';
import { cidDigest, cidFromDigest, cidOf } from '../../src/base/cid.ts';
import { sha256 } from '../../src/base/hash.ts';

const digest = sha256(Uint8Array.of(1));

function textOf(codec: number, hash: number, bytes: Uint8Array): string {
  return CID.createV1(codec, create(hash, bytes)).toString();
}

describe('CIDv1 dag-cbor sha2-256', () => {
  it('names the empty map as the DAG-CBOR test vectors do', () => {
    expect(cidOf(encodeDocument({}))).toBe('bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua');
  });

  it('gives back its digest', () => {
    const cid = cidFromDigest(digest);
    expect(toHex(cidDigest(cid))).toBe(toHex(digest));
  });

  const refused: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['no CID', 'hello'],
    ['version 0', CID.createV0(create(0x12, digest)).toString()],
    ['raw codec', textOf(0x55, 0x12, digest)],
    ['dag-pb codec', textOf(0x70, 0x12, digest)],
    ['sha2-512', textOf(0x71, 0x13, new Uint8Array(64))],
    ['identity', textOf(0x71, 0x00, digest)],
    ['a truncated sha2-256', textOf(0x71, 0x12, digest.slice(0, 20))],
    ['an empty sha2-256', textOf(0x71, 0x12, new Uint8Array(0))],
    ['upper case', cidFromDigest(digest).toUpperCase()],
    ['trailing text', `${cidFromDigest(digest)}a`],
    ['a path', `${cidFromDigest(digest)}/x`],
  ];
  it.each(refused)('refuses %s', (_, text) => {
    expect(() => cidDigest(text)).toThrow('cid.malformed');
  });
});
