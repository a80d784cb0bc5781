import { isId } from "../../contract/id.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import { endedStatuses } from "../../contract/job-status.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
import type { Signature } from "../../contract/signature.ts";
import { emptySignature } from "../../contract/signature.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { JobsPage, QueueKey, StoredAttempt, StoredJob, VersionToRun } from "../operations/jobs.ts";
import type { StoredJobRow } from "./jobs-rows.ts";
import { selectStoredJob, toStoredJob } from "./jobs-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/** See `JobReads.job`. */
export function readJob(session: SqliteSession, { jobId }: { jobId: string }): StoredJob | null {
  const row = session.first<StoredJobRow>(`${selectStoredJob} WHERE j.job_id = ?`, idToBytes(jobId));
  return row === undefined ? null : toStoredJob(row);
}

/** Rows of the first step; while they are small, each step is four times the one before. */
const firstStep = 16;
const largestStep = 1024;

/**
 * See `JobReads.jobs`. Each form is a range of one index, read from its end, in steps: with its parameters and its result one
 * job may be as large as a page.
 */
export function readJobs(session: SqliteSession, of: JobsPage): { items: StoredJob[]; next: string | null } {
  const runbookId = of.runbook === undefined ? null : runbookIdOf(session, of.runbook);
  if (runbookId === undefined) {
    return { items: [], next: null };
  }
  const items: StoredJob[] = [];
  let before = of.after === undefined ? lastId : idToBytes(of.after);
  let bytes = 0;
  for (let step = firstStep; ; step = Math.min(step * 4, largestStep)) {
    const wanted = Math.min(step, of.limit + 1 - items.length);
    const rows = readJobRows(session, { runbookId, status: of.status }, before, wanted);
    for (const row of rows) {
      if (items.length >= of.limit || bytes >= of.bytes) {
        return { items, next: items.at(-1)?.jobId ?? null };
      }
      items.push(toStoredJob(row));
      bytes += row.parameters.length + row.grants.length + (row.result?.length ?? 0) + (row.exception?.length ?? 0);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < wanted) {
      return { items, next: null };
    }
    before = last.job_id;
  }
}

function readJobRows(
  session: SqliteSession,
  { runbookId, status }: { runbookId: Uint8Array | null; status: JobStatus | undefined },
  before: Uint8Array,
  limit: number,
): StoredJobRow[] {
  const from = `${selectStoredJob} WHERE j.workspace_id = ?`;
  const order = "AND j.job_id < ? ORDER BY j.job_id DESC LIMIT ?";
  if (runbookId === null) {
    return status === undefined
      ? session.all(`${from} ${order}`, defaultWorkspace, before, limit)
      : session.all(`${from} AND j.status = ? ${order}`, defaultWorkspace, status, before, limit);
  }
  if (status === undefined) {
    return session.all(`${from} AND j.runbook_id = ? ${order}`, defaultWorkspace, runbookId, before, limit);
  }
  // Few jobs are open, however many a runbook has had.
  const where = (endedStatuses as readonly string[]).includes(status)
    ? "AND j.runbook_id = ? AND +j.status = ?"
    : "AND +j.runbook_id = ? AND j.status = ?";
  return session.all(`${from} ${where} ${order}`, defaultWorkspace, runbookId, status, before, limit);
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

/** See `JobReads.versionToRun`. */
export function readVersionToRun(session: SqliteSession, { versionId }: { versionId: string }): VersionToRun | null {
  const row = session.first<{
    executable: string | null;
    executable_hash: Uint8Array | null;
    signature: string | null;
  }>("SELECT executable, executable_hash, signature FROM runbook_versions WHERE version_id = ?", idToBytes(versionId));
  if (row === undefined || row.executable === null || row.executable_hash === null) {
    return null;
  }
  return {
    versionId,
    signature: row.signature === null ? emptySignature : (JSON.parse(row.signature) as Signature),
    executable: row.executable,
    executableHash: Buffer.from(row.executable_hash).toString("hex"),
  };
}

/** See `JobReads.waitingQueues`. Skips from queue to queue, so it costs as much as there are queues. */
export function readWaitingQueues(session: SqliteSession): QueueKey[] {
  return session
    .all<{ worker_group: string; host_kind: HostKind }>(
      `WITH RECURSIVE queues (worker_group, host_kind) AS (
         SELECT * FROM (SELECT worker_group, host_kind FROM job_queue ORDER BY worker_group, host_kind LIMIT 1)
         UNION ALL
         SELECT
           (SELECT n.worker_group FROM job_queue n WHERE (n.worker_group, n.host_kind) > (q.worker_group, q.host_kind)
              ORDER BY n.worker_group, n.host_kind LIMIT 1),
           (SELECT n.host_kind FROM job_queue n WHERE (n.worker_group, n.host_kind) > (q.worker_group, q.host_kind)
              ORDER BY n.worker_group, n.host_kind LIMIT 1)
         FROM queues q WHERE q.worker_group IS NOT NULL)
       SELECT worker_group, host_kind FROM queues WHERE worker_group IS NOT NULL`,
    )
    .map(({ worker_group, host_kind }) => ({ workerGroup: worker_group, hostKind: host_kind }));
}

/** See `JobReads.queueLengths`. */
export function readQueueLengths(session: SqliteSession): (QueueKey & { jobs: number })[] {
  return session
    .all<{ worker_group: string; host_kind: HostKind; jobs: number }>(
      "SELECT worker_group, host_kind, COUNT(*) AS jobs FROM job_queue GROUP BY worker_group, host_kind",
    )
    .map(({ worker_group, host_kind, jobs }) => ({ workerGroup: worker_group, hostKind: host_kind, jobs }));
}

const lastId = new Uint8Array(16).fill(0xff);

function runbookIdOf(session: SqliteSession, runbook: string): Uint8Array | undefined {
  return isId(runbook)
    ? idToBytes(runbook)
    : session.first<{ runbook_id: Uint8Array }>(
        "SELECT runbook_id FROM runbooks WHERE workspace_id = ? AND name = ?",
        defaultWorkspace,
        runbook,
      )?.runbook_id;
}
