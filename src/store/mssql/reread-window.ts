/** For this long what was changed is read again, in milliseconds. */
const rereadTime = 1_000;

/**
 * For a database that does not say which changes are still under way: reads the changes of the last moments again each time, and
 * tells which of them were given before.
 */
export class RereadWindow {
  /** Where reads ended, oldest first; one that is old enough stands before them. */
  #ends: { position: bigint; at: number }[] = [];
  readonly #given = new Map<string, bigint>();
  readonly #now: () => number;

  /** @param now milliseconds, never jumping */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Where to read from, of a reader at a position. */
  from(position: bigint): bigint {
    const first = this.#ends[0]?.position ?? position;
    return first < position ? first : position;
  }

  /** A read went up to a position, and `isNew` was asked of all that it gave. */
  readUpTo(position: bigint): void {
    const now = this.#now();
    this.#ends.push({ position, at: now });
    const old = this.#ends.findLastIndex(({ at }) => now - at >= rereadTime);
    this.#ends.splice(0, Math.max(0, old));
    const first = this.#ends[0]?.position ?? position;
    for (const [id, version] of this.#given) {
      if (version <= first) {
        this.#given.delete(id);
      }
    }
  }

  /** Whether this change was not given before; from now on it was. */
  isNew(id: string, version: bigint): boolean {
    const given = this.#given.get(id);
    if (given !== undefined && given >= version) {
      return false;
    }
    this.#given.set(id, version);
    return true;
  }
}
