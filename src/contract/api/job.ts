import type { Grant } from "../grant.ts";
import type { JobException } from "../job-exception.ts";
import type { JobStatus } from "../job-status.ts";
import type { RunbookKind } from "../runbook-kind.ts";
import type { Isolation } from "./runbook.ts";

/** Shown in place of a secret parameter's value. */
export const secretPlaceholder = { secret: "set" } as const;

/** When each stage of a job was reached; UTC ISO 8601 with milliseconds, null when it was not. */
export interface JobTimings {
  acceptedAt: string;
  claimedAt: string | null;
  hostReadyAt: string | null;
  firstRecordAt: string | null;
  endedAt: string | null;
}

/**
 * A job as the events of all jobs show it: without what may be large. Of an exception it has the name and the beginning of the
 * message; who wants to know more reads the job.
 */
export type ListedJob = Omit<JobResource, "parameters" | "result">;

/** A job as the API shows it. */
export interface JobResource {
  jobId: string;
  runbookId: string;
  runbookName: string;
  runbookKind: RunbookKind;
  versionId: string;
  versionNumber: number;
  draft: boolean;
  status: JobStatus;
  /** Why the status is what it is, for a person: "no worker offers PowerShell", "waits for 1 running job", … */
  statusReason: string | null;
  /** The larger goes first. */
  priority: number;
  /** The worker group that its runbook named first; null when it named workers only. */
  workerGroup: string | null;
  /** The current attempt's number, 0 before the first. */
  attempt: number;
  workerId: string | null;
  workerName: string | null;
  /** As given; secret ones as `{ "secret": "set" }`. */
  parameters: Record<string, unknown>;
  grants: Grant[];
  /** What isolated the job: `bubblewrap`, or `none` where the worker was told so. */
  sandbox: string | null;
  /** `job`: its host was its own; `runbook`: its host may have served, or serve, other jobs of the runbook. Null before its first claim. */
  isolation: Isolation | null;
  result: unknown;
  exception: JobException | null;
  exitCode: number | null;
  errorCount: number;
  warningCount: number;
  recordCount: number;
  startedBy: string;
  /** The ended job that this one was started in place of. */
  retryOf: string | null;
  /** The job whose script started it; null when something else did. */
  parentJobId: string | null;
  /** The schedule that started it, and the time that it was due at; null when something else did. */
  scheduleId: string | null;
  dueAt: string | null;
  timings: JobTimings;
}
