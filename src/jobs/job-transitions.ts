import type { EndedStatus, JobStatus } from "../contract/job-status.ts";
import { endedStatuses } from "../contract/job-status.ts";

/*
 * The life of a job.
 *
 *   New          accepted. It waits in the queue, or parked where its runbook's concurrency rule holds it.
 *   Activating   a worker has it: a host is being taken for it.
 *   Running      its script runs.
 *   Stopping     it was told to end and has not yet.
 *   Completed, Failed, Stopped   over; nothing leaves these.
 *   Suspending    somebody wants it suspended, and its script has not come to a step yet.
 *   Suspended     it has no worker, and waits for a person, a time, an event or an approval.
 *   Resuming      not used by this program yet: what is resumed is New again, as what gets another attempt is.
 *
 * Who moves it, and when:
 *   New → Activating           a claim gives it to a worker, as its next attempt
 *   New → Stopped              somebody stops it, or a newer request replaces it: nothing runs, so it is over at once
 *   New → Failed               its start deadline has passed
 *   Activating → Running       its worker says so, or its first record comes
 *   Activating, Running → New  its worker or host was lost and its runbook allows another attempt; its script failed and its
 *                              runbook retries that; or (Activating only) its worker never started it
 *   Activating, Running → Completed, Failed, Stopped   its attempt has ended; the end may overtake the word of its start
 *   Activating, Running → Stopping                     somebody stops it
 *   Stopping → Stopped, Completed, Failed              what its script came to first; Stopped when its worker is lost
 *
 *   Running → Suspending → Suspended                   somebody suspends it, and its script has come to a step, or its worker or host
 *                                                      was lost: it goes on from its journal when it is resumed
 *   Activating, Running → Suspended                    its script waits for something
 *   Suspended → New                                    that has come, or somebody resumes it
 *   Suspended → Stopped                                somebody stops it
 *
 * Every change that a worker causes carries the attempt's number and counts only while that is the current one.
 * The statements that make these changes are in src/store; their test compares each change that it sees with this table.
 */

/** Where each state may lead. */
export const jobTransitions: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  New: ["Activating", "Stopped", "Failed"],
  Activating: ["Running", "New", "Stopping", "Suspending", "Suspended", "Completed", "Failed", "Stopped"],
  Running: ["New", "Stopping", "Suspending", "Suspended", "Completed", "Failed", "Stopped"],
  Stopping: ["Stopped", "Completed", "Failed"],
  Suspending: ["Suspended", "Stopping", "Completed", "Failed", "Stopped"],
  Suspended: ["New", "Resuming", "Stopped"],
  Resuming: ["Activating", "Running", "New", "Stopping", "Completed", "Failed", "Stopped"],
  Completed: [],
  Failed: [],
  Stopped: [],
};

/** Whether a job may go from one state to another; staying is no transition. */
export function mayBecome(from: JobStatus, to: JobStatus): boolean {
  return jobTransitions[from].includes(to);
}

/** Whether a job is over. */
export function isEnded(status: JobStatus): status is EndedStatus {
  return (endedStatuses as readonly JobStatus[]).includes(status);
}
