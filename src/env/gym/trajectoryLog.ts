/** The record of an episode that its hash is taken of: integers and reward bits in the order they happened. */
import { toHex } from '../../base/bytes.ts';
import { sha256 } from '../../base/hash.ts';
import type { Trajectory } from './task.ts';

const WORDS_PER_ENTRY = 3;
const FIRST_CAPACITY = 4096;

export class TrajectoryLog {
  #words = new Int32Array(FIRST_CAPACITY);
  #used = 0;
  readonly #real = new Float32Array(1);
  readonly #bits = new Int32Array(this.#real.buffer);

  reset(): void {
    this.#used = 0;
  }

  /** Three words: what was seen, what was issued, the reward as f32 bits. */
  add(seen: number, issued: number, reward: number): void {
    if (this.#used + WORDS_PER_ENTRY > this.#words.length) this.#grow();
    this.#real[0] = reward;
    this.#words[this.#used] = seen;
    this.#words[this.#used + 1] = issued;
    this.#words[this.#used + 2] = this.#bits[0]!;
    this.#used += WORDS_PER_ENTRY;
  }

  /** One agent's step: every input it saw, then every output issued. */
  addRow(
    seen: Int32Array,
    seenAt: number,
    inputs: number,
    issued: Int32Array,
    issuedAt: number,
    outputs: number,
  ): void {
    while (this.#used + inputs + outputs > this.#words.length) this.#grow();
    const words = this.#words;
    let used = this.#used;
    for (let i = 0; i < inputs; i++) words[used++] = seen[seenAt + i]!;
    for (let d = 0; d < outputs; d++) words[used++] = issued[issuedAt + d]!;
    this.#used = used;
  }

  /** A real as f32 bits. */
  addReal(value: number): void {
    if (this.#used === this.#words.length) this.#grow();
    this.#real[0] = value;
    this.#words[this.#used++] = this.#bits[0]!;
  }

  /** What was logged so far, as it stays: SHA-256 over the words, i32 little-endian. */
  freeze(): Trajectory {
    const words = this.#words.slice(0, this.#used);
    return { digestHex: () => digestHex(words) };
  }

  getState(): readonly number[] {
    return Array.from(this.#words.subarray(0, this.#used));
  }

  setState(words: readonly number[]): void {
    while (words.length > this.#words.length) this.#grow();
    this.#words.set(words);
    this.#used = words.length;
  }

  #grow(): void {
    const wider = new Int32Array(this.#words.length * 2);
    wider.set(this.#words);
    this.#words = wider;
  }
}

function digestHex(words: Int32Array): string {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < words.length; i++) view.setInt32(i * 4, words[i]!, true);
  return toHex(sha256(bytes));
}
