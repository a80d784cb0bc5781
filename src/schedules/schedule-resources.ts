import { isoTime, isoTimeOrNull } from "../contract/api/iso-time.ts";
import type {
  CalendarResource,
  ScheduledTimeResource,
  ScheduleLinkResource,
  ScheduleResource,
} from "../contract/api/schedule.ts";
import type {
  StoredCalendar,
  StoredSchedule,
  StoredScheduledTime,
  StoredScheduleLink,
} from "../store/operations/schedules.ts";
import { withoutSecrets } from "../store/stored-job.ts";

/** A schedule as the API shows it. @param mayRead whether a calendar may be shown */
export function scheduleResource(
  schedule: StoredSchedule,
  nextDueAt: number | null,
  mayRead: (calendarId: string) => boolean,
): ScheduleResource {
  const { calendarIds, calendarNames, ...shown } = schedule;
  const calendars = calendarNames.filter((_name, index) => mayRead(calendarIds[index] ?? ""));
  return {
    ...shown,
    calendars,
    furtherCalendars: calendarNames.length - calendars.length,
    startsAt: isoTime(schedule.startsAt),
    expiresAt: isoTimeOrNull(schedule.expiresAt),
    nextDueAt: isoTimeOrNull(nextDueAt),
    createdAt: isoTime(schedule.createdAt),
    modifiedAt: isoTime(schedule.modifiedAt),
  };
}

/** A link as the API shows it. */
export function scheduleLinkResource(link: StoredScheduleLink, nextDueAt: number | null): ScheduleLinkResource {
  const {
    decidedUntil: _until,
    creatorId: _creator,
    folderId: _folder,
    secretNames,
    parametersVersion: _version,
    ...shown
  } = link;
  return {
    ...shown,
    parameters: withoutSecrets(link.parameters, secretNames),
    nextDueAt: isoTimeOrNull(nextDueAt),
    createdAt: isoTime(link.createdAt),
    modifiedAt: isoTime(link.modifiedAt),
  };
}

/** What became of a time, as the API shows it. */
export function scheduledTimeResource({ folderId: _folder, ...time }: StoredScheduledTime): ScheduledTimeResource {
  return {
    ...time,
    dueAt: isoTime(time.dueAt),
    upTo: isoTimeOrNull(time.upTo),
    decidedAt: isoTime(time.decidedAt),
  };
}

/** A calendar as the API shows it. @param mayRead whether a schedule may be shown */
export function calendarResource(calendar: StoredCalendar, mayRead: (scheduleId: string) => boolean): CalendarResource {
  const schedules = calendar.schedules.filter(({ scheduleId }) => mayRead(scheduleId)).map(({ name }) => name);
  const furtherSchedules = calendar.schedules.length - schedules.length;
  return {
    ...calendar,
    schedules,
    furtherSchedules,
    createdAt: isoTime(calendar.createdAt),
    modifiedAt: isoTime(calendar.modifiedAt),
  };
}
