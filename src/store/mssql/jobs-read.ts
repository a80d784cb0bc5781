import type { JobStatus } from "../../contract/job-status.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
import { bytesToId } from "../id-bytes.ts";
import type {
  AssignedAttempt,
  JobToRetry,
  QueueKey,
  StoredAttempt,
  StoredJob,
  VersionToRun,
  WorkerLink,
} from "../operations/jobs.ts";
import type { StoredJobRow } from "../stored-job.ts";
import { toStoredJob } from "../stored-job.ts";
import type { VersionToRunRow } from "../version-to-run-row.ts";
import { toVersionToRun } from "../version-to-run-row.ts";
import { selectStoredJob } from "./jobs-rows.ts";
import type { MssqlSession } from "./session.ts";
import { databaseTime, id, int, TableType } from "./sql-values.ts";

/** Workers over a link of theirs, for a parameter. */
export const offeredWorkers = new TableType("runsmith.OfferedWorkers", {
  worker_id: "binary(16)",
  instance_id: "nvarchar",
  link_id: "nvarchar",
});

/** Ids of jobs, for a parameter. */
export const jobIdsType = new TableType("runsmith.JobIds", { job_id: "binary(16)" });

/** See `JobReads.job`. */
export async function readJob(session: MssqlSession, { jobId }: { jobId: string }): Promise<StoredJob | null> {
  const row = await session.first<StoredJobRow>(`${selectStoredJob} WHERE j.job_id = @job_id`, { job_id: id(jobId) });
  return row === undefined ? null : toStoredJob(row);
}

/** See `JobReads.jobsById`. */
export async function readJobsById(session: MssqlSession, { jobIds }: { jobIds: string[] }): Promise<StoredJob[]> {
  const rows = await readJobRows(session, jobIds);
  return jobIds.flatMap((jobId) => {
    const row = rows.get(jobId);
    return row === undefined ? [] : [toStoredJob(row)];
  });
}

/** Rows of jobs by their ids. */
export async function readJobRows(
  session: MssqlSession,
  jobIds: readonly string[],
): Promise<Map<string, StoredJobRow>> {
  if (jobIds.length === 0) {
    return new Map();
  }
  const rows = await session.all<StoredJobRow>(
    `DECLARE @ids TABLE (job_id binary(16) NOT NULL PRIMARY KEY);
     INSERT INTO @ids (job_id) SELECT job_id FROM @jobs;
     ${selectStoredJob} JOIN @ids ids ON ids.job_id = j.job_id`,
    {
      jobs: jobIdsType.of([...new Set(jobIds)].map((jobId) => ({ job_id: jobId }))),
    },
  );
  return new Map(rows.map((row) => [bytesToId(row.job_id), row]));
}

/** See `JobReads.jobToRetry`. */
export async function readJobToRetry(session: MssqlSession, { jobId }: { jobId: string }): Promise<JobToRetry | null> {
  const row = await session.first<{
    runbook_id: Uint8Array;
    runbook_name: string;
    draft: boolean;
    version_id: Uint8Array;
    run_as: Uint8Array | null;
    status: JobStatus;
    parameters: string;
    secret_names: string;
    retried_as: Uint8Array | null;
  }>(
    `SELECT j.runbook_id, j.runbook_name, j.draft, j.version_id, j.run_as, j.status, p.parameters, p.secret_names,
       (SELECT TOP (1) r.job_id FROM runsmith.jobs r WHERE r.retry_of = j.job_id ORDER BY r.job_id DESC) AS retried_as
     FROM runsmith.jobs j JOIN runsmith.job_parameters p ON p.job_id = j.job_id WHERE j.job_id = @job_id`,
    { job_id: id(jobId) },
  );
  return row === undefined
    ? null
    : {
        jobId,
        runbookId: bytesToId(row.runbook_id),
        runbookName: row.runbook_name,
        draft: row.draft,
        versionId: bytesToId(row.version_id),
        runAs: row.run_as === null ? null : bytesToId(row.run_as),
        status: row.status,
        parameters: JSON.parse(row.parameters) as Record<string, unknown>,
        secretNames: JSON.parse(row.secret_names) as string[],
        retriedAs: row.retried_as === null ? null : bytesToId(row.retried_as),
      };
}

/** See `JobReads.jobAttempts`. */
export async function readAttempts(session: MssqlSession, of: { jobId: string }): Promise<StoredAttempt[] | null> {
  const rows = await session.all<{
    attempt: number | null;
    worker_id: Uint8Array;
    worker_name: string | null;
    claimed_at: number;
    ended_at: number | null;
    outcome: string | null;
    reason: string | null;
  }>(
    `SELECT a.attempt, a.worker_id, w.name AS worker_name, a.claimed_at, a.ended_at, a.outcome, a.reason
     FROM runsmith.jobs j
     LEFT JOIN runsmith.job_attempts a ON a.job_id = j.job_id
     LEFT JOIN runsmith.workers w ON w.worker_id = a.worker_id
     WHERE j.job_id = @job_id ORDER BY a.attempt`,
    { job_id: id(of.jobId) },
  );
  if (rows.length === 0) {
    return null;
  }
  return rows.flatMap(({ attempt, ...row }) =>
    attempt === null
      ? []
      : {
          attempt,
          workerId: bytesToId(row.worker_id),
          workerName: row.worker_name,
          claimedAt: row.claimed_at,
          endedAt: row.ended_at,
          outcome: row.outcome,
          reason: row.reason,
        },
  );
}

/** See `JobReads.silentAttempts`. */
export async function readSilentAttempts(
  session: MssqlSession,
  { links, age }: { links: readonly WorkerLink[]; age: number },
): Promise<AssignedAttempt[]> {
  if (links.length === 0) {
    return [];
  }
  const rows = await session.all<{ job_id: Uint8Array; attempt: number; worker_id: Uint8Array }>(
    `DECLARE @links TABLE (
       worker_id binary(16) NOT NULL PRIMARY KEY, instance_id nvarchar(128) COLLATE Latin1_General_BIN2 NOT NULL,
       link_id nvarchar(128) COLLATE Latin1_General_BIN2 NULL);
     INSERT INTO @links (worker_id, instance_id, link_id) SELECT worker_id, instance_id, link_id FROM @workers;
     SELECT j.job_id, j.attempt, j.worker_id
     FROM @links l
     JOIN runsmith.workers w ON w.worker_id = l.worker_id AND w.instance_id = l.instance_id AND w.link_id = l.link_id
     JOIN runsmith.jobs j ON j.worker_id = w.worker_id AND j.ended_at IS NULL
     WHERE j.status IN (N'Activating', N'Stopping', N'Suspending') AND j.host_ready_at IS NULL
       AND j.claimed_at <= DATEADD(MILLISECOND, -@age, CAST(COALESCE(@now, SYSUTCDATETIME()) AS datetime2(3)))`,
    {
      workers: offeredWorkers.of(
        links.map(({ workerId, instanceId, linkId }) => ({
          worker_id: workerId,
          instance_id: instanceId,
          link_id: linkId,
        })),
      ),
      age: int(age),
      now: databaseTime,
    },
  );
  return rows.map((row) => ({
    jobId: bytesToId(row.job_id),
    attempt: row.attempt,
    workerId: bytesToId(row.worker_id),
  }));
}

/** See `JobReads.versionToRun`. */
export async function readVersionToRun(
  session: MssqlSession,
  { versionId }: { versionId: string },
): Promise<VersionToRun | null> {
  const row = await session.first<VersionToRunRow>(
    `SELECT v.executable, v.executable_hash, v.signature, v.number, v.calls, r.runbook_id, r.name, r.kind, r.folder_id
     FROM runsmith.runbook_versions v JOIN runsmith.runbooks r ON r.runbook_id = v.runbook_id
     WHERE v.version_id = @version_id`,
    { version_id: id(versionId) },
  );
  return row === undefined ? null : toVersionToRun(versionId, row);
}

/** See `JobReads.queueLengths`. */
export async function readQueueLengths(
  session: MssqlSession,
): Promise<(QueueKey & { runOn: string[]; jobs: number })[]> {
  const rows = await session.all<{ placement_id: Uint8Array; host_kind: HostKind; run_on: string; jobs: number }>(
    `SELECT p.placement_id, p.host_kind, p.run_on, q.jobs
     FROM (SELECT placement_id, COUNT(*) AS jobs FROM runsmith.job_queue GROUP BY placement_id) q
     JOIN runsmith.placements p ON p.placement_id = q.placement_id`,
  );
  return rows.map((row) => ({
    placementId: bytesToId(row.placement_id),
    hostKind: row.host_kind,
    runOn: JSON.parse(row.run_on) as string[],
    jobs: row.jobs,
  }));
}

/** See `JobReads.jobStanding`. */
export async function readJobStanding(session: MssqlSession, { jobId }: { jobId: string }) {
  const row = await session.first<{ runbook_id: Uint8Array; draft: boolean; run_as: Uint8Array | null }>(
    "SELECT runbook_id, draft, run_as FROM runsmith.jobs WHERE job_id = @job_id",
    { job_id: id(jobId) },
  );
  return row === undefined
    ? null
    : {
        runbookId: bytesToId(row.runbook_id),
        draft: row.draft,
        runAs: row.run_as === null ? null : bytesToId(row.run_as),
      };
}
