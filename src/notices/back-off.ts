const firstPause = 10_000;
const longestPause = 3_600_000;

/**
 * Milliseconds to wait after so many failures in a row: 10 s, then three times as long each time up to an hour, a fifth more or
 * less, so that what failed together is not tried together.
 */
export function backOff(failures: number, random: () => number = Math.random): number {
  const pause = Math.min(longestPause, firstPause * 3 ** Math.max(0, failures - 1));
  return Math.round(pause * (0.8 + 0.4 * random()));
}
