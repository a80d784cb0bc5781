import { looksLikeId } from "../../contract/id.ts";
import { idToBytes } from "../id-bytes.ts";
import type { ScheduleReads, StoredCalendar, StoredSchedule, StoredScheduleLink } from "../operations/schedules.ts";
import type { CalendarRow, ScheduledTimeRow, ScheduleLinkRow, ScheduleRow } from "../schedule-rows.ts";
import {
  calendarColumns,
  readTimeKey,
  scheduleColumns,
  scheduledTimeColumns,
  scheduleLinkColumns,
  timeKey,
  toCalendar,
  toSchedule,
  toScheduledTime,
  toScheduleLink,
} from "../schedule-rows.ts";
import type { SqliteSession, SqlValue } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

const selectCalendar = `SELECT ${calendarColumns} FROM calendars`;
const selectSchedule = `SELECT ${scheduleColumns},
    (SELECT COUNT(*) FROM schedule_links l WHERE l.schedule_id = s.schedule_id) AS links
  FROM schedules s`;
const selectLink = `SELECT ${scheduleLinkColumns} FROM schedule_links l
  JOIN schedules s ON s.schedule_id = l.schedule_id JOIN runbooks r ON r.runbook_id = l.runbook_id`;

const firstId = new Uint8Array(16);
const lastId = new Uint8Array(16).fill(0xff);

export function scheduleReads(session: SqliteSession): ScheduleReads {
  return {
    calendars: ({ after = "", limit }) => {
      const rows = session.all<CalendarRow>(
        `${selectCalendar} WHERE workspace_id = ? AND name > ? ORDER BY name LIMIT ?`,
        defaultWorkspace,
        after,
        limit + 1,
      );
      const items = rows.slice(0, limit).map((row) => calendarOf(session, row));
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    calendar: ({ calendar }) => {
      const row = findCalendar(session, calendar);
      return row === undefined ? null : calendarOf(session, row);
    },
    schedules: ({ after = "", limit }) => {
      const rows = session.all<ScheduleRow>(
        `${selectSchedule} WHERE s.workspace_id = ? AND s.name > ? ORDER BY s.name LIMIT ?`,
        defaultWorkspace,
        after,
        limit + 1,
      );
      const items = rows.slice(0, limit).map((row) => scheduleOf(session, row));
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    schedule: ({ schedule }) => {
      const row = findSchedule(session, schedule);
      return row === undefined ? null : scheduleOf(session, row);
    },
    scheduleLinks: (of) => readLinks(session, of),
    scheduleLink: ({ linkId }) => {
      const row = findLink(session, linkId);
      return row === undefined ? null : toScheduleLink(row);
    },
    scheduledTimes: (of) => readTimes(session, of),
    decidedTimes: ({ linkId, after, until }) =>
      session
        .all<ScheduledTimeRow>(
          `${timesOf.link_id} AND t.due_at > ? AND t.due_at <= ? ORDER BY t.due_at`,
          idToBytes(linkId),
          after,
          until,
        )
        .map(toScheduledTime),
    scheduleClock: () => ({ now: session.now(), changes: changesOf(session) }),
    activeSchedules: () => {
      const schedules = session.all<ScheduleRow>(`${selectSchedule} WHERE s.enabled = 1`);
      const calendars = session.all<CalendarRow>(selectCalendar);
      const links = session.all<ScheduleLinkRow>(`${selectLink} WHERE l.enabled = 1 AND s.enabled = 1`);
      return {
        changes: changesOf(session),
        now: session.now(),
        schedules: schedules.map((row) => scheduleOf(session, row)),
        calendars: calendars.map((row) => calendarOf(session, row)),
        links: links.map(toScheduleLink),
      };
    },
  };
}

/** The calendar of this id or name. */
export function findCalendar(session: SqliteSession, calendar: string): CalendarRow | undefined {
  return looksLikeId(calendar)
    ? session.first<CalendarRow>(`${selectCalendar} WHERE calendar_id = ?`, idToBytes(calendar.toLowerCase()))
    : session.first<CalendarRow>(`${selectCalendar} WHERE workspace_id = ? AND name = ?`, defaultWorkspace, calendar);
}

/** The schedule of this id or name. */
export function findSchedule(session: SqliteSession, schedule: string): ScheduleRow | undefined {
  return looksLikeId(schedule)
    ? session.first<ScheduleRow>(`${selectSchedule} WHERE s.schedule_id = ?`, idToBytes(schedule.toLowerCase()))
    : session.first<ScheduleRow>(
        `${selectSchedule} WHERE s.workspace_id = ? AND s.name = ?`,
        defaultWorkspace,
        schedule,
      );
}

export function findLink(session: SqliteSession, linkId: string): ScheduleLinkRow | undefined {
  return session.first<ScheduleLinkRow>(`${selectLink} WHERE l.link_id = ?`, idToBytes(linkId));
}

export function calendarOf(session: SqliteSession, row: CalendarRow): StoredCalendar {
  return toCalendar(row, schedulesUsing(session, row.calendar_id));
}

export function scheduleOf(session: SqliteSession, row: ScheduleRow): StoredSchedule {
  const calendars = session.all<{ calendar_id: Uint8Array; name: string }>(
    `SELECT c.calendar_id, c.name FROM schedule_calendars u JOIN calendars c ON c.calendar_id = u.calendar_id
     WHERE u.schedule_id = ? ORDER BY c.name`,
    row.schedule_id,
  );
  return toSchedule(row, calendars);
}

/** The schedules that use a calendar, by name. */
export function schedulesUsing(
  session: SqliteSession,
  calendarId: Uint8Array,
): { schedule_id: Uint8Array; schedule_name: string }[] {
  return session.all(
    `SELECT s.schedule_id, s.name AS schedule_name FROM schedule_calendars u
     JOIN schedules s ON s.schedule_id = u.schedule_id WHERE u.calendar_id = ? ORDER BY s.name`,
    calendarId,
  );
}

function changesOf(session: SqliteSession): number {
  return (
    session.first<{ schedule_changes: number }>(
      "SELECT schedule_changes FROM workspaces WHERE workspace_id = ?",
      defaultWorkspace,
    )?.schedule_changes ?? 0
  );
}

function readLinks(
  session: SqliteSession,
  { scheduleId, runbookId, after, limit }: Parameters<ScheduleReads["scheduleLinks"]>[0],
): { items: StoredScheduleLink[]; next: string | null } {
  const from = after === undefined ? firstId : idToBytes(after);
  const order = "AND l.link_id > ? ORDER BY l.link_id LIMIT ?";
  const runbook = runbookId === undefined ? null : idToBytes(runbookId);
  let rows: ScheduleLinkRow[];
  if (scheduleId !== undefined) {
    rows = session.all(
      `${selectLink} WHERE l.schedule_id = ? AND (?2 IS NULL OR l.runbook_id = ?2) AND l.link_id > ?3
       ORDER BY l.link_id LIMIT ?4`,
      idToBytes(scheduleId),
      runbook,
      from,
      limit + 1,
    );
  } else if (runbook !== null) {
    rows = session.all(`${selectLink} WHERE l.runbook_id = ? ${order}`, runbook, from, limit + 1);
  } else {
    rows = session.all(`${selectLink} WHERE l.workspace_id = ? ${order}`, defaultWorkspace, from, limit + 1);
  }
  const items = rows.slice(0, limit).map(toScheduleLink);
  return { items, next: rows.length > limit ? (items.at(-1)?.linkId ?? null) : null };
}

/** Each index that serves a filter ends with the due time and the link, which is the order of pages. */
function readTimes(
  session: SqliteSession,
  {
    linkId,
    scheduleId,
    runbookId,
    outcome,
    since,
    until,
    after,
    limit,
  }: Parameters<ScheduleReads["scheduledTimes"]>[0],
): ReturnType<ScheduleReads["scheduledTimes"]> {
  const key = after === undefined ? undefined : readTimeKey(after);
  const [subject, value]: ["link_id" | "schedule_id" | "runbook_id" | "workspace_id", SqlValue] =
    linkId !== undefined
      ? ["link_id", idToBytes(linkId)]
      : scheduleId !== undefined
        ? ["schedule_id", idToBytes(scheduleId)]
        : runbookId !== undefined
          ? ["runbook_id", idToBytes(runbookId)]
          : ["workspace_id", defaultWorkspace];
  const rows = session.all<ScheduledTimeRow>(
    `${timesOf[subject]} AND t.due_at >= ? AND t.due_at < ? AND (t.due_at, t.link_id) < (?, ?) AND (?6 IS NULL OR t.outcome = ?6)
       AND (?7 IS NULL OR t.runbook_id = ?7) AND (?8 IS NULL OR t.schedule_id = ?8)
     ORDER BY t.due_at DESC, t.link_id DESC LIMIT ?9`,
    value,
    since ?? 0,
    until ?? Number.MAX_SAFE_INTEGER,
    key?.dueAt ?? Number.MAX_SAFE_INTEGER,
    key === undefined ? lastId : idToBytes(key.linkId),
    outcome ?? null,
    runbookId === undefined ? null : idToBytes(runbookId),
    scheduleId === undefined ? null : idToBytes(scheduleId),
    limit + 1,
  );
  const items = rows.slice(0, limit).map(toScheduledTime);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? timeKey(last) : null };
}

const fromTimes = (index: string) => `SELECT ${scheduledTimeColumns} FROM scheduled_times t ${index}
  LEFT JOIN runbooks r ON r.runbook_id = t.runbook_id`;

const timesOf = {
  link_id: `${fromTimes("")} WHERE t.link_id = ?`,
  schedule_id: `${fromTimes("INDEXED BY scheduled_times_by_schedule")} WHERE t.schedule_id = ?`,
  runbook_id: `${fromTimes("INDEXED BY scheduled_times_by_runbook")} WHERE t.runbook_id = ?`,
  workspace_id: `${fromTimes("INDEXED BY scheduled_times_by_time")} WHERE t.workspace_id = ?`,
} as const;
