import type { DispatchHoldScope } from "../../contract/api/dispatch.ts";
import { UserError } from "../../contract/user-error.ts";
import { bytesToId } from "../id-bytes.ts";
import type { DispatchReads, DispatchState, DispatchWrites, StoredDispatchHold } from "../operations/dispatch.ts";
import type { Asynchronous } from "../store.ts";
import type { AvailabilityRow, RunningRow } from "../worker-availability.ts";
import { availabilityOf } from "../worker-availability.ts";
import { noEffects, noteJobChange } from "./jobs-effects.ts";
import { countPlacements, readPlacements } from "./placements.ts";
import { findRunbook } from "./runbook-rows.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { databaseTime, id, int, text } from "./sql-values.ts";

export function dispatchReads(session: MssqlSession): Asynchronous<DispatchReads> {
  return {
    dispatchState: (of) => readState(session, of),
    dispatchHolds: () => readHolds(session),
  };
}

export const dispatchWriteRules: WriteRules<DispatchWrites> = {
  holdDispatch: "repeatable",
  releaseDispatch: "kept",
  parkHeldJobs: "single",
};

export function dispatchWrites(session: MssqlSession): Asynchronous<DispatchWrites> {
  return {
    holdDispatch: (of) => hold(session, of),
    releaseDispatch: (of) => release(session, of),
    parkHeldJobs: (of) => parkHeldJobs(session, of),
  };
}

async function readState(
  session: MssqlSession,
  { knownPlacements }: { knownPlacements: number },
): Promise<DispatchState> {
  const [state, holds, isKnown] = await Promise.all([
    session.execute("runsmith.ReadDispatchState"),
    readHolds(session),
    countPlacements(session).then((placements) => placements === knownPlacements),
  ]);
  const placements = isKnown ? null : await readPlacements(session);
  const of = (kind: string) => state.recordsets.flat().filter((row) => row["kind"] === kind);
  const now = Number(of("time")[0]?.["now"] ?? 0);
  return {
    now,
    waiting: (of("queue") as { placement_id: Uint8Array }[]).map(({ placement_id }) => bytesToId(placement_id)),
    holds,
    workers: availabilityOf(
      of("worker") as unknown as AvailabilityRow[],
      of("running") as unknown as RunningRow[],
      now,
    ),
    placements,
  };
}

const selectHolds = `
  SELECT h.scope, h.subject, h.reason, h.held_by, h.held_at, r.name AS runbook_name
  FROM runsmith.dispatch_holds h LEFT JOIN runsmith.runbooks r
    ON r.runbook_id = CASE WHEN h.scope = N'runbook' THEN CONVERT(binary(16), REPLACE(h.subject, N'-', N''), 2) END
  WHERE h.workspace_id = @workspace_id`;

interface HoldRow {
  scope: DispatchHoldScope;
  subject: string;
  reason: string;
  held_by: string;
  held_at: number;
  runbook_name: string | null;
}

async function readHolds(session: MssqlSession): Promise<StoredDispatchHold[]> {
  const rows = await session.all<HoldRow>(`${selectHolds} ORDER BY h.scope, h.subject`, {
    workspace_id: id(defaultWorkspace),
  });
  return rows.map(toHold);
}

async function readHold(
  session: MssqlSession,
  scope: DispatchHoldScope,
  subject: string,
): Promise<StoredDispatchHold | null> {
  const row = await session.first<HoldRow>(`${selectHolds} AND h.scope = @scope AND h.subject = @subject`, {
    workspace_id: id(defaultWorkspace),
    scope: text(scope),
    subject: text(subject),
  });
  return row === undefined ? null : toHold(row);
}

async function hold(
  session: MssqlSession,
  of: Parameters<DispatchWrites["holdDispatch"]>[0],
): Promise<StoredDispatchHold> {
  const subject = await subjectOf(session, of);
  const values = {
    workspace_id: id(defaultWorkspace),
    scope: text(of.scope),
    subject: text(subject),
    reason: text(of.reason),
    held_by: text(of.heldBy),
  };
  try {
    await session.run(
      `INSERT INTO runsmith.dispatch_holds (workspace_id, scope, subject, reason, held_by, held_at)
       SELECT @workspace_id, @scope, @subject, @reason, @held_by, COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))
       WHERE NOT EXISTS (
         SELECT 1 FROM runsmith.dispatch_holds WHERE workspace_id = @workspace_id AND scope = @scope AND subject = @subject)`,
      { ...values, now: databaseTime },
    );
  } catch (error) {
    // Somebody else held it at the same moment.
    if (!isDuplicate(error)) {
      throw error;
    }
  }
  await session.run(
    `UPDATE runsmith.dispatch_holds SET reason = @reason, held_by = @held_by
     WHERE workspace_id = @workspace_id AND scope = @scope AND subject = @subject`,
    values,
  );
  if (of.scope === "runbook") {
    await session.run("UPDATE runsmith.runbooks SET dispatch_held = 1 WHERE runbook_id = @runbook_id", {
      runbook_id: id(subject),
    });
  }
  const held = await readHold(session, of.scope, subject);
  if (held === null) {
    throw new Error("The hold is gone in its own transaction.");
  }
  return held;
}

async function release(
  session: MssqlSession,
  of: Parameters<DispatchWrites["releaseDispatch"]>[0],
): Promise<StoredDispatchHold | null> {
  const subject = await subjectOf(session, of);
  const held = await readHold(session, of.scope, subject);
  if (held !== null) {
    await session.run(
      "DELETE FROM runsmith.dispatch_holds WHERE workspace_id = @workspace_id AND scope = @scope AND subject = @subject",
      { workspace_id: id(defaultWorkspace), scope: text(of.scope), subject: text(subject) },
    );
    if (of.scope === "runbook") {
      await session.run("UPDATE runsmith.runbooks SET dispatch_held = 0 WHERE runbook_id = @runbook_id", {
        runbook_id: id(subject),
      });
    }
  }
  return held;
}

async function parkHeldJobs(
  session: MssqlSession,
  of: Parameters<DispatchWrites["parkHeldJobs"]>[0],
): Promise<ReturnType<DispatchWrites["parkHeldJobs"]>> {
  const result = await session.execute("runsmith.ParkHeldJobs", {
    runbook_id: id(of.runbookId),
    after: id(of.after ?? defaultWorkspace),
    limit: int(of.limit),
  });
  const rows = result.recordsets.flat() as { kind: string; job_id: Uint8Array | null }[];
  const effects = noEffects();
  let next: string | null = null;
  for (const { kind, job_id } of rows) {
    if (job_id !== null && kind === "parked") {
      noteJobChange(effects, bytesToId(job_id));
    } else if (job_id !== null && kind === "next") {
      next = bytesToId(job_id);
    }
  }
  return { effects, next };
}

/** What a hold is stored under. @throws UserError `runbook-not-found` (404) */
async function subjectOf(
  session: MssqlSession,
  { scope, subject }: { scope: DispatchHoldScope; subject: string },
): Promise<string> {
  switch (scope) {
    case "all":
      return "";
    case "group":
      return subject;
    case "runbook": {
      const runbook = await findRunbook(session, subject);
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
