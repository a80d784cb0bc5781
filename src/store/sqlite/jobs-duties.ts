import type { FinalEnd } from "../../contract/link/records-frames.ts";
import type { AssignedAttempt, JobEffects } from "../operations/jobs.ts";
import { assignedJob } from "./jobs-claim.ts";
import { noEffects } from "./jobs-effects.ts";
import { finishJob, loseAttempt, settleEnd } from "./jobs-end.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { selectOpenJob } from "./jobs-rows.ts";
import type { SqliteSession } from "./session.ts";

/** See `JobWrites.endAttempt`. */
export function endAttempt(session: SqliteSession, request: AssignedAttempt & { end: FinalEnd }): JobEffects {
  const effects = noEffects();
  const job = assignedJob(session, request);
  if (job !== undefined) {
    settleEnd(session, job, request.end, effects);
  }
  return effects;
}

/** See `JobReads.overdueJobsExist`. */
export function overdueJobsExist(session: SqliteSession): boolean {
  return (
    session.first("SELECT 1 FROM jobs WHERE start_deadline_at < ? AND status = 'New' LIMIT 1", session.now()) !==
    undefined
  );
}

/** See `JobWrites.failOverdueJobs`. */
export function failOverdueJobs(session: SqliteSession, { limit }: { limit: number }): JobEffects {
  const effects = noEffects();
  const now = session.now();
  const overdue = session.all<{ job_id: Uint8Array; allowed: number }>(
    `SELECT job_id, start_deadline_at - accepted_at AS allowed FROM jobs
     WHERE start_deadline_at < ? AND status = 'New' ORDER BY start_deadline_at LIMIT +?`,
    now,
    limit,
  );
  for (const { job_id, allowed } of overdue) {
    // The end of one may have moved another one out of its parking place.
    const job = session.first<OpenJob>(`${selectOpenJob} WHERE job_id = ?`, job_id);
    if (job !== undefined) {
      const reason = `not started within ${allowed / 1000} s`;
      finishJob(session, job, { status: "Failed", endedAt: now, reason, missed: true }, effects);
    }
  }
  return effects;
}

/** See `JobWrites.giveUpAttempts`. */
export function giveUpAttempts(session: SqliteSession, { attempts }: { attempts: AssignedAttempt[] }): JobEffects {
  const effects = noEffects();
  const now = session.now();
  for (const attempt of attempts) {
    const job = assignedJob(session, attempt);
    if (job?.status === "Stopping") {
      loseAttempt(session, job, now, "its worker did not end it", effects);
    } else if (job !== undefined) {
      settleEnd(session, job, { outcome: "Failed", reason: "time-limit", endedAt: now }, effects);
    }
  }
  return effects;
}
