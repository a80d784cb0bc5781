import { purgeReplacedDrafts } from "../runbooks/replaced-drafts.ts";
import type { Leadership } from "../services/duty-leader.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "./logging.ts";

const interval = 60_000;
/** A request may be repeated for this long, in milliseconds. */
const idempotencyTime = 24 * 3_600_000;
/** Notices are kept for this long, in milliseconds. */
const noticeTime = 30 * 24 * 3_600_000;
/** Rows of one transaction: few, so that no job waits for them. */
const batch = 50;

/** Clears away now and then what has had its time; of several services one does. @returns a function that ends it */
export function keepHouse(store: Pick<Store, "write">, leadership: Leadership, log: Log): () => Promise<void> {
  let current: Promise<void> | null = null;
  let isClosed = false;
  const timer = setInterval(() => {
    if (!leadership.leads) {
      return;
    }
    current ??= clear()
      .catch((error: unknown) => log.warn("Clearing away old entries failed; it will be tried again", { error }))
      .finally(() => {
        current = null;
      });
  }, interval);
  timer.unref();
  return async () => {
    isClosed = true;
    clearInterval(timer);
    await current;
  };

  async function clear(): Promise<void> {
    const before = Date.now() - idempotencyTime;
    await untilFew(() => store.write.purgeIdempotentAnswers({ before, limit: batch }));
    await untilFew(() => store.write.purgeNotices({ before: Date.now() - noticeTime, limit: batch }));
    await purgeReplacedDrafts(store, () => isClosed);
  }

  async function untilFew(purge: () => Promise<number>): Promise<void> {
    while (!isClosed && (await purge()) === batch) {
      // Each turn is a transaction of its own; others go in between.
    }
  }
}
