import type { JobOrigin, PinnedChild, StoredJob } from "./jobs.ts";

/** A published version of a runbook that another one names. */
export interface PublishedChild extends PinnedChild {
  runbookId: string;
  /** Names of runbooks that it may call itself. */
  calls: string[];
}

/** A job as a link in a chain of jobs that started each other. */
export interface JobAncestor {
  jobId: string;
  runbookId: string;
  runbookName: string;
  parentJobId: string | null;
  startedBy: string;
  starterId: string | null;
  startedFrom: JobOrigin | null;
}

export interface ChildJobReads {
  /** The job that a call of another job has started; null when it has not. */
  jobOfCall(of: { parentJobId: string; callId: string }): StoredJob | null;

  /** In the order in which they were started; `after` is the id of the last one of the page before. */
  childJobs(of: { parentJobId: string; after?: string; limit: number }): StoredJob[];

  /** A job and those that led to it, itself first, `limit` at most. */
  jobAncestors(of: { jobId: string; limit: number }): JobAncestor[];

  /**
   * Open jobs that are stopped with one of these jobs, which started them, and are not being stopped yet, or with `force` not by force; by
   * id, behind `after`.
   */
  boundChildren(of: {
    parentJobIds: readonly string[];
    after: string | undefined;
    force: boolean;
    limit: number;
  }): string[];

  /**
   * Those of the next `limit` open jobs bound to the one that started them whose parent was stopped or has failed; `next` is null when
   * no further ones are to be looked at.
   */
  childrenLeftBehind(of: { after?: string; limit: number }): { jobIds: string[]; next: string | null };

  /** The versions that a job runs inside itself, by name. */
  pinnedChildren(of: { jobId: string }): PinnedChild[];

  /** The published versions of enabled runbooks of these names, those that have an executable text. */
  publishedChildren(of: { names: readonly string[] }): PublishedChild[];
}

export interface ChildJobWrites {
  /** Keeps a version that a job runs inside itself, unless one of that name is kept. Gives the one that is. */
  pinChild(of: PinnedChild & { jobId: string }): PinnedChild;

  /**
   * Somebody waits for a job that waits itself: it goes before jobs of the priority of the one that waits for it, as far as there is a
   * priority above that.
   */
  hurryJob(of: { jobId: string; waitingJobId: string; highest: number }): void;
}
