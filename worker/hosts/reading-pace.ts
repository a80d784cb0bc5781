import type { HostProcess } from "./host-process.ts";

/** Hand-overs that follow each other sooner than this, in milliseconds, are quick. */
const quickInterval = 5;
/** How long what hosts say may gather, in milliseconds: the least that a timer can wait. */
const gatheringTime = 1;

/**
 * While jobs come by the hundreds a second, what their hosts say is read once it has gathered for a moment. A job of twenty
 * lines otherwise wakes the worker twenty times, which costs more than all else that is done for it.
 */
export class ReadingPace {
  readonly #held = new Set<HostProcess>();
  #last = Number.NEGATIVE_INFINITY;
  /** Milliseconds between hand-overs, of the last few. */
  #interval = Number.POSITIVE_INFINITY;

  noteHandOver(): void {
    const now = performance.now();
    const interval = Math.min(1_000, now - this.#last);
    this.#last = now;
    this.#interval = Number.isFinite(this.#interval) ? this.#interval * 0.9 + interval * 0.1 : interval;
  }

  /** Whether jobs come in quick succession now. */
  isQuick(): boolean {
    return this.#interval < quickInterval;
  }

  /** Has a host read from in a moment only. */
  hold(host: HostProcess): void {
    host.hold();
    if (this.#held.size === 0) setTimeout(() => this.#letGo(), gatheringTime);
    this.#held.add(host);
  }

  #letGo(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const host of held) host.letGo();
  }
}
