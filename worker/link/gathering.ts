import type { AttemptOutbox } from "./attempt-outbox.ts";

/** Outboxes that will be flushed in a moment, by one timer. */
export class Gathering {
  readonly #flush: (outbox: AttemptOutbox) => void;
  /** With the monotonic time by which each is flushed. */
  readonly #due = new Map<AttemptOutbox, number>();
  #timer: NodeJS.Timeout | null = null;
  #timerAt = 0;

  constructor(flush: (outbox: AttemptOutbox) => void) {
    this.#flush = flush;
  }

  /** Flushes within so many milliseconds; an earlier time that is set already stays. */
  flushWithin(outbox: AttemptOutbox, milliseconds: number): void {
    const due = performance.now() + milliseconds;
    if (due >= (this.#due.get(outbox) ?? Number.POSITIVE_INFINITY)) return;
    this.#due.set(outbox, due);
    this.#wakeAt(due);
  }

  /** It was flushed, or is gone. */
  forget(outbox: AttemptOutbox): void {
    this.#due.delete(outbox);
  }

  close(): void {
    this.#due.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wakeAt(due: number): void {
    if (this.#timer !== null && this.#timerAt <= due) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = due;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, due - performance.now()));
  }

  #wake(): void {
    this.#timer = null;
    // A timer may come a little early; what is due within a millisecond goes now.
    const now = performance.now() + 1;
    let next = Number.POSITIVE_INFINITY;
    for (const [outbox, due] of [...this.#due]) {
      if (due <= now) {
        this.#due.delete(outbox);
        this.#flush(outbox);
      } else next = Math.min(next, due);
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
  }
}
