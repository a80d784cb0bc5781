import type { Isolation } from "../../contract/api/runbook.ts";
import type { Grant } from "../../contract/grant.ts";
import type { HostKind, RunbookKind } from "../../contract/runbook-kind.ts";
import type { Offer, QueueHeads } from "../claim-order.ts";
import { shareOut } from "../claim-order.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { AssignedAttempt, ClaimedJob, HostReuse, JobEffects, JobWrites, QueueKey } from "../operations/jobs.ts";
import { toLogSwitches } from "../stored-job.ts";
import type { ActiveHolds } from "./dispatch.ts";
import { activeHolds } from "./dispatch.ts";
import { noEffects, noteChange } from "./jobs-effects.ts";
import { putBackAttempt } from "./jobs-end.ts";
import { parkJob } from "./jobs-queue.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { selectOpenJob } from "./jobs-rows.ts";
import type { SqliteSession } from "./session.ts";

/**
 * See `JobWrites.claimJobs`. A job is claimed by the one statement that takes it out of the queue: a row can be deleted once
 * only, so no two claims ever get the same job. What it costs depends on the slots offered and the queues named, not on the
 * jobs that wait or have been.
 */
export function claimJobs(
  session: SqliteSession,
  request: Parameters<JobWrites["claimJobs"]>[0],
): ReturnType<JobWrites["claimJobs"]> {
  const now = session.now();
  const effects = noEffects();
  const holds = activeHolds(session);
  const passedOver: string[] = [];
  const offers: Offer[] = [];
  for (const offer of request.offers) {
    const worker = session.first<{ sandbox: string | null; worker_group: string }>(
      `SELECT sandbox, worker_group FROM workers
       WHERE worker_id = ?1 AND instance_id = ?2 AND status = 'connected' AND admission = 'open' AND lease_expires_at > ?3
         AND (?4 IS NULL OR link_id = ?4)`,
      idToBytes(offer.workerId),
      offer.instanceId,
      now,
      offer.linkId ?? null,
    );
    if (worker === undefined || holds.all || holds.groups.has(worker.worker_group.toLowerCase())) {
      passedOver.push(offer.workerId);
    } else if (offer.slots > 0) {
      offers.push({
        workerId: offer.workerId,
        sandbox: worker.sandbox,
        slots: offer.slots,
        kindSlots: { ...offer.kindSlots },
        placementIds: new Set(offer.placementIds),
      });
    }
  }

  const waiting = offers.length === 0 ? [] : readHeads(session, request.queues, request.limit);
  const { takers, more } = shareOut(waiting, offers, request.limit);
  const claimed: ClaimedJob[] = [];
  for (const [queue, workers] of takers) {
    const taken = takeFromQueue(session, queue, workers.length);
    for (const [index, job_id] of taken.entries()) {
      const worker = workers[index];
      const runbookId = holds.runbooks.size > 0 ? heldRunbookOf(session, job_id, holds) : null;
      if (runbookId !== null) {
        parkJob(session, { job_id, runbook_id: runbookId });
        noteChange(effects, job_id);
        more.add(queue.placementId);
        continue;
      }
      const job = worker === undefined ? undefined : startAttempt(session, job_id, worker, now);
      if (job !== undefined) {
        claimed.push(job);
      }
    }
  }
  return { claimed, passedOver, more: [...more], effects };
}

/** See `JobWrites.putBackJob`. */
export function putBackJob(session: SqliteSession, request: AssignedAttempt & { reason: string }): JobEffects {
  const effects = noEffects();
  const job = assignedJob(session, request);
  if (job !== undefined) {
    putBackAttempt(session, job, session.now(), request.reason, effects);
  }
  return effects;
}

/** The job of an attempt, if that attempt is the current one, open, and this worker's. */
export function assignedJob(session: SqliteSession, of: AssignedAttempt): OpenJob | undefined {
  return session.first<OpenJob>(
    `${selectOpenJob} WHERE job_id = ? AND attempt = ? AND worker_id = ? AND ended_at IS NULL`,
    idToBytes(of.jobId),
    of.attempt,
    idToBytes(of.workerId),
  );
}

/** The first jobs of each queue, and one more than can be claimed, so that what is left over is known. */
function readHeads(session: SqliteSession, queues: readonly QueueKey[], limit: number): QueueHeads[] {
  return queues.flatMap((queue) => {
    const rows = session.all<{ job_id: Uint8Array; rank: number; lag: number }>(
      `SELECT q.job_id, q.rank, q.tag - COALESCE(p.tag, 0) AS lag
       FROM job_queue q LEFT JOIN queue_positions p ON p.placement_id = q.placement_id AND p.rank = q.rank
       WHERE q.placement_id = ? ORDER BY q.rank, q.tag, q.job_id LIMIT +?`,
      idToBytes(queue.placementId),
      limit + 1,
    );
    const heads = rows.map(({ job_id, rank, lag }) => ({ jobId: job_id, rank, lag }));
    return heads.length === 0 ? [] : [{ queue, heads }];
  });
}

function heldRunbookOf(session: SqliteSession, jobId: Uint8Array, holds: ActiveHolds): Uint8Array | null {
  const job = session.first<{ runbook_id: Uint8Array }>("SELECT runbook_id FROM jobs WHERE job_id = ?", jobId);
  return job !== undefined && holds.runbooks.has(bytesToId(job.runbook_id)) ? job.runbook_id : null;
}

/** Takes the first jobs out of a queue; gives them in their order. */
function takeFromQueue(session: SqliteSession, queue: QueueKey, count: number): Uint8Array[] {
  const placementId = idToBytes(queue.placementId);
  const taken = session.all<{ job_id: Uint8Array; rank: number; tag: number }>(
    `DELETE FROM job_queue WHERE job_id IN (
       SELECT job_id FROM job_queue WHERE placement_id = ? ORDER BY rank, tag, job_id LIMIT +?)
     RETURNING job_id, rank, tag`,
    placementId,
    count,
  );
  taken.sort((a, b) => a.rank - b.rank || a.tag - b.tag || Buffer.compare(a.job_id, b.job_id));
  const positions = new Map(taken.map(({ rank, tag }) => [rank, tag]));
  for (const [rank, tag] of positions) {
    session.run(
      `INSERT INTO queue_positions (placement_id, rank, tag) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET tag = MAX(tag, excluded.tag)`,
      placementId,
      rank,
      tag,
    );
  }
  return taken.map(({ job_id }) => job_id);
}

interface ClaimedRow {
  runbook_id: Uint8Array;
  runbook_name: string;
  runbook_kind: RunbookKind;
  version_id: Uint8Array;
  placement_id: Uint8Array;
  host_kind: HostKind;
  attempt: number;
  grants: string;
  time_limit: number | null;
  stop_grace: number;
  output_limit: number;
  log_switches: number;
  isolation: Isolation;
  host_reuse: HostReuse;
  starter_id: Uint8Array | null;
}

/** A clock that was set back makes no attempt begin before the one before has ended. */
function endOfAttempt(session: SqliteSession, jobId: Uint8Array, attempt: number): number {
  const row = session.first<{ ended_at: number | null }>(
    "SELECT ended_at FROM job_attempts WHERE job_id = ? AND attempt = ?",
    jobId,
    attempt,
  );
  return row?.ended_at ?? 0;
}

function startAttempt(session: SqliteSession, jobId: Uint8Array, worker: Offer, now: number): ClaimedJob | undefined {
  const workerId = idToBytes(worker.workerId);
  const row = session.first<ClaimedRow>(
    `UPDATE jobs SET status = 'Activating', attempt = attempt + 1, worker_id = ?, sandbox = ?, claimed_at = ?, status_reason = NULL,
       isolation = CASE WHEN host_reuse <> 'never' AND ? = 'bubblewrap' THEN 'runbook' ELSE 'job' END
     WHERE job_id = ? AND status = 'New'
     RETURNING runbook_id, runbook_name, runbook_kind, version_id, placement_id, host_kind, attempt, grants, time_limit,
       stop_grace, output_limit, log_switches, isolation, host_reuse, starter_id`,
    workerId,
    worker.sandbox,
    now,
    worker.sandbox,
    jobId,
  );
  if (row === undefined) {
    return undefined;
  }
  session.run(
    "INSERT INTO job_attempts (job_id, attempt, worker_id, claimed_at) VALUES (?, ?, ?, ?)",
    jobId,
    row.attempt,
    workerId,
    Math.max(now, row.attempt > 1 ? endOfAttempt(session, jobId, row.attempt - 1) : 0),
  );
  const given = session.first<{ parameters: string }>("SELECT parameters FROM job_parameters WHERE job_id = ?", jobId);
  return {
    jobId: bytesToId(jobId),
    attempt: row.attempt,
    workerId: worker.workerId,
    placementId: bytesToId(row.placement_id),
    hostKind: row.host_kind,
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    runbookKind: row.runbook_kind,
    versionId: bytesToId(row.version_id),
    parameters: JSON.parse(given?.parameters ?? "{}") as Record<string, unknown>,
    logs: toLogSwitches(row.log_switches),
    grants: JSON.parse(row.grants) as Grant[],
    timeLimit: row.time_limit,
    stopGrace: row.stop_grace,
    outputLimit: row.output_limit,
    isolation: row.isolation,
    hostReuse: row.isolation === "runbook" ? row.host_reuse : "never",
    starterId: row.starter_id === null ? null : bytesToId(row.starter_id),
    claimedAt: now,
  };
}
