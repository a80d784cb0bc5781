import { authorize, permits } from "../access/authorize.ts";
import type { Principal } from "../access/principal.ts";
import type { Page } from "../contract/api/page.ts";
import type { CalendarResource, CalendarWindow } from "../contract/api/schedule.ts";
import { datePattern, timeOfDayPattern } from "../contract/api/schedule.ts";
import { UserError } from "../contract/user-error.ts";
import type { IdempotencyKey } from "../store/operations/idempotency.ts";
import type { StoredCalendar } from "../store/operations/schedules.ts";
import { calendarInUse, noSuchCalendar } from "../store/schedule-refusals.ts";
import type { Store } from "../store/store.ts";
import { importICalendar, mostWindows } from "./import-icalendar.ts";
import { parseDate, parseTimeOfDay } from "./recurrence/civil-day.ts";
import { checkedName, invalidSchedule } from "./schedule-names.ts";
import { calendarResource } from "./schedule-resources.ts";
import { scheduleTarget } from "./schedule-targets.ts";
import { checkedTimeZone } from "./time-zone.ts";

/** What a caller says of a calendar. */
export interface CalendarChange {
  description?: string;
  timeZone?: string;
  windows?: CalendarWindow[];
}

/** What a caller imports. */
export interface CalendarImport {
  /** The file. */
  iCalendar: string;
  /** What its events do; they deny by default. */
  effect?: CalendarWindow["effect"];
  /** The calendar's when left out, of a new one UTC. */
  timeZone?: string;
}

/** Calendars: when schedules that use them may run. They have the rights of a schedule. */
export class Calendars {
  readonly #store: Pick<Store, "read" | "write" | "once">;

  constructor(store: Pick<Store, "read" | "write" | "once">) {
    this.#store = store;
  }

  /** By name: those that the caller may read. */
  async list(page: { after?: string; limit: number }, caller: Principal): Promise<Page<CalendarResource>> {
    const { items, next } = await this.#store.read.calendars(page);
    const shown = items.filter(({ calendarId }) => permits(caller, "read", scheduleTarget(calendarId)));
    return { items: shown.map((calendar) => shownTo(caller, calendar)), next };
  }

  /** @throws UserError `calendar-not-found` (404) */
  async get(calendar: string, caller: Principal): Promise<CalendarResource> {
    return shownTo(caller, await this.#find(calendar, caller));
  }

  /** @throws UserError `calendar-exists` (409), `invalid-schedule` (422), `not-permitted` (403) */
  async create(
    calendar: CalendarChange & { name: string },
    caller: Principal,
    idempotency?: IdempotencyKey,
  ): Promise<CalendarResource> {
    this.#authorizeCreation(caller);
    const { description = "", timeZone = "UTC", windows = [] } = calendar;
    const writes = idempotency === undefined ? this.#store.write : this.#store.once(idempotency);
    return shownTo(
      caller,
      await writes.createCalendar({
        name: checkedName("calendar", calendar.name),
        description,
        timeZone: checkedTimeZone(timeZone),
        windows: checkedWindows(windows),
        changedBy: caller.name,
      }),
    );
  }

  /** @throws UserError `calendar-not-found` (404), `revision-mismatch` (412), and what `create` throws */
  async change(
    change: CalendarChange & { calendar: string; expectedRevision?: number },
    caller: Principal,
  ): Promise<CalendarResource> {
    const former = await this.#find(change.calendar, caller);
    this.#authorizeEdit(former, caller);
    return shownTo(
      caller,
      await this.#store.write.changeCalendar({
        calendarId: former.calendarId,
        description: change.description ?? former.description,
        timeZone: change.timeZone === undefined ? former.timeZone : checkedTimeZone(change.timeZone),
        windows: change.windows === undefined ? former.windows : checkedWindows(change.windows),
        changedBy: caller.name,
        expectedRevision: change.expectedRevision ?? former.revision,
      }),
    );
  }

  /**
   * Replaces the windows by those of a file in iCalendar's format; makes the calendar where there is none of that name.
   * @throws UserError `invalid-icalendar` (422), and what `create` and `change` throw
   */
  async import(of: CalendarImport & { calendar: string }, caller: Principal): Promise<CalendarResource> {
    const found = await this.#store.read.calendar({ calendar: of.calendar });
    // One that may not be read is as if there were none: who may make calendars may read them all.
    const former = found !== null && permits(caller, "read", scheduleTarget(found.calendarId)) ? found : null;
    if (former === null) {
      this.#authorizeCreation(caller);
    } else {
      this.#authorizeEdit(former, caller);
    }
    const timeZone = checkedTimeZone(of.timeZone ?? former?.timeZone ?? "UTC");
    const { now } = await this.#store.read.scheduleClock();
    const windows = await importICalendar({ text: of.iCalendar, effect: of.effect ?? "deny", timeZone, now });
    return former === null
      ? this.create({ name: of.calendar, timeZone, windows }, caller)
      : this.change({ calendar: of.calendar, timeZone, windows }, caller);
  }

  /** @throws UserError `calendar-not-found` (404), `calendar-in-use` (409), `revision-mismatch` (412), `not-permitted` (403) */
  async remove(of: { calendar: string; expectedRevision?: number }, caller: Principal): Promise<void> {
    const { calendarId, name } = await this.#find(of.calendar, caller);
    this.#authorizeEdit({ calendarId, name }, caller);
    const { expectedRevision } = of;
    try {
      await this.#store.write.removeCalendar({
        calendar: calendarId,
        ...(expectedRevision !== undefined && { expectedRevision }),
      });
    } catch (error) {
      const isNamed = permits(caller, "read", { kind: "everything" });
      throw error instanceof UserError && error.code === "calendar-in-use" && !isNamed
        ? calendarInUse(name, "schedules")
        : error;
    }
  }

  #authorizeCreation(caller: Principal): void {
    authorize(caller, "edit", { kind: "everything" }, "calendars, which are everybody's");
  }

  #authorizeEdit({ calendarId, name }: { calendarId: string; name: string }, caller: Principal): void {
    authorize(caller, "edit", scheduleTarget(calendarId), `the calendar ${name}`);
  }

  async #find(calendar: string, caller: Principal): Promise<StoredCalendar> {
    const found = await this.#store.read.calendar({ calendar });
    if (found === null || !permits(caller, "read", scheduleTarget(found.calendarId))) {
      throw noSuchCalendar(calendar);
    }
    return found;
  }
}

function shownTo(caller: Principal, calendar: StoredCalendar): CalendarResource {
  return calendarResource(calendar, (scheduleId) => permits(caller, "read", scheduleTarget(scheduleId)));
}

/** @throws UserError `invalid-schedule` (422) */
function checkedWindows(windows: CalendarWindow[]): CalendarWindow[] {
  if (windows.length > mostWindows) {
    throw invalidSchedule("/windows", `A calendar has at most ${mostWindows} windows.`);
  }
  for (const [index, window] of windows.entries()) {
    const fault = faultOf(window);
    if (fault !== undefined) {
      throw invalidSchedule(`/windows/${index}`, `The ${index + 1}. window ${fault}.`);
    }
  }
  return windows;
}

function faultOf(window: CalendarWindow): string | undefined {
  const { weekdays, from, to, firstDate, lastDate, startsAt, endsAt } = window;
  if (startsAt !== undefined || endsAt !== undefined) {
    const others = [weekdays, from, to, firstDate, lastDate].some((member) => member !== undefined);
    const [start, end] = [Date.parse(startsAt ?? ""), Date.parse(endsAt ?? "")];
    return others || !(start < end)
      ? "is between two moments, and then nothing else, the first before the second"
      : undefined;
  }
  const isTime = (text: string) => new RegExp(timeOfDayPattern).test(text) || text === "24:00";
  const wrongTime = [from, to].find((text) => text !== undefined && !isTime(text));
  if (wrongTime !== undefined || from === "24:00") {
    return `has "${wrongTime ?? from}", which is no time of day such as 07:30`;
  }
  if (from !== undefined && to !== undefined && parseTimeOfDay(from) === parseTimeOfDay(to)) {
    return "begins and ends at the same time of day: leave both out for the whole day";
  }
  const isDate = (text: string) => new RegExp(datePattern).test(text) && parseDate(text) !== undefined;
  const wrongDate = [firstDate, lastDate].find((text) => text !== undefined && !isDate(text));
  if (wrongDate !== undefined) {
    return `has "${wrongDate}", which is no date such as 2026-12-24`;
  }
  return firstDate !== undefined && lastDate !== undefined && lastDate < firstDate
    ? "ends before it begins"
    : undefined;
}
