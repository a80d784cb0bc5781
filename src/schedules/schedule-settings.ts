import { permits } from "../access/authorize.ts";
import type { Principal } from "../access/principal.ts";
import type { Recurrence, ScheduleSettings } from "../contract/api/schedule.ts";
import { datePattern, monthDayPattern, timeOfDayPattern } from "../contract/api/schedule.ts";
import type { StoredCalendar, StoredSchedule, StoredScheduleSettings } from "../store/operations/schedules.ts";
import { noSuchCalendar } from "../store/schedule-refusals.ts";
import type { Store } from "../store/store.ts";
import { parseDate } from "./recurrence/civil-day.ts";
import type { DueTimes } from "./recurrence/due-times.ts";
import { invalidSchedule } from "./schedule-names.ts";
import { scheduleTarget } from "./schedule-targets.ts";
import { dueTimesOf } from "./stored-due-times.ts";
import { checkedTimeZone } from "./time-zone.ts";

/** What a caller says of a schedule; what is left out stays as it is, or is the default of a new one. */
export type ScheduleChange = Partial<ScheduleSettings>;

/** Milliseconds. */
const usualMissedAfter = 60_000;
const longestJitter = 86_400_000;
const longestMissedAfter = 31 * 86_400_000;
const shortestMissedAfter = 1_000;
/** Of the largest interval of each kind, about two years. */
const mostEvery = { minutes: 1_051_200, hours: 17_520, days: 731, weeks: 104, months: 24 } as const;
const mostRuns = 1_000;
const lastMoment = Date.UTC(2200, 0, 1);

/** Settings of a schedule that says nothing else. Minutes and hours are counted from the next whole minute. */
export function newSchedule(recurrence: Recurrence, now: number): StoredScheduleSettings {
  const fromMinute = recurrence.kind === "minutes" || recurrence.kind === "hours";
  return {
    description: "",
    enabled: true,
    timeZone: "UTC",
    recurrence,
    startsAt: fromMinute ? Math.ceil(now / 60_000) * 60_000 : now,
    expiresAt: null,
    exceptDates: [],
    calendarIds: [],
    jitter: 0,
    misfire: { rule: "run-once" },
    missedAfter: usualMissedAfter,
  };
}

/**
 * The settings with a change made, checked as a whole. Calendars that the caller may not read are unknown; those that it has of them stay.
 * @throws UserError `invalid-schedule`, `invalid-cron` (422), `calendar-not-found` (404)
 */
export async function changedSettings(
  former: StoredScheduleSettings,
  change: ScheduleChange,
  store: Pick<Store, "read">,
  caller: Principal,
): Promise<{ settings: StoredScheduleSettings; calendars: StoredCalendar[]; times: DueTimes }> {
  const { startsAt, expiresAt, calendars: names, timeZone, ...plain } = change;
  const mayRead = (calendarId: string) => permits(caller, "read", scheduleTarget(calendarId));
  const unread = names === undefined ? former.calendarIds : former.calendarIds.filter((id) => !mayRead(id));
  const calendars = [
    ...(await calendarsOf(unread, store, () => true)),
    ...(await calendarsOf(names ?? [], store, mayRead)),
  ];
  const settings: StoredScheduleSettings = {
    ...former,
    ...plain,
    timeZone: timeZone === undefined ? former.timeZone : checkedTimeZone(timeZone),
    startsAt: startsAt === undefined ? former.startsAt : moment("/startsAt", startsAt),
    expiresAt: expiresAt === undefined ? former.expiresAt : expiresAt === null ? null : moment("/expiresAt", expiresAt),
    calendarIds: calendars.map(({ calendarId }) => calendarId),
  };
  check(settings);
  return { settings, calendars, times: dueTimesOf(settings, calendars) };
}

/** Whether two settings are due at different times. */
export function isDueOtherwise(former: StoredSchedule, settings: StoredScheduleSettings): boolean {
  const timing = (of: StoredScheduleSettings) =>
    JSON.stringify([of.timeZone, of.recurrence, of.startsAt, of.expiresAt, of.exceptDates, of.calendarIds.toSorted()]);
  return timing(former) !== timing(settings);
}

/** Whether the one starts anything at another moment than the other, or what the other did not start. */
export function startsOtherwise(former: StoredSchedule, settings: StoredScheduleSettings): boolean {
  const starting = (of: StoredScheduleSettings) => JSON.stringify([of.enabled, of.jitter, of.misfire, of.missedAfter]);
  return isDueOtherwise(former, settings) || starting(former) !== starting(settings);
}

async function calendarsOf(
  names: readonly string[],
  store: Pick<Store, "read">,
  mayUse: (calendarId: string) => boolean,
): Promise<StoredCalendar[]> {
  const calendars = new Map<string, StoredCalendar>();
  for (const name of names) {
    const calendar = await store.read.calendar({ calendar: name });
    if (calendar === null || !mayUse(calendar.calendarId)) {
      throw noSuchCalendar(name);
    }
    calendars.set(calendar.calendarId, calendar);
  }
  return [...calendars.values()];
}

function check(settings: StoredScheduleSettings): void {
  const { recurrence, startsAt, expiresAt, exceptDates, jitter, misfire, missedAfter } = settings;
  checkRecurrence(recurrence);
  if (expiresAt !== null && expiresAt <= startsAt) {
    throw invalidSchedule("/expiresAt", "The schedule would expire before it starts.");
  }
  const wrongDate = exceptDates.find((date) => !new RegExp(datePattern).test(date) || parseDate(date) === undefined);
  if (wrongDate !== undefined) {
    throw invalidSchedule("/exceptDates", `"${wrongDate}" is no date such as 2026-12-24.`);
  }
  checkWhole("/jitter", jitter, 0, longestJitter, "milliseconds");
  checkWhole("/missedAfter", missedAfter, shortestMissedAfter, longestMissedAfter, "milliseconds");
  if (misfire.rule === "run-all") {
    checkWhole("/misfire/most", misfire.most, 1, mostRuns, "runs");
  }
}

function checkRecurrence(recurrence: Recurrence): void {
  if (recurrence.kind === "once" || recurrence.kind === "cron") {
    return;
  }
  checkWhole("/recurrence/every", recurrence.every, 1, mostEvery[recurrence.kind], recurrence.kind);
  if (recurrence.kind === "minutes" || recurrence.kind === "hours") {
    return;
  }
  const wrongTime = recurrence.at.find((time) => !new RegExp(timeOfDayPattern).test(time));
  if (wrongTime !== undefined || recurrence.at.length === 0) {
    throw invalidSchedule("/recurrence/at", `"${wrongTime ?? ""}" is no time of day such as 07:30.`);
  }
  if (recurrence.kind === "months") {
    const wrongDay = recurrence.on.find((day) => !new RegExp(monthDayPattern).test(day));
    if (wrongDay !== undefined || recurrence.on.length === 0) {
      throw invalidSchedule(
        "/recurrence/on",
        `"${wrongDay ?? ""}" is no day of a month such as 15, last, first-weekday or second-tue.`,
      );
    }
  }
  if (recurrence.kind === "weeks" && recurrence.on.length === 0) {
    throw invalidSchedule("/recurrence/on", "A weekly schedule names one day of the week at least.");
  }
}

function checkWhole(pointer: string, value: number, lowest: number, highest: number, unit: string): void {
  if (!Number.isInteger(value) || value < lowest || value > highest) {
    throw invalidSchedule(pointer, `${value} is not ${lowest} to ${highest} ${unit}.`);
  }
}

function moment(pointer: string, text: string): number {
  const value = Date.parse(text);
  if (Number.isNaN(value) || value < 0 || value > lastMoment) {
    throw invalidSchedule(pointer, `"${text}" is no moment between 1970 and 2200.`);
  }
  return value;
}
