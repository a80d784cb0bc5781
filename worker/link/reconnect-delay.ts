/** A planned restart of the service is over soon, and a lease is short: the first tries come fast. */
const firstDelay = 50;
const longestDelayAtFirst = 1_000;
const longestDelay = 10_000;
/** Tries after which nobody is in a hurry any more. */
const fastTries = 30;

/**
 * Milliseconds to wait before the next try to connect: doubling from 50 ms, at most 1 s (10 s after many tries), and
 * half of it by chance, so that a hundred workers do not come back at one moment.
 *
 * @param tries Tries that failed since the last success.
 */
export function reconnectDelay(tries: number): number {
  const longest = tries < fastTries ? longestDelayAtFirst : longestDelay;
  const delay = Math.min(longest, firstDelay * 2 ** Math.min(tries, 20));
  return delay / 2 + (Math.random() * delay) / 2;
}
