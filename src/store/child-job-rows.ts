import { bytesToId } from "./id-bytes.ts";
import type { ChildJobReads, JobAncestor, PublishedChild } from "./operations/child-jobs.ts";
import type { JobOrigin, PinnedChild } from "./operations/jobs.ts";

/* Rows of jobs that start each other as both databases read them, and what they are made into. */

export interface JobAncestorRow {
  job_id: Uint8Array;
  runbook_id: Uint8Array;
  runbook_name: string;
  parent_job_id: Uint8Array | null;
  started_by: string;
  starter_id: Uint8Array | null;
  started_from: string | null;
}

export const jobAncestorColumns =
  "job_id, runbook_id, runbook_name, parent_job_id, started_by, starter_id, started_from";

export function toJobAncestor(row: JobAncestorRow): JobAncestor {
  return {
    jobId: bytesToId(row.job_id),
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    parentJobId: row.parent_job_id === null ? null : bytesToId(row.parent_job_id),
    startedBy: row.started_by,
    starterId: row.starter_id === null ? null : bytesToId(row.starter_id),
    startedFrom: row.started_from === null ? null : (JSON.parse(row.started_from) as JobOrigin),
  };
}

export interface PublishedChildRow {
  name: string;
  runbook_id: Uint8Array;
  version_id: Uint8Array;
  calls: string | null;
}

export function toPublishedChild(row: PublishedChildRow): PublishedChild {
  return {
    name: row.name,
    runbookId: bytesToId(row.runbook_id),
    versionId: bytesToId(row.version_id),
    calls: row.calls === null ? [] : (JSON.parse(row.calls) as string[]),
  };
}

export function toPinnedChild(row: { name: string; version_id: Uint8Array }): PinnedChild {
  return { name: row.name, versionId: bytesToId(row.version_id) };
}

/** An open job that is stopped with the one that started it, as a sweep looks at it. */
export interface BoundChildRow {
  job_id: Uint8Array;
  /** 1 where it should have been stopped already. */
  is_left: number;
}

export function toChildrenLeftBehind(
  rows: readonly BoundChildRow[],
  limit: number,
): ReturnType<ChildJobReads["childrenLeftBehind"]> {
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    jobIds: rows.filter((row) => row.is_left === 1).map((row) => bytesToId(row.job_id)),
    next: last === undefined ? null : bytesToId(last.job_id),
  };
}
