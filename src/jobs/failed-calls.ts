import type { JobStatus } from "../contract/job-status.ts";
import type { StoredAttempt, StoredJob } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";

/*
 * Jobs that a job has started, and that did not complete: where the job that called them failed, too, its next attempt calls them again. One that
 * only lost its worker, or was suspended, goes on with what it has.
 */

/** How an attempt's end is told whose script failed, and whose job is to be resumed once that is mended. */
export const suspendedByFailure = "suspended: ";

/** Whether a job is over, and came to nothing. */
export function cameToNothing({ status }: { status: JobStatus }): boolean {
  return status === "Failed" || status === "Stopped";
}

/** Whether an attempt of the caller has failed since it started this job. */
export function isToBeCalledAgain(started: StoredJob, attempts: readonly StoredAttempt[]): boolean {
  return (
    cameToNothing(started) &&
    attempts.some((attempt) => hasFailed(attempt) && (attempt.endedAt ?? 0) >= started.acceptedAt)
  );
}

/** The last attempt of a job that failed; 0 where none has. */
export async function lastFailedAttempt(store: Pick<Store, "read">, jobId: string): Promise<number> {
  const attempts = (await store.read.jobAttempts({ jobId })) ?? [];
  return attempts.findLast(hasFailed)?.attempt ?? 0;
}

function hasFailed({ outcome, reason }: StoredAttempt): boolean {
  return outcome === "Failed" || (outcome === "Suspended" && reason?.startsWith(suspendedByFailure) === true);
}
