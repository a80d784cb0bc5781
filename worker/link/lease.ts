import { leaseSafetyMargin } from "../../src/contract/session-limits.ts";

/** A lease shorter than three margins keeps two thirds of itself. */
const largestMarginShare = 1 / 3;

/** When hosts must be gone, by the monotonic clock: counted from when the last acknowledged heartbeat was SENT. */
export function leaseDeadline(sentAt: number, leaseDuration: number): number {
  return sentAt + leaseDuration - Math.min(leaseSafetyMargin, leaseDuration * largestMarginShare);
}

/**
 * The deadline, shared between the thread that renews it and the one that judges by it.
 * Infinity before the first lease: without one there are no jobs.
 */
export class SharedDeadline {
  readonly buffer: SharedArrayBuffer;
  readonly #value: Float64Array;

  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(8);
    this.#value = new Float64Array(this.buffer);
    if (buffer === undefined) this.#value[0] = Number.POSITIVE_INFINITY;
  }

  get(): number {
    return this.#value[0] ?? Number.POSITIVE_INFINITY;
  }

  set(deadline: number): void {
    this.#value[0] = deadline;
  }
}
