import { bytesToId } from "../id-bytes.ts";
import type { SeenLink } from "../operations/schedules.ts";
import type { MssqlSession, StatementResult } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { id, int, time } from "./sql-values.ts";

type ScheduledStart =
  /** The job was asked for; when it was accepted, the time is its. */
  | { outcome: "asked"; result: StatementResult }
  /** This job has the time already. */
  | { outcome: "accepted" }
  | { outcome: "schedule-changed" | "decided" };

/** Undoes what was noted for a job that was not accepted. */
class NotAccepted extends Error {
  readonly result: StatementResult;

  constructor(result: StatementResult) {
    super("not accepted");
    this.result = result;
  }
}

/**
 * Gives a time of a schedule to a job, in one transaction with its acceptance: not when link or schedule have changed, nor when it
 * is known what became of the time. What was noted as missed by a clock that was ahead, so in what is still to come, does not count.
 * Of two that ask at once the row's key lets one in; the other one waits for it, and gets the error of a duplicate.
 */
export async function startScheduledTime(
  session: MssqlSession,
  start: SeenLink & { dueAt: number; jobId: string },
  accept: (session: MssqlSession) => Promise<StatementResult>,
): Promise<ScheduledStart> {
  try {
    return await session.transaction(async (within) => {
      const place = await takeTime(within, start);
      if (place !== "taken") {
        return { outcome: place };
      }
      const result = await accept(within);
      if (acceptanceOutcome(result).outcome !== "accepted") {
        throw new NotAccepted(result);
      }
      await within.run(
        `UPDATE runsmith.jobs SET schedule_id = @schedule_id, due_at = @due_at WHERE job_id = @job_id;
         UPDATE runsmith.schedule_links SET decided_until_at = @due_at WHERE link_id = @link_id;`,
        {
          schedule_id: id(start.scheduleId),
          due_at: time(start.dueAt),
          job_id: id(start.jobId),
          link_id: id(start.linkId),
        },
      );
      return { outcome: "asked", result };
    });
  } catch (error) {
    if (error instanceof NotAccepted) {
      return { outcome: "asked", result: error.result };
    }
    throw error;
  }
}

/** What an acceptance came to, as its procedure says. */
export function acceptanceOutcome(result: StatementResult): { outcome: string } {
  const row = result.recordsets.flat().find((found) => "outcome" in found);
  if (row === undefined) {
    throw new Error("The database did not say what became of the job.");
  }
  return row as { outcome: string };
}

async function takeTime(
  session: MssqlSession,
  start: SeenLink & { dueAt: number; jobId: string },
): Promise<"taken" | "accepted" | "schedule-changed" | "decided"> {
  const key = { link_id: id(start.linkId), due_at: time(start.dueAt) };
  const known = await session.first<{ outcome: string; job_id: Uint8Array | null; still_to_come: boolean }>(
    `SELECT outcome, job_id,
       CAST(CASE WHEN decided_at > CAST(SYSUTCDATETIME() AS datetime2(3)) THEN 1 ELSE 0 END AS bit) AS still_to_come
     FROM runsmith.scheduled_times WHERE link_id = @link_id AND due_at = @due_at`,
    key,
  );
  if (known?.job_id !== undefined && known.job_id !== null && bytesToId(known.job_id) === start.jobId) {
    return "accepted";
  }
  if (known !== undefined && (known.outcome !== "missed" || !known.still_to_come)) {
    return "decided";
  }
  if (known !== undefined) {
    await session.run("DELETE FROM runsmith.scheduled_times WHERE link_id = @link_id AND due_at = @due_at", key);
  }
  const taken = await session.run(
    `INSERT INTO runsmith.scheduled_times (workspace_id, link_id, due_at, schedule_id, schedule_name, runbook_id, runbook_name,
       outcome, job_id, decided_at)
     SELECT @workspace_id, l.link_id, @due_at, s.schedule_id, s.name, r.runbook_id, r.name, N'started', @job_id,
       CAST(SYSUTCDATETIME() AS datetime2(3))
     FROM runsmith.schedule_links l JOIN runsmith.schedules s ON s.schedule_id = l.schedule_id
     JOIN runsmith.runbooks r ON r.runbook_id = l.runbook_id
     WHERE l.link_id = @link_id AND l.revision = @link_revision AND l.enabled = 1
       AND s.revision = @schedule_revision AND s.enabled = 1`,
    {
      ...key,
      workspace_id: id(defaultWorkspace),
      job_id: id(start.jobId),
      link_revision: int(start.linkRevision),
      schedule_revision: int(start.scheduleRevision),
    },
  );
  return taken === 0 ? "schedule-changed" : "taken";
}
