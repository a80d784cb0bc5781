import type { StoredCalendar, StoredScheduleSettings } from "../store/operations/schedules.ts";
import { DueTimes } from "./recurrence/due-times.ts";

/**
 * When a schedule is due.
 * @param calendars those that it uses, and perhaps others
 * @throws RangeError for an unknown zone, UserError `invalid-cron`
 */
export function dueTimesOf(
  schedule: Pick<
    StoredScheduleSettings,
    "timeZone" | "recurrence" | "startsAt" | "expiresAt" | "exceptDates" | "calendarIds"
  >,
  calendars: readonly StoredCalendar[],
): DueTimes {
  return new DueTimes({
    ...schedule,
    calendars: calendars.filter(({ calendarId }) => schedule.calendarIds.includes(calendarId)),
  });
}
