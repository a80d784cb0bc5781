import type { JobStatus } from "../../contract/job-status.ts";
import type { JournalAnswer } from "../../contract/journal.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { ApprovalRow, JobStepRow } from "../job-step-rows.ts";
import { approvalColumns, timedOutAnswer, toApproval, toJobStep } from "../job-step-rows.ts";
import type { JobStepReads, JobStepWrites, SettledWait } from "../operations/job-steps.ts";
import { durableAttempts } from "../operations/job-steps.ts";
import type { AssignedAttempt, JobEffects } from "../operations/jobs.ts";
import type { NewJobStep } from "../operations/new-job-step.ts";
import { isUnfinished } from "../operations/new-job-step.ts";
import type { Asynchronous } from "../store.ts";
import { effectsOf, noEffects, noteJobChange } from "./jobs-effects.ts";
import { readJob } from "./jobs-read.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { bit, bytes, databaseTime, id, idBytes, int, json, text, time } from "./sql-values.ts";
import { giveUpSuspendedPlace } from "./suspended-places.ts";

const firstId = new Uint8Array(16);

/** A job's row, held until the commit, so that what is decided by it stays true. */
interface HeldJob {
  job_id: Uint8Array;
  runbook_id: Uint8Array;
  status: JobStatus;
  attempt: number;
  worker_id: Uint8Array | null;
  placement_id: Uint8Array;
  priority: number;
  host_kind: HostKind;
  stop_requested_by: string | null;
  ended_at: number | null;
}

export function jobStepReads(session: MssqlSession): Asynchronous<JobStepReads> {
  return {
    jobSteps: async ({ jobId, all }) => {
      const rows = await session.all<JobStepRow>(
        `SELECT step_id, job_id, attempt, sequence, kind, name, branch, started_at, ended_at, until_at, event, message, addressed_to,
           result, answer, answer_id, sealed
         FROM runsmith.job_steps WHERE job_id = @job_id AND (@all = 1 OR kind NOT IN (N'sent', N'checkpoint')) ORDER BY attempt, sequence`,
        { job_id: id(jobId), all: bit(all) },
      );
      return rows.map(toJobStep);
    },
    openApprovals: async ({ after, limit }) => {
      const behind = after === null ? idBytes(firstId) : id(after);
      const rows = await session.all<ApprovalRow>(
        `DECLARE @asked datetime2(3) = COALESCE((SELECT started_at FROM runsmith.job_steps WHERE step_id = @after), '0001-01-01');
         SELECT TOP (@limit) ${approvalColumns} FROM runsmith.job_steps s JOIN runsmith.jobs j ON j.job_id = s.job_id
         WHERE s.kind = N'approval' AND s.ended_at IS NULL AND s.started_at >= @asked
           AND (s.started_at > @asked OR s.step_id > @after) AND j.ended_at IS NULL
         ORDER BY s.started_at, s.step_id`,
        { after: behind, limit: int(limit) },
      );
      return rows.map(toApproval);
    },
    sealedJobSteps: async ({ after, limit }) => {
      const rows = await session.all<{ step_id: Uint8Array; sealed: Uint8Array }>(
        `SELECT TOP (@limit) step_id, sealed FROM runsmith.job_steps
         WHERE step_id > @after AND sealed IS NOT NULL ORDER BY step_id`,
        { after: after === null ? idBytes(firstId) : id(after), limit: int(limit) },
      );
      return rows.map(({ step_id, sealed }) => ({ stepId: bytesToId(step_id), sealed: new Uint8Array(sealed) }));
    },
    dueWaitsExist: async () =>
      (await session.first(
        `SELECT TOP (1) 1 AS here FROM runsmith.job_steps WHERE until_at IS NOT NULL AND ended_at IS NULL
           AND until_at <= COALESCE(@now, SYSUTCDATETIME())`,
        { now: databaseTime },
      )) !== undefined,
  };
}

export const jobStepWriteRules: WriteRules<JobStepWrites> = {
  addJobSteps: "repeatable",
  suspendAttempt: "repeatable",
  suspendJob: "repeatable",
  resumeJob: "kept",
  sendJobEvent: "kept",
  answerApproval: "kept",
  resumeDueJobs: "repeatable",
  reopenJobSteps: "repeatable",
  rewrapJobSteps: "repeatable",
};

export function jobStepWrites(session: MssqlSession): Asynchronous<JobStepWrites> {
  return {
    addJobSteps: (of) => addJobSteps(session, of),
    suspendAttempt: (of) => suspendAttempt(session, of),
    suspendJob: (of) => suspendJob(session, of),
    resumeJob: ({ jobId, requestedBy }) =>
      settle(session, jobId, async (job) => {
        if (job.status !== "Suspended") {
          return false;
        }
        await session.run(
          `UPDATE runsmith.job_steps SET ended_at = CAST(COALESCE(@now, SYSUTCDATETIME()) AS datetime2(3)), answer = @answer, answered_attempt = @attempt
           WHERE job_id = @job_id AND kind = N'suspend' AND ended_at IS NULL`,
          {
            now: databaseTime,
            answer: json({ by: requestedBy } satisfies JournalAnswer),
            attempt: int(job.attempt),
            job_id: idBytes(job.job_id),
          },
        );
        return true;
      }),
    sendJobEvent: (of) => settle(session, of.jobId, (job) => sendEvent(session, job, of)),
    answerApproval: ({ jobId, stepId, answer }) =>
      settle(session, jobId, async (job) => {
        const answered = await session.run(
          `UPDATE runsmith.job_steps SET ended_at = CAST(COALESCE(@now, SYSUTCDATETIME()) AS datetime2(3)), answer = @answer, answered_attempt = @attempt
           WHERE step_id = @step_id AND job_id = @job_id AND kind = N'approval' AND ended_at IS NULL`,
          {
            now: databaseTime,
            answer: json(answer),
            attempt: int(job.attempt),
            step_id: id(stepId),
            job_id: idBytes(job.job_id),
          },
        );
        return answered > 0;
      }),
    resumeDueJobs: (of) => resumeDueJobs(session, of),
    reopenJobSteps: async ({ steps }) => {
      for (const { stepId, attempt } of steps) {
        await session.run(
          "UPDATE runsmith.job_steps SET ended_at = NULL WHERE step_id = @step_id AND attempt = @attempt",
          {
            step_id: id(stepId),
            attempt: int(attempt),
          },
        );
      }
    },
    rewrapJobSteps: async ({ rows }) => {
      for (const { stepId, sealed, former } of rows) {
        await session.run(
          "UPDATE runsmith.job_steps SET sealed = @sealed WHERE step_id = @step_id AND sealed = @former",
          {
            sealed: bytes(sealed),
            former: bytes(former),
            step_id: id(stepId),
          },
        );
      }
    },
  };
}

async function holdJob(session: MssqlSession, jobId: string): Promise<HeldJob | undefined> {
  return await session.first<HeldJob>(
    `UPDATE runsmith.jobs SET attempt = attempt
     OUTPUT inserted.job_id, inserted.runbook_id, inserted.status, inserted.attempt, inserted.worker_id, inserted.placement_id,
       inserted.priority, inserted.host_kind, inserted.stop_requested_by, inserted.ended_at
     WHERE job_id = @job_id`,
    { job_id: id(jobId) },
  );
}

/** Whether an attempt is the current one of its job; holds the job's row until the transaction ends. */
export async function holdAttempt(session: MssqlSession, assigned: AssignedAttempt): Promise<boolean> {
  return isCurrent(await holdJob(session, assigned.jobId), assigned);
}

function isCurrent(job: HeldJob | undefined, { attempt, workerId }: AssignedAttempt): job is HeldJob {
  return (
    job !== undefined &&
    job.ended_at === null &&
    job.attempt === attempt &&
    job.worker_id !== null &&
    bytesToId(job.worker_id) === workerId
  );
}

async function addJobSteps(session: MssqlSession, request: Parameters<JobStepWrites["addJobSteps"]>[0]) {
  const job = await holdJob(session, request.jobId);
  if (!isCurrent(job, request)) {
    return { outcome: "refused" as const };
  }
  for (const step of request.steps) {
    await insertStep(session, job, step);
    if (step.kind === "event" && step.endedAt === null && step.event !== null) {
      await matchEvent(session, job, step.event);
    }
  }
  if (request.steps.every(isUnfinished)) {
    return { outcome: "stored" as const };
  }
  await session.run(
    `UPDATE runsmith.jobs SET max_attempts = CASE WHEN max_attempts < @attempts THEN @attempts ELSE max_attempts END, lost_attempts = 0
     WHERE job_id = @job_id AND (max_attempts < @attempts OR lost_attempts > 0)`,
    { attempts: int(durableAttempts), job_id: idBytes(job.job_id) },
  );
  return { outcome: "stored" as const };
}

/** Gives a job that was just accepted what it has of another, as its first attempt; the next attempt is its second. */
export async function keepFormerSteps(
  session: MssqlSession,
  jobId: string,
  steps: readonly NewJobStep[],
): Promise<void> {
  for (const step of steps) {
    await insertStep(session, { job_id: idToBytes(jobId), attempt: 1 }, step);
  }
  await session.run(
    `UPDATE runsmith.jobs SET attempt = 1, max_attempts = CASE WHEN max_attempts < @attempts THEN @attempts ELSE max_attempts END
     WHERE job_id = @job_id`,
    { attempts: int(durableAttempts), job_id: id(jobId) },
  );
}

async function insertStep(
  session: MssqlSession,
  job: Pick<HeldJob, "job_id" | "attempt">,
  step: NewJobStep,
): Promise<void> {
  const values = {
    step_id: id(step.stepId),
    job_id: idBytes(job.job_id),
    attempt: int(job.attempt),
    sequence: int(step.sequence),
    kind: text(step.kind),
    name: text(step.name),
    branch: text(step.branch),
    started_at: time(step.startedAt),
    ended_at: time(step.endedAt),
    until_at: time(step.until),
    event: text(step.event),
    message: text(step.message),
    addressed_to: json(step.addressedTo),
    result: text(step.result),
    answer: json(step.answer),
    sealed: bytes(step.sealed),
  };
  const inserted = await session.run(
    `INSERT INTO runsmith.job_steps (step_id, job_id, attempt, sequence, kind, name, branch, started_at, ended_at, until_at, event, message,
       addressed_to, result, answer, sealed)
     SELECT @step_id, @job_id, @attempt, @sequence, @kind, @name, @branch, @started_at, @ended_at, @until_at, @event, @message,
       @addressed_to, @result, @answer, @sealed
     WHERE NOT EXISTS (SELECT 1 FROM runsmith.job_steps WITH (UPDLOCK, HOLDLOCK) WHERE step_id = @step_id)`,
    values,
  );
  if (inserted === 0 && (step.kind === "checkpoint" || step.kind === "step")) {
    const { step_id, attempt, sequence, started_at, ended_at, result, sealed } = values;
    await session.run(
      `UPDATE runsmith.job_steps
       SET attempt = @attempt, sequence = @sequence, started_at = @started_at, ended_at = @ended_at, result = @result, sealed = @sealed
       WHERE step_id = @step_id AND (kind = N'checkpoint' OR (kind = N'step' AND ended_at IS NULL))`,
      { step_id, attempt, sequence, started_at, ended_at, result, sealed },
    );
  }
}

/** Gives the oldest event of this name that nobody has had to the oldest wait for it. Says whether there were both. */
async function matchEvent(session: MssqlSession, job: HeldJob, event: string): Promise<boolean> {
  const of = { job_id: idBytes(job.job_id), event: text(event) };
  const sent = await session.first<{ step_id: Uint8Array; answer: string | null }>(
    `SELECT TOP (1) step_id, answer FROM runsmith.job_steps
     WHERE job_id = @job_id AND kind = N'sent' AND event = @event AND answer_id IS NULL ORDER BY started_at, step_id`,
    of,
  );
  const wait = await session.first<{ step_id: Uint8Array }>(
    `SELECT TOP (1) step_id FROM runsmith.job_steps
     WHERE job_id = @job_id AND kind = N'event' AND event = @event AND ended_at IS NULL ORDER BY attempt, sequence`,
    of,
  );
  if (sent === undefined || wait === undefined) {
    return false;
  }
  await session.run("UPDATE runsmith.job_steps SET answer_id = @wait WHERE step_id = @sent", {
    wait: idBytes(wait.step_id),
    sent: idBytes(sent.step_id),
  });
  await session.run(
    `UPDATE runsmith.job_steps SET ended_at = CAST(COALESCE(@now, SYSUTCDATETIME()) AS datetime2(3)), answer = @answer, answer_id = @sent,
       answered_attempt = @attempt
     WHERE step_id = @wait`,
    {
      now: databaseTime,
      answer: text(sent.answer),
      sent: idBytes(sent.step_id),
      attempt: int(job.attempt),
      wait: idBytes(wait.step_id),
    },
  );
  return true;
}

async function sendEvent(
  session: MssqlSession,
  job: HeldJob,
  of: Parameters<JobStepWrites["sendJobEvent"]>[0],
): Promise<boolean | "kept"> {
  await session.run(
    `DECLARE @at datetime2(3) = COALESCE(@now, SYSUTCDATETIME());
     INSERT INTO runsmith.job_steps (step_id, job_id, attempt, sequence, kind, name, branch, started_at, ended_at, event, answer, sealed)
     VALUES (@step_id, @job_id, @attempt, 0, N'sent', @name, N'', @at, @at, @event, @answer, @sealed)`,
    {
      now: databaseTime,
      step_id: id(of.stepId),
      job_id: idBytes(job.job_id),
      attempt: int(job.attempt),
      name: text(of.name),
      event: text(of.event),
      answer: json(of.answer),
      sealed: bytes(of.sealed),
    },
  );
  return (await matchEvent(session, job, of.event)) ? true : "kept";
}

/** Does something for a job that has not ended; `true` lets it go on if it is suspended, `false` refuses. */
async function settle(
  session: MssqlSession,
  jobId: string,
  act: (job: HeldJob) => Promise<boolean | "kept">,
): Promise<SettledWait> {
  const job = await holdJob(session, jobId);
  if (job === undefined) {
    return { outcome: "not-found" };
  }
  const acted = job.ended_at === null ? await act(job) : false;
  const effects = noEffects();
  const isResumed = acted === true && job.status === "Suspended";
  if (isResumed) {
    await resume(session, job, effects);
  }
  const stored = await readJob(session, { jobId });
  if (stored === null) {
    return { outcome: "not-found" };
  }
  return acted === false ? { outcome: "refused", job: stored } : { outcome: "done", job: stored, isResumed, effects };
}

/** It has waited once, so it goes to the front of its queue. */
async function resume(session: MssqlSession, job: HeldJob, effects: JobEffects): Promise<void> {
  await session.run(
    `UPDATE runsmith.jobs SET status = N'New', status_reason = N'resumed; waits for a worker', exception = NULL WHERE job_id = @job_id`,
    { job_id: idBytes(job.job_id) },
  );
  await session.run(
    `INSERT INTO runsmith.job_queue (placement_id, rank, tag, job_id)
     SELECT @placement_id, @rank, COALESCE((
       SELECT tag FROM runsmith.queue_positions WHERE placement_id = @placement_id AND rank = @rank), 0), @job_id`,
    { placement_id: idBytes(job.placement_id), rank: int(-job.priority), job_id: idBytes(job.job_id) },
  );
  noteJobChange(effects, bytesToId(job.job_id));
  effects.queued.push({ placementId: bytesToId(job.placement_id), hostKind: job.host_kind });
}

async function suspendAttempt(
  session: MssqlSession,
  request: Parameters<JobStepWrites["suspendAttempt"]>[0],
): Promise<ReturnType<JobStepWrites["suspendAttempt"]>> {
  const { jobId, attempt, workerId, endedAt, reason } = request;
  const job = await holdJob(session, jobId);
  if (!isCurrent(job, request)) {
    const told = await session.first(
      `SELECT TOP (1) 1 AS here FROM runsmith.job_attempts
       WHERE job_id = @job_id AND attempt = @attempt AND worker_id = @worker_id AND outcome = N'Suspended'`,
      { job_id: id(jobId), attempt: int(attempt), worker_id: id(workerId) },
    );
    return { outcome: told === undefined ? "refused" : "suspended", effects: noEffects() };
  }
  const isStopped = job.status === "Stopping";
  const stopReason = job.stop_requested_by === null ? "stopped" : `stopped by ${job.stop_requested_by}`;
  await session.run(
    `UPDATE runsmith.job_attempts SET ended_at = @ended_at, outcome = N'Suspended', reason = @reason
     WHERE job_id = @job_id AND attempt = @attempt`,
    { ended_at: time(endedAt), reason: text(reason), job_id: idBytes(job.job_id), attempt: int(attempt) },
  );
  await session.run(
    `UPDATE runsmith.jobs SET status = CASE @stopped WHEN 1 THEN N'Stopped' ELSE N'Suspended' END, worker_id = NULL, claimed_at = NULL,
       host_ready_at = NULL, sandbox = NULL, isolation = NULL, lost_at = NULL, lost_wait = NULL, lost_attempts = 0, start_deadline_at = NULL,
       status_reason = @reason, exception = @exception, ended_at = CASE @stopped WHEN 1 THEN @ended_at END
     WHERE job_id = @job_id`,
    {
      stopped: bit(isStopped),
      reason: text(isStopped ? stopReason : reason),
      exception: json(isStopped ? null : request.exception),
      ended_at: time(endedAt),
      job_id: idBytes(job.job_id),
    },
  );
  const effects = isStopped ? effectsOf(await giveUpSuspendedPlace(session, job.runbook_id)) : noEffects();
  effects.overAttempts.push({ jobId, attempt, workerId });
  noteJobChange(effects, jobId);
  if (isStopped) {
    effects.ended.push({ jobId, status: "Stopped" });
    return { outcome: "suspended", effects };
  }
  const news = await session.first(
    "SELECT TOP (1) 1 AS here FROM runsmith.job_steps WHERE job_id = @job_id AND answered_attempt = @attempt",
    { job_id: idBytes(job.job_id), attempt: int(attempt) },
  );
  if (news !== undefined) {
    await resume(session, job, effects);
  }
  return { outcome: "suspended", effects };
}

async function suspendJob(
  session: MssqlSession,
  { jobId, requestedBy }: Parameters<JobStepWrites["suspendJob"]>[0],
): Promise<ReturnType<JobStepWrites["suspendJob"]>> {
  const asked = await session.first<{ attempt: number; worker_id: Uint8Array }>(
    `UPDATE runsmith.jobs SET status = N'Suspending', status_reason = @reason
     OUTPUT inserted.attempt, inserted.worker_id
     WHERE job_id = @job_id AND status IN (N'Activating', N'Running', N'Suspending') AND worker_id IS NOT NULL`,
    { job_id: id(jobId), reason: text(`to be suspended, asked by ${requestedBy}`) },
  );
  const job = await readJob(session, { jobId });
  if (job === null) {
    return { outcome: "not-found" };
  }
  return asked === undefined
    ? { outcome: "refused", job }
    : {
        outcome: "suspending",
        job,
        attempt: { jobId, attempt: asked.attempt, workerId: bytesToId(asked.worker_id) },
      };
}

async function resumeDueJobs(session: MssqlSession, { limit }: { limit: number }) {
  const effects = noEffects();
  const due = await session.all<{ step_id: Uint8Array; job_id: Uint8Array }>(
    `SELECT TOP (@limit) step_id, job_id FROM runsmith.job_steps
     WHERE until_at IS NOT NULL AND ended_at IS NULL AND until_at <= COALESCE(@now, SYSUTCDATETIME()) ORDER BY until_at`,
    { limit: int(limit), now: databaseTime },
  );
  for (const { step_id, job_id } of due) {
    const job = await holdJob(session, bytesToId(job_id));
    const ended = await session.run(
      `UPDATE runsmith.job_steps SET ended_at = CAST(COALESCE(@now, SYSUTCDATETIME()) AS datetime2(3)), answer = @answer,
         answered_attempt = @attempt
       WHERE step_id = @step_id AND ended_at IS NULL`,
      {
        now: databaseTime,
        answer: text(timedOutAnswer),
        attempt: int(job?.attempt ?? null),
        step_id: idBytes(step_id),
      },
    );
    if (ended > 0 && job?.status === "Suspended") {
      await resume(session, job, effects);
    }
  }
  return { effects, more: due.length === limit };
}
