import type { ConcurrencyPolicy, Isolation } from "../../contract/api/runbook.ts";
import type { Grant } from "../../contract/grant.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import { hostKindOf } from "../../contract/runbook-kind.ts";
import { hostReuseOf } from "../host-reuse.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { IdempotencyKey } from "../operations/idempotency.ts";
import type { AcceptedJob, AcceptJob, JobEffects, StoredJob } from "../operations/jobs.ts";
import { firstGroup } from "../placement-id.ts";
import { withoutSecrets } from "../stored-job.ts";
import { doOnce } from "./idempotency.ts";
import { keepFormerSteps } from "./job-steps.ts";
import { assignedJob } from "./jobs-claim.ts";
import { noEffects, noteChange } from "./jobs-effects.ts";
import { finishJob } from "./jobs-end.ts";
import { enqueue, releasedAtOnce, releaseParked } from "./jobs-queue.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { selectOpenJob, selectParkedBehind } from "./jobs-rows.ts";
import { askToStop } from "./jobs-stop.ts";
import { startScheduledTime } from "./scheduled-starts.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

interface AcceptingRunbook {
  name: string;
  kind: RunbookKind;
  log_switches: number;
  grants: string;
  isolation: Isolation;
  share_callers: number;
  placement_id: Uint8Array;
  priority: number;
  run_on: string;
  stand_bys: string;
  dispatch_held: number;
  time_limit: number | null;
  start_deadline: number | null;
  concurrency_limit: number | null;
  concurrency_policy: ConcurrencyPolicy;
  attempts: number;
  retries: number;
  stop_grace: number;
  output_limit: number;
  active_jobs: number;
  run_as: Uint8Array | null;
}

/** Ends the acceptance without anything kept under the idempotency key. */
class NotAccepted extends Error {
  readonly answer: AcceptedJob;

  constructor(answer: AcceptedJob) {
    super("not accepted");
    this.answer = answer;
  }
}

/** See `JobWrites.acceptJob`. */
export function acceptJob(session: SqliteSession, request: AcceptJob): AcceptedJob {
  const effects = noEffects();
  let repeated = true;
  const accept = () => {
    repeated = false;
    return acceptNow(session, request, effects);
  };
  try {
    const job = request.idempotency === null ? accept() : (doOnce(session, request.idempotency, accept) as StoredJob);
    return { outcome: "accepted", job, repeated, effects };
  } catch (error) {
    if (error instanceof NotAccepted) {
      return error.answer;
    }
    throw error;
  }
}

/** See `JobReads.jobAcceptedBefore`. */
export function jobAcceptedBefore(session: SqliteSession, key: IdempotencyKey): StoredJob | null {
  const nothingKept = new NotAccepted({ outcome: "changed" });
  try {
    return doOnce(session, key, () => {
      throw nothingKept;
    }) as StoredJob;
  } catch (error) {
    if (error === nothingKept) {
      return null;
    }
    throw error;
  }
}

function acceptNow(session: SqliteSession, request: AcceptJob, effects: JobEffects): StoredJob {
  const askedBy = request.parent?.askedBy;
  if (askedBy !== undefined && assignedJob(session, askedBy) === undefined) {
    throw new NotAccepted({ outcome: "attempt-over" });
  }
  const runbookId = idToBytes(request.runbookId);
  const versionId = idToBytes(request.versionId);
  const runbook = session.first<AcceptingRunbook>(
    `SELECT name, kind, log_verbose + 2 * log_debug + 4 * log_progress AS log_switches, grants, isolation, share_callers,
       placement_id, priority, run_on, stand_bys, dispatch_held, time_limit, start_deadline, concurrency_limit,
       concurrency_policy, attempts, retries, stop_grace, output_limit, active_jobs, run_as
     FROM runbooks JOIN placements USING (placement_id)
     WHERE runbook_id = ?1 AND enabled = 1
       AND (?6 = 1 OR CASE ?2 WHEN 1 THEN draft_version_id ELSE published_version_id END = ?3)
       AND (?4 = 0 OR folder_id IS ?5)
       AND (?2 = 1 OR run_as IS NULL OR EXISTS (SELECT 1 FROM principals p WHERE p.principal_id = run_as AND p.enabled = 1))`,
    runbookId,
    request.draft ? 1 : 0,
    versionId,
    request.folderId === undefined ? 0 : 1,
    request.folderId === undefined || request.folderId === null ? null : idToBytes(request.folderId),
    request.isPinned === true ? 1 : 0,
  );
  // Who tests a draft tests it with rights of its own.
  const starterId = request.starterId ?? null;
  const starter = starterId === null ? null : idToBytes(starterId);
  const runAs = request.draft ? starter : (runbook?.run_as ?? null);
  const actsAsAsked = request.runAs === undefined || request.runAs === (runAs === null ? null : bytesToId(runAs));
  if (runbook === undefined || !actsAsAsked) {
    throw new NotAccepted({ outcome: "changed" });
  }

  const jobId = idToBytes(request.jobId);
  const scheduledFor = request.scheduledFor ?? null;
  const scheduled = scheduledFor === null ? null : scheduledStart(session, scheduledFor);
  const retryOf = request.retryOf ?? null;
  const parent = request.parent ?? null;
  const hostKind = hostKindOf[runbook.kind];
  const grants = JSON.parse(runbook.grants) as Grant[];
  const now = session.now();
  const parked = !hasPlace(session, runbookId, runbook, request.jobId, now, effects);
  const priority = request.priority ?? runbook.priority;
  const workerGroup = firstGroup({
    runOn: JSON.parse(runbook.run_on) as string[],
    standBys: JSON.parse(runbook.stand_bys) as string[],
  });
  const deadline = runbook.start_deadline === null ? null : now + runbook.start_deadline;

  session.run(
    `INSERT INTO jobs (workspace_id, job_id, runbook_id, runbook_name, runbook_kind, version_id, version_number, draft, status,
       parked, placement_id, worker_group, priority, host_kind, max_attempts, max_retries, grants, time_limit, stop_grace, output_limit, log_switches,
       host_reuse, started_by, starter_id, accepted_at, start_deadline_at, retry_of,
       schedule_id, due_at, run_as, started_from, parent_job_id, parent_call, stop_with_parent)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'New', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    defaultWorkspace,
    jobId,
    runbookId,
    runbook.name,
    runbook.kind,
    versionId,
    request.versionNumber,
    request.draft ? 1 : 0,
    parked ? 1 : 0,
    runbook.placement_id,
    workerGroup,
    priority,
    hostKind,
    runbook.attempts,
    runbook.retries,
    runbook.grants,
    runbook.time_limit,
    runbook.stop_grace,
    runbook.output_limit,
    runbook.log_switches,
    hostReuseOf({ isolation: runbook.isolation, shareCallers: runbook.share_callers === 1, grants }, request),
    request.startedBy,
    starter,
    now,
    deadline,
    retryOf === null ? null : idToBytes(retryOf),
    scheduledFor === null ? null : idToBytes(scheduledFor.scheduleId),
    scheduledFor?.dueAt ?? null,
    runAs,
    request.startedFrom === undefined || request.startedFrom === null ? null : JSON.stringify(request.startedFrom),
    parent === null ? null : idToBytes(parent.jobId),
    parent === null ? null : idToBytes(parent.callId),
    parent?.stopsWithParent === true ? 1 : 0,
  );
  for (const { name, versionId: childId } of request.children ?? []) {
    session.run(
      "INSERT INTO job_children (job_id, name, version_id) VALUES (?, ?, ?)",
      jobId,
      name,
      idToBytes(childId),
    );
  }
  if (request.steps !== undefined && request.steps.length > 0) {
    keepFormerSteps(session, jobId, request.steps);
  }
  scheduled?.note(jobId);
  session.run(
    "INSERT INTO job_parameters (job_id, parameters, secret_names) VALUES (?, ?, ?)",
    jobId,
    JSON.stringify(request.parameters),
    JSON.stringify(request.secretNames),
  );
  if (!parked) {
    session.run("UPDATE runbooks SET active_jobs = active_jobs + 1 WHERE runbook_id = ?", runbookId);
    const { placement_id } = runbook;
    enqueue(session, { job_id: jobId, runbook_id: runbookId, placement_id, priority, host_kind: hostKind }, effects);
  }
  noteChange(effects, jobId);

  return {
    jobId: request.jobId,
    runbookId: request.runbookId,
    runbookName: runbook.name,
    runbookKind: runbook.kind,
    versionId: request.versionId,
    versionNumber: request.versionNumber,
    draft: request.draft,
    status: "New",
    placementId: bytesToId(runbook.placement_id),
    workerGroup,
    hostKind,
    priority,
    parkedBehind: parked ? parkedBehind(session, jobId) : null,
    attempt: (request.steps?.length ?? 0) > 0 ? 1 : 0,
    workerId: null,
    workerName: null,
    parameters: withoutSecrets(request.parameters, request.secretNames),
    grants,
    sandbox: null,
    isolation: null,
    startedBy: request.startedBy,
    acceptedAt: now,
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
    retryOf,
    parentJobId: parent?.jobId ?? null,
    scheduleId: scheduledFor?.scheduleId ?? null,
    dueAt: scheduledFor?.dueAt ?? null,
  };
}

/** The place of a scheduled time's job, before anything else is done for it. */
function scheduledStart(session: SqliteSession, scheduledFor: NonNullable<AcceptJob["scheduledFor"]>) {
  const start = startScheduledTime(session, scheduledFor);
  if (typeof start === "string") {
    throw new NotAccepted({ outcome: start });
  }
  return start;
}

function parkedBehind(session: SqliteSession, jobId: Uint8Array): number {
  return (
    session.first<{ parked_behind: number }>(`${selectParkedBehind} WHERE j.job_id = ?`, jobId)?.parked_behind ?? 0
  );
}

/** Whether a further job may go into the queue now; makes room first where the rule says `replace`. */
function hasPlace(
  session: SqliteSession,
  runbookId: Uint8Array,
  runbook: AcceptingRunbook,
  newJobId: string,
  now: number,
  effects: JobEffects,
): boolean {
  const limit = runbook.concurrency_limit;
  const isHeld = runbook.dispatch_held === 1;
  if (limit === null) {
    return !isHeld;
  }
  if (runbook.concurrency_policy === "replace") {
    return replaceJobs(session, runbookId, limit, newJobId, now, effects) && !isHeld;
  }
  if (runbook.active_jobs < limit) {
    // Jobs that were parked under an earlier setting, or a hold, come first.
    releaseParked(session, runbookId, releasedAtOnce, effects);
    const active = activeJobs(session, runbookId);
    const parked = active < limit ? parkedJobs(session, runbookId, limit - active) : 0;
    if (active + parked < limit) {
      return !isHeld;
    }
  }
  if (runbook.concurrency_policy === "refuse") {
    throw new NotAccepted({ outcome: "refused", runbookName: runbook.name, limit, effects });
  }
  return false;
}

/** Ends what a newer request replaces: everything parked, and the oldest active jobs beyond the limit. */
function replaceJobs(
  session: SqliteSession,
  runbookId: Uint8Array,
  limit: number,
  newJobId: string,
  now: number,
  effects: JobEffects,
): boolean {
  const reason = `replaced by job ${newJobId}`;
  const parked = session.all<OpenJob>(
    `${selectOpenJob} WHERE workspace_id = ? AND runbook_id = ? AND parked = 1 ORDER BY job_id`,
    defaultWorkspace,
    runbookId,
  );
  for (const job of parked) {
    finishJob(session, job, { status: "Stopped", endedAt: now, reason }, effects);
  }
  if (activeJobs(session, runbookId) < limit) {
    return true;
  }

  // By status and not by runbook: few jobs are open, however long the runbook's history is, but for suspended ones.
  const stopping = session.first<{ n: number }>(
    `SELECT COUNT(*) AS n FROM jobs INDEXED BY jobs_by_status WHERE workspace_id = ? AND status = 'Stopping' AND runbook_id = ?`,
    defaultWorkspace,
    runbookId,
  );
  const excess = activeJobs(session, runbookId) - (stopping?.n ?? 0) - limit + 1;
  if (excess <= 0) {
    return false;
  }
  const going = session.all<OpenJob>(
    `${selectOpenJob} INDEXED BY jobs_by_status
     WHERE workspace_id = ? AND status IN ('New', 'Activating', 'Running', 'Suspending', 'Resuming')
       AND runbook_id = ? AND parked = 0 ORDER BY job_id LIMIT +?`,
    defaultWorkspace,
    runbookId,
    excess,
  );
  const suspended = session.all<OpenJob>(
    `${selectOpenJob} INDEXED BY jobs_suspended
     WHERE workspace_id = ? AND runbook_id = ? AND status = 'Suspended' ORDER BY job_id LIMIT +?`,
    defaultWorkspace,
    runbookId,
    excess,
  );
  const oldest = [...going, ...suspended].toSorted((one, other) => Buffer.compare(one.job_id, other.job_id));
  for (const job of oldest.slice(0, excess)) {
    askToStop(session, job, { by: "the runbook's concurrency rule", reason, force: false, now }, effects);
  }
  return activeJobs(session, runbookId) < limit;
}

/** How many are parked, counted up to `limit`. */
function parkedJobs(session: SqliteSession, runbookId: Uint8Array, limit: number): number {
  return (
    session.first<{ n: number }>(
      "SELECT COUNT(*) AS n FROM (SELECT 1 FROM jobs WHERE workspace_id = ? AND runbook_id = ? AND parked = 1 LIMIT +?)",
      defaultWorkspace,
      runbookId,
      limit,
    )?.n ?? 0
  );
}

function activeJobs(session: SqliteSession, runbookId: Uint8Array): number {
  return (
    session.first<{ active_jobs: number }>("SELECT active_jobs FROM runbooks WHERE runbook_id = ?", runbookId)
      ?.active_jobs ?? 0
  );
}
