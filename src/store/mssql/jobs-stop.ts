import type { JobStatus } from "../../contract/job-status.ts";
import { bytesToId } from "../id-bytes.ts";
import type { JobEffects, StoppedJob } from "../operations/jobs.ts";
import { effectsOf, noEffects, releasedAtOnce } from "./jobs-effects.ts";
import { readJob } from "./jobs-read.ts";
import type { MssqlSession } from "./session.ts";
import { bit, databaseTime, id, int, TableType, text } from "./sql-values.ts";
import { giveUpSuspendedPlace } from "./suspended-places.ts";

const waitingEnds = new TableType("runsmith.WaitingEnds", { job_id: "binary(16)", reason: "nvarchar" });

/** Looks at a job that others move at the same time. */
const mostLooks = 20;

interface OpenJob {
  status: JobStatus;
  attempt: number;
  worker_id: Uint8Array | null;
  stop_requested_by: string | null;
  ended_at: number | null;
}

/** See `JobWrites.stopJob`. What was seen of the job is asked for again by the statement that stops it. */
export async function stopJob(
  session: MssqlSession,
  request: { jobId: string; requestedBy: string; force: boolean; statuses?: readonly JobStatus[] },
): Promise<StoppedJob> {
  for (let looks = 1; ; looks += 1) {
    const seen = await session.first<OpenJob>(
      "SELECT status, attempt, worker_id, stop_requested_by, ended_at FROM runsmith.jobs WHERE job_id = @job_id",
      { job_id: id(request.jobId) },
    );
    const stop = await stopSeen(session, request, seen);
    if (typeof stop === "string") {
      const job = stop === "not-found" ? null : await readJob(session, request);
      return job === null ? { outcome: "not-found" } : { outcome: stop as "changed" | "ended", job };
    }
    if (stop !== null) {
      const job = await readJob(session, request);
      return job === null ? { outcome: "not-found" } : { ...stop, job };
    }
    if (looks === mostLooks) {
      throw new Error(`The job ${request.jobId} changed each of the ${mostLooks} times that it was to be stopped.`);
    }
  }
}

/** Null when the job has changed since it was seen. */
async function stopSeen(
  session: MssqlSession,
  request: { jobId: string; requestedBy: string; force: boolean; statuses?: readonly JobStatus[] },
  seen: OpenJob | undefined,
): Promise<"not-found" | "ended" | "changed" | { outcome: "stopped" | "stopping"; effects: JobEffects } | null> {
  if (seen === undefined) {
    return "not-found";
  }
  if (seen.ended_at !== null) {
    return "ended";
  }
  if (request.statuses !== undefined && !request.statuses.includes(seen.status)) {
    return "changed";
  }
  const by = seen.stop_requested_by ?? request.requestedBy;
  const reason = `stopped by ${by}`;
  if (seen.status === "Suspended") {
    return await stopSuspended(session, request.jobId, { by, reason });
  }
  if (seen.worker_id === null) {
    const effects = await endWaitingJobs(session, [{ jobId: request.jobId, reason }], {
      status: "Stopped",
      requestedBy: by,
    });
    return effects.ended.some(({ jobId }) => jobId === request.jobId) ? { outcome: "stopped", effects } : null;
  }
  const changed = await session.run(
    `UPDATE runsmith.jobs SET status = N'Stopping', status_reason = @reason,
       stop_requested_at = COALESCE(stop_requested_at, @now, CAST(SYSUTCDATETIME() AS datetime2(3))),
       stop_requested_by = COALESCE(stop_requested_by, @by), stop_forced = CASE WHEN @force = 1 THEN 1 ELSE stop_forced END
     WHERE job_id = @job_id AND attempt = @attempt AND worker_id = @worker_id AND status = @status AND ended_at IS NULL`,
    {
      job_id: id(request.jobId),
      attempt: int(seen.attempt),
      worker_id: id(bytesToId(seen.worker_id)),
      status: text(seen.status),
      reason: text(reason),
      by: text(by),
      force: bit(request.force),
      now: databaseTime,
    },
  );
  if (changed === 0) {
    return null;
  }
  const effects = noEffects();
  const assigned = { jobId: request.jobId, attempt: seen.attempt, workerId: bytesToId(seen.worker_id) };
  effects.stops.push({ ...assigned, reason, force: request.force });
  effects.changedJobs.push(request.jobId);
  return { outcome: "stopping", effects };
}

/** Null when it has been resumed meanwhile. */
async function stopSuspended(
  session: MssqlSession,
  jobId: string,
  { by, reason }: { by: string; reason: string },
): Promise<{ outcome: "stopped"; effects: JobEffects } | null> {
  const result = await session.transaction(async (transaction) => {
    const ended = await transaction.first<{ runbook_id: Uint8Array }>(
      `UPDATE runsmith.jobs SET status = N'Stopped', ended_at = CAST(SYSUTCDATETIME() AS datetime2(3)), status_reason = @reason,
         stop_requested_at = CAST(SYSUTCDATETIME() AS datetime2(3)), stop_requested_by = @by
       OUTPUT inserted.runbook_id
       WHERE job_id = @job_id AND status = N'Suspended'`,
      { job_id: id(jobId), reason: text(reason), by: text(by) },
    );
    return ended === undefined ? null : await giveUpSuspendedPlace(transaction, ended.runbook_id);
  });
  if (result === null) {
    return null;
  }
  const effects = effectsOf(result);
  effects.ended.push({ jobId, status: "Stopped" });
  effects.changedJobs.push(jobId);
  return { outcome: "stopped", effects };
}

/** Ends jobs that no worker has; passes over those that a worker has got meanwhile. */
export async function endWaitingJobs(
  session: MssqlSession,
  jobs: readonly { jobId: string; reason: string }[],
  of: { status: "Stopped" | "Failed"; requestedBy: string | null },
): Promise<JobEffects> {
  const result = await session.execute("runsmith.EndWaitingJobs", {
    jobs: waitingEnds.of(jobs.map(({ jobId, reason }) => ({ job_id: jobId, reason }))),
    status: text(of.status),
    requested_by: text(of.requestedBy),
    release_limit: int(releasedAtOnce),
  });
  return effectsOf(result);
}
