import { deepestCalls } from "../contract/child-runbook.ts";
import { UserError } from "../contract/user-error.ts";
import type { JobAncestor } from "../store/operations/child-jobs.ts";
import type { StoredJob } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { MayRead } from "./child-versions.ts";
import { readableChain } from "./child-versions.ts";
import type { RunningAttempts } from "./running-attempts.ts";

/**
 * Refuses a wait without end for a job that cannot begin before the one that waits is over, or one that waits for that in turn: those have all the
 * places of its runbook. Of waits that other services hold nothing is known here.
 * @throws UserError `waits-for-own-place` (409), which names no runbook that may not be read
 */
export async function refuseWaitInCircle(
  store: Pick<Store, "read">,
  attempts: Pick<RunningAttempts, "waitsFor">,
  { waiting, followed, mayRead }: { waiting: { jobId: string }; followed: StoredJob | null; mayRead: MayRead },
): Promise<void> {
  if (followed === null || followed.parkedBehind === null) {
    return;
  }
  const waits = await waitingChain(store, attempts, waiting.jobId);
  const holders = waits.filter(({ runbookId }) => runbookId === followed.runbookId);
  const limit = holders.length === 0 ? null : await limitOf(store, followed.runbookId);
  if (limit === null || holders.length < limit) {
    return;
  }
  const first = waits.findLastIndex(({ runbookId }) => runbookId === followed.runbookId);
  const circle = [...waits.slice(0, first + 1).reverse(), followed];
  const names = await readableChain(
    circle.map(({ runbookName, runbookId }) => ({ name: runbookName, runbookId })),
    mayRead,
  );
  const chain = names.map((name, index) => `${name} (job ${circle[index]?.jobId})`).join(" → ");
  const places = limit === 1 ? "only one job of it runs" : `only ${limit} jobs of it run`;
  throw new UserError(
    "waits-for-own-place",
    `Jobs wait for each other in a circle: ${chain}. The last one does not begin until one of the others of ${names.at(-1)} is over, since ${places} at once: none of them would come to its end.`,
    { status: 409, remedy: "Do not wait for it, or let more jobs of the runbook run at once." },
  );
}

/** A job and those that wait for it without end, by way of those that they have started; itself first. */
async function waitingChain(
  store: Pick<Store, "read">,
  attempts: Pick<RunningAttempts, "waitsFor">,
  jobId: string,
): Promise<JobAncestor[]> {
  const ancestors = await store.read.jobAncestors({ jobId, limit: deepestCalls });
  const end = ancestors.findIndex(({ jobId: child }, index) => {
    const parent = ancestors[index + 1];
    return parent === undefined || !attempts.waitsFor(parent.jobId, child);
  });
  return ancestors.slice(0, end + 1);
}

async function limitOf(store: Pick<Store, "read">, runbookId: string): Promise<number | null> {
  return (await store.read.runbook({ runbook: runbookId }))?.concurrencyLimit ?? null;
}
