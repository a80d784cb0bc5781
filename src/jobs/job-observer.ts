import type { JobStatus } from "../contract/job-status.ts";

/** For metrics; each call is cheap and synchronous. */
export interface JobObserver {
  jobAccepted?(): void;
  jobEnded?(status: JobStatus): void;
  recordsStored?(count: number): void;
  /** The first record of a job's first attempt has come, this many milliseconds after the job's id was made. */
  firstRecord?(latency: number): void;
}
