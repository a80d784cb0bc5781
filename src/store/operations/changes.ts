import type { JobStatus } from "../../contract/job-status.ts";
import type { QueueKey, StopOrder } from "./jobs.ts";

/** What services that did not change a job themselves have to know of its change. */
export interface ChangedJob extends QueueKey {
  jobId: string;
  status: JobStatus;
  /** Kept outside of the queue. */
  parked: boolean;
  attempt: number;
  /** Who has the attempt, or had it last; null while it waits. */
  workerId: string | null;
  recordCount: number;
  /** That its attempt has to end; null while nobody asked for that. */
  stop: StopOrder | null;
}

/** What was committed after some position, by whichever service. */
export interface Changes {
  /** Where to go on. */
  position: string;
  /** Each job once, as it is now, in the order of their last changes; those that were deleted are not among them. */
  jobs: ChangedJob[];
  /** Ids of tokens that were revoked, or whose principal was changed. */
  revokedTokens: string[];
  /** There is more at once. */
  more: boolean;
}

export interface ChangeReads {
  /**
   * What was committed after a position: nothing is passed over, whatever the order of the commits. With `after` null it gives where
   * things stand, and no change. Nothing comes of a database that only one service uses.
   */
  changesSince(of: { after: string | null; limit: number }): Changes;
}
