import { setTimeout } from "node:timers/promises";
import type { Store } from "../store/store.ts";
import type { Clock } from "../workers/clock.ts";

/** How long ended jobs are kept; null means for ever. The defaults are SMA's. */
export interface RetentionSettings {
  /** Milliseconds since a job's end. */
  maximumAge: number | null;
  /** Ended jobs. */
  maximumJobs: number | null;
}

export const defaultRetention: RetentionSettings = { maximumAge: 30 * 24 * 3_600_000, maximumJobs: 120_000 };

/** Milliseconds of one transaction, so that nobody has to wait for purging, … */
const budget = 5;

/** … and between two of them: so many times what the last one took, as one that takes long was in the way of others. */
const pauseFactor = 4;
const shortestPause = 20;
const longestPause = 250;

/** Purges what has been kept long enough, in many small transactions. Gives the number of jobs purged. */
export async function purgeEndedJobs(
  store: Pick<Store, "read" | "write">,
  settings: RetentionSettings,
  clock: Clock,
  isStopped: () => boolean = () => false,
): Promise<number> {
  const endedBefore = settings.maximumAge === null ? 0 : clock.now() - settings.maximumAge;
  const upTo = settings.maximumJobs === null ? null : await store.read.purgeBoundary({ keep: settings.maximumJobs });
  let purged = 0;
  while (!isStopped()) {
    const startedAt = performance.now();
    const { jobs, more } = await store.write.purgeJobs({ endedBefore, upTo, budget });
    purged += jobs;
    if (!more) {
      break;
    }
    const pause = pauseFactor * (performance.now() - startedAt);
    await setTimeout(Math.min(Math.max(pause, shortestPause), longestPause), undefined, { ref: false });
  }
  return purged;
}
