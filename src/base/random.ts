/**
 * Seeded integer random streams: xoshiro128** 1.1 (Blackman & Vigna), one stream per purpose.
 * State is four u32 that can be read and put back, so that anything drawn can be resumed exactly.
 */
import { sha256 } from './hash.ts';
import { utf8 } from './bytes.ts';
import { assertInt, floorMod, U32_MAX } from './fixed.ts';

export type RandomState = readonly [number, number, number, number];

export class RandomStream {
  readonly #s = new Uint32Array(4);

  constructor(state: RandomState) {
    this.setState(state);
  }

  /** Independent streams from one seed: the state is the head of SHA-256("gridpact/random/<purpose>/<seed>"). */
  static fromSeed(seed: number | string, purpose: string): RandomStream {
    return RandomStream.fromDigest(sha256(utf8(`gridpact/random/${purpose}/${seed}`)));
  }

  /** State = bytes 0..15 as four u32 LE; all zero: state[0] = 1 (spec/policy.md 3.14). */
  static fromDigest(digest: Uint8Array): RandomStream {
    const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
    return new RandomStream([
      view.getUint32(0, true),
      view.getUint32(4, true),
      view.getUint32(8, true),
      view.getUint32(12, true),
    ]);
  }

  getState(): RandomState {
    return [this.#s[0]!, this.#s[1]!, this.#s[2]!, this.#s[3]!];
  }

  setState(state: RandomState): void {
    this.#s.set(state);
    if ((state[0] | state[1] | state[2] | state[3]) === 0) this.#s[0] = 1;
  }

  /** Next u32. */
  next(): number {
    const s = this.#s;
    const result = Math.imul(rotl(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotl(s[3]!, 11);
    return result;
  }

  /** As many calls of `next` as `out` is long, several times as fast. */
  fill(out: Uint32Array): void {
    const s = this.#s;
    let a = s[0]! | 0;
    let b = s[1]! | 0;
    let c = s[2]! | 0;
    let d = s[3]! | 0;
    for (let i = 0; i < out.length; i++) {
      out[i] = Math.imul(rotl(Math.imul(b, 5), 7), 9);
      const t = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = rotl(d, 11);
    }
    s[0] = a;
    s[1] = b;
    s[2] = c;
    s[3] = d;
  }

  /** Uniform integer in [0, n), 1 <= n <= 2^32; unbiased by rejection. */
  below(n: number): number {
    assertInt(n, 1, U32_MAX + 1, 'below(n)');
    const limit = U32_MAX + 1 - floorMod(U32_MAX + 1, n);
    let x = this.next();
    while (x >= limit) x = this.next();
    return floorMod(x, n);
  }

  /** Fisher-Yates, in place. */
  shuffle(items: Int32Array | Uint32Array): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = items[i]!;
      items[i] = items[j]!;
      items[j] = held;
    }
  }
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
