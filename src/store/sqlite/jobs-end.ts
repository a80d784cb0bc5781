import type { JobStatus } from "../../contract/job-status.ts";
import type { FinalEnd } from "../../contract/link/records-frames.ts";
import { bytesToId } from "../id-bytes.ts";
import type { JobEffects } from "../operations/jobs.ts";
import { assignedAttempt, noteChange } from "./jobs-effects.ts";
import { giveUpPlace, requeue } from "./jobs-queue.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { noteForNotices } from "./notice-events.ts";
import type { SqliteSession } from "./session.ts";

/*
 * What the end of an attempt means for its job. The attempt is over in any case; the job
 *   ends with what the script came to (Completed, Failed, Stopped);
 *   gets another attempt when its host or its worker was lost and its runbook allows another one, or when its script failed
 *   and its runbook says to retry that; a job that was told to stop gets none, nor does one that its worker could not run,
 *   which the next one could not either: a path that is not there, data that cannot be stored;
 *   or ends as Failed with the reason.
 */

/** How a job ends. */
export interface JobEnding {
  status: Extract<JobStatus, "Completed" | "Failed" | "Stopped">;
  endedAt: number;
  /** For a person; null where the exception or the result says all. */
  reason: string | null;
  exception?: string | null;
  result?: string | null;
  exitCode?: number | null;
  /** It failed because it was not started by its deadline. */
  missed?: boolean;
}

/** Ends an attempt as its worker tells it. */
export function settleEnd(session: SqliteSession, job: OpenJob, end: FinalEnd, effects: JobEffects): void {
  const reason = describeEnd(job, end);
  const exception = end.exception === undefined ? null : JSON.stringify(end.exception);
  closeAttempt(session, job, { outcome: end.outcome, endedAt: end.endedAt, reason }, effects);
  const ending: JobEnding = {
    status: end.outcome,
    endedAt: end.endedAt,
    reason,
    exception,
    result: end.result === undefined ? null : JSON.stringify(end.result),
    exitCode: end.exitCode ?? null,
  };

  if (end.outcome !== "Failed") {
    finishJob(session, job, ending, effects);
    return;
  }
  const lost = end.reason === "host-lost";
  if (job.status === "Stopping") {
    const byItself = !lost && end.reason !== "worker-error";
    finishJob(session, job, byItself ? ending : { ...ending, status: "Stopped" }, effects);
  } else if (lost && canRunAgain(job)) {
    tryAgain(session, job, { lost: true, reason: reason ?? "its host was lost" }, effects);
  } else if (end.reason === "script" && job.failed_attempts < job.max_retries) {
    tryAgain(session, job, { lost: false, reason: end.exception?.message ?? "its script failed" }, effects);
  } else {
    finishJob(session, job, ending, effects);
  }
}

/** Whether a job gets another attempt when the current one is lost. */
export function canRunAgain(job: OpenJob): boolean {
  return job.status !== "Stopping" && job.lost_attempts + 1 < job.max_attempts;
}

/** Ends an attempt whose worker is gone. */
export function loseAttempt(
  session: SqliteSession,
  job: OpenJob,
  now: number,
  reason: string,
  effects: JobEffects,
): void {
  closeAttempt(session, job, { outcome: "Lost", endedAt: now, reason }, effects);
  if (job.status === "Stopping") {
    finishJob(session, job, { status: "Stopped", endedAt: now, reason: `${stoppedBy(job)}; ${reason}` }, effects);
  } else if (canRunAgain(job)) {
    tryAgain(session, job, { lost: true, reason }, effects);
  } else {
    finishJob(session, job, { status: "Failed", endedAt: now, reason }, effects);
  }
}

/** Takes an attempt back that never started on its worker. It counts as nothing. */
export function putBackAttempt(
  session: SqliteSession,
  job: OpenJob,
  now: number,
  reason: string,
  effects: JobEffects,
): void {
  closeAttempt(session, job, { outcome: "Declined", endedAt: now, reason }, effects);
  if (job.status === "Stopping") {
    finishJob(session, job, { status: "Stopped", endedAt: now, reason: stoppedBy(job) }, effects);
    return;
  }
  const suspended = job.status === "Suspending" ? `waits to be resumed; attempt ${job.attempt}: ${reason}` : null;
  backToQueue(session, job, { lost: 0, failed: 0, reason: suspended }, effects);
}

/** Ends a job whose attempt, if it had one, is closed already. */
export function finishJob(session: SqliteSession, job: OpenJob, ending: JobEnding, effects: JobEffects): void {
  session.run(
    `UPDATE jobs SET status = ?, parked = 0, lost_at = NULL, lost_wait = NULL, ended_at = ?, status_reason = ?, exception = ?, result = ?, exit_code = ?
     WHERE job_id = ?`,
    ending.status,
    ending.endedAt,
    ending.reason,
    ending.exception ?? null,
    ending.result ?? null,
    ending.exitCode ?? null,
    job.job_id,
  );
  noteChange(effects, job.job_id);
  effects.ended.push({ jobId: bytesToId(job.job_id), status: ending.status });
  if (ending.status === "Failed") {
    noteForNotices(session, ending.missed === true ? "job-missed" : "job-failed", job.job_id);
  }
  if (job.parked === 1) {
    return;
  }
  if (job.status === "New") {
    session.run("DELETE FROM job_queue WHERE job_id = ?", job.job_id);
  }
  giveUpPlace(session, job.runbook_id, effects);
}

/** Closes the row of the current attempt. */
export function closeAttempt(
  session: SqliteSession,
  job: OpenJob,
  end: { outcome: string; endedAt: number; reason: string | null },
  effects: JobEffects,
): void {
  session.run(
    "UPDATE job_attempts SET ended_at = ?, outcome = ?, reason = ? WHERE job_id = ? AND attempt = ?",
    end.endedAt,
    end.outcome,
    end.reason,
    job.job_id,
    job.attempt,
  );
  const assigned = assignedAttempt(job);
  if (assigned !== null) {
    effects.overAttempts.push(assigned);
  }
}

function tryAgain(
  session: SqliteSession,
  job: OpenJob,
  why: { lost: boolean; reason: string },
  effects: JobEffects,
): void {
  const counted = why.lost ? { lost: 1, failed: 0 } : { lost: 0, failed: 1 };
  backToQueue(
    session,
    job,
    {
      ...counted,
      reason: `waits ${job.status === "Suspending" ? "to be resumed" : "for another attempt"}; attempt ${job.attempt}: ${why.reason}`,
    },
    effects,
  );
}

/** A job that was to be suspended is so: it goes on from its journal when it is resumed. */
function backToQueue(
  session: SqliteSession,
  job: OpenJob,
  why: { lost: number; failed: number; reason: string | null },
  effects: JobEffects,
): void {
  const isSuspended = job.status === "Suspending";
  session.run(
    `UPDATE jobs SET status = ?, worker_id = NULL, claimed_at = NULL, host_ready_at = NULL, first_record_at = NULL,
       sandbox = NULL, isolation = NULL, lost_at = NULL, lost_wait = NULL,
       lost_attempts = lost_attempts + ?, failed_attempts = failed_attempts + ?, status_reason = ?,
       start_deadline_at = CASE WHEN host_ready_at IS NULL THEN start_deadline_at END
     WHERE job_id = ?`,
    isSuspended ? "Suspended" : "New",
    why.lost,
    why.failed,
    why.reason,
    job.job_id,
  );
  noteChange(effects, job.job_id);
  if (!isSuspended) {
    requeue(session, job, effects);
  }
}

/** Why an attempt ended, for a person; null where the exception or the result says all. */
function describeEnd(job: OpenJob, end: FinalEnd): string | null {
  const detail = end.exception === undefined ? "" : `: ${end.exception.message}`;
  switch (end.reason) {
    case "script":
      return null;
    case "stopped":
      return stoppedBy(job);
    case "time-limit":
      return job.time_limit === null
        ? "ended by its time limit"
        : `ended by its time limit of ${job.time_limit / 1000} s`;
    case "host-lost":
      return `its host process was lost${detail}`;
    case "worker-error":
      return `its worker could not run it${detail}`;
    case "output-limit":
      return `ended by its output limit${detail}`;
  }
}

function stoppedBy({ stop_requested_by }: OpenJob): string {
  return stop_requested_by === null ? "stopped" : `stopped by ${stop_requested_by}`;
}
