/** A map that holds at most so many entries: the one that was not asked for the longest goes first. */
export class BoundedCache<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #capacity: number;
  readonly #weigh: (value: Value) => number;
  readonly #dropped: (value: Value) => void;
  #weight = 0;

  /**
   * @param capacity the most that all entries may weigh together
   * @param weigh what an entry weighs; one where left out, so that the capacity is a number of entries
   * @param dropped called with each value that leaves
   */
  constructor(capacity: number, weigh: (value: Value) => number = () => 1, dropped: (value: Value) => void = () => {}) {
    this.#capacity = capacity;
    this.#weigh = weigh;
    this.#dropped = dropped;
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#weight += this.#weigh(value);
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#capacity || oldest === key) {
        return;
      }
      this.delete(oldest);
    }
  }

  delete(key: Key): void {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#weight -= this.#weigh(value);
      this.#dropped(value);
    }
  }

  entries(): [Key, Value][] {
    return [...this.#entries];
  }
}
