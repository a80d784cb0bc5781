import type { NoticeEvent } from "../../contract/api/notice.ts";
import { looksLikeId } from "../../contract/id.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import { firstIdOf } from "../id-range.ts";
import type { LatePositionsRow } from "../late-jobs.ts";
import { lookFrom, lookUntil, toLatePositions } from "../late-jobs.ts";
import type {
  CertificateToNoticeRow,
  JobToNoticeRow,
  NoticeRow,
  NoticeRuleRow,
  ScheduleToNoticeRow,
} from "../notice-rows.ts";
import {
  certificateToNoticeColumns,
  jobToNoticeColumns,
  noticeColumns,
  noticeRuleColumns,
  scheduleToNoticeColumns,
  toCertificateToNotice,
  toJobToNotice,
  toNotice,
  toNoticeRule,
  toScheduleToNotice,
} from "../notice-rows.ts";
import type { LateJobs, NewestNotice, NoticeGroup, NoticeReads, StoredNoticeEvent } from "../operations/notices.ts";
import type { SqliteSession, SqlValue } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/** Ready for a `WHERE`; `n` is the rule. */
export const selectNoticeRule = `SELECT ${noticeRuleColumns}
  FROM notice_rules n LEFT JOIN runbooks r ON r.runbook_id = n.runbook_id`;

/** Ready for a `WHERE`. */
export const selectNotice = `SELECT ${noticeColumns} FROM notices`;

const lastId = new Uint8Array(16).fill(0xff);

export function noticeReads(session: SqliteSession): NoticeReads {
  return {
    noticeRules: ({ after = "", limit }) => {
      const rows = session.all<NoticeRuleRow>(
        `${selectNoticeRule} WHERE n.workspace_id = ? AND n.name > ? ORDER BY n.name LIMIT ?`,
        defaultWorkspace,
        after,
        limit + 1,
      );
      const items = rows.slice(0, limit).map(toNoticeRule);
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    noticeRule: ({ rule }) => {
      const row = findRule(session, rule);
      return row === undefined ? null : toNoticeRule(row);
    },
    notices: (of) => readNotices(session, of),
    notice: ({ noticeId }) => {
      const row = session.first<NoticeRow>(`${selectNotice} WHERE notice_id = ?`, idToBytes(noticeId));
      return row === undefined ? null : toNotice(row);
    },
    noticeDeliveries: ({ noticeId }) =>
      session.all(
        `SELECT attempt, started_at AS startedAt, ended_at AS endedAt, outcome, status_code AS statusCode, detail
         FROM notice_deliveries WHERE notice_id = ? ORDER BY attempt`,
        idToBytes(noticeId),
      ),
    noticeWork: () => {
      const work = session.first<{ events: number; due_at: number | null }>(
        `SELECT EXISTS (SELECT 1 FROM notice_events) AS events,
           (SELECT MIN(next_attempt_at) FROM notices WHERE next_attempt_at IS NOT NULL) AS due_at`,
      );
      return { events: work?.events === 1, dueAt: work?.due_at ?? null, now: session.now() };
    },
    waitingNotices: () =>
      session.first<{ waiting: number }>(
        "SELECT COUNT(*) AS waiting FROM notices WHERE workspace_id = ? AND status = 'waiting'",
        defaultWorkspace,
      )?.waiting ?? 0,
    noticeEvents: (of) => readEvents(session, of),
    newestNotices: ({ groups }) => groups.flatMap((group) => newestOf(session, group)),
    jobsNotStarted: ({ ruleId, longerThan, after, limit }) => {
      const now = session.now();
      const from = lookFrom(latePositions(session, ruleId)["job-start-late"], now);
      return session
        .all<JobToNoticeRow>(
          `SELECT ${jobToNoticeColumns} FROM jobs j
           LEFT JOIN runbooks r ON r.runbook_id = j.runbook_id LEFT JOIN workers w ON w.worker_id = j.worker_id
           WHERE j.workspace_id = ? AND j.status = 'New' AND j.job_id > ? AND j.job_id < ? AND j.attempt = 0
             AND j.accepted_at >= ? AND j.accepted_at <= ? AND NOT EXISTS (
               SELECT 1 FROM notice_late_jobs l
               WHERE l.rule_id = ? AND l.event = 'job-start-late' AND l.began_at = j.accepted_at AND l.job_id = j.job_id)
           ORDER BY j.job_id LIMIT ?`,
          defaultWorkspace,
          after === null ? firstIdOf(from) : idToBytes(after),
          firstIdOf(lookUntil(now - longerThan)),
          from,
          now - longerThan,
          idToBytes(ruleId),
          limit,
        )
        .map(toJobToNotice);
    },
    jobsStillRunning: ({ ruleId, longerThan }) => {
      const now = session.now();
      return session
        .all<JobToNoticeRow>(
          `SELECT ${jobToNoticeColumns} FROM jobs j INDEXED BY jobs_by_worker
           LEFT JOIN runbooks r ON r.runbook_id = j.runbook_id LEFT JOIN workers w ON w.worker_id = j.worker_id
           WHERE j.worker_id IS NOT NULL AND j.ended_at IS NULL AND j.claimed_at >= ? AND j.claimed_at <= ? AND NOT EXISTS (
             SELECT 1 FROM notice_late_jobs l
             WHERE l.rule_id = ? AND l.event = 'job-running-long' AND l.began_at = j.claimed_at AND l.job_id = j.job_id)
           ORDER BY j.claimed_at, j.job_id`,
          lookFrom(latePositions(session, ruleId)["job-running-long"], now),
          now - longerThan,
          idToBytes(ruleId),
        )
        .map(toJobToNotice);
    },
  };
}

/** The rule of this id or name. */
export function findRule(session: SqliteSession, rule: string): NoticeRuleRow | undefined {
  return looksLikeId(rule)
    ? session.first<NoticeRuleRow>(`${selectNoticeRule} WHERE n.rule_id = ?`, idToBytes(rule.toLowerCase()))
    : session.first<NoticeRuleRow>(
        `${selectNoticeRule} WHERE n.workspace_id = ? AND n.name = ?`,
        defaultWorkspace,
        rule,
      );
}

/** How far the looks of a rule have come. */
export function latePositions(session: SqliteSession, ruleId: string): Record<LateJobs["event"], number | null> {
  const row = session.first<LatePositionsRow>(
    "SELECT start_late_seen, running_long_seen_at FROM notice_rules WHERE rule_id = ?",
    idToBytes(ruleId),
  );
  return toLatePositions(row ?? { start_late_seen: null, running_long_seen_at: null });
}

/** What notices are about has to be one of these. */
const isVisible = `(
  EXISTS (SELECT 1 FROM runbooks r WHERE r.runbook_id = notices.about_id AND (
    r.folder_id IN (SELECT unhex(value, '-') FROM json_each(?)) OR r.runbook_id IN (SELECT unhex(value, '-') FROM json_each(?))))
  OR EXISTS (SELECT 1 FROM workers w WHERE w.worker_id = notices.about_id AND lower(w.worker_group) IN (SELECT value FROM json_each(?))))`;

function readNotices(
  session: SqliteSession,
  { ruleId, status, visibleTo, after, limit }: Parameters<NoticeReads["notices"]>[0],
): ReturnType<NoticeReads["notices"]> {
  const conditions: { sql: string; values: SqlValue[] }[] = [
    { sql: "workspace_id = ?", values: [defaultWorkspace] },
    ...(ruleId === undefined ? [] : [{ sql: "rule_id = ?", values: [idToBytes(ruleId)] }]),
    // With the + where the rule has an index of its own.
    ...(status === undefined ? [] : [{ sql: `${ruleId === undefined ? "" : "+"}status = ?`, values: [status] }]),
    ...(visibleTo === undefined ? [] : [{ sql: isVisible, values: idsOf(visibleTo) }]),
    { sql: "notice_id < ?", values: [after === undefined ? lastId : idToBytes(after)] },
  ];
  const rows = session.all<NoticeRow>(
    `${selectNotice} WHERE ${conditions.map(({ sql }) => sql).join(" AND ")} ORDER BY notice_id DESC LIMIT ?`,
    ...conditions.flatMap(({ values }) => values),
    limit + 1,
  );
  const items = rows.slice(0, limit).map(toNotice);
  return { items, next: rows.length > limit ? (items.at(-1)?.noticeId ?? null) : null };
}

function idsOf({
  folderIds,
  runbookIds,
  workerGroups,
}: NonNullable<Parameters<NoticeReads["notices"]>[0]["visibleTo"]>): string[] {
  return [folderIds, runbookIds, workerGroups].map((ids) => JSON.stringify(ids));
}

interface EventRow extends JobToNoticeRow, ScheduleToNoticeRow, CertificateToNoticeRow {
  event: NoticeEvent;
  subject_id: Uint8Array;
  happened_at: number;
  noticed_name: string | null;
  noticed_group: string | null;
  reason: string | null;
}

function readEvents(session: SqliteSession, { limit }: { limit: number }): StoredNoticeEvent[] {
  const rows = session.all<Omit<EventRow, "job_id"> & { job_id: Uint8Array | null }>(
    `SELECT e.event, e.subject_id, e.happened_at, e.worker_name AS noticed_name, e.worker_group AS noticed_group, e.reason,
       ${jobToNoticeColumns},
       ${scheduleToNoticeColumns},
       ${certificateToNoticeColumns}
     FROM notice_events e LEFT JOIN jobs j ON j.job_id = e.subject_id
     LEFT JOIN runbooks r ON r.runbook_id = j.runbook_id LEFT JOIN workers w ON w.worker_id = j.worker_id
     LEFT JOIN runbooks er ON er.runbook_id = e.runbook_id
     LEFT JOIN assets c ON c.asset_id = e.subject_id AND e.event = 'certificate-expiring'
     ORDER BY e.happened_at, e.subject_id, e.event LIMIT ?`,
    limit,
  );
  return rows.map((row) => ({
    event: row.event,
    subjectId: bytesToId(row.subject_id),
    happenedAt: row.happened_at,
    job: row.job_id === null ? null : toJobToNotice({ ...row, job_id: row.job_id }),
    worker:
      row.noticed_name === null ? null : { name: row.noticed_name, group: row.noticed_group ?? "", reason: row.reason },
    schedule: toScheduleToNotice(row),
    certificate: toCertificateToNotice(row),
  }));
}

function newestOf(session: SqliteSession, group: NoticeGroup): NewestNotice[] {
  const row = session.first<NoticeRow>(
    `${selectNotice} WHERE rule_id = ? AND event = ? AND about_id = ? ORDER BY notice_id DESC LIMIT 1`,
    idToBytes(group.ruleId),
    group.event,
    idToBytes(group.aboutId),
  );
  if (row === undefined) {
    return [];
  }
  const notice = toNotice(row);
  return [{ ...notice, isOpen: notice.status === "waiting" && notice.attempts === 0 }];
}
