import { bytesToId } from "../id-bytes.ts";
import { newId } from "../new-id.ts";
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
import type { Asynchronous } from "../store.ts";
import { dropRightsOn } from "./rights.ts";
import { calendarOf, findCalendar, findLink, findSchedule, scheduleOf, usesOfCalendar } from "./schedules-read.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import type { SqlValues } from "./sql-values.ts";
import { bigint, bit, id, idBytes, int, json, text, time } from "./sql-values.ts";

/** Of one statement that needs the time more than once. */
const declareNow = "DECLARE @now datetime2(3) = CAST(SYSUTCDATETIME() AS datetime2(3));";

export const scheduleWriteRules: WriteRules<ScheduleWrites> = {
  createCalendar: "kept",
  changeCalendar: "kept",
  removeCalendar: "kept",
  createSchedule: "kept",
  changeSchedule: "kept",
  removeSchedule: "kept",
  createScheduleLink: "kept",
  changeScheduleLink: "kept",
  removeScheduleLink: "kept",
  rewrapLinkParameters: "repeatable",
  noteScheduledTimes: "repeatable",
  forgetMissedTimes: "repeatable",
  purgeScheduledTimes: "repeatable",
};

export function scheduleWrites(session: MssqlSession): Asynchronous<ScheduleWrites> {
  return {
    createCalendar: (of) => createCalendar(session, of),
    changeCalendar: (of) => changeCalendar(session, of),
    removeCalendar: (of) => removeCalendar(session, of),
    createSchedule: (of) => createSchedule(session, of),
    changeSchedule: (of) => changeSchedule(session, of),
    removeSchedule: async (of) => {
      const schedule = await existingSchedule(session, of.schedule);
      const removed = await session.run(
        "DELETE FROM runsmith.schedules WHERE schedule_id = @schedule_id AND revision = @expected",
        { schedule_id: idBytes(schedule.schedule_id), expected: int(of.expectedRevision ?? schedule.revision) },
      );
      refuseNone(removed, `schedule ${schedule.name}`);
      await dropRightsOn(session, { scope: "asset", id: bytesToId(schedule.schedule_id), name: null });
      await noteScheduleChange(session);
    },
    createScheduleLink: (of) => createLink(session, of),
    changeScheduleLink: (of) => changeLink(session, of),
    removeScheduleLink: async (of) => {
      const link = await existingLink(session, of.linkId);
      const removed = await session.run(
        "DELETE FROM runsmith.schedule_links WHERE link_id = @link_id AND revision = @expected",
        { link_id: idBytes(link.link_id), expected: int(of.expectedRevision ?? link.revision) },
      );
      refuseNone(removed, "schedule link");
      await noteScheduleChange(session);
    },
    rewrapLinkParameters: async ({ values }) => {
      for (const { linkId, former, sealed } of values) {
        await session.run(
          "UPDATE runsmith.schedule_links SET parameters = REPLACE(parameters, @former, @sealed) WHERE link_id = @link_id",
          { former: text(former), sealed: text(sealed), link_id: id(linkId) },
        );
      }
      // Schedulers keep links in memory, and the former key opens nothing once it is retired.
      await noteScheduleChange(session);
    },
    noteScheduledTimes: (of) => noteScheduledTimes(session, of),
    forgetMissedTimes: (of) => forgetMissedTimes(session, of),
    purgeScheduledTimes: ({ before, limit }) =>
      session.run(
        `DELETE t FROM runsmith.scheduled_times t JOIN (
           SELECT TOP (@limit) link_id, due_at FROM runsmith.scheduled_times WHERE decided_at < @before ORDER BY decided_at) o
           ON o.link_id = t.link_id AND o.due_at = t.due_at`,
        { before: time(before), limit: int(limit) },
      ),
  };
}

async function createCalendar(
  session: MssqlSession,
  of: Parameters<ScheduleWrites["createCalendar"]>[0],
): Promise<StoredCalendar> {
  const calendarId = newId();
  try {
    await session.run(
      `${declareNow}
       INSERT INTO runsmith.calendars (workspace_id, calendar_id, name, description, time_zone, windows, created_at, modified_at,
         modified_by)
       VALUES (@workspace_id, @calendar_id, @name, @description, @time_zone, @windows, @now, @now, @changed_by)`,
      {
        workspace_id: id(defaultWorkspace),
        calendar_id: id(calendarId),
        name: text(of.name),
        description: text(of.description),
        time_zone: text(of.timeZone),
        windows: json(of.windows),
        changed_by: text(of.changedBy),
      },
    );
  } catch (error) {
    throw isDuplicate(error) ? calendarExists(of.name) : error;
  }
  return calendarOf(session, await existingCalendar(session, calendarId));
}

async function changeCalendar(
  session: MssqlSession,
  of: Parameters<ScheduleWrites["changeCalendar"]>[0],
): Promise<StoredCalendar> {
  const former = await existingCalendar(session, of.calendarId);
  const changed = await session.run(
    `UPDATE runsmith.calendars SET description = @description, time_zone = @time_zone, windows = @windows,
       modified_at = CAST(SYSUTCDATETIME() AS datetime2(3)), modified_by = @changed_by, revision = revision + 1
     WHERE calendar_id = @calendar_id AND revision = @expected`,
    {
      calendar_id: id(of.calendarId),
      description: text(of.description),
      time_zone: text(of.timeZone),
      windows: json(of.windows),
      changed_by: text(of.changedBy),
      expected: int(of.expectedRevision),
    },
  );
  refuseNone(changed, `calendar ${former.name}`);
  for (const { schedule_id } of await usesOfCalendar(session, former.calendar_id)) {
    // What the calendar denied until now was not missed; what is due and waits for its jitter is still to come.
    await session.run(
      `${declareNow}
       UPDATE runsmith.schedules SET revision = revision + 1 WHERE schedule_id = @schedule_id;
       UPDATE l SET decided_until_at = runsmith.Later(@now, -s.jitter)
       FROM runsmith.schedule_links l JOIN runsmith.schedules s ON s.schedule_id = l.schedule_id
       WHERE l.schedule_id = @schedule_id AND l.decided_until_at < runsmith.Later(@now, -s.jitter)`,
      { schedule_id: idBytes(schedule_id) },
    );
  }
  await noteScheduleChange(session);
  return calendarOf(session, await existingCalendar(session, of.calendarId));
}

async function removeCalendar(
  session: MssqlSession,
  of: { calendar: string; expectedRevision?: number },
): Promise<void> {
  const calendar = await existingCalendar(session, of.calendar);
  const users = await usesOfCalendar(session, calendar.calendar_id);
  if (users.length > 0) {
    throw calendarInUse(calendar.name, users.map(({ schedule_name }) => schedule_name).join(", "));
  }
  const removed = await session.run(
    "DELETE FROM runsmith.calendars WHERE calendar_id = @calendar_id AND revision = @expected",
    { calendar_id: idBytes(calendar.calendar_id), expected: int(of.expectedRevision ?? calendar.revision) },
  );
  refuseNone(removed, `calendar ${calendar.name}`);
  await dropRightsOn(session, { scope: "asset", id: bytesToId(calendar.calendar_id), name: null });
}

async function createSchedule(
  session: MssqlSession,
  of: Parameters<ScheduleWrites["createSchedule"]>[0],
): Promise<StoredSchedule> {
  const scheduleId = newId();
  try {
    await session.run(
      `${declareNow}
       INSERT INTO runsmith.schedules (workspace_id, schedule_id, name, description, enabled, time_zone, recurrence, starts_at,
         expires_at, except_dates, jitter, misfire, missed_after, created_at, modified_at, modified_by)
       VALUES (@workspace_id, @schedule_id, @name, @description, @enabled, @time_zone, @recurrence, @starts_at, @expires_at,
         @except_dates, @jitter, @misfire, @missed_after, @now, @now, @changed_by)`,
      {
        workspace_id: id(defaultWorkspace),
        schedule_id: id(scheduleId),
        name: text(of.name),
        changed_by: text(of.changedBy),
        ...settingsOf(of),
      },
    );
  } catch (error) {
    throw isDuplicate(error) ? scheduleExists(of.name) : error;
  }
  await useCalendars(session, scheduleId, of.calendarIds);
  await noteScheduleChange(session);
  return scheduleOf(session, await existingSchedule(session, scheduleId));
}

async function changeSchedule(
  session: MssqlSession,
  of: Parameters<ScheduleWrites["changeSchedule"]>[0],
): Promise<StoredSchedule> {
  const former = await existingSchedule(session, of.scheduleId);
  const changed = await session.run(
    `UPDATE runsmith.schedules SET description = @description, enabled = @enabled, time_zone = @time_zone,
       recurrence = @recurrence, starts_at = @starts_at, expires_at = @expires_at, except_dates = @except_dates, jitter = @jitter,
       misfire = @misfire, missed_after = @missed_after, modified_at = CAST(SYSUTCDATETIME() AS datetime2(3)),
       modified_by = @changed_by, revision = revision + 1
     WHERE schedule_id = @schedule_id AND revision = @expected`,
    {
      schedule_id: id(of.scheduleId),
      expected: int(of.expectedRevision),
      changed_by: text(of.changedBy),
      ...settingsOf(of),
    },
  );
  refuseNone(changed, `schedule ${former.name}`);
  await session.run("DELETE FROM runsmith.schedule_calendars WHERE schedule_id = @schedule_id", {
    schedule_id: id(of.scheduleId),
  });
  await useCalendars(session, of.scheduleId, of.calendarIds);
  if (of.afresh) {
    await session.run(
      `${declareNow}
       UPDATE runsmith.schedule_links SET decided_until_at = @now WHERE schedule_id = @schedule_id AND decided_until_at < @now`,
      { schedule_id: id(of.scheduleId) },
    );
  }
  await noteScheduleChange(session);
  return scheduleOf(session, await existingSchedule(session, of.scheduleId));
}

function settingsOf(schedule: StoredScheduleSettings): SqlValues {
  return {
    description: text(schedule.description),
    enabled: bit(schedule.enabled),
    time_zone: text(schedule.timeZone),
    recurrence: json(schedule.recurrence),
    starts_at: time(schedule.startsAt),
    expires_at: time(schedule.expiresAt),
    except_dates: json(schedule.exceptDates),
    jitter: bigint(schedule.jitter),
    misfire: json(schedule.misfire),
    missed_after: bigint(schedule.missedAfter),
  };
}

async function useCalendars(session: MssqlSession, scheduleId: string, calendarIds: readonly string[]): Promise<void> {
  for (const calendarId of calendarIds) {
    const { calendar_id } = await existingCalendar(session, calendarId);
    await session.run(
      "INSERT INTO runsmith.schedule_calendars (schedule_id, calendar_id) VALUES (@schedule_id, @calendar_id)",
      { schedule_id: id(scheduleId), calendar_id: idBytes(calendar_id) },
    );
  }
}

async function createLink(
  session: MssqlSession,
  of: Parameters<ScheduleWrites["createScheduleLink"]>[0],
): Promise<StoredScheduleLink> {
  const schedule = await existingSchedule(session, of.scheduleId);
  const { linkId } = of;
  const added = await session.run(
    `${declareNow}
     INSERT INTO runsmith.schedule_links (workspace_id, link_id, schedule_id, runbook_id, parameters, secret_names, priority,
       enabled, decided_until_at, created_at, created_by, creator_id, modified_at, modified_by)
     SELECT @workspace_id, @link_id, @schedule_id, runbook_id, @parameters, @secret_names, @priority, @enabled, @now, @now, @changed_by,
       @creator_id, @now, @changed_by
     FROM runsmith.runbooks WHERE runbook_id = @runbook_id`,
    {
      workspace_id: id(defaultWorkspace),
      link_id: id(linkId),
      schedule_id: idBytes(schedule.schedule_id),
      runbook_id: id(of.runbookId),
      parameters: json(of.parameters),
      secret_names: json(of.secretNames),
      priority: int(of.priority),
      enabled: bit(of.enabled),
      changed_by: text(of.changedBy),
      creator_id: id(of.creatorId),
    },
  );
  if (added === 0) {
    throw noSuchRunbook(of.runbookId);
  }
  await noteScheduleChange(session);
  return toScheduleLink(await existingLink(session, linkId));
}

async function changeLink(
  session: MssqlSession,
  of: Parameters<ScheduleWrites["changeScheduleLink"]>[0],
): Promise<StoredScheduleLink> {
  await existingLink(session, of.linkId);
  const changed = await session.run(
    `${declareNow}
     UPDATE runsmith.schedule_links SET parameters = @parameters, secret_names = @secret_names,
       parameters_version = @parameters_version, priority = @priority, enabled = @enabled, creator_id = @creator_id,
       decided_until_at = CASE WHEN @enabled = 1 AND enabled = 0 AND decided_until_at < @now THEN @now ELSE decided_until_at END,
       modified_at = @now, modified_by = @changed_by, revision = revision + 1
     WHERE link_id = @link_id AND revision = @expected`,
    {
      link_id: id(of.linkId),
      parameters: json(of.parameters),
      secret_names: json(of.secretNames),
      parameters_version: int(of.parametersVersion),
      priority: int(of.priority),
      enabled: bit(of.enabled),
      creator_id: id(of.creatorId),
      changed_by: text(of.changedBy),
      expected: int(of.expectedRevision),
    },
  );
  refuseNone(changed, "schedule link");
  await noteScheduleChange(session);
  return toScheduleLink(await existingLink(session, of.linkId));
}

async function noteScheduledTimes(
  session: MssqlSession,
  { link, times, decidedUntil }: Parameters<ScheduleWrites["noteScheduledTimes"]>[0],
): Promise<boolean> {
  if (!(await decideUntil(session, link, decidedUntil))) {
    return false;
  }
  let last: (typeof times)[number] | undefined;
  for (const noted of times) {
    const added = await session.run(
      `INSERT INTO runsmith.scheduled_times (workspace_id, link_id, due_at, schedule_id, schedule_name, runbook_id, runbook_name,
         outcome, last_due_at, reason, decided_at)
       SELECT @workspace_id, l.link_id, @due_at, s.schedule_id, s.name, r.runbook_id, r.name, @outcome, @last_due_at, @reason,
         CAST(SYSUTCDATETIME() AS datetime2(3))
       FROM runsmith.schedule_links l JOIN runsmith.schedules s ON s.schedule_id = l.schedule_id
       JOIN runsmith.runbooks r ON r.runbook_id = l.runbook_id
       WHERE l.link_id = @link_id
         AND NOT EXISTS (SELECT 1 FROM runsmith.scheduled_times t WHERE t.link_id = @link_id AND t.due_at = @due_at)`,
      {
        workspace_id: id(defaultWorkspace),
        link_id: id(link.linkId),
        due_at: time(noted.dueAt),
        outcome: text(noted.outcome),
        last_due_at: time(noted.upTo),
        reason: text(noted.reason),
      },
    );
    last = added > 0 ? noted : last;
  }
  if (last !== undefined) {
    await session.run(
      `${declareNow}
       INSERT INTO runsmith.notice_events (happened_at, subject_id, event, schedule_name, runbook_id, runbook_name, due_at, reason)
       SELECT @now, l.link_id, N'schedule-missed', s.name, r.runbook_id, r.name, @due_at, @reason
       FROM runsmith.schedule_links l JOIN runsmith.schedules s ON s.schedule_id = l.schedule_id
       JOIN runsmith.runbooks r ON r.runbook_id = l.runbook_id
       WHERE l.link_id = @link_id AND EXISTS (SELECT 1 FROM runsmith.notice_rules WHERE enabled = 1)
         AND NOT EXISTS (
           SELECT 1 FROM runsmith.notice_events WHERE happened_at = @now AND subject_id = @link_id AND event = N'schedule-missed')`,
      { link_id: id(link.linkId), due_at: time(last.dueAt), reason: text(last.reason) },
    );
  }
  return true;
}

async function forgetMissedTimes(
  session: MssqlSession,
  { link, until, lastDueAt }: Parameters<ScheduleWrites["forgetMissedTimes"]>[0],
): Promise<boolean> {
  if (!(await decideUntil(session, link, until))) {
    return false;
  }
  await session.run(
    `DELETE FROM runsmith.scheduled_times WHERE link_id = @link_id AND outcome = N'missed' AND due_at > @until;
     UPDATE runsmith.scheduled_times SET last_due_at = NULLIF(@last_due_at, due_at)
     WHERE link_id = @link_id AND outcome = N'missed' AND due_at <= @last_due_at AND last_due_at > @last_due_at;`,
    { link_id: id(link.linkId), until: time(until), last_due_at: time(lastDueAt) },
  );
  return true;
}

/** False when link or schedule have changed. Holds the link's row until the commit, so that two services note one after another. */
async function decideUntil(session: MssqlSession, link: SeenLink, decidedUntil: number): Promise<boolean> {
  const current = await session.run(
    `UPDATE l SET decided_until_at = @decided_until_at
     FROM runsmith.schedule_links l JOIN runsmith.schedules s ON s.schedule_id = l.schedule_id
     WHERE l.link_id = @link_id AND l.revision = @link_revision AND l.enabled = 1
       AND s.revision = @schedule_revision AND s.enabled = 1`,
    {
      link_id: id(link.linkId),
      link_revision: int(link.linkRevision),
      schedule_revision: int(link.scheduleRevision),
      decided_until_at: time(decidedUntil),
    },
  );
  return current > 0;
}

/** Services look at this number to see whether what they remember of schedules is old. */
async function noteScheduleChange(session: MssqlSession): Promise<void> {
  await session.run(
    "UPDATE runsmith.workspaces SET schedule_changes = schedule_changes + 1 WHERE workspace_id = @workspace_id",
    { workspace_id: id(defaultWorkspace) },
  );
}

async function existingCalendar(session: MssqlSession, calendar: string): Promise<CalendarRow> {
  const row = await findCalendar(session, calendar);
  if (row === undefined) {
    throw noSuchCalendar(calendar);
  }
  return row;
}

async function existingSchedule(session: MssqlSession, schedule: string): Promise<ScheduleRow> {
  const row = await findSchedule(session, schedule);
  if (row === undefined) {
    throw noSuchSchedule(schedule);
  }
  return row;
}

async function existingLink(session: MssqlSession, linkId: string): Promise<ScheduleLinkRow> {
  const row = await findLink(session, linkId);
  if (row === undefined) {
    throw noSuchScheduleLink(linkId);
  }
  return row;
}

/** A change of nothing: it had another revision. */
function refuseNone(changed: number, thing: string): void {
  if (changed === 0) {
    throw scheduleThingChanged(thing);
  }
}
