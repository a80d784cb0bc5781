import { monotonicNow } from "./monotonic-now.ts";

/** The service's time, as far as a worker knows it; every time that a worker tells is by this clock. */
export interface ServiceClock {
  /** Milliseconds since the epoch by the service's clock, now. */
  now(): number;
  /**
   * A moment that this machine's clock told a moment ago, by the service's clock. Only its age is believed, within an hour:
   * this machine's clock may be wrong by days, or be set while a job runs.
   */
  translate(localTime: number): number;
}

const greatestAge = 60 * 60 * 1000;

/** Follows the service's clock by the monotonic clock, from the samples that heartbeats bring. */
export class MeasuredServiceClock implements ServiceClock {
  /** Service time minus monotonic time; until the first sample the local clock has to do. */
  #offset = Date.now() - monotonicNow();

  /** @param offset Service time minus monotonic time (`monotonicNow()`). */
  set(offset: number): void {
    this.#offset = offset;
  }

  now(): number {
    return Math.round(monotonicNow() + this.#offset);
  }

  translate(localTime: number): number {
    const age = Math.min(Math.max(0, Date.now() - localTime), greatestAge);
    return this.now() - age;
  }
}

/** For scripts that run without a service: this machine's clock. */
export const localClock: ServiceClock = { now: () => Date.now(), translate: (localTime) => localTime };
