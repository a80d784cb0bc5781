import { looksLikeId } from "../../contract/id.ts";
import { bytesToId } from "../id-bytes.ts";
import type { ScheduleReads, StoredCalendar, StoredSchedule } from "../operations/schedules.ts";
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
import type { Asynchronous } from "../store.ts";
import type { MssqlSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { id, idBytes, int, text, time } from "./sql-values.ts";

const fromSchedules = "FROM runsmith.schedules s";
const links = "(SELECT COUNT(*) FROM runsmith.schedule_links l WHERE l.schedule_id = s.schedule_id) AS links";
const fromLinks = `FROM runsmith.schedule_links l JOIN runsmith.schedules s ON s.schedule_id = l.schedule_id
  JOIN runsmith.runbooks r ON r.runbook_id = l.runbook_id`;
const fromTimes = `FROM runsmith.scheduled_times t
  LEFT JOIN runsmith.runbooks r ON r.runbook_id = t.runbook_id`;
const lastTime = Date.UTC(9999, 11, 31);

/** Pairs of a calendar and a schedule that uses it. */
interface Use {
  calendar_id: Uint8Array;
  calendar_name: string;
  schedule_id: Uint8Array;
  schedule_name: string;
}

export function scheduleReads(session: MssqlSession): Asynchronous<ScheduleReads> {
  return {
    calendars: async ({ after = "", limit }) => {
      const rows = await session.all<CalendarRow>(
        `SELECT TOP (@limit) ${calendarColumns} FROM runsmith.calendars
         WHERE workspace_id = @workspace_id AND name > @after ORDER BY name`,
        { workspace_id: id(defaultWorkspace), after: text(after), limit: int(limit + 1) },
      );
      const items = await calendarsOf(session, rows.slice(0, limit));
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    calendar: async ({ calendar }) => {
      const row = await findCalendar(session, calendar);
      return row === undefined ? null : calendarOf(session, row);
    },
    schedules: async ({ after = "", limit }) => {
      const rows = await session.all<ScheduleRow>(
        `SELECT TOP (@limit) ${scheduleColumns}, ${links} ${fromSchedules}
         WHERE s.workspace_id = @workspace_id AND s.name > @after ORDER BY s.name`,
        { workspace_id: id(defaultWorkspace), after: text(after), limit: int(limit + 1) },
      );
      const items = await schedulesOf(session, rows.slice(0, limit));
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    schedule: async ({ schedule }) => {
      const row = await findSchedule(session, schedule);
      return row === undefined ? null : scheduleOf(session, row);
    },
    scheduleLinks: async ({ scheduleId, runbookId, after, limit }) => {
      const rows = await session.all<ScheduleLinkRow>(
        `SELECT TOP (@limit) ${scheduleLinkColumns} ${fromLinks}
         WHERE l.workspace_id = @workspace_id AND (@schedule_id IS NULL OR l.schedule_id = @schedule_id)
           AND (@runbook_id IS NULL OR l.runbook_id = @runbook_id) AND l.link_id > @after
         ORDER BY l.link_id OPTION (RECOMPILE)`,
        {
          workspace_id: id(defaultWorkspace),
          schedule_id: id(scheduleId ?? null),
          runbook_id: id(runbookId ?? null),
          after: after === undefined ? idBytes(new Uint8Array(16)) : id(after),
          limit: int(limit + 1),
        },
      );
      const items = rows.slice(0, limit).map(toScheduleLink);
      return { items, next: rows.length > limit ? (items.at(-1)?.linkId ?? null) : null };
    },
    scheduleLink: async ({ linkId }) => {
      const row = await findLink(session, linkId);
      return row === undefined ? null : toScheduleLink(row);
    },
    scheduledTimes: (of) => readTimes(session, of),
    decidedTimes: async ({ linkId, after, until }) => {
      const rows = await session.all<ScheduledTimeRow>(
        `SELECT ${scheduledTimeColumns} ${fromTimes}
         WHERE t.link_id = @link_id AND t.due_at > @after AND t.due_at <= @until ORDER BY t.due_at`,
        { link_id: id(linkId), after: time(after), until: time(until) },
      );
      return rows.map(toScheduledTime);
    },
    scheduleClock: () => readClock(session),
    activeSchedules: async () => {
      // Read first: what changes meanwhile is read again.
      const clock = await readClock(session);
      const schedules = await session.all<ScheduleRow>(
        `SELECT ${scheduleColumns}, ${links} ${fromSchedules} WHERE s.enabled = 1`,
      );
      const calendars = await session.all<CalendarRow>(`SELECT ${calendarColumns} FROM runsmith.calendars`);
      const active = await session.all<ScheduleLinkRow>(
        `SELECT ${scheduleLinkColumns} ${fromLinks} WHERE l.enabled = 1 AND s.enabled = 1`,
      );
      return {
        ...clock,
        schedules: await schedulesOf(session, schedules),
        calendars: await calendarsOf(session, calendars),
        links: active.map(toScheduleLink),
      };
    },
  };
}

/** The calendar of this id or name. */
export function findCalendar(session: MssqlSession, calendar: string): Promise<CalendarRow | undefined> {
  return looksLikeId(calendar)
    ? session.first<CalendarRow>(`SELECT ${calendarColumns} FROM runsmith.calendars WHERE calendar_id = @calendar_id`, {
        calendar_id: id(calendar.toLowerCase()),
      })
    : session.first<CalendarRow>(
        `SELECT ${calendarColumns} FROM runsmith.calendars WHERE workspace_id = @workspace_id AND name = @name`,
        { workspace_id: id(defaultWorkspace), name: text(calendar) },
      );
}

/** The schedule of this id or name. */
export function findSchedule(session: MssqlSession, schedule: string): Promise<ScheduleRow | undefined> {
  return looksLikeId(schedule)
    ? session.first<ScheduleRow>(
        `SELECT ${scheduleColumns}, ${links} ${fromSchedules} WHERE s.schedule_id = @schedule_id`,
        { schedule_id: id(schedule.toLowerCase()) },
      )
    : session.first<ScheduleRow>(
        `SELECT ${scheduleColumns}, ${links} ${fromSchedules} WHERE s.workspace_id = @workspace_id AND s.name = @name`,
        { workspace_id: id(defaultWorkspace), name: text(schedule) },
      );
}

export function findLink(session: MssqlSession, linkId: string): Promise<ScheduleLinkRow | undefined> {
  return session.first<ScheduleLinkRow>(`SELECT ${scheduleLinkColumns} ${fromLinks} WHERE l.link_id = @link_id`, {
    link_id: id(linkId),
  });
}

export async function calendarOf(session: MssqlSession, row: CalendarRow): Promise<StoredCalendar> {
  return toCalendar(row, await usesOfCalendar(session, row.calendar_id));
}

export async function scheduleOf(session: MssqlSession, row: ScheduleRow): Promise<StoredSchedule> {
  const uses = await session.all<Use>(
    `SELECT c.calendar_id, c.name AS calendar_name, u.schedule_id FROM runsmith.schedule_calendars u
     JOIN runsmith.calendars c ON c.calendar_id = u.calendar_id WHERE u.schedule_id = @schedule_id ORDER BY c.name`,
    { schedule_id: idBytes(row.schedule_id) },
  );
  return toSchedule(row, uses.map(usedCalendar));
}

/** Schedules that use a calendar, by name. */
export function usesOfCalendar(session: MssqlSession, calendarId: Uint8Array): Promise<Use[]> {
  return session.all<Use>(
    `SELECT u.calendar_id, s.schedule_id, s.name AS schedule_name FROM runsmith.schedule_calendars u
     JOIN runsmith.schedules s ON s.schedule_id = u.schedule_id WHERE u.calendar_id = @calendar_id ORDER BY s.name`,
    { calendar_id: idBytes(calendarId) },
  );
}

async function calendarsOf(session: MssqlSession, rows: readonly CalendarRow[]): Promise<StoredCalendar[]> {
  const uses = rows.length === 0 ? [] : await allUses(session);
  return rows.map((row) => {
    const calendarId = bytesToId(row.calendar_id);
    return toCalendar(
      row,
      uses.filter(({ calendar_id }) => bytesToId(calendar_id) === calendarId),
    );
  });
}

async function schedulesOf(session: MssqlSession, rows: readonly ScheduleRow[]): Promise<StoredSchedule[]> {
  const uses = rows.length === 0 ? [] : await allUses(session);
  return rows.map((row) => {
    const scheduleId = bytesToId(row.schedule_id);
    return toSchedule(row, uses.filter(({ schedule_id }) => bytesToId(schedule_id) === scheduleId).map(usedCalendar));
  });
}

function usedCalendar({ calendar_id, calendar_name }: Use): { calendar_id: Uint8Array; name: string } {
  return { calendar_id, name: calendar_name };
}

/** By the names of calendars, then of schedules. */
function allUses(session: MssqlSession): Promise<Use[]> {
  return session.all<Use>(
    `SELECT c.calendar_id, c.name AS calendar_name, s.schedule_id, s.name AS schedule_name FROM runsmith.schedule_calendars u
     JOIN runsmith.calendars c ON c.calendar_id = u.calendar_id JOIN runsmith.schedules s ON s.schedule_id = u.schedule_id
     ORDER BY c.name, s.name`,
  );
}

async function readClock(session: MssqlSession): Promise<{ now: number; changes: number }> {
  const row = await session.first<{ now: number; changes: number }>(
    `SELECT CAST(SYSUTCDATETIME() AS datetime2(3)) AS now, schedule_changes AS changes FROM runsmith.workspaces
     WHERE workspace_id = @workspace_id`,
    { workspace_id: id(defaultWorkspace) },
  );
  if (row === undefined) {
    throw new Error("The workspace is gone.");
  }
  return row;
}

async function readTimes(
  session: MssqlSession,
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
): Promise<ReturnType<ScheduleReads["scheduledTimes"]>> {
  const key = after === undefined ? undefined : readTimeKey(after);
  const rows = await session.all<ScheduledTimeRow>(
    `SELECT TOP (@limit) ${scheduledTimeColumns} ${fromTimes}
     WHERE t.workspace_id = @workspace_id AND (@link_id IS NULL OR t.link_id = @link_id)
       AND (@schedule_id IS NULL OR t.schedule_id = @schedule_id) AND (@runbook_id IS NULL OR t.runbook_id = @runbook_id)
       AND (@outcome IS NULL OR t.outcome = @outcome) AND t.due_at >= @since AND t.due_at < @until
       AND (t.due_at < @key_due_at OR (t.due_at = @key_due_at AND t.link_id < @key_link_id))
     ORDER BY t.due_at DESC, t.link_id DESC OPTION (RECOMPILE)`,
    {
      workspace_id: id(defaultWorkspace),
      link_id: id(linkId ?? null),
      schedule_id: id(scheduleId ?? null),
      runbook_id: id(runbookId ?? null),
      outcome: text(outcome ?? null),
      since: time(since ?? 0),
      until: time(until ?? lastTime),
      key_due_at: time(key?.dueAt ?? lastTime),
      key_link_id: id(key?.linkId ?? null),
      limit: int(limit + 1),
    },
  );
  const items = rows.slice(0, limit).map(toScheduledTime);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? timeKey(last) : null };
}
