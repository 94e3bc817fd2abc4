/** SHA-256, synchronous and pure JS, so that proofs check in a browser with the same code. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}

export const ZERO_HASH = new Uint8Array(32);
