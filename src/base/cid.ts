/** CIDv1, dag-cbor (0x71), sha2-256, base32 lower case: the one name of a document. */
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { fail } from './errors.ts';
import { sha256 } from './hash.ts';

const DAG_CBOR = 0x71;
const SHA2_256 = 0x12;

export function cidOf(bytes: Uint8Array): string {
  return cidFromDigest(sha256(bytes));
}

export function cidFromDigest(digest: Uint8Array): string {
  return CID.createV1(DAG_CBOR, createDigest(SHA2_256, digest)).toString();
}

/** The 32 digest bytes of a CID. @throws `cid.malformed` for any other kind or spelling. */
export function cidDigest(text: string): Uint8Array {
  let cid: CID;
  try {
    cid = CID.parse(text);
  } catch (cause) {
    throw fail('cid.malformed', { got: text.slice(0, 100), cause });
  }
  const { code, digest } = cid.multihash;
  // A multihash states its own length, so a truncated SHA-256 would parse.
  const isSha256 = code === SHA2_256 && digest.length === 32;
  if (cid.version !== 1 || cid.code !== DAG_CBOR || !isSha256 || cid.toString() !== text) {
    throw fail('cid.malformed', { expected: 'CIDv1 dag-cbor sha2-256 base32', got: text.slice(0, 100) });
  }
  return digest;
}
