import { idempotencyKeyReused } from "../access-refusals.ts";
import type { IdempotencyKey } from "../operations/idempotency.ts";
import type { AcceptedJob, AcceptJob, StoredJob } from "../operations/jobs.ts";
import { withoutSecrets } from "../stored-job.ts";
import type { AcceptingRunbook } from "./accepting-runbooks.ts";
import { AcceptingRunbooks } from "./accepting-runbooks.ts";
import { holdAttempt, keepFormerSteps } from "./job-steps.ts";
import { effectsOf, noEffects, noteJobChange, releasedAtOnce } from "./jobs-effects.ts";
import { readJob } from "./jobs-read.ts";
import { acceptanceOutcome, startScheduledTime } from "./scheduled-starts.ts";
import type { MssqlSession, StatementResult } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { bigint, bytes, id, int, json, text } from "./sql-values.ts";

/** Times that a job is made anew for a runbook that changed meanwhile, or asked for again. */
const mostTries = 10;

type Outcome =
  | { outcome: "accepted"; parked_behind: number | null; accepted_at: number }
  | { outcome: "repeated"; result: string | null }
  | { outcome: "reused" | "stale" }
  | { outcome: "refused"; concurrency_limit: number };

/** Undoes the acceptance: the attempt that asks for the job is not the current one any more. */
class AttemptOver extends Error {}

/**
 * Accepts jobs. What a job takes from its runbook is put together here, from settings that may have been read before; the procedure takes
 * it only when the runbook is still of that revision. So an acceptance is one round trip.
 */
export class JobAcceptance {
  readonly #session: MssqlSession;
  readonly #runbooks: AcceptingRunbooks;

  constructor(session: MssqlSession) {
    this.#session = session;
    this.#runbooks = new AcceptingRunbooks(session);
  }

  /** See `JobWrites.acceptJob`. */
  async accept(request: AcceptJob): Promise<AcceptedJob> {
    let runbook = await this.#runbooks.find(request.runbookId);
    for (let tries = 0; ; tries += 1) {
      if (runbook === null || !runbook.accepts(request)) {
        const read: AcceptingRunbook | null = await this.#runbooks.read(request.runbookId);
        if (read === null || !read.accepts(request) || tries >= mostTries) {
          return { outcome: "changed" };
        }
        runbook = read;
      }
      const answer = await this.#try(request, runbook);
      if (answer !== null) {
        return answer;
      }
      runbook = null;
    }
  }

  /** Null when it has to be tried again. */
  async #try(request: AcceptJob, runbook: AcceptingRunbook): Promise<AcceptedJob | null> {
    const job = newJob(request, runbook);
    const accept = (session: MssqlSession) => acceptWithSteps(session, request, valuesOf(request, runbook, job));
    let result: StatementResult;
    try {
      const { scheduledFor } = request;
      const start =
        scheduledFor === undefined || scheduledFor === null
          ? { outcome: "asked" as const, result: await accept(this.#session) }
          : await startScheduledTime(this.#session, { ...scheduledFor, jobId: request.jobId }, accept);
      if (start.outcome !== "asked") {
        return start.outcome === "accepted" ? this.#acceptedBefore(request) : { outcome: start.outcome };
      }
      result = start.result;
    } catch (error) {
      if (error instanceof AttemptOver) {
        return { outcome: "attempt-over" };
      }
      // The same request, or the same key, came at the same moment: what that came to is found the next time.
      if (isDuplicate(error)) {
        return null;
      }
      throw error;
    }
    const outcome = acceptanceOutcome(result) as Outcome;
    // Of a scheduled job that was not accepted all is undone.
    const effects = request.scheduledFor && outcome.outcome === "refused" ? noEffects() : effectsOf(result);
    switch (outcome.outcome) {
      case "accepted": {
        const { accepted_at: acceptedAt, parked_behind: parkedBehind } = outcome;
        noteJobChange(effects, request.jobId);
        if (parkedBehind === null) {
          effects.queued.push({ placementId: job.placementId, hostKind: job.hostKind });
        }
        return { outcome: "accepted", job: { ...job, acceptedAt, parkedBehind }, repeated: false, effects };
      }
      case "repeated": {
        const before = outcome.result === null ? await readJob(this.#session, request) : parsed(outcome.result);
        return before === null ? null : { outcome: "accepted", job: before, repeated: true, effects };
      }
      case "reused":
        throw idempotencyKeyReused();
      case "refused":
        return { outcome: "refused", runbookName: runbook.name, limit: outcome.concurrency_limit, effects };
      case "stale":
        return null;
    }
  }

  /** The job that this very request was given before its answer was lost. */
  async #acceptedBefore(request: AcceptJob): Promise<AcceptedJob | null> {
    const job = await readJob(this.#session, request);
    return job === null ? null : { outcome: "accepted", job, repeated: true, effects: noEffects() };
  }
}

/**
 * In one transaction with what it has of another job, and with a look at the attempt that asks for it.
 * @throws AttemptOver
 */
async function acceptWithSteps(
  session: MssqlSession,
  { jobId, parent, steps = [] }: AcceptJob,
  values: ReturnType<typeof valuesOf>,
): Promise<StatementResult> {
  const askedBy = parent?.askedBy;
  if (steps.length === 0 && askedBy === undefined) {
    return await session.execute("runsmith.AcceptJob", values);
  }
  return await session.transaction(async (within) => {
    if (askedBy !== undefined && !(await holdAttempt(within, askedBy))) {
      throw new AttemptOver();
    }
    const result = await within.execute("runsmith.AcceptJob", values);
    if (acceptanceOutcome(result).outcome === "accepted") {
      await keepFormerSteps(within, jobId, steps);
    }
    return result;
  });
}

/** See `JobReads.jobAcceptedBefore`. */
export async function jobAcceptedBefore(session: MssqlSession, key: IdempotencyKey): Promise<StoredJob | null> {
  const kept = await session.first<{ request_hash: Uint8Array; result: string | null }>(
    `SELECT request_hash, result FROM runsmith.idempotency_keys
     WHERE workspace_id = @workspace_id AND principal_id = @principal_id AND [key] = @key`,
    { workspace_id: id(defaultWorkspace), principal_id: id(key.principalId), key: text(key.key) },
  );
  if (kept !== undefined && Buffer.compare(kept.request_hash, key.requestHash) !== 0) {
    throw idempotencyKeyReused();
  }
  return kept === undefined || kept.result === null ? null : parsed(kept.result);
}

/** A job as it will be read at first; when it is accepted, and what it waits for, the database says. */
function newJob(request: AcceptJob, runbook: AcceptingRunbook): StoredJob {
  return {
    jobId: request.jobId,
    runbookId: request.runbookId,
    runbookName: runbook.name,
    runbookKind: runbook.kind,
    versionId: request.versionId,
    versionNumber: request.versionNumber,
    draft: request.draft,
    status: "New",
    placementId: runbook.placementId,
    workerGroup: runbook.workerGroup,
    hostKind: runbook.hostKind,
    priority: request.priority ?? runbook.priority,
    parkedBehind: null,
    attempt: (request.steps?.length ?? 0) > 0 ? 1 : 0,
    workerId: null,
    workerName: null,
    parameters: withoutSecrets(request.parameters, request.secretNames),
    grants: runbook.grants,
    sandbox: null,
    isolation: null,
    startedBy: request.startedBy,
    acceptedAt: 0,
    claimedAt: null,
    hostReadyAt: null,
    firstRecordAt: null,
    endedAt: null,
    statusReason: null,
    exception: null,
    result: null,
    exitCode: null,
    errorCount: 0,
    warningCount: 0,
    recordCount: 0,
    retryOf: request.retryOf ?? null,
    parentJobId: request.parent?.jobId ?? null,
    scheduleId: request.scheduledFor?.scheduleId ?? null,
    dueAt: request.scheduledFor?.dueAt ?? null,
  };
}

function valuesOf(request: AcceptJob, runbook: AcceptingRunbook, job: StoredJob) {
  const { idempotency } = request;
  return {
    job_id: id(job.jobId),
    runbook_id: id(job.runbookId),
    revision: int(runbook.revision),
    runbook_name: text(job.runbookName),
    runbook_kind: text(job.runbookKind),
    version_id: id(job.versionId),
    version_number: int(job.versionNumber),
    draft: job.draft,
    placement_id: id(job.placementId),
    worker_group: text(job.workerGroup),
    priority: int(job.priority),
    host_kind: text(job.hostKind),
    max_attempts: int(runbook.attempts),
    max_retries: int(runbook.retries),
    grants: json(job.grants),
    time_limit: bigint(runbook.timeLimit),
    start_deadline: bigint(runbook.startDeadline),
    stop_grace: bigint(runbook.stopGrace),
    output_limit: bigint(runbook.outputLimit),
    log_switches: int(runbook.logSwitches),
    host_reuse: text(runbook.hostReuse(request)),
    started_by: text(job.startedBy),
    starter_id: id(request.starterId ?? null),
    retry_of: id(job.retryOf),
    run_as: id(runbook.runAs(request)),
    started_from: json(request.startedFrom),
    parent_job_id: id(job.parentJobId),
    parent_call: id(request.parent?.callId ?? null),
    stop_with_parent: request.parent?.stopsWithParent === true,
    is_pinned: request.isPinned === true,
    children: json(request.children),
    parameters: json(request.parameters),
    secret_names: json(request.secretNames),
    principal_id: id(idempotency?.principalId ?? null),
    key: text(idempotency?.key ?? null),
    request_hash: bytes(idempotency?.requestHash ?? null),
    result: json(idempotency === null ? null : job),
    replace_reason: text(`replaced by job ${job.jobId}`),
    release_limit: int(releasedAtOnce),
  };
}

function parsed(result: string): StoredJob {
  return JSON.parse(result) as StoredJob;
}
