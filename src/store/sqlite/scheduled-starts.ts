import { idToBytes } from "../id-bytes.ts";
import type { SeenLink } from "../operations/schedules.ts";
import { seenLink } from "./schedules-write.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/** A time of a schedule that nothing is known of yet. */
interface OpenTime {
  /** Notes the job that it has, in the transaction that accepts it. */
  note(jobId: Uint8Array): void;
}

/**
 * Looks whether a time of a schedule may have a job: not when link or schedule have changed, nor when it is known what became of it.
 * What was noted as missed by a clock that was ahead, so in what is still to come, does not count.
 */
export function startScheduledTime(
  session: SqliteSession,
  seen: SeenLink & { dueAt: number },
): OpenTime | "schedule-changed" | "decided" {
  const link = seenLink(session, seen);
  if (link === undefined) {
    return "schedule-changed";
  }
  const linkId = idToBytes(seen.linkId);
  const now = session.now();
  const known = session.first<{ outcome: string; decided_at: number }>(
    "SELECT outcome, decided_at FROM scheduled_times WHERE link_id = ? AND due_at = ?",
    linkId,
    seen.dueAt,
  );
  if (known !== undefined && (known.outcome !== "missed" || known.decided_at <= now)) {
    return "decided";
  }
  return {
    note(jobId) {
      session.run(
        `INSERT INTO scheduled_times (workspace_id, link_id, due_at, schedule_id, schedule_name, runbook_id, runbook_name, outcome,
           job_id, decided_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'started', ?, ?)
         ON CONFLICT DO UPDATE SET outcome = excluded.outcome, job_id = excluded.job_id, reason = NULL, last_due_at = NULL,
           decided_at = excluded.decided_at`,
        defaultWorkspace,
        linkId,
        seen.dueAt,
        link.schedule_id,
        link.schedule_name,
        link.runbook_id,
        link.runbook_name,
        jobId,
        now,
      );
      session.run("UPDATE schedule_links SET decided_until_at = ? WHERE link_id = ?", seen.dueAt, linkId);
    },
  };
}
