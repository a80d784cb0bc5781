import type { Store } from "../store/store.ts";

/** Rows of one transaction: few, so that no job waits for them. */
const batch = 50;

/** Deletes the texts of replaced drafts that no open job can need any more, in transactions between which others go. */
export async function purgeReplacedDrafts(store: Pick<Store, "write">, isStopped: () => boolean): Promise<void> {
  while (!isStopped() && (await store.write.purgeReplacedDrafts({ limit: batch })) === batch) {
    // A full batch: there may be more.
  }
}
