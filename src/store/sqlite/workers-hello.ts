import type { WorkerAdmission } from "../../contract/api/worker.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import { neverReachedWorker } from "../never-reached-worker.ts";
import type { JobEffects } from "../operations/jobs.ts";
import type { HelloWorker, KeptAttempt, WorkerWrites } from "../operations/workers.ts";
import { assignedAttempt, noEffects, noteChange } from "./jobs-effects.ts";
import { canRunAgain, loseAttempt, putBackAttempt } from "./jobs-end.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { selectOpenJob } from "./jobs-rows.ts";
import type { SqliteSession } from "./session.ts";
import { leaseDurationOf } from "./worker-groups.ts";

/** See `WorkerWrites.helloWorker`. */
export function helloWorker(session: SqliteSession, hello: HelloWorker): ReturnType<WorkerWrites["helloWorker"]> {
  const workerId = idToBytes(hello.workerId);
  const worker = session.first<{
    name: string;
    worker_group: string;
    tags: string;
    admission: WorkerAdmission;
    instance_id: string | null;
    lease_expires_at: number | null;
  }>(
    `SELECT name, worker_group, tags, admission, instance_id, lease_expires_at FROM workers
     WHERE worker_id = ? AND status <> 'removed'`,
    workerId,
  );
  if (worker === undefined) {
    return null;
  }
  const now = session.now();
  const effects = noEffects();
  const keep: KeptAttempt[] = [];
  const running = new Set(hello.running.map(({ jobId, attempt }) => `${jobId} ${attempt}`));
  for (const job of heldJobs(session, workerId)) {
    const jobId = bytesToId(job.job_id);
    if (job.lost_at !== null) {
      // Of an instance before the last one: `expireLeases` ends it in its time.
      continue;
    }
    if (worker.instance_id !== hello.instanceId) {
      loseToNewInstance(session, job, { now, name: worker.name, leaseEnd: worker.lease_expires_at ?? now }, effects);
    } else if (running.has(`${jobId} ${job.attempt}`)) {
      keep.push({
        jobId,
        attempt: job.attempt,
        hostKind: job.host_kind,
        claimedAt: job.claimed_at ?? now,
        stopReason: job.status === "Stopping" ? `stopped by ${job.stop_requested_by ?? "an operator"}` : null,
        stopForced: job.stop_forced === 1,
        timeLimit: job.time_limit,
        stopGrace: job.stop_grace,
      });
    } else if (neverReachedWorker(job)) {
      // Claimed for this very instance, which does not have it: the hand-over was lost with the link before.
      putBackAttempt(session, job, now, "it did not reach its worker", effects);
    } else {
      loseAttempt(session, job, now, `worker ${worker.name} does not have it any more`, effects);
    }
  }
  // The process that was told to end has ended, when another one comes: it gets no jobs, and need not end.
  const admission =
    worker.admission === "draining" && worker.instance_id !== hello.instanceId ? "cordoned" : worker.admission;
  const leaseDuration = leaseDurationOf(session, worker.worker_group, hello.leases);
  session.run(
    `UPDATE workers SET status = 'connected', admission = ?, instance_id = ?, version = ?, protocol = ?, host_name = ?, sandbox = ?,
       slots = ?, host_kinds = ?, lease_duration = ?, lease_expires_at = ?, last_seen_at = ?,
       unavailable_since = CASE WHEN ?1 = 'open' THEN NULL ELSE COALESCE(unavailable_since, ?11) END, link_id = ?
     WHERE worker_id = ?`,
    admission,
    hello.instanceId,
    hello.version,
    hello.protocol,
    hello.hostName,
    hello.sandbox,
    hello.slots,
    JSON.stringify(hello.hostKinds.map(({ kind, version, slots }) => ({ kind, version, slots }))),
    leaseDuration,
    now + leaseDuration,
    now,
    hello.linkId ?? null,
    workerId,
  );
  return {
    name: worker.name,
    group: worker.worker_group,
    tags: JSON.parse(worker.tags) as string[],
    admission,
    leaseDuration,
    serviceTime: now,
    keep,
    effects,
  };
}

/**
 * What becomes of an attempt whose worker was started anew. The former instance may run on until its lease ends (a second process
 * with the same token, a frozen one), so the job gets no other attempt before that; one that gets none anyway ends at once.
 */
function loseToNewInstance(
  session: SqliteSession,
  job: OpenJob,
  of: { now: number; name: string; leaseEnd: number },
  effects: JobEffects,
): void {
  const { now, name, leaseEnd } = of;
  const reason = `worker ${name} was started anew`;
  if (leaseEnd <= now || !canRunAgain(job)) {
    loseAttempt(session, job, now, reason, effects);
    return;
  }
  session.run(
    "UPDATE jobs SET lost_at = ?, lost_wait = ?, status_reason = ? WHERE job_id = ?",
    leaseEnd,
    leaseEnd - now,
    `${reason}; waits until the former one's lease has ended`,
    job.job_id,
  );
  noteChange(effects, job.job_id);
  // The new instance has its slot.
  const assigned = assignedAttempt(job);
  if (assigned !== null) {
    effects.overAttempts.push(assigned);
  }
}

/** The open jobs that a worker has. */
export function heldJobs(session: SqliteSession, workerId: Uint8Array): OpenJob[] {
  return session.all<OpenJob>(`${selectOpenJob} WHERE worker_id = ? AND ended_at IS NULL ORDER BY job_id`, workerId);
}
