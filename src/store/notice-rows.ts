import type { NoticeEvent, NoticeFacts, NoticeStatus, NoticeSubject, NoticeTarget } from "../contract/api/notice.ts";
import type { JobException } from "../contract/host/host-messages.ts";
import type { JobStatus } from "../contract/job-status.ts";
import { bytesToId } from "./id-bytes.ts";
import type {
  CertificateToNotice,
  JobToNotice,
  ScheduleToNotice,
  StoredNotice,
  StoredNoticeRule,
} from "./operations/notices.ts";

/* Rows of notices as both databases give them, and what they are made into. */

/** What a `StoredNoticeRule` is made of; `n` is the rule, `r` its runbook. */
export const noticeRuleColumns = `
  n.rule_id, n.name, n.enabled, n.events, n.runbook_id, r.name AS runbook_name, n.worker_group, n.tag,
    n.start_late_after, n.running_long_after, n.throttle, n.target, n.failures, n.created_at, n.modified_at, n.modified_by, n.revision`;

export interface NoticeRuleRow {
  rule_id: Uint8Array;
  name: string;
  /** 1 and 0 on SQLite. */
  enabled: number | boolean;
  events: string;
  runbook_id: Uint8Array | null;
  runbook_name: string | null;
  worker_group: string | null;
  tag: string | null;
  start_late_after: number | null;
  running_long_after: number | null;
  throttle: number;
  target: string;
  failures: number;
  created_at: number;
  modified_at: number;
  modified_by: string;
  revision: number;
}

export function toNoticeRule(row: NoticeRuleRow): StoredNoticeRule {
  return {
    ruleId: bytesToId(row.rule_id),
    name: row.name,
    enabled: Boolean(row.enabled),
    events: JSON.parse(row.events) as NoticeEvent[],
    runbookId: idOrNull(row.runbook_id),
    runbookName: row.runbook_name,
    group: row.worker_group,
    tag: row.tag,
    startLateAfter: row.start_late_after,
    runningLongAfter: row.running_long_after,
    throttle: row.throttle,
    target: JSON.parse(row.target) as NoticeTarget,
    failures: row.failures,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}

/** What a `StoredNotice` is made of. */
export const noticeColumns = `
  notice_id, rule_id, rule_name, event, about_id, occurrences, facts, status, attempts, reason, happened_at, created_at,
    next_attempt_at, delivered_at`;

export interface NoticeRow {
  notice_id: Uint8Array;
  rule_id: Uint8Array;
  rule_name: string;
  event: NoticeSubject;
  about_id: Uint8Array;
  occurrences: number;
  facts: string;
  status: NoticeStatus;
  attempts: number;
  reason: string | null;
  happened_at: number;
  created_at: number;
  next_attempt_at: number | null;
  delivered_at: number | null;
}

export function toNotice(row: NoticeRow): StoredNotice {
  return {
    noticeId: bytesToId(row.notice_id),
    ruleId: bytesToId(row.rule_id),
    ruleName: row.rule_name,
    event: row.event,
    aboutId: bytesToId(row.about_id),
    occurrences: row.occurrences,
    // Those that an older release made tell nothing of schedules and certificates.
    facts: {
      schedule: null,
      certificate: null,
      ...(JSON.parse(row.facts) as Omit<NoticeFacts, "schedule" | "certificate">),
    },
    status: row.status,
    attempts: row.attempts,
    reason: row.reason,
    happenedAt: row.happened_at,
    createdAt: row.created_at,
    nextAttemptAt: row.next_attempt_at,
    deliveredAt: row.delivered_at,
  };
}

/** Columns of a `CertificateToNotice`; `c` is the asset. */
export const certificateToNoticeColumns = `c.name AS certificate_name, c.content AS certificate_content,
    c.expires_at AS certificate_expires_at`;

export interface CertificateToNoticeRow {
  certificate_name: string | null;
  certificate_content: string | null;
  certificate_expires_at: number | null;
}

export function toCertificateToNotice(row: CertificateToNoticeRow): CertificateToNotice | null {
  const { certificate_name: name, certificate_content: content, certificate_expires_at: expiresAt } = row;
  if (name === null || content === null || expiresAt === null) {
    return null;
  }
  const { subject } = JSON.parse(content) as { subject?: string };
  return { name, subject: subject ?? "", expiresAt };
}

/** Columns of a `JobToNotice`; `j` is the job, `r` its runbook, `w` its worker. */
export const jobToNoticeColumns = `j.job_id, j.runbook_id, j.runbook_name, r.tags, j.status, j.status_reason, j.exception,
    j.started_by, j.worker_group, w.name AS worker_name, j.accepted_at, j.claimed_at, j.ended_at`;

export interface JobToNoticeRow {
  job_id: Uint8Array;
  runbook_id: Uint8Array;
  runbook_name: string;
  tags: string | null;
  status: JobStatus;
  status_reason: string | null;
  exception: string | null;
  started_by: string;
  worker_group: string | null;
  worker_name: string | null;
  accepted_at: number;
  claimed_at: number | null;
  ended_at: number | null;
}

export function toJobToNotice(row: JobToNoticeRow): JobToNotice {
  return {
    jobId: bytesToId(row.job_id),
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    status: row.status,
    statusReason: row.status_reason,
    exception: row.exception === null ? null : (JSON.parse(row.exception) as JobException),
    startedBy: row.started_by,
    workerGroup: row.worker_group,
    workerName: row.worker_name,
    acceptedAt: row.accepted_at,
    claimedAt: row.claimed_at,
    endedAt: row.ended_at,
  };
}

/** Columns of a `ScheduleToNotice`; `e` is the event, `er` the runbook that it names. */
export const scheduleToNoticeColumns = `e.schedule_name, e.runbook_id AS scheduled_runbook_id, e.runbook_name AS scheduled_runbook_name,
    er.tags AS scheduled_runbook_tags, e.due_at`;

export interface ScheduleToNoticeRow {
  subject_id: Uint8Array;
  reason: string | null;
  schedule_name: string | null;
  scheduled_runbook_id: Uint8Array | null;
  scheduled_runbook_name: string | null;
  scheduled_runbook_tags: string | null;
  due_at: number | null;
}

/** Null when the event is about something else. */
export function toScheduleToNotice(row: ScheduleToNoticeRow): ScheduleToNotice | null {
  const { schedule_name, scheduled_runbook_id, scheduled_runbook_name, due_at } = row;
  return schedule_name === null || scheduled_runbook_id === null || scheduled_runbook_name === null || due_at === null
    ? null
    : {
        linkId: bytesToId(row.subject_id),
        scheduleName: schedule_name,
        runbookId: bytesToId(scheduled_runbook_id),
        runbookName: scheduled_runbook_name,
        tags: row.scheduled_runbook_tags === null ? [] : (JSON.parse(row.scheduled_runbook_tags) as string[]),
        dueAt: due_at,
        reason: row.reason,
      };
}

function idOrNull(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : bytesToId(bytes);
}
