import type { NoticeEvent } from "../../contract/api/notice.ts";
import type { SqliteSession } from "./session.ts";

/** A worker that something happened to. */
interface NoticedWorker {
  name: string;
  group: string;
  reason: string;
}

/**
 * Notes what notices may tell of, in the transaction of what happened. Costs one look where there is no notice rule.
 * @param subjectId the job's id, or the worker's
 */
export function noteForNotices(
  session: SqliteSession,
  event: NoticeEvent,
  subjectId: Uint8Array,
  worker: NoticedWorker | null = null,
): void {
  session.run(
    `INSERT INTO notice_events (happened_at, subject_id, event, worker_name, worker_group, reason)
     SELECT ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM notice_rules WHERE enabled = 1)
     ON CONFLICT DO NOTHING`,
    session.now(),
    subjectId,
    event,
    worker?.name ?? null,
    worker?.group ?? null,
    worker?.reason ?? null,
  );
}

/** A link of a schedule that something happened to. */
interface NoticedLink {
  linkId: Uint8Array;
  scheduleName: string;
  runbookId: Uint8Array;
  runbookName: string;
  dueAt: number;
  reason: string;
}

/** The same for times of a schedule at which nothing was started. */
export function noteMissedScheduleForNotices(session: SqliteSession, link: NoticedLink): void {
  session.run(
    `INSERT INTO notice_events (happened_at, subject_id, event, schedule_name, runbook_id, runbook_name, due_at, reason)
     SELECT ?, ?, 'schedule-missed', ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM notice_rules WHERE enabled = 1)
     ON CONFLICT DO NOTHING`,
    session.now(),
    link.linkId,
    link.scheduleName,
    link.runbookId,
    link.runbookName,
    link.dueAt,
    link.reason,
  );
}
