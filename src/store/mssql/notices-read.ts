import type { NoticeEvent } from "../../contract/api/notice.ts";
import { looksLikeId } from "../../contract/id.ts";
import { bytesToId } from "../id-bytes.ts";
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
import type {
  LateJobs,
  NewestNotice,
  NoticeGroup,
  NoticeReads,
  StoredNoticeDelivery,
  StoredNoticeEvent,
} from "../operations/notices.ts";
import type { Asynchronous } from "../store.ts";
import type { MssqlSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import type { SqlValues } from "./sql-values.ts";
import { id, idBytes, int, json, text, time } from "./sql-values.ts";

const lastId = new Uint8Array(16).fill(0xff);

const fromRules = "FROM runsmith.notice_rules n LEFT JOIN runsmith.runbooks r ON r.runbook_id = n.runbook_id";

const fromJobs = `FROM runsmith.jobs j
  LEFT JOIN runsmith.runbooks r ON r.runbook_id = j.runbook_id LEFT JOIN runsmith.workers w ON w.worker_id = j.worker_id`;

export function noticeReads(session: MssqlSession): Asynchronous<NoticeReads> {
  return {
    noticeRules: async ({ after = "", limit }) => {
      const rows = await session.all<NoticeRuleRow>(
        `SELECT TOP (@limit) ${noticeRuleColumns} ${fromRules}
         WHERE n.workspace_id = @workspace_id AND n.name > @after ORDER BY n.name`,
        { workspace_id: id(defaultWorkspace), after: text(after), limit: int(limit + 1) },
      );
      const items = rows.slice(0, limit).map(toNoticeRule);
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    noticeRule: async ({ rule }) => {
      const row = await findRule(session, rule);
      return row === undefined ? null : toNoticeRule(row);
    },
    notices: (of) => readNotices(session, of),
    notice: async ({ noticeId }) => {
      const row = await session.first<NoticeRow>(
        `SELECT ${noticeColumns} FROM runsmith.notices WHERE notice_id = @notice_id`,
        { notice_id: id(noticeId) },
      );
      return row === undefined ? null : toNotice(row);
    },
    noticeDeliveries: async ({ noticeId }) => {
      const rows = await session.all<{
        attempt: number;
        started_at: number;
        ended_at: number | null;
        outcome: StoredNoticeDelivery["outcome"];
        status_code: number | null;
        detail: string | null;
      }>(
        `SELECT attempt, started_at, ended_at, outcome, status_code, detail FROM runsmith.notice_deliveries
         WHERE notice_id = @notice_id ORDER BY attempt`,
        { notice_id: id(noticeId) },
      );
      return rows.map((row) => ({
        attempt: row.attempt,
        startedAt: row.started_at,
        endedAt: row.ended_at,
        outcome: row.outcome,
        statusCode: row.status_code,
        detail: row.detail,
      }));
    },
    noticeWork: async () => {
      const work = await session.first<{ events: number; due_at: number | null; now: number }>(
        `SELECT (SELECT COUNT(*) FROM (SELECT TOP (1) happened_at FROM runsmith.notice_events) e) AS events,
           (SELECT MIN(next_attempt_at) FROM runsmith.notices WHERE next_attempt_at IS NOT NULL) AS due_at,
           CAST(SYSUTCDATETIME() AS datetime2(3)) AS now`,
      );
      if (work === undefined) {
        throw new Error("The database did not tell its time.");
      }
      return { events: work.events > 0, dueAt: work.due_at, now: work.now };
    },
    waitingNotices: async () => {
      const row = await session.first<{ waiting: number }>(
        "SELECT COUNT(*) AS waiting FROM runsmith.notices WHERE workspace_id = @workspace_id AND status = N'waiting'",
        { workspace_id: id(defaultWorkspace) },
      );
      return row?.waiting ?? 0;
    },
    noticeEvents: (of) => readEvents(session, of),
    newestNotices: async ({ groups }) => {
      const newest: NewestNotice[] = [];
      for (const group of groups) {
        newest.push(...(await newestOf(session, group)));
      }
      return newest;
    },
    jobsNotStarted: async ({ ruleId, longerThan, after, limit }) => {
      const { positions, now } = await latePositions(session, ruleId);
      const from = lookFrom(positions["job-start-late"], now);
      const rows = await session.all<JobToNoticeRow>(
        `SELECT TOP (@limit) ${jobToNoticeColumns} ${fromJobs}
         WHERE j.workspace_id = @workspace_id AND j.status = N'New' AND j.job_id > @after AND j.job_id < @before
           AND j.attempt = 0 AND j.accepted_at >= @from AND j.accepted_at <= @until AND NOT EXISTS (
             SELECT 1 FROM runsmith.notice_late_jobs l
             WHERE l.rule_id = @rule_id AND l.event = N'job-start-late' AND l.began_at = j.accepted_at AND l.job_id = j.job_id)
         ORDER BY j.job_id`,
        {
          workspace_id: id(defaultWorkspace),
          after: after === null ? idBytes(firstIdOf(from)) : id(after),
          before: idBytes(firstIdOf(lookUntil(now - longerThan))),
          from: time(from),
          until: time(now - longerThan),
          rule_id: id(ruleId),
          limit: int(limit),
        },
      );
      return rows.map(toJobToNotice);
    },
    jobsStillRunning: async ({ ruleId, longerThan }) => {
      const { positions, now } = await latePositions(session, ruleId);
      const rows = await session.all<JobToNoticeRow>(
        `SELECT ${jobToNoticeColumns} ${fromJobs}
         WHERE j.worker_id IS NOT NULL AND j.ended_at IS NULL AND j.claimed_at >= @from AND j.claimed_at <= @until AND NOT EXISTS (
           SELECT 1 FROM runsmith.notice_late_jobs l
           WHERE l.rule_id = @rule_id AND l.event = N'job-running-long' AND l.began_at = j.claimed_at AND l.job_id = j.job_id)
         ORDER BY j.claimed_at, j.job_id`,
        {
          from: time(lookFrom(positions["job-running-long"], now)),
          until: time(now - longerThan),
          rule_id: id(ruleId),
        },
      );
      return rows.map(toJobToNotice);
    },
  };
}

/** The rule of this id or name. */
export function findRule(session: MssqlSession, rule: string): Promise<NoticeRuleRow | undefined> {
  return looksLikeId(rule)
    ? session.first<NoticeRuleRow>(`SELECT ${noticeRuleColumns} ${fromRules} WHERE n.rule_id = @rule_id`, {
        rule_id: id(rule.toLowerCase()),
      })
    : session.first<NoticeRuleRow>(
        `SELECT ${noticeRuleColumns} ${fromRules} WHERE n.workspace_id = @workspace_id AND n.name = @name`,
        { workspace_id: id(defaultWorkspace), name: text(rule) },
      );
}

/**
 * How far a rule's looks for late jobs have come, null before the first, and the time of the database; milliseconds since the epoch.
 */
async function latePositions(
  session: MssqlSession,
  ruleId: string,
): Promise<{ positions: Record<LateJobs["event"], number | null>; now: number }> {
  const row = await session.first<LatePositionsRow & { now: number }>(
    `SELECT p.now, n.start_late_seen, n.running_long_seen_at
     FROM (SELECT CAST(SYSUTCDATETIME() AS datetime2(3)) AS now) p
       LEFT JOIN runsmith.notice_rules n ON n.rule_id = @rule_id`,
    { rule_id: id(ruleId) },
  );
  if (row === undefined) {
    throw new Error("The database did not tell its time.");
  }
  return { positions: toLatePositions(row), now: row.now };
}

/** What notices are about has to be one of these. */
const isVisible = `(
  EXISTS (SELECT 1 FROM runsmith.runbooks r WHERE r.runbook_id = about_id AND (
    r.folder_id IN (SELECT CONVERT(binary(16), REPLACE(v.value, N'-', N''), 2) FROM OPENJSON(@folder_ids) v)
    OR r.runbook_id IN (SELECT CONVERT(binary(16), REPLACE(v.value, N'-', N''), 2) FROM OPENJSON(@runbook_ids) v)))
  OR EXISTS (SELECT 1 FROM runsmith.workers w WHERE w.worker_id = about_id AND w.worker_group IN (
    SELECT v.value COLLATE Latin1_General_CI_AS FROM OPENJSON(@worker_groups) v)))`;

async function readNotices(
  session: MssqlSession,
  { ruleId, status, visibleTo, after, limit }: Parameters<NoticeReads["notices"]>[0],
): Promise<ReturnType<NoticeReads["notices"]>> {
  const values: SqlValues = {
    workspace_id: id(defaultWorkspace),
    before: after === undefined ? idBytes(lastId) : id(after),
    limit: int(limit + 1),
    ...(ruleId !== undefined && { rule_id: id(ruleId) }),
    ...(status !== undefined && { status: text(status) }),
    ...(visibleTo !== undefined && {
      folder_ids: json(visibleTo.folderIds),
      runbook_ids: json(visibleTo.runbookIds),
      worker_groups: json(visibleTo.workerGroups),
    }),
  };
  const rows = await session.all<NoticeRow>(
    `SELECT TOP (@limit) ${noticeColumns} FROM runsmith.notices
     WHERE workspace_id = @workspace_id AND notice_id < @before${ruleId === undefined ? "" : " AND rule_id = @rule_id"}${
       status === undefined ? "" : " AND status = @status"
     }${visibleTo === undefined ? "" : ` AND ${isVisible}`}
     ORDER BY notice_id DESC`,
    values,
  );
  const items = rows.slice(0, limit).map(toNotice);
  return { items, next: rows.length > limit ? (items.at(-1)?.noticeId ?? null) : null };
}

interface EventRow extends Omit<JobToNoticeRow, "job_id">, ScheduleToNoticeRow, CertificateToNoticeRow {
  event: NoticeEvent;
  subject_id: Uint8Array;
  happened_at: number;
  noticed_name: string | null;
  noticed_group: string | null;
  reason: string | null;
  job_id: Uint8Array | null;
}

async function readEvents(session: MssqlSession, { limit }: { limit: number }): Promise<StoredNoticeEvent[]> {
  const rows = await session.all<EventRow>(
    `SELECT TOP (@limit) e.event, e.subject_id, e.happened_at, e.worker_name AS noticed_name, e.worker_group AS noticed_group,
       e.reason, ${jobToNoticeColumns},
       ${scheduleToNoticeColumns},
       ${certificateToNoticeColumns}
     FROM runsmith.notice_events e LEFT JOIN runsmith.jobs j ON j.job_id = e.subject_id
     LEFT JOIN runsmith.runbooks r ON r.runbook_id = j.runbook_id LEFT JOIN runsmith.workers w ON w.worker_id = j.worker_id
     LEFT JOIN runsmith.runbooks er ON er.runbook_id = e.runbook_id
     LEFT JOIN runsmith.assets c ON c.asset_id = e.subject_id AND e.event = N'certificate-expiring'
     ORDER BY e.happened_at, e.subject_id, e.event`,
    { limit: int(limit) },
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

async function newestOf(session: MssqlSession, group: NoticeGroup): Promise<NewestNotice[]> {
  const row = await session.first<NoticeRow>(
    `SELECT TOP (1) ${noticeColumns} FROM runsmith.notices
     WHERE rule_id = @rule_id AND event = @event AND about_id = @about_id ORDER BY notice_id DESC`,
    { rule_id: id(group.ruleId), event: text(group.event), about_id: id(group.aboutId) },
  );
  if (row === undefined) {
    return [];
  }
  const notice = toNotice(row);
  return [{ ...notice, isOpen: notice.status === "waiting" && notice.attempts === 0 }];
}
