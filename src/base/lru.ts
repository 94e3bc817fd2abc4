/** A bounded map that forgets the least recently read entry. */
export class BoundedCache<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of `key`, made by `make` when it is not held. A throw from `make` stores nothing. */
  getOrMake(key: K, make: () => V): V {
    const held = this.#entries.get(key);
    if (held !== undefined) {
      // Maps iterate in insertion order, so re-inserting marks the entry as the newest.
      this.#entries.delete(key);
      this.#entries.set(key, held);
      return held;
    }
    const made = make();
    if (this.#entries.size >= this.#capacity) this.#entries.delete(this.#entries.keys().next().value as K);
    this.#entries.set(key, made);
    return made;
  }
}
