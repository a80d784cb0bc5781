import type { WorkerAdmission } from "../../contract/api/worker.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { WorkerWrites } from "../operations/workers.ts";
import { noEffects } from "./jobs-effects.ts";
import { loseAttempt } from "./jobs-end.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { selectOpenJob } from "./jobs-rows.ts";
import { noteForNotices } from "./notice-events.ts";
import type { SqliteSession } from "./session.ts";
import { leaseDurationOf } from "./worker-groups.ts";
import { heldJobs } from "./workers-hello.ts";

/** See `WorkerWrites.renewLeases`. */
export function renewLeases(
  session: SqliteSession,
  { workers, leases, atLeast = 0 }: Parameters<WorkerWrites["renewLeases"]>[0],
): ReturnType<WorkerWrites["renewLeases"]> {
  const now = session.now();
  const renewed: ReturnType<WorkerWrites["renewLeases"]>["renewed"] = [];
  for (const { workerId, instanceId, vitals } of workers) {
    const worker = session.first<{ worker_group: string; tags: string; admission: WorkerAdmission }>(
      `SELECT worker_group, tags, admission FROM workers
       WHERE worker_id = ? AND instance_id = ? AND status IN ('connected', 'draining')`,
      idToBytes(workerId),
      instanceId,
    );
    if (worker === undefined) {
      continue;
    }
    const leaseDuration = Math.max(atLeast, leaseDurationOf(session, worker.worker_group, leases));
    session.run(
      `UPDATE workers SET lease_duration = ?, lease_expires_at = ?, last_seen_at = ?, vitals = COALESCE(?, vitals)
       WHERE worker_id = ?`,
      leaseDuration,
      now + leaseDuration,
      now,
      vitals === undefined ? null : JSON.stringify(vitals),
      idToBytes(workerId),
    );
    const { worker_group: group, tags, admission } = worker;
    renewed.push({ workerId, group, tags: JSON.parse(tags) as string[], admission, leaseDuration });
  }
  const longest = session.first<{ longest: number | null }>(
    "SELECT MAX(lease_duration) AS longest FROM workers WHERE status IN ('connected', 'draining', 'removed')",
  );
  return { serviceTime: now, renewed, longestLease: longest?.longest ?? 0 };
}

/** See `WorkerWrites.expireLeases`. */
export function expireLeases(session: SqliteSession): ReturnType<WorkerWrites["expireLeases"]> {
  const now = session.now();
  const effects = noEffects();
  // After the clock was put back, no lease may last longer than it was given for.
  session.run(
    `UPDATE workers SET lease_expires_at = ? + lease_duration
     WHERE status IN ('connected', 'draining', 'removed') AND lease_expires_at > ? + lease_duration`,
    now,
    now,
  );
  session.run("UPDATE jobs SET lost_at = ? + lost_wait WHERE lost_at > ? AND lost_at > ? + lost_wait", now, now, now);
  for (const job of session.all<OpenJob>(`${selectOpenJob} WHERE lost_at <= ? ORDER BY lost_at, job_id`, now)) {
    loseAttempt(session, job, now, "its worker was started anew", effects);
  }
  const lost: { workerId: string; name: string }[] = [];
  const expired = session.all<{
    worker_id: Uint8Array;
    principal_id: Uint8Array;
    name: string;
    worker_group: string;
    status: string;
    lease_duration: number | null;
  }>(
    `SELECT worker_id, principal_id, name, worker_group, status, lease_duration FROM workers
     WHERE status IN ('connected', 'draining', 'removed') AND (lease_expires_at IS NULL OR lease_expires_at < ?)`,
    now,
  );
  for (const worker of expired) {
    const without = worker.lease_duration === null ? "" : ` for ${worker.lease_duration / 1000} s`;
    const reason =
      worker.status === "removed"
        ? "its worker was removed"
        : `worker ${worker.name} was lost (no heartbeat${without})`;
    // Those of a former instance have a time of their own.
    for (const job of heldJobs(session, worker.worker_id).filter(({ lost_at }) => lost_at === null)) {
      loseAttempt(session, job, now, reason, effects);
    }
    lost.push({ workerId: bytesToId(worker.worker_id), name: worker.name });
    if (worker.status === "removed") {
      session.run("DELETE FROM workers WHERE worker_id = ?", worker.worker_id);
      session.run("DELETE FROM principals WHERE principal_id = ?", worker.principal_id);
    } else {
      session.run(
        "UPDATE workers SET status = 'lost', unavailable_since = COALESCE(unavailable_since, last_seen_at) WHERE worker_id = ?",
        worker.worker_id,
      );
      const { name, worker_group: group } = worker;
      noteForNotices(session, "worker-lost", worker.worker_id, { name, group, reason });
    }
  }
  return { lost, effects };
}
