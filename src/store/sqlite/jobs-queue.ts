import type { JobEffects } from "../operations/jobs.ts";
import { noteChange } from "./jobs-effects.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/*
 * The order of the queue is start-time fair queueing between runbooks. A queue's position is the tag of the job claimed last.
 * A new job gets the larger of that position and its runbook's last tag + 1, and the smallest tag is claimed first. So a runbook
 * that asks for a thousand jobs spreads them over the next thousand tags, and a job of another runbook, which starts at
 * the position, waits for one job of each runbook that has some, not for the thousand.
 */

/** The only priority for now; smaller is first. */
const normalPriority = 0;

interface Waiting {
  job_id: Uint8Array;
  worker_group: string;
  host_kind: string;
}

/** The tag of the job that was claimed last from a queue. */
export function queuePosition(session: SqliteSession, workerGroup: string, hostKind: string): number {
  const position = session.first<{ tag: number }>(
    "SELECT tag FROM queue_positions WHERE worker_group = ? AND host_kind = ?",
    workerGroup,
    hostKind,
  );
  return position?.tag ?? 0;
}

/** Puts a job into its queue. */
export function insertIntoQueue(session: SqliteSession, job: Waiting, tag: number, effects: JobEffects): void {
  session.run(
    "INSERT INTO job_queue (worker_group, host_kind, priority, tag, job_id) VALUES (?, ?, ?, ?, ?)",
    job.worker_group,
    job.host_kind,
    normalPriority,
    tag,
    job.job_id,
  );
  effects.queued.push({ workerGroup: job.worker_group, hostKind: job.host_kind === "pwsh" ? "pwsh" : "node" });
}

/** Puts a job back that was in the queue before: it has waited once, so it goes to the front. */
export function requeue(session: SqliteSession, job: Waiting, effects: JobEffects): void {
  insertIntoQueue(session, job, queuePosition(session, job.worker_group, job.host_kind), effects);
}

/** Gives up a job's place under its runbook's concurrency limit, and lets the next ones in. */
export function giveUpPlace(session: SqliteSession, runbookId: Uint8Array, effects: JobEffects): void {
  session.run("UPDATE runbooks SET active_jobs = active_jobs - 1 WHERE runbook_id = ? AND active_jobs > 0", runbookId);
  releaseParked(session, runbookId, effects);
}

/** Moves parked jobs of a runbook into the queue, oldest first, as far as its limit allows. */
export function releaseParked(session: SqliteSession, runbookId: Uint8Array, effects: JobEffects): void {
  let rule: { concurrency_limit: number | null; active_jobs: number; last_tag: number } | undefined;
  for (;;) {
    const next = session.first<Waiting>(
      `SELECT job_id, worker_group, host_kind FROM jobs
       WHERE workspace_id = ? AND runbook_id = ? AND parked = 1 ORDER BY job_id LIMIT 1`,
      defaultWorkspace,
      runbookId,
    );
    if (next === undefined) {
      return;
    }
    rule = session.first(
      "SELECT concurrency_limit, active_jobs, last_tag FROM runbooks WHERE runbook_id = ?",
      runbookId,
    );
    if (rule === undefined || (rule.concurrency_limit !== null && rule.active_jobs >= rule.concurrency_limit)) {
      return;
    }
    const tag = Math.max(queuePosition(session, next.worker_group, next.host_kind), rule.last_tag + 1);
    session.run("UPDATE runbooks SET active_jobs = active_jobs + 1, last_tag = ? WHERE runbook_id = ?", tag, runbookId);
    session.run("UPDATE jobs SET parked = 0 WHERE job_id = ?", next.job_id);
    insertIntoQueue(session, next, tag, effects);
    noteChange(effects, next.job_id);
  }
}

/** Lets parked jobs of every runbook in where there is room. */
export function releaseAllParked(session: SqliteSession, effects: JobEffects): void {
  const runbooks = session.all<{ runbook_id: Uint8Array }>(
    "SELECT DISTINCT runbook_id FROM jobs WHERE workspace_id = ? AND parked = 1",
    defaultWorkspace,
  );
  for (const { runbook_id } of runbooks) {
    releaseParked(session, runbook_id, effects);
  }
}
