import type { JobStatus } from "../src/contract/job-status.ts";
import type { UserError } from "../src/contract/user-error.ts";

/** What the exit codes of every command mean. */
export const exitCodes = {
  completed: 0,
  /** The job failed; also a bug in the command itself. */
  failed: 1,
  /** Wrong usage, or the service found the request invalid. */
  invalid: 2,
  stopped: 3,
  suspended: 4,
  /** Not reachable, not signed in, not permitted; of a server: it cannot start here (port, data folder, disk). */
  unavailable: 5,
  interrupted: 130,
} as const;

/** The exit code of `--wait`, `--follow` and `run` for the status a job came to rest in. */
export function exitCodeOfStatus(status: JobStatus): number {
  if (status === "Completed") return exitCodes.completed;
  if (status === "Stopped") return exitCodes.stopped;
  if (status === "Suspended") return exitCodes.suspended;
  return exitCodes.failed;
}

/** The exit code for an error that the user can mend. */
export function exitCodeOfError(error: UserError): number {
  const unavailable = error.status === 401 || error.status === 403 || error.status === 429 || error.status >= 500;
  return unavailable ? exitCodes.unavailable : exitCodes.invalid;
}
