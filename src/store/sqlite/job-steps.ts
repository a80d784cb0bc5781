import type { JournalAnswer } from "../../contract/journal.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { ApprovalRow, JobStepRow } from "../job-step-rows.ts";
import { approvalColumns, timedOutAnswer, toApproval, toJobStep } from "../job-step-rows.ts";
import type { JobStepReads, JobStepWrites, SettledWait } from "../operations/job-steps.ts";
import { durableAttempts } from "../operations/job-steps.ts";
import type { JobEffects, StoredJob } from "../operations/jobs.ts";
import type { NewJobStep } from "../operations/new-job-step.ts";
import { isUnfinished } from "../operations/new-job-step.ts";
import { assignedJob } from "./jobs-claim.ts";
import { assignedAttempt, noEffects, noteChange } from "./jobs-effects.ts";
import { closeAttempt, finishJob } from "./jobs-end.ts";
import { requeue } from "./jobs-queue.ts";
import { readJob } from "./jobs-read.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { selectOpenJob } from "./jobs-rows.ts";
import type { SqliteSession } from "./session.ts";

const firstId = new Uint8Array(16);

export function jobStepReads(session: SqliteSession): JobStepReads {
  return {
    jobSteps: ({ jobId, all }) =>
      session
        .all<JobStepRow>(
          `SELECT step_id, job_id, attempt, sequence, kind, name, branch, started_at, ended_at, until_at, event, message, addressed_to,
             result, answer, answer_id, sealed
           FROM job_steps WHERE job_id = ? AND (? = 1 OR kind NOT IN ('sent', 'checkpoint')) ORDER BY attempt, sequence`,
          idToBytes(jobId),
          Number(all),
        )
        .map(toJobStep),
    openApprovals: ({ after, limit }) => {
      const id = after === null ? firstId : idToBytes(after);
      const behind = session.first<{ started_at: number }>("SELECT started_at FROM job_steps WHERE step_id = ?", id);
      return session
        .all<ApprovalRow>(
          `SELECT ${approvalColumns} FROM job_steps s INDEXED BY job_steps_by_approval JOIN jobs j ON j.job_id = s.job_id
           WHERE s.kind = 'approval' AND s.ended_at IS NULL AND (s.started_at, s.step_id) > (?, ?) AND j.ended_at IS NULL
           ORDER BY s.started_at, s.step_id LIMIT +?`,
          behind?.started_at ?? 0,
          id,
          limit,
        )
        .map(toApproval);
    },
    sealedJobSteps: ({ after, limit }) =>
      session
        .all<{ step_id: Uint8Array; sealed: Uint8Array }>(
          "SELECT step_id, sealed FROM job_steps WHERE step_id > ? AND sealed IS NOT NULL ORDER BY step_id LIMIT +?",
          after === null ? firstId : idToBytes(after),
          limit,
        )
        .map(({ step_id, sealed }) => ({ stepId: bytesToId(step_id), sealed: new Uint8Array(sealed) })),
    dueWaitsExist: () =>
      session.first(
        "SELECT 1 FROM job_steps WHERE until_at IS NOT NULL AND ended_at IS NULL AND until_at <= ? LIMIT 1",
        session.now(),
      ) !== undefined,
  };
}

export function jobStepWrites(session: SqliteSession): JobStepWrites {
  return {
    addJobSteps: (of) => addJobSteps(session, of),
    suspendAttempt: (of) => suspendAttempt(session, of),
    suspendJob: (of) => suspendJob(session, of),
    resumeJob: ({ jobId, requestedBy }) =>
      settle(session, jobId, (job) => {
        if (job.status !== "Suspended") {
          return false;
        }
        session.run(
          "UPDATE job_steps SET ended_at = ?, answer = ?, answered_attempt = ? WHERE job_id = ? AND kind = 'suspend' AND ended_at IS NULL",
          session.now(),
          JSON.stringify({ by: requestedBy } satisfies JournalAnswer),
          job.attempt,
          job.job_id,
        );
        return true;
      }),
    sendJobEvent: (of) => settle(session, of.jobId, (job) => sendEvent(session, job, of)),
    answerApproval: ({ jobId, stepId, answer }) =>
      settle(
        session,
        jobId,
        (job) =>
          session.run(
            `UPDATE job_steps SET ended_at = ?, answer = ?, answered_attempt = ?
             WHERE step_id = ? AND job_id = ? AND kind = 'approval' AND ended_at IS NULL`,
            session.now(),
            JSON.stringify(answer),
            job.attempt,
            idToBytes(stepId),
            job.job_id,
          ) > 0,
      ),
    resumeDueJobs: (of) => resumeDueJobs(session, of),
    reopenJobSteps: ({ steps }) => {
      for (const { stepId, attempt } of steps) {
        session.run(
          "UPDATE job_steps SET ended_at = NULL WHERE step_id = ? AND attempt = ?",
          idToBytes(stepId),
          attempt,
        );
      }
    },
    rewrapJobSteps: ({ rows }) => {
      for (const { stepId, sealed, former } of rows) {
        session.run(
          "UPDATE job_steps SET sealed = ? WHERE step_id = ? AND sealed = ?",
          sealed,
          idToBytes(stepId),
          former,
        );
      }
    },
  };
}

function addJobSteps(session: SqliteSession, request: Parameters<JobStepWrites["addJobSteps"]>[0]) {
  const job = assignedJob(session, request);
  if (job === undefined) {
    return { outcome: "refused" as const };
  }
  for (const step of request.steps) {
    insertStep(session, job, step);
    if (step.kind === "event" && step.endedAt === null && step.event !== null) {
      matchEvent(session, job, step.event);
    }
  }
  if (request.steps.every(isUnfinished)) {
    return { outcome: "stored" as const };
  }
  session.run(
    `UPDATE jobs SET max_attempts = MAX(max_attempts, ?1), lost_attempts = 0
     WHERE job_id = ?2 AND (max_attempts < ?1 OR lost_attempts > 0)`,
    durableAttempts,
    job.job_id,
  );
  return { outcome: "stored" as const };
}

/** Gives a job that was just accepted what it has of another, as its first attempt; the next attempt is its second. */
export function keepFormerSteps(session: SqliteSession, jobId: Uint8Array, steps: readonly NewJobStep[]): void {
  for (const step of steps) {
    insertStep(session, { job_id: jobId, attempt: 1 }, step);
  }
  session.run(
    "UPDATE jobs SET attempt = 1, max_attempts = MAX(max_attempts, ?) WHERE job_id = ?",
    durableAttempts,
    jobId,
  );
}

function insertStep(session: SqliteSession, job: Pick<OpenJob, "job_id" | "attempt">, step: NewJobStep): void {
  session.run(
    `INSERT INTO job_steps (step_id, job_id, attempt, sequence, kind, name, branch, started_at, ended_at, until_at, event, message,
       addressed_to, result, answer, sealed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (step_id) DO UPDATE SET attempt = excluded.attempt, sequence = excluded.sequence, started_at = excluded.started_at,
       ended_at = excluded.ended_at, result = excluded.result, sealed = excluded.sealed
     WHERE job_steps.kind = 'checkpoint' OR (job_steps.kind = 'step' AND job_steps.ended_at IS NULL)`,
    idToBytes(step.stepId),
    job.job_id,
    job.attempt,
    step.sequence,
    step.kind,
    step.name,
    step.branch,
    step.startedAt,
    step.endedAt,
    step.until,
    step.event,
    step.message,
    step.addressedTo === null ? null : JSON.stringify(step.addressedTo),
    step.result,
    step.answer === undefined || step.answer === null ? null : JSON.stringify(step.answer),
    step.sealed,
  );
}

/** Gives the oldest event of this name that nobody has had to the oldest wait for it. Says whether there were both. */
function matchEvent(session: SqliteSession, job: OpenJob, event: string): boolean {
  const sent = session.first<{ step_id: Uint8Array; answer: string | null }>(
    `SELECT step_id, answer FROM job_steps WHERE job_id = ? AND kind = 'sent' AND event = ? AND answer_id IS NULL
     ORDER BY started_at, step_id LIMIT 1`,
    job.job_id,
    event,
  );
  const wait = session.first<{ step_id: Uint8Array }>(
    `SELECT step_id FROM job_steps WHERE job_id = ? AND kind = 'event' AND event = ? AND ended_at IS NULL
     ORDER BY attempt, sequence LIMIT 1`,
    job.job_id,
    event,
  );
  if (sent === undefined || wait === undefined) {
    return false;
  }
  session.run("UPDATE job_steps SET answer_id = ? WHERE step_id = ?", wait.step_id, sent.step_id);
  session.run(
    "UPDATE job_steps SET ended_at = ?, answer = ?, answer_id = ?, answered_attempt = ? WHERE step_id = ?",
    session.now(),
    sent.answer,
    sent.step_id,
    job.attempt,
    wait.step_id,
  );
  return true;
}

function sendEvent(
  session: SqliteSession,
  job: OpenJob,
  of: Parameters<JobStepWrites["sendJobEvent"]>[0],
): boolean | "kept" {
  session.run(
    `INSERT INTO job_steps (step_id, job_id, attempt, sequence, kind, name, branch, started_at, ended_at, event, answer, sealed)
     VALUES (?1, ?2, ?3, 0, 'sent', ?4, '', ?5, ?5, ?6, ?7, ?8)`,
    idToBytes(of.stepId),
    job.job_id,
    job.attempt,
    of.name,
    session.now(),
    of.event,
    JSON.stringify(of.answer),
    of.sealed,
  );
  return matchEvent(session, job, of.event) ? true : "kept";
}

/** Does something for a job that has not ended; `true` lets it go on if it is suspended, `false` refuses. */
function settle(session: SqliteSession, jobId: string, act: (job: OpenJob) => boolean | "kept"): SettledWait {
  const stored = readJob(session, { jobId });
  if (stored === null) {
    return { outcome: "not-found" };
  }
  const job = session.first<OpenJob>(`${selectOpenJob} WHERE job_id = ? AND ended_at IS NULL`, idToBytes(jobId));
  const acted = job === undefined ? false : act(job);
  if (job === undefined || acted === false) {
    return { outcome: "refused", job: stored };
  }
  const effects = noEffects();
  const isResumed = acted === true && job.status === "Suspended";
  if (isResumed) {
    resume(session, job, effects);
  }
  return { outcome: "done", job: readJob(session, { jobId }) ?? stored, isResumed, effects };
}

function resume(session: SqliteSession, job: OpenJob, effects: JobEffects): void {
  session.run(
    "UPDATE jobs SET status = 'New', status_reason = 'resumed; waits for a worker', exception = NULL WHERE job_id = ?",
    job.job_id,
  );
  noteChange(effects, job.job_id);
  requeue(session, job, effects);
}

function suspendAttempt(
  session: SqliteSession,
  request: Parameters<JobStepWrites["suspendAttempt"]>[0],
): ReturnType<JobStepWrites["suspendAttempt"]> {
  const effects = noEffects();
  const job = assignedJob(session, request);
  if (job === undefined) {
    const told = session.first(
      "SELECT 1 FROM job_attempts WHERE job_id = ? AND attempt = ? AND worker_id = ? AND outcome = 'Suspended'",
      idToBytes(request.jobId),
      request.attempt,
      idToBytes(request.workerId),
    );
    return { outcome: told === undefined ? "refused" : "suspended", effects };
  }
  const { endedAt, reason } = request;
  closeAttempt(session, job, { outcome: "Suspended", endedAt, reason }, effects);
  if (job.status === "Stopping") {
    const by = job.stop_requested_by === null ? "stopped" : `stopped by ${job.stop_requested_by}`;
    finishJob(session, job, { status: "Stopped", endedAt, reason: by }, effects);
    return { outcome: "suspended", effects };
  }
  session.run(
    `UPDATE jobs SET status = 'Suspended', worker_id = NULL, claimed_at = NULL, host_ready_at = NULL, sandbox = NULL, isolation = NULL,
       lost_at = NULL, lost_wait = NULL, lost_attempts = 0, start_deadline_at = NULL, status_reason = ?, exception = ?
     WHERE job_id = ?`,
    reason,
    request.exception === null ? null : JSON.stringify(request.exception),
    job.job_id,
  );
  noteChange(effects, job.job_id);
  const news = session.first(
    "SELECT 1 FROM job_steps WHERE job_id = ? AND answered_attempt = ? LIMIT 1",
    job.job_id,
    job.attempt,
  );
  if (news !== undefined) {
    resume(session, job, effects);
  }
  return { outcome: "suspended", effects };
}

function suspendJob(
  session: SqliteSession,
  request: Parameters<JobStepWrites["suspendJob"]>[0],
): ReturnType<JobStepWrites["suspendJob"]> {
  const { jobId } = request;
  const stored = readJob(session, { jobId });
  if (stored === null) {
    return { outcome: "not-found" };
  }
  const job = session.first<OpenJob>(
    `${selectOpenJob} WHERE job_id = ? AND status IN ('Activating', 'Running', 'Suspending')`,
    idToBytes(jobId),
  );
  const attempt = job === undefined ? null : assignedAttempt(job);
  if (job === undefined || attempt === null) {
    return { outcome: "refused", job: stored };
  }
  session.run(
    "UPDATE jobs SET status = 'Suspending', status_reason = ? WHERE job_id = ?",
    `to be suspended, asked by ${request.requestedBy}`,
    job.job_id,
  );
  return { outcome: "suspending", job: readJob(session, { jobId }) ?? (stored as StoredJob), attempt };
}

function resumeDueJobs(session: SqliteSession, { limit }: { limit: number }) {
  const effects = noEffects();
  const now = session.now();
  const due = session.all<{ step_id: Uint8Array; job_id: Uint8Array }>(
    `SELECT step_id, job_id FROM job_steps WHERE until_at IS NOT NULL AND ended_at IS NULL AND until_at <= ?
     ORDER BY until_at LIMIT +?`,
    now,
    limit,
  );
  for (const { step_id, job_id } of due) {
    const job = session.first<OpenJob>(`${selectOpenJob} WHERE job_id = ? AND ended_at IS NULL`, job_id);
    session.run(
      "UPDATE job_steps SET ended_at = ?, answer = ?, answered_attempt = ? WHERE step_id = ?",
      now,
      timedOutAnswer,
      job?.attempt ?? null,
      step_id,
    );
    if (job?.status === "Suspended") {
      resume(session, job, effects);
    }
  }
  return { effects, more: due.length === limit };
}
