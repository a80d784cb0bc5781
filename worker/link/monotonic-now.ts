/**
 * Milliseconds by the machine's monotonic clock: the same in every thread and process of the machine (CLOCK_MONOTONIC),
 * never set, and not going on while the machine sleeps.
 */
export function monotonicNow(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
