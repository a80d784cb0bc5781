import type { CalendarWindow, MisfireRule, Recurrence, ScheduledTimeOutcome } from "../contract/api/schedule.ts";
import { bytesToId } from "./id-bytes.ts";
import type {
  StoredCalendar,
  StoredSchedule,
  StoredScheduledTime,
  StoredScheduleLink,
} from "./operations/schedules.ts";

/* Rows of schedules as both databases give them, and what they are made into. */

export const calendarColumns =
  "calendar_id, name, description, time_zone, windows, created_at, modified_at, modified_by, revision";

export interface CalendarRow {
  calendar_id: Uint8Array;
  name: string;
  description: string;
  time_zone: string;
  windows: string;
  created_at: number;
  modified_at: number;
  modified_by: string;
  revision: number;
}

/** @param schedules names of those that use it, in order */
/** @param users the schedules that use it, by name */
export function toCalendar(
  row: CalendarRow,
  users: readonly { schedule_id: Uint8Array; schedule_name: string }[],
): StoredCalendar {
  return {
    calendarId: bytesToId(row.calendar_id),
    name: row.name,
    description: row.description,
    timeZone: row.time_zone,
    windows: JSON.parse(row.windows) as CalendarWindow[],
    schedules: users.map(({ schedule_id, schedule_name }) => ({
      scheduleId: bytesToId(schedule_id),
      name: schedule_name,
    })),
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}

/** `s` is the schedule. */
export const scheduleColumns = `s.schedule_id, s.name, s.description, s.enabled, s.time_zone, s.recurrence, s.starts_at,
    s.expires_at, s.except_dates, s.jitter, s.misfire, s.missed_after, s.created_at, s.modified_at, s.modified_by, s.revision`;

export interface ScheduleRow {
  schedule_id: Uint8Array;
  name: string;
  description: string;
  /** 1 and 0 on SQLite. */
  enabled: number | boolean;
  time_zone: string;
  recurrence: string;
  starts_at: number;
  expires_at: number | null;
  except_dates: string;
  jitter: number;
  misfire: string;
  missed_after: number;
  created_at: number;
  modified_at: number;
  modified_by: string;
  revision: number;
  links: number;
}

/** @param calendars those that it uses, by name */
export function toSchedule(row: ScheduleRow, calendars: { calendar_id: Uint8Array; name: string }[]): StoredSchedule {
  return {
    scheduleId: bytesToId(row.schedule_id),
    name: row.name,
    description: row.description,
    enabled: Boolean(row.enabled),
    timeZone: row.time_zone,
    recurrence: JSON.parse(row.recurrence) as Recurrence,
    startsAt: row.starts_at,
    expiresAt: row.expires_at,
    exceptDates: JSON.parse(row.except_dates) as string[],
    calendarIds: calendars.map(({ calendar_id }) => bytesToId(calendar_id)),
    calendarNames: calendars.map(({ name }) => name),
    jitter: row.jitter,
    misfire: JSON.parse(row.misfire) as MisfireRule,
    missedAfter: row.missed_after,
    links: row.links,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}

/** `l` is the link, `s` its schedule, `r` its runbook. */
export const scheduleLinkColumns = `l.link_id, l.schedule_id, s.name AS schedule_name, l.runbook_id, r.name AS runbook_name,
    r.folder_id, l.parameters, l.secret_names, l.parameters_version, l.enabled, l.priority, l.decided_until_at, l.created_at, l.created_by, l.creator_id, l.modified_at,
    l.modified_by, l.revision`;

export interface ScheduleLinkRow {
  link_id: Uint8Array;
  schedule_id: Uint8Array;
  schedule_name: string;
  runbook_id: Uint8Array;
  runbook_name: string;
  folder_id: Uint8Array | null;
  parameters: string;
  secret_names: string;
  parameters_version: number;
  enabled: number | boolean;
  priority: number | null;
  decided_until_at: number;
  created_at: number;
  created_by: string;
  creator_id: Uint8Array | null;
  modified_at: number;
  modified_by: string;
  revision: number;
}

export function toScheduleLink(row: ScheduleLinkRow): StoredScheduleLink {
  return {
    linkId: bytesToId(row.link_id),
    scheduleId: bytesToId(row.schedule_id),
    scheduleName: row.schedule_name,
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    folderId: row.folder_id === null ? null : bytesToId(row.folder_id),
    parameters: JSON.parse(row.parameters) as Record<string, unknown>,
    secretNames: JSON.parse(row.secret_names) as string[],
    parametersVersion: row.parameters_version,
    enabled: Boolean(row.enabled),
    priority: row.priority,
    decidedUntil: row.decided_until_at,
    createdAt: row.created_at,
    createdBy: row.created_by,
    creatorId: row.creator_id === null ? null : bytesToId(row.creator_id),
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}

/** `t` is the time, `r` the runbook that it names. */
export const scheduledTimeColumns = `t.link_id, t.due_at, t.schedule_id, t.schedule_name, t.runbook_id, t.runbook_name, r.folder_id,
    t.outcome, t.last_due_at, t.job_id, t.reason, t.decided_at`;

export interface ScheduledTimeRow {
  link_id: Uint8Array;
  due_at: number;
  schedule_id: Uint8Array;
  schedule_name: string;
  runbook_id: Uint8Array;
  runbook_name: string;
  folder_id: Uint8Array | null;
  outcome: ScheduledTimeOutcome;
  last_due_at: number | null;
  job_id: Uint8Array | null;
  reason: string | null;
  decided_at: number;
}

export function toScheduledTime(row: ScheduledTimeRow): StoredScheduledTime {
  return {
    linkId: bytesToId(row.link_id),
    scheduleId: bytesToId(row.schedule_id),
    scheduleName: row.schedule_name,
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    folderId: row.folder_id === null ? null : bytesToId(row.folder_id),
    dueAt: row.due_at,
    upTo: row.last_due_at,
    outcome: row.outcome,
    jobId: row.job_id === null ? null : bytesToId(row.job_id),
    reason: row.reason,
    decidedAt: row.decided_at,
  };
}

/** Where a page of scheduled times ended: `DUE.LINK`. Undefined when the text is none. */
export function readTimeKey(after: string): { dueAt: number; linkId: string } | undefined {
  const [, dueAt, linkId] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(after) ?? [];
  return dueAt === undefined || linkId === undefined ? undefined : { dueAt: Number(dueAt), linkId };
}

export function timeKey({ dueAt, linkId }: { dueAt: number; linkId: string }): string {
  return `${dueAt}.${linkId}`;
}
