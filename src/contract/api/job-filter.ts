import type { JobStatus } from "../job-status.ts";

/** Which jobs: those that fit everything that is named. Lists and what is done to many jobs at once take the same. */
export interface JobFilter {
  /** Id or name of the runbook. */
  runbook?: string;
  /** In one of these states. */
  status?: readonly JobStatus[];
  /** Accepted then or later; UTC ISO 8601. */
  since?: string;
  /** Accepted before then; UTC ISO 8601. */
  until?: string;
  /** Name of the worker group. */
  group?: string;
  /** Id or name of the worker that has the job, or had its last attempt. */
  worker?: string;
  /** Name of the principal that started it, without regard to case. */
  startedBy?: string;
  /** A tag that its runbook has now. */
  tag?: string;
}

/** What was done to one of many jobs. */
export interface JobOutcome {
  jobId: string;
  runbookName: string | null;
  /**
   * Of a stop: `stopped` (it had not started), `stopping` (its script was asked to end), `ended` (it was over already),
   * `changed` (it is in a state by now that the filter does not name). Of a retry: `retried`, `retried-before` (there is a
   * newer job of it), `not-ended`, `refused` (with the reason). Of either: `not-found`; and in a dry run `would-stop`, `would-retry`.
   */
  outcome: JobOutcomeName;
  /** Why, for a person; null where the outcome says all. */
  reason: string | null;
  /** The newer job of a retried one. */
  newJobId: string | null;
}

export const jobOutcomeNames = [
  "would-stop",
  "stopped",
  "stopping",
  "ended",
  "changed",
  "would-retry",
  "retried",
  "retried-before",
  "not-ended",
  "refused",
  "not-found",
] as const;

export type JobOutcomeName = (typeof jobOutcomeNames)[number];
