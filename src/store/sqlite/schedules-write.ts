import { bytesToId, idToBytes } from "../id-bytes.ts";
import type {
  ScheduleWrites,
  SeenLink,
  StoredCalendar,
  StoredSchedule,
  StoredScheduleLink,
  StoredScheduleSettings,
} from "../operations/schedules.ts";
import { noSuchRunbook } from "../runbook-refusals.ts";
import {
  calendarExists,
  calendarInUse,
  noSuchCalendar,
  noSuchSchedule,
  noSuchScheduleLink,
  scheduleExists,
  scheduleThingChanged,
} from "../schedule-refusals.ts";
import type { CalendarRow, ScheduleLinkRow, ScheduleRow } from "../schedule-rows.ts";
import { toScheduleLink } from "../schedule-rows.ts";
import { noteMissedScheduleForNotices } from "./notice-events.ts";
import { dropRightsOn } from "./rights.ts";
import { calendarOf, findCalendar, findLink, findSchedule, scheduleOf, schedulesUsing } from "./schedules-read.ts";
import type { SqliteSession, SqlValue } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

export function scheduleWrites(session: SqliteSession): ScheduleWrites {
  return {
    createCalendar: (of) => createCalendar(session, of),
    changeCalendar: (of) => changeCalendar(session, of),
    removeCalendar: (of) => {
      const calendar = existingCalendar(session, of.calendar);
      refuseOtherRevision(calendar, of.expectedRevision, `calendar ${calendar.name}`);
      const users = schedulesUsing(session, calendar.calendar_id);
      if (users.length > 0) {
        throw calendarInUse(calendar.name, users.map(({ schedule_name }) => schedule_name).join(", "));
      }
      session.run("DELETE FROM calendars WHERE calendar_id = ?", calendar.calendar_id);
      dropRightsOn(session, { scope: "asset", id: bytesToId(calendar.calendar_id), name: null });
    },
    createSchedule: (of) => createSchedule(session, of),
    changeSchedule: (of) => changeSchedule(session, of),
    removeSchedule: (of) => {
      const schedule = existingSchedule(session, of.schedule);
      refuseOtherRevision(schedule, of.expectedRevision, `schedule ${schedule.name}`);
      session.run("DELETE FROM schedules WHERE schedule_id = ?", schedule.schedule_id);
      dropRightsOn(session, { scope: "asset", id: bytesToId(schedule.schedule_id), name: null });
      noteScheduleChange(session);
    },
    createScheduleLink: (of) => createLink(session, of),
    changeScheduleLink: (of) => changeLink(session, of),
    removeScheduleLink: (of) => {
      const link = existingLink(session, of.linkId);
      refuseOtherRevision(link, of.expectedRevision, "schedule link");
      session.run("DELETE FROM schedule_links WHERE link_id = ?", link.link_id);
      noteScheduleChange(session);
    },
    rewrapLinkParameters: ({ values }) => {
      for (const { linkId, former, sealed } of values) {
        session.run(
          "UPDATE schedule_links SET parameters = replace(parameters, ?, ?) WHERE link_id = ?",
          former,
          sealed,
          idToBytes(linkId),
        );
      }
      // Schedulers keep links in memory, and the former key opens nothing once it is retired.
      noteScheduleChange(session);
    },
    noteScheduledTimes: (of) => noteScheduledTimes(session, of),
    forgetMissedTimes: (of) => forgetMissedTimes(session, of),
    purgeScheduledTimes: ({ before, limit }) =>
      session.run(
        `DELETE FROM scheduled_times WHERE (link_id, due_at) IN (
           SELECT link_id, due_at FROM scheduled_times WHERE decided_at < ? ORDER BY decided_at LIMIT ?)`,
        before,
        limit,
      ),
  };
}

/** Link and schedule, when they are as they were seen and enabled. */
export function seenLink(session: SqliteSession, seen: SeenLink): ScheduleLinkRow | undefined {
  const link = findLink(session, seen.linkId);
  const current =
    link !== undefined &&
    link.revision === seen.linkRevision &&
    link.enabled === 1 &&
    session.first(
      "SELECT 1 FROM schedules WHERE schedule_id = ? AND revision = ? AND enabled = 1",
      link.schedule_id,
      seen.scheduleRevision,
    ) !== undefined;
  return current ? link : undefined;
}

function createCalendar(session: SqliteSession, of: Parameters<ScheduleWrites["createCalendar"]>[0]): StoredCalendar {
  if (findCalendar(session, of.name) !== undefined) {
    throw calendarExists(of.name);
  }
  const calendarId = session.newId();
  const now = session.now();
  session.run(
    `INSERT INTO calendars (workspace_id, calendar_id, name, description, time_zone, windows, created_at, modified_at, modified_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    defaultWorkspace,
    idToBytes(calendarId),
    of.name,
    of.description,
    of.timeZone,
    JSON.stringify(of.windows),
    now,
    now,
    of.changedBy,
  );
  return calendarOf(session, existingCalendar(session, calendarId));
}

function changeCalendar(session: SqliteSession, of: Parameters<ScheduleWrites["changeCalendar"]>[0]): StoredCalendar {
  const former = existingCalendar(session, of.calendarId);
  refuseOtherRevision(former, of.expectedRevision, `calendar ${former.name}`);
  const now = session.now();
  session.run(
    `UPDATE calendars SET description = ?, time_zone = ?, windows = ?, modified_at = ?, modified_by = ?, revision = revision + 1
     WHERE calendar_id = ?`,
    of.description,
    of.timeZone,
    JSON.stringify(of.windows),
    now,
    of.changedBy,
    former.calendar_id,
  );
  const users = session.all<{ schedule_id: Uint8Array; jitter: number }>(
    `SELECT s.schedule_id, s.jitter FROM schedule_calendars u JOIN schedules s ON s.schedule_id = u.schedule_id
     WHERE u.calendar_id = ?`,
    former.calendar_id,
  );
  for (const { schedule_id, jitter } of users) {
    session.run("UPDATE schedules SET revision = revision + 1 WHERE schedule_id = ?", schedule_id);
    // What the calendar denied until now was not missed; what is due and waits for its jitter is still to come.
    beginAt(session, schedule_id, now - jitter);
  }
  noteScheduleChange(session);
  return calendarOf(session, existingCalendar(session, of.calendarId));
}

function createSchedule(session: SqliteSession, of: Parameters<ScheduleWrites["createSchedule"]>[0]): StoredSchedule {
  if (findSchedule(session, of.name) !== undefined) {
    throw scheduleExists(of.name);
  }
  const scheduleId = session.newId();
  const now = session.now();
  session.run(
    `INSERT INTO schedules (workspace_id, schedule_id, name, description, enabled, time_zone, recurrence, starts_at, expires_at,
       except_dates, jitter, misfire, missed_after, created_at, modified_at, modified_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    defaultWorkspace,
    idToBytes(scheduleId),
    of.name,
    ...settingsOf(of),
    now,
    now,
    of.changedBy,
  );
  useCalendars(session, idToBytes(scheduleId), of.calendarIds);
  noteScheduleChange(session);
  return scheduleOf(session, existingSchedule(session, scheduleId));
}

function changeSchedule(session: SqliteSession, of: Parameters<ScheduleWrites["changeSchedule"]>[0]): StoredSchedule {
  const former = existingSchedule(session, of.scheduleId);
  refuseOtherRevision(former, of.expectedRevision, `schedule ${former.name}`);
  session.run(
    `UPDATE schedules SET description = ?, enabled = ?, time_zone = ?, recurrence = ?, starts_at = ?, expires_at = ?,
       except_dates = ?, jitter = ?, misfire = ?, missed_after = ?, modified_at = ?, modified_by = ?, revision = revision + 1
     WHERE schedule_id = ?`,
    ...settingsOf(of),
    session.now(),
    of.changedBy,
    former.schedule_id,
  );
  session.run("DELETE FROM schedule_calendars WHERE schedule_id = ?", former.schedule_id);
  useCalendars(session, former.schedule_id, of.calendarIds);
  if (of.afresh) {
    beginAt(session, former.schedule_id, session.now());
  }
  noteScheduleChange(session);
  return scheduleOf(session, existingSchedule(session, of.scheduleId));
}

function settingsOf(schedule: StoredScheduleSettings): SqlValue[] {
  return [
    schedule.description,
    schedule.enabled ? 1 : 0,
    schedule.timeZone,
    JSON.stringify(schedule.recurrence),
    schedule.startsAt,
    schedule.expiresAt,
    JSON.stringify(schedule.exceptDates),
    schedule.jitter,
    JSON.stringify(schedule.misfire),
    schedule.missedAfter,
  ];
}

function useCalendars(session: SqliteSession, scheduleId: Uint8Array, calendarIds: readonly string[]): void {
  for (const calendarId of calendarIds) {
    const { calendar_id } = existingCalendar(session, calendarId);
    session.run("INSERT INTO schedule_calendars (schedule_id, calendar_id) VALUES (?, ?)", scheduleId, calendar_id);
  }
}

function createLink(
  session: SqliteSession,
  of: Parameters<ScheduleWrites["createScheduleLink"]>[0],
): StoredScheduleLink {
  const schedule = existingSchedule(session, of.scheduleId);
  const runbookId = idToBytes(of.runbookId);
  if (session.first("SELECT 1 FROM runbooks WHERE runbook_id = ?", runbookId) === undefined) {
    throw noSuchRunbook(of.runbookId);
  }
  const { linkId } = of;
  const now = session.now();
  session.run(
    `INSERT INTO schedule_links (workspace_id, link_id, schedule_id, runbook_id, parameters, secret_names, priority, enabled,
       decided_until_at, created_at, created_by, creator_id, modified_at, modified_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    defaultWorkspace,
    idToBytes(linkId),
    schedule.schedule_id,
    runbookId,
    JSON.stringify(of.parameters),
    JSON.stringify(of.secretNames),
    of.priority,
    of.enabled ? 1 : 0,
    now,
    now,
    of.changedBy,
    of.creatorId === null ? null : idToBytes(of.creatorId),
    now,
    of.changedBy,
  );
  noteScheduleChange(session);
  return toScheduleLink(existingLink(session, linkId));
}

function changeLink(
  session: SqliteSession,
  of: Parameters<ScheduleWrites["changeScheduleLink"]>[0],
): StoredScheduleLink {
  const former = existingLink(session, of.linkId);
  refuseOtherRevision(former, of.expectedRevision, "schedule link");
  const now = session.now();
  session.run(
    `UPDATE schedule_links SET parameters = ?, secret_names = ?, parameters_version = ?, priority = ?, enabled = ?, creator_id = ?,
       decided_until_at = ?, modified_at = ?, modified_by = ?, revision = revision + 1
     WHERE link_id = ?`,
    JSON.stringify(of.parameters),
    JSON.stringify(of.secretNames),
    of.parametersVersion,
    of.priority,
    of.enabled ? 1 : 0,
    of.creatorId === null ? null : idToBytes(of.creatorId),
    of.enabled && former.enabled === 0 ? Math.max(former.decided_until_at, now) : former.decided_until_at,
    now,
    of.changedBy,
    former.link_id,
  );
  noteScheduleChange(session);
  return toScheduleLink(existingLink(session, of.linkId));
}

/** Times of a schedule's links up to this one are decided; what is decided stays so. */
function beginAt(session: SqliteSession, scheduleId: Uint8Array, moment: number): void {
  session.run(
    "UPDATE schedule_links SET decided_until_at = ?2 WHERE schedule_id = ?1 AND decided_until_at < ?2",
    scheduleId,
    moment,
  );
}

function noteScheduledTimes(
  session: SqliteSession,
  { link: seen, times, decidedUntil }: Parameters<ScheduleWrites["noteScheduledTimes"]>[0],
): boolean {
  const link = seenLink(session, seen);
  if (link === undefined) {
    return false;
  }
  const noted = times.filter(({ dueAt, upTo, outcome, reason }) => {
    const added = session.run(
      `INSERT INTO scheduled_times (workspace_id, link_id, due_at, schedule_id, schedule_name, runbook_id, runbook_name, outcome,
         last_due_at, reason, decided_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      defaultWorkspace,
      link.link_id,
      dueAt,
      link.schedule_id,
      link.schedule_name,
      link.runbook_id,
      link.runbook_name,
      outcome,
      upTo,
      reason,
      session.now(),
    );
    return added > 0;
  });
  session.run("UPDATE schedule_links SET decided_until_at = ? WHERE link_id = ?", decidedUntil, link.link_id);
  const last = noted.at(-1);
  if (last !== undefined) {
    noteMissedScheduleForNotices(session, {
      linkId: link.link_id,
      scheduleName: link.schedule_name,
      runbookId: link.runbook_id,
      runbookName: link.runbook_name,
      dueAt: last.dueAt,
      reason: last.reason,
    });
  }
  return true;
}

function forgetMissedTimes(
  session: SqliteSession,
  { link: seen, until, lastDueAt }: Parameters<ScheduleWrites["forgetMissedTimes"]>[0],
): boolean {
  const link = seenLink(session, seen);
  if (link === undefined) {
    return false;
  }
  session.run(
    "DELETE FROM scheduled_times WHERE link_id = ? AND outcome = 'missed' AND due_at > ?",
    link.link_id,
    until,
  );
  session.run(
    `UPDATE scheduled_times SET last_due_at = NULLIF(?2, due_at)
     WHERE link_id = ?1 AND outcome = 'missed' AND due_at <= ?2 AND last_due_at > ?2`,
    link.link_id,
    lastDueAt,
  );
  session.run("UPDATE schedule_links SET decided_until_at = ? WHERE link_id = ?", until, link.link_id);
  return true;
}

/** Services look at this number to see whether what they remember of schedules is old. */
function noteScheduleChange(session: SqliteSession): void {
  session.run("UPDATE workspaces SET schedule_changes = schedule_changes + 1 WHERE workspace_id = ?", defaultWorkspace);
}

function existingCalendar(session: SqliteSession, calendar: string): CalendarRow {
  const row = findCalendar(session, calendar);
  if (row === undefined) {
    throw noSuchCalendar(calendar);
  }
  return row;
}

function existingSchedule(session: SqliteSession, schedule: string): ScheduleRow {
  const row = findSchedule(session, schedule);
  if (row === undefined) {
    throw noSuchSchedule(schedule);
  }
  return row;
}

function existingLink(session: SqliteSession, linkId: string): ScheduleLinkRow {
  const row = findLink(session, linkId);
  if (row === undefined) {
    throw noSuchScheduleLink(linkId);
  }
  return row;
}

function refuseOtherRevision({ revision }: { revision: number }, expected: number | undefined, thing: string): void {
  if (expected !== undefined && expected !== revision) {
    throw scheduleThingChanged(thing);
  }
}
