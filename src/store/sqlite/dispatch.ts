import type { DispatchHoldScope } from "../../contract/api/dispatch.ts";
import { UserError } from "../../contract/user-error.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type {
  DispatchReads,
  DispatchState,
  DispatchWrites,
  StoredDispatchHold,
  WorkerAvailability,
} from "../operations/dispatch.ts";
import type { AvailabilityRow, RunningRow } from "../worker-availability.ts";
import { availabilityOf } from "../worker-availability.ts";
import { noEffects, noteChange } from "./jobs-effects.ts";
import { parkJob } from "./jobs-queue.ts";
import { countPlacements, readPlacements } from "./placements.ts";
import { findRunbook } from "./runbook-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

export function dispatchReads(session: SqliteSession): DispatchReads {
  return {
    dispatchState: (of) => readState(session, of),
    dispatchHolds: () => readHolds(session),
  };
}

export function dispatchWrites(session: SqliteSession): DispatchWrites {
  return {
    holdDispatch: (of) => hold(session, of),
    releaseDispatch: (of) => release(session, of),
    parkHeldJobs: (of) => parkHeldJobs(session, of),
  };
}

/** What a claim must know of the holds. */
export interface ActiveHolds {
  all: boolean;
  /** Names in lower case. */
  groups: Set<string>;
  /** Ids. */
  runbooks: Set<string>;
}

export function activeHolds(session: SqliteSession): ActiveHolds {
  const holds = session.all<{ scope: DispatchHoldScope; subject: string }>(
    "SELECT scope, subject FROM dispatch_holds WHERE workspace_id = ?",
    defaultWorkspace,
  );
  const subjects = (scope: DispatchHoldScope) =>
    new Set(holds.filter((held) => held.scope === scope).map(({ subject }) => subject.toLowerCase()));
  return { all: subjects("all").size > 0, groups: subjects("group"), runbooks: subjects("runbook") };
}

function readState(session: SqliteSession, { knownPlacements }: { knownPlacements: number }): DispatchState {
  return {
    now: session.now(),
    waiting: readWaiting(session),
    holds: readHolds(session),
    workers: readAvailability(session),
    placements: countPlacements(session) === knownPlacements ? null : readPlacements(session),
  };
}

/** Skips from queue to queue, so it costs as much as there are queues that hold jobs. */
function readWaiting(session: SqliteSession): string[] {
  return session
    .all<{ placement_id: Uint8Array }>(
      `WITH RECURSIVE queues (placement_id) AS (
         SELECT MIN(placement_id) FROM job_queue
         UNION ALL
         SELECT (SELECT MIN(n.placement_id) FROM job_queue n WHERE n.placement_id > q.placement_id)
         FROM queues q WHERE q.placement_id IS NOT NULL)
       SELECT placement_id FROM queues WHERE placement_id IS NOT NULL`,
    )
    .map(({ placement_id }) => bytesToId(placement_id));
}

function readAvailability(session: SqliteSession): WorkerAvailability[] {
  const counts = session.all<RunningRow>(
    `SELECT worker_id, host_kind, COUNT(*) AS jobs FROM jobs INDEXED BY jobs_by_worker
     WHERE worker_id IS NOT NULL AND ended_at IS NULL GROUP BY worker_id, host_kind`,
  );
  const workers = session.all<AvailabilityRow>(
    `SELECT worker_id, name, worker_group, tags, host_kinds, slots, status, admission, lease_duration, lease_expires_at, last_seen_at,
       unavailable_since, created_at
     FROM workers WHERE workspace_id = ? AND status <> 'removed'`,
    defaultWorkspace,
  );
  return availabilityOf(workers, counts, session.now());
}

const selectHolds = `
  SELECT h.scope, h.subject, h.reason, h.held_by, h.held_at, r.name AS runbook_name
  FROM dispatch_holds h LEFT JOIN runbooks r
    ON h.scope = 'runbook' AND r.runbook_id = unhex(replace(h.subject, '-', ''))`;

interface HoldRow {
  scope: DispatchHoldScope;
  subject: string;
  reason: string;
  held_by: string;
  held_at: number;
  runbook_name: string | null;
}

function readHolds(session: SqliteSession): StoredDispatchHold[] {
  return session
    .all<HoldRow>(`${selectHolds} WHERE h.workspace_id = ? ORDER BY h.scope, h.subject`, defaultWorkspace)
    .map(toHold);
}

function readHold(session: SqliteSession, scope: DispatchHoldScope, subject: string): StoredDispatchHold | null {
  const row = session.first<HoldRow>(
    `${selectHolds} WHERE h.workspace_id = ? AND h.scope = ? AND h.subject = ?`,
    defaultWorkspace,
    scope,
    subject,
  );
  return row === undefined ? null : toHold(row);
}

function hold(
  session: SqliteSession,
  of: Parameters<DispatchWrites["holdDispatch"]>[0],
): ReturnType<DispatchWrites["holdDispatch"]> {
  const subject = subjectOf(session, of);
  session.run(
    `INSERT INTO dispatch_holds (workspace_id, scope, subject, reason, held_by, held_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET reason = excluded.reason, held_by = excluded.held_by`,
    defaultWorkspace,
    of.scope,
    subject,
    of.reason,
    of.heldBy,
    session.now(),
  );
  if (of.scope === "runbook") {
    session.run("UPDATE runbooks SET dispatch_held = 1 WHERE runbook_id = ?", idToBytes(subject));
  }
  const held = readHold(session, of.scope, subject);
  if (held === null) {
    throw new Error("The hold is gone in its own transaction.");
  }
  return held;
}

function release(
  session: SqliteSession,
  of: Parameters<DispatchWrites["releaseDispatch"]>[0],
): ReturnType<DispatchWrites["releaseDispatch"]> {
  const subject = subjectOf(session, of);
  const held = readHold(session, of.scope, subject);
  if (held !== null) {
    session.run(
      "DELETE FROM dispatch_holds WHERE workspace_id = ? AND scope = ? AND subject = ?",
      defaultWorkspace,
      of.scope,
      subject,
    );
    if (of.scope === "runbook") {
      session.run("UPDATE runbooks SET dispatch_held = 0 WHERE runbook_id = ?", idToBytes(subject));
    }
  }
  return held;
}

function parkHeldJobs(
  session: SqliteSession,
  of: Parameters<DispatchWrites["parkHeldJobs"]>[0],
): ReturnType<DispatchWrites["parkHeldJobs"]> {
  const effects = noEffects();
  const runbookId = idToBytes(of.runbookId);
  const isHeld =
    session.first("SELECT 1 FROM runbooks WHERE runbook_id = ? AND dispatch_held = 1", runbookId) !== undefined;
  if (!isHeld) {
    return { effects, next: null };
  }
  const queued = session.all<{ job_id: Uint8Array; runbook_id: Uint8Array }>(
    `SELECT q.job_id, j.runbook_id FROM job_queue q JOIN jobs j ON j.job_id = q.job_id
     WHERE q.job_id > ? ORDER BY q.job_id LIMIT +?`,
    of.after === null ? new Uint8Array(16) : idToBytes(of.after),
    of.limit,
  );
  for (const job of queued.filter(({ runbook_id }) => Buffer.compare(runbook_id, runbookId) === 0)) {
    session.run("DELETE FROM job_queue WHERE job_id = ?", job.job_id);
    parkJob(session, job);
    noteChange(effects, job.job_id);
  }
  const last = queued.at(-1);
  return { effects, next: queued.length < of.limit || last === undefined ? null : bytesToId(last.job_id) };
}

/** What a hold is stored under. @throws UserError `runbook-not-found` (404) */
function subjectOf(session: SqliteSession, { scope, subject }: { scope: DispatchHoldScope; subject: string }): string {
  switch (scope) {
    case "all":
      return "";
    case "group":
      return subject;
    case "runbook": {
      const runbook = findRunbook(session, subject);
      if (runbook === undefined) {
        throw new UserError("runbook-not-found", `There is no runbook ${subject}.`, {
          status: 404,
          remedy: "List the runbooks there are with `npx runsmith get-runbook`.",
        });
      }
      return bytesToId(runbook.runbook_id);
    }
  }
}

function toHold(row: HoldRow): StoredDispatchHold {
  return {
    scope: row.scope,
    subject: row.subject,
    runbookName: row.runbook_name,
    reason: row.reason,
    heldBy: row.held_by,
    heldAt: row.held_at,
  };
}
