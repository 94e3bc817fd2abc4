/** SHA-256, synchronous and pure JS, so that proofs check in a browser with the same code. */
import { _SHA256, sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}

export const ZERO_HASH = new Uint8Array(32);

/** Between two blocks of 64 bytes: how many bytes were hashed, and the eight words H(i) of FIPS 180-4. */
export interface Sha256State {
  readonly bytes: number;
  readonly words: readonly number[];
}

/** SHA-256 of what comes in whole blocks; where it stands is data that another goes on from. */
export class Sha256Blocks {
  #hash = new Resumable();

  /** Whole blocks of 64 bytes. */
  add(blocks: Uint8Array): void {
    this.#hash.update(blocks);
  }

  /** With `rest` behind the blocks, without changing them. */
  digest(rest: Uint8Array): Uint8Array {
    return this.#hash.clone().update(rest).digest();
  }

  clone(): Sha256Blocks {
    const copy = new Sha256Blocks();
    copy.#hash = this.#hash.clone() as Resumable;
    return copy;
  }

  getState(): Sha256State {
    return this.#hash.save();
  }

  setState(state: Sha256State): void {
    this.#hash = new Resumable();
    this.#hash.restore(state);
  }
}

class Resumable extends _SHA256 {
  save(): Sha256State {
    return { bytes: this.length, words: this.get() };
  }

  restore({ bytes, words }: Sha256State): void {
    const [a, b, c, d, e, f, g, h] = words as [number, number, number, number, number, number, number, number];
    this.set(a, b, c, d, e, f, g, h);
    this.length = bytes;
  }
}
