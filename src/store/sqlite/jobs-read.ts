import type { JobStatus } from "../../contract/job-status.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type {
  AssignedAttempt,
  JobReads,
  JobToRetry,
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
import type { SqliteSession } from "./session.ts";

/** See `JobReads.job`. */
export function readJob(session: SqliteSession, { jobId }: { jobId: string }): StoredJob | null {
  const row = session.first<StoredJobRow>(`${selectStoredJob} WHERE j.job_id = ?`, idToBytes(jobId));
  return row === undefined ? null : toStoredJob(row);
}

/** See `JobReads.jobToRetry`. */
export function readJobToRetry(session: SqliteSession, { jobId }: { jobId: string }): JobToRetry | null {
  const row = session.first<{
    runbook_id: Uint8Array;
    runbook_name: string;
    draft: number;
    version_id: Uint8Array;
    run_as: Uint8Array | null;
    status: JobStatus;
    parameters: string;
    secret_names: string;
    retried_as: Uint8Array | null;
  }>(
    `SELECT j.runbook_id, j.runbook_name, j.draft, j.version_id, j.run_as, j.status, p.parameters, p.secret_names,
       (SELECT MAX(r.job_id) FROM jobs r WHERE r.retry_of = j.job_id) AS retried_as
     FROM jobs j JOIN job_parameters p ON p.job_id = j.job_id WHERE j.job_id = ?`,
    idToBytes(jobId),
  );
  return row === undefined
    ? null
    : {
        jobId,
        runbookId: bytesToId(row.runbook_id),
        runbookName: row.runbook_name,
        draft: row.draft === 1,
        versionId: bytesToId(row.version_id),
        runAs: row.run_as === null ? null : bytesToId(row.run_as),
        status: row.status,
        parameters: JSON.parse(row.parameters) as Record<string, unknown>,
        secretNames: JSON.parse(row.secret_names) as string[],
        retriedAs: row.retried_as === null ? null : bytesToId(row.retried_as),
      };
}

/** See `JobReads.jobAttempts`. */
export function readAttempts(session: SqliteSession, of: { jobId: string }): StoredAttempt[] | null {
  const jobId = idToBytes(of.jobId);
  if (session.first("SELECT 1 FROM jobs WHERE job_id = ?", jobId) === undefined) {
    return null;
  }
  const rows = session.all<{
    attempt: number;
    worker_id: Uint8Array;
    worker_name: string | null;
    claimed_at: number;
    ended_at: number | null;
    outcome: string | null;
    reason: string | null;
  }>(
    `SELECT a.attempt, a.worker_id, w.name AS worker_name, a.claimed_at, a.ended_at, a.outcome, a.reason
     FROM job_attempts a LEFT JOIN workers w ON w.worker_id = a.worker_id WHERE a.job_id = ? ORDER BY a.attempt`,
    jobId,
  );
  return rows.map((row) => ({
    attempt: row.attempt,
    workerId: bytesToId(row.worker_id),
    workerName: row.worker_name,
    claimedAt: row.claimed_at,
    endedAt: row.ended_at,
    outcome: row.outcome,
    reason: row.reason,
  }));
}

/** See `JobReads.silentAttempts`. */
export function readSilentAttempts(
  session: SqliteSession,
  { links, age }: { links: readonly WorkerLink[]; age: number },
): AssignedAttempt[] {
  const claimedBefore = session.now() - age;
  return links.flatMap(({ workerId, instanceId, linkId }) =>
    session
      .all<{ job_id: Uint8Array; attempt: number }>(
        `SELECT j.job_id, j.attempt FROM workers w JOIN jobs j ON j.worker_id = w.worker_id AND j.ended_at IS NULL
         WHERE w.worker_id = ? AND w.instance_id = ? AND w.link_id = ?
           AND j.status IN ('Activating', 'Stopping', 'Suspending') AND j.host_ready_at IS NULL AND j.claimed_at <= ?`,
        idToBytes(workerId),
        instanceId,
        linkId,
        claimedBefore,
      )
      .map(({ job_id, attempt }) => ({ jobId: bytesToId(job_id), attempt, workerId })),
  );
}

/** See `JobReads.versionToRun`. */
export function readVersionToRun(session: SqliteSession, { versionId }: { versionId: string }): VersionToRun | null {
  const row = session.first<VersionToRunRow>(
    `SELECT v.executable, v.executable_hash, v.signature, v.number, v.calls, r.runbook_id, r.name, r.kind, r.folder_id
     FROM runbook_versions v JOIN runbooks r ON r.runbook_id = v.runbook_id WHERE v.version_id = ?`,
    idToBytes(versionId),
  );
  return row === undefined ? null : toVersionToRun(versionId, row);
}

/** See `JobReads.queueLengths`. */
export function readQueueLengths(session: SqliteSession): ReturnType<JobReads["queueLengths"]> {
  return session
    .all<{ placement_id: Uint8Array; host_kind: HostKind; run_on: string; jobs: number }>(
      `SELECT p.placement_id, p.host_kind, p.run_on, q.jobs
       FROM (SELECT placement_id, COUNT(*) AS jobs FROM job_queue GROUP BY placement_id) q
       JOIN placements p ON p.placement_id = q.placement_id`,
    )
    .map((row) => ({
      placementId: bytesToId(row.placement_id),
      hostKind: row.host_kind,
      runOn: JSON.parse(row.run_on) as string[],
      jobs: row.jobs,
    }));
}

/** See `JobReads.jobStanding`. */
export function readJobStanding(session: SqliteSession, { jobId }: { jobId: string }) {
  const row = session.first<{ runbook_id: Uint8Array; draft: number; run_as: Uint8Array | null }>(
    "SELECT runbook_id, draft, run_as FROM jobs WHERE job_id = ?",
    idToBytes(jobId),
  );
  return row === undefined
    ? null
    : {
        runbookId: bytesToId(row.runbook_id),
        draft: row.draft === 1,
        runAs: row.run_as === null ? null : bytesToId(row.run_as),
      };
}
