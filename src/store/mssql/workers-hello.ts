import type { WorkerAdmission } from "../../contract/api/worker.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
import { bytesToId } from "../id-bytes.ts";
import { neverReachedWorker } from "../never-reached-worker.ts";
import type { HelloWorker, KeptAttempt, WorkerWrites } from "../operations/workers.ts";
import type { EndingAttempt } from "./attempt-ends.ts";
import { completeJobs } from "./attempt-ends.ts";
import { noteJobChange } from "./jobs-effects.ts";
import { rowsOf } from "./procedure-rows.ts";
import type { MssqlSession } from "./session.ts";
import { bigint, id, int, json, text, time } from "./sql-values.ts";
import { givenLease } from "./workers-leases.ts";

interface HelloRow {
  name: string;
  worker_group: string;
  tags: string;
  admission: WorkerAdmission;
  instance_id: string | null;
  lease_expires_at: number | null;
  lease_duration: number;
  now: number;
}

interface HeldJob {
  job_id: Uint8Array;
  attempt: number;
  host_kind: HostKind;
  status: JobStatus;
  claimed_at: number | null;
  host_ready_at: number | null;
  lost_at: number | null;
  lost_attempts: number;
  max_attempts: number;
  time_limit: number | null;
  stop_grace: number;
  stop_requested_by: string | null;
  stop_forced: boolean;
}

/** See `WorkerWrites.helloWorker`. In one transaction, which holds the worker's row from its beginning. */
export function helloWorker(
  session: MssqlSession,
  hello: HelloWorker,
): Promise<ReturnType<WorkerWrites["helloWorker"]>> {
  return session.transaction(async (inside) => {
    const begun = await inside.execute("runsmith.BeginHello", {
      worker_id: id(hello.workerId),
    });
    const [row] = rowsOf<Omit<HelloRow, "lease_duration"> & { lease_duration: number | null }>(begun, "worker");
    if (row === undefined) {
      return null;
    }
    const worker = { ...row, lease_duration: row.lease_duration ?? givenLease(hello.leases, row.worker_group) };
    const { keep, ends, waits } = settle(hello, worker, rowsOf<HeldJob>(begun, "job"));
    const effects = await completeJobs(inside, ends);
    for (const job of waits) {
      const assigned = { jobId: bytesToId(job.job_id), attempt: job.attempt, workerId: hello.workerId };
      if (await waitForFormerLease(inside, worker, assigned)) {
        noteJobChange(effects, assigned.jobId);
        // The new instance has its slot.
        effects.overAttempts.push(assigned);
      }
    }
    const admission = await renew(inside, hello, worker);
    return {
      name: worker.name,
      group: worker.worker_group,
      tags: JSON.parse(worker.tags) as string[],
      admission,
      leaseDuration: worker.lease_duration,
      serviceTime: worker.now,
      keep,
      effects,
    };
  });
}

/** What becomes of the jobs that the worker has by the database's knowledge. */
function settle(hello: HelloWorker, worker: HelloRow, held: HeldJob[]) {
  const running = new Set(hello.running.map(({ jobId, attempt }) => `${jobId} ${attempt}`));
  const keep: KeptAttempt[] = [];
  const ends: EndingAttempt[] = [];
  const waits: HeldJob[] = [];
  for (const job of held) {
    const assigned = { jobId: bytesToId(job.job_id), attempt: job.attempt, workerId: hello.workerId };
    const isSameInstance = worker.instance_id === hello.instanceId;
    if (job.lost_at !== null) {
      // Of an instance before the last one: `expireLeases` ends it in its time.
      continue;
    }
    if (isSameInstance && running.has(`${assigned.jobId} ${job.attempt}`)) {
      keep.push({
        jobId: assigned.jobId,
        attempt: job.attempt,
        hostKind: job.host_kind,
        claimedAt: job.claimed_at ?? worker.now,
        stopReason: job.status === "Stopping" ? `stopped by ${job.stop_requested_by ?? "an operator"}` : null,
        stopForced: job.stop_forced,
        timeLimit: job.time_limit,
        stopGrace: job.stop_grace,
      });
    } else if (isSameInstance && neverReachedWorker(job)) {
      // Claimed for this very instance, which does not have it: the hand-over was lost with the link before.
      ends.push({ ...assigned, declined: "it did not reach its worker" });
    } else if (isSameInstance) {
      ends.push({ ...assigned, lost: `worker ${worker.name} does not have it any more` });
    } else if ((worker.lease_expires_at ?? worker.now) <= worker.now || !canRunAgain(job)) {
      ends.push({ ...assigned, lost: `worker ${worker.name} was started anew` });
    } else {
      waits.push(job);
    }
  }
  return { keep, ends, waits };
}

/** Whether a job gets another attempt when the current one is lost. */
function canRunAgain(job: HeldJob): boolean {
  return job.status !== "Stopping" && job.lost_attempts + 1 < job.max_attempts;
}

/**
 * The former instance may run on until its lease ends (a second process with the same token, a frozen one), so the job gets no other
 * attempt before that. False when the attempt is over.
 */
async function waitForFormerLease(
  session: MssqlSession,
  worker: HelloRow,
  { jobId, attempt, workerId }: { jobId: string; attempt: number; workerId: string },
): Promise<boolean> {
  const leaseEnd = worker.lease_expires_at ?? worker.now;
  const changed = await session.run(
    `UPDATE runsmith.jobs SET lost_at = @lost_at, lost_wait = @lost_wait, status_reason = @reason
     WHERE job_id = @job_id AND attempt = @attempt AND worker_id = @worker_id AND ended_at IS NULL`,
    {
      job_id: id(jobId),
      attempt: int(attempt),
      worker_id: id(workerId),
      lost_at: time(leaseEnd),
      lost_wait: bigint(leaseEnd - worker.now),
      reason: text(`worker ${worker.name} was started anew; waits until the former one's lease has ended`),
    },
  );
  return changed > 0;
}

async function renew(session: MssqlSession, hello: HelloWorker, worker: HelloRow): Promise<WorkerAdmission> {
  // The process that was told to end has ended, when another one comes: it gets no jobs, and need not end.
  const admission =
    worker.admission === "draining" && worker.instance_id !== hello.instanceId ? "cordoned" : worker.admission;
  await session.run(
    `UPDATE runsmith.workers SET status = N'connected', admission = @admission, instance_id = @instance_id, link_id = @link_id,
       version = @version,
       protocol = @protocol, host_name = @host_name, sandbox = @sandbox, slots = @slots, host_kinds = @host_kinds,
       lease_duration = @lease_duration, lease_expires_at = @lease_expires_at, last_seen_at = @now,
       unavailable_since = CASE WHEN @admission = N'open' THEN NULL ELSE COALESCE(unavailable_since, @now) END
     WHERE worker_id = @worker_id`,
    {
      worker_id: id(hello.workerId),
      admission: text(admission),
      instance_id: text(hello.instanceId),
      link_id: text(hello.linkId ?? null),
      version: text(hello.version),
      protocol: int(hello.protocol),
      host_name: text(hello.hostName),
      sandbox: text(hello.sandbox),
      slots: int(hello.slots),
      host_kinds: json(hello.hostKinds.map(({ kind, version, slots }) => ({ kind, version, slots }))),
      lease_duration: bigint(worker.lease_duration),
      lease_expires_at: time(worker.now + worker.lease_duration),
      now: time(worker.now),
    },
  );
  return admission;
}
