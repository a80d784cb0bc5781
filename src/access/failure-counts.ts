/** What is told apart at the same time; the oldest gives way, so that nobody fills the memory. */
const mostKept = 10_000;

interface Count {
  failures: number;
  /** By the monotonic clock, in milliseconds. */
  endsAt: number;
}

/** Counts what failed, by key, in windows of time that begin with a key's first failure. */
export class FailureCounts {
  readonly #limit: number;
  readonly #window: number;
  readonly #counts = new Map<string, Count>();

  /**
   * @param limit failures within a window before the next attempt is made to wait
   * @param window in milliseconds
   */
  constructor(limit: number, window: number) {
    this.#limit = limit;
    this.#window = window;
  }

  /** Until when, by the monotonic clock, attempts have to wait; null when they need not. */
  heldUntil(key: string, now: number): number | null {
    const count = this.#counts.get(key);
    return count !== undefined && count.endsAt > now && count.failures >= this.#limit ? count.endsAt : null;
  }

  add(key: string, now: number): void {
    const count = this.#counts.get(key);
    if (count !== undefined && count.endsAt > now) {
      count.failures += 1;
      return;
    }
    this.#counts.delete(key);
    this.#counts.set(key, { failures: 1, endsAt: now + this.#window });
    keepNewest(this.#counts, mostKept);
  }

  /** One failure was none. */
  takeBack(key: string): void {
    const count = this.#counts.get(key);
    if (count !== undefined) {
      count.failures -= 1;
    }
  }

  forget(key: string): void {
    this.#counts.delete(key);
  }
}

/** The whole seconds from `now` to a moment of the monotonic clock, at least one. */
export function secondsUntil(moment: number, now: number): number {
  return Math.max(1, Math.ceil((moment - now) / 1000));
}

/** Lets the oldest entry go when there are more than `most`. */
export function keepNewest(kept: Map<string, unknown> | Set<string>, most: number): void {
  if (kept.size > most) {
    const oldest = kept.keys().next().value;
    if (oldest !== undefined) {
      kept.delete(oldest);
    }
  }
}
