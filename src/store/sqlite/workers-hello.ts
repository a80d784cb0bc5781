import type { HelloWorker, KeptAttempt, WorkerWrites } from "../operations/workers.ts";
import { bytesToId, idToBytes } from "./id-bytes.ts";
import { noEffects } from "./jobs-effects.ts";
import { loseAttempt, putBackAttempt } from "./jobs-end.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { selectOpenJob } from "./jobs-rows.ts";
import type { SqliteSession } from "./session.ts";

/** See `WorkerWrites.helloWorker`. */
export function helloWorker(session: SqliteSession, hello: HelloWorker): ReturnType<WorkerWrites["helloWorker"]> {
  const workerId = idToBytes(hello.workerId);
  const worker = session.first<{ name: string; worker_group: string; instance_id: string | null }>(
    "SELECT name, worker_group, instance_id FROM workers WHERE worker_id = ? AND status <> 'removed'",
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
    if (worker.instance_id !== hello.instanceId) {
      loseAttempt(session, job, now, `worker ${worker.name} was started anew`, effects);
    } else if (running.has(`${jobId} ${job.attempt}`)) {
      keep.push({
        jobId,
        attempt: job.attempt,
        claimedAt: job.claimed_at ?? now,
        stopReason: job.status === "Stopping" ? `stopped by ${job.stop_requested_by ?? "an operator"}` : null,
        timeLimit: job.time_limit,
        stopGrace: job.stop_grace,
      });
    } else {
      // Claimed for this very instance, which does not have it: the hand-over was lost with the link before.
      putBackAttempt(session, job, now, "it did not reach its worker", effects);
    }
  }
  session.run(
    `UPDATE workers SET status = 'connected', instance_id = ?, version = ?, host_name = ?, sandbox = ?, slots = ?,
       host_kinds = ?, lease_duration = ?, lease_expires_at = ?, last_seen_at = ?
     WHERE worker_id = ?`,
    hello.instanceId,
    hello.version,
    hello.hostName,
    hello.sandbox,
    hello.slots,
    JSON.stringify(hello.hostKinds.map(({ kind, version }) => ({ kind, version }))),
    hello.leaseDuration,
    now + hello.leaseDuration,
    now,
    workerId,
  );
  return { name: worker.name, group: worker.worker_group, serviceTime: now, keep, effects };
}

/** The open jobs that a worker has. */
export function heldJobs(session: SqliteSession, workerId: Uint8Array): OpenJob[] {
  return session.all<OpenJob>(`${selectOpenJob} WHERE worker_id = ? AND ended_at IS NULL ORDER BY job_id`, workerId);
}
