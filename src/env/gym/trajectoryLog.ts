/** The record of an episode that its hash is taken of: integers and reward bits in the order they happened. */
import { toHex } from '../../base/bytes.ts';
import { Sha256Blocks, type Sha256State } from '../../base/hash.ts';
import type { TaskState, Trajectory } from './task.ts';

const WORDS_PER_ENTRY = 3;
const WORDS_PER_BLOCK = 16;
const FIRST_CAPACITY = 4096;

/** Whole blocks as their hash stands after them, and the words since: a long episode is no longer than a short one. */
export interface TrajectoryLogState extends TaskState {
  readonly hashed: Sha256State;
  readonly rest: readonly number[];
}

export class TrajectoryLog {
  /** Words that `#hashed` has not seen. */
  #words = new Int32Array(FIRST_CAPACITY);
  #used = 0;
  #hashed = new Sha256Blocks();
  readonly #real = new Float32Array(1);
  readonly #bits = new Int32Array(this.#real.buffer);

  reset(): void {
    this.#used = 0;
    this.#hashed = new Sha256Blocks();
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
    const hashed = this.#hashed.clone();
    return { digestHex: () => toHex(hashed.digest(bytesOf(words))) };
  }

  getState(): TrajectoryLogState {
    this.#fold();
    return { hashed: this.#hashed.getState(), rest: Array.from(this.#words.subarray(0, this.#used)) };
  }

  setState({ hashed, rest }: TrajectoryLogState): void {
    this.#hashed.setState(hashed);
    this.#words.set(rest);
    this.#used = rest.length;
  }

  /** Whole blocks go into the hash. */
  #fold(): void {
    const whole = this.#used - (this.#used % WORDS_PER_BLOCK);
    this.#hashed.add(bytesOf(this.#words.subarray(0, whole)));
    this.#words.copyWithin(0, whole, this.#used);
    this.#used -= whole;
  }

  #grow(): void {
    const wider = new Int32Array(this.#words.length * 2);
    wider.set(this.#words);
    this.#words = wider;
  }
}

function bytesOf(words: Int32Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < words.length; i++) view.setInt32(i * 4, words[i]!, true);
  return bytes;
}
