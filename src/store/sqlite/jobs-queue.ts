import type { HostKind } from "../../contract/runbook-kind.ts";
import { bytesToId } from "../id-bytes.ts";
import type { JobEffects } from "../operations/jobs.ts";
import { noteChange } from "./jobs-effects.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/*
 * A queue holds the jobs of one placement. Within one priority its order is start-time fair queueing between runbooks: its position
 * is the tag of the job claimed last. A new job gets the larger of that position and its runbook's last tag + 1, and the smallest
 * tag is claimed first. So a runbook that asks for a thousand jobs spreads them over the next thousand tags, and a job of another
 * runbook, which starts at the position, waits for one job of each runbook that has some, not for the thousand.
 */

interface Waiting {
  job_id: Uint8Array;
  runbook_id: Uint8Array;
  placement_id: Uint8Array;
  priority: number;
  host_kind: HostKind;
}

/** Puts a job into its queue, behind the last one of its runbook. */
export function enqueue(session: SqliteSession, job: Waiting, effects: JobEffects): void {
  const tagged = session.first<{ tag: number }>(
    `INSERT INTO runbook_tags (runbook_id, placement_id, rank, tag) VALUES (?1, ?2, ?3, MAX(?4, 1))
     ON CONFLICT DO UPDATE SET tag = MAX(tag + 1, ?4) RETURNING tag`,
    job.runbook_id,
    job.placement_id,
    -job.priority,
    queuePosition(session, job),
  );
  insertIntoQueue(session, job, tagged?.tag ?? 0, effects);
}

/** Puts a job back that was in the queue before: it has waited once, so it goes to the front. */
export function requeue(session: SqliteSession, job: Waiting, effects: JobEffects): void {
  insertIntoQueue(session, job, queuePosition(session, job), effects);
}

/** The tag of the job that was claimed last from the queue that a job is, or will be, in. */
function queuePosition(session: SqliteSession, { placement_id, priority }: Waiting): number {
  return (
    session.first<{ tag: number }>(
      "SELECT tag FROM queue_positions WHERE placement_id = ? AND rank = ?",
      placement_id,
      -priority,
    )?.tag ?? 0
  );
}

function insertIntoQueue(session: SqliteSession, job: Waiting, tag: number, effects: JobEffects): void {
  session.run(
    "INSERT INTO job_queue (placement_id, rank, tag, job_id) VALUES (?, ?, ?, ?)",
    job.placement_id,
    -job.priority,
    tag,
    job.job_id,
  );
  effects.queued.push({ placementId: bytesToId(job.placement_id), hostKind: job.host_kind });
}

/** Gives up a job's place under its runbook's concurrency limit, and lets the next one in. */
export function giveUpPlace(session: SqliteSession, runbookId: Uint8Array, effects: JobEffects): void {
  session.run("UPDATE runbooks SET active_jobs = active_jobs - 1 WHERE runbook_id = ? AND active_jobs > 0", runbookId);
  releaseParked(session, runbookId, releasedAtOnce, effects);
}

/** Jobs that one job's end, or one acceptance, lets in at most; the rest has time. */
export const releasedAtOnce = 100;

/**
 * Moves parked jobs of a runbook into the queue, oldest first, as far as its limit allows, and at most `limit`.
 * Says whether that is why it ended. None while dispatch of the runbook is held.
 */
export function releaseParked(
  session: SqliteSession,
  runbookId: Uint8Array,
  limit: number,
  effects: JobEffects,
): boolean {
  for (let released = 0; ; released += 1) {
    const next = session.first<Waiting>(
      `SELECT job_id, runbook_id, placement_id, priority, host_kind FROM jobs
       WHERE workspace_id = ? AND runbook_id = ? AND parked = 1 ORDER BY job_id LIMIT 1`,
      defaultWorkspace,
      runbookId,
    );
    if (next === undefined) {
      return false;
    }
    const hasRoom = session.first(
      `SELECT 1 FROM runbooks
       WHERE runbook_id = ? AND dispatch_held = 0 AND (concurrency_limit IS NULL OR active_jobs < concurrency_limit)`,
      runbookId,
    );
    if (hasRoom === undefined) {
      return false;
    }
    if (released === limit) {
      return true;
    }
    session.run("UPDATE runbooks SET active_jobs = active_jobs + 1 WHERE runbook_id = ?", runbookId);
    session.run("UPDATE jobs SET parked = 0 WHERE job_id = ?", next.job_id);
    enqueue(session, next, effects);
    noteChange(effects, next.job_id);
  }
}

/** Lets parked jobs of every runbook in where there is room. */
export function releaseAllParked(session: SqliteSession, limit: number, effects: JobEffects): boolean {
  const runbooks = session.all<{ runbook_id: Uint8Array }>(
    `SELECT r.runbook_id FROM runbooks r
     WHERE r.dispatch_held = 0 AND (r.concurrency_limit IS NULL OR r.active_jobs < r.concurrency_limit) AND EXISTS (
       SELECT 1 FROM jobs j WHERE j.workspace_id = ? AND j.runbook_id = r.runbook_id AND j.parked = 1)`,
    defaultWorkspace,
  );
  const more = runbooks.map(({ runbook_id }) => releaseParked(session, runbook_id, limit, effects));
  return more.includes(true);
}

/** Takes a job that is not claimed out of its place among the jobs that could start: its runbook is held. */
export function parkJob(session: SqliteSession, job: { job_id: Uint8Array; runbook_id: Uint8Array }): void {
  session.run("UPDATE jobs SET parked = 1 WHERE job_id = ?", job.job_id);
  session.run(
    "UPDATE runbooks SET active_jobs = active_jobs - 1 WHERE runbook_id = ? AND active_jobs > 0",
    job.runbook_id,
  );
}
