import type { JobStatus } from "../../contract/job-status.ts";
import { idToBytes } from "../id-bytes.ts";
import type { JobEffects, StoppedJob } from "../operations/jobs.ts";
import type { StoredJobRow } from "../stored-job.ts";
import { toStoredJob } from "../stored-job.ts";
import { assignedAttempt, noEffects, noteChange } from "./jobs-effects.ts";
import { finishJob } from "./jobs-end.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { selectOpenJob, selectStoredJob } from "./jobs-rows.ts";
import type { SqliteSession } from "./session.ts";

/** See `JobWrites.stopJob`. */
export function stopJob(
  session: SqliteSession,
  request: { jobId: string; requestedBy: string; force: boolean; statuses?: readonly JobStatus[] },
): StoppedJob {
  const jobId = idToBytes(request.jobId);
  const stored = () => session.first<StoredJobRow>(`${selectStoredJob} WHERE j.job_id = ?`, jobId);
  const before = stored();
  if (before === undefined) {
    return { outcome: "not-found" };
  }
  const job = session.first<OpenJob>(`${selectOpenJob} WHERE job_id = ? AND ended_at IS NULL`, jobId);
  if (job === undefined) {
    return { outcome: "ended", job: toStoredJob(before) };
  }
  if (request.statuses !== undefined && !request.statuses.includes(job.status)) {
    return { outcome: "changed", job: toStoredJob(before) };
  }
  const effects = noEffects();
  const by = job.stop_requested_by ?? request.requestedBy;
  const ended = askToStop(
    session,
    job,
    { by, reason: `stopped by ${by}`, force: request.force, now: session.now() },
    effects,
  );
  return { outcome: ended ? "stopped" : "stopping", job: toStoredJob(stored() ?? before), effects };
}

/** Ends a job that no worker has; asks the worker of any other. Returns whether it has ended. */
export function askToStop(
  session: SqliteSession,
  job: OpenJob,
  stop: { by: string; reason: string; force: boolean; now: number },
  effects: JobEffects,
): boolean {
  const assigned = assignedAttempt(job);
  if (assigned === null) {
    session.run(
      "UPDATE jobs SET stop_requested_at = ?, stop_requested_by = ? WHERE job_id = ?",
      stop.now,
      stop.by,
      job.job_id,
    );
    finishJob(session, job, { status: "Stopped", endedAt: stop.now, reason: stop.reason }, effects);
    return true;
  }
  session.run(
    `UPDATE jobs SET status = 'Stopping', status_reason = ?, stop_requested_at = COALESCE(stop_requested_at, ?),
       stop_requested_by = COALESCE(stop_requested_by, ?), stop_forced = MAX(stop_forced, ?)
     WHERE job_id = ?`,
    stop.reason,
    stop.now,
    stop.by,
    Number(stop.force),
    job.job_id,
  );
  effects.stops.push({ ...assigned, reason: stop.reason, force: stop.force });
  noteChange(effects, job.job_id);
  return false;
}
