import type { CalendarWindow } from "../contract/api/schedule.ts";
import { UserError } from "../contract/user-error.ts";
import { civilDate, dayNumber } from "./recurrence/civil-day.ts";
import { ZoneClock } from "./recurrence/zone-clock.ts";

/** Years for which events that recur are written out, from a year before now on. */
const yearsWrittenOut = 10;

/** Windows that a calendar may have. */
export const mostWindows = 5_000;

/** Occurrences of one event that are looked at; one that recurs every second ends here. */
const mostOccurrences = 20_000;

const year = 366 * 86_400_000;

type Ical = typeof import("ical.js").default;
type IcalTime = InstanceType<Ical["Time"]>;
type IcalEvent = InstanceType<Ical["Event"]>;

/** A time of an event. */
interface Occurrence {
  item: IcalEvent;
  startDate: IcalTime;
  endDate: IcalTime;
}

/**
 * The windows that a file in iCalendar's format (RFC 5545) makes: one for each time of each event, recurrences written out for ten
 * years. Events of whole days are dates of the calendar's zone; times without a zone are read on its clock. Cancelled events are left out.
 * @throws UserError `invalid-icalendar` (422)
 */
export async function importICalendar(of: {
  text: string;
  effect: CalendarWindow["effect"];
  timeZone: string;
  now: number;
}): Promise<CalendarWindow[]> {
  const { default: ical } = await import("ical.js");
  try {
    return windowsOf(ical, of);
  } catch (error) {
    if (error instanceof UserError) {
      throw error;
    }
    throw invalid(`The file is no calendar in iCalendar's format: ${(error as Error).message}.`);
  }
}

function windowsOf(ical: Ical, of: Parameters<typeof importICalendar>[0]): CalendarWindow[] {
  const { effect, now } = of;
  const clock = new ZoneClock(of.timeZone);
  const windows: CalendarWindow[] = [];
  for (const event of eventsOf(ical, of.text)) {
    for (const occurrence of occurrencesOf(event, now - year, now + yearsWrittenOut * year, clock)) {
      windows.push({ effect, ...noteOf(occurrence.item), ...stretchOf(occurrence, clock) });
      if (windows.length > mostWindows) {
        throw invalid(`The calendar has more than ${mostWindows} times of events.`);
      }
    }
  }
  if (windows.length === 0) {
    throw invalid("The calendar has no event from the last year on.");
  }
  return windows;
}

/** Events that stand for themselves; what differs in single times of them is with them. */
function eventsOf(ical: Ical, text: string): IcalEvent[] {
  const parsed = ical.parse(text) as unknown[];
  // Several calendars in one file are a list of them.
  const roots = (Array.isArray(parsed[0]) ? parsed : [parsed]) as ConstructorParameters<Ical["Component"]>[0][];
  return roots.flatMap((root) => {
    const calendar = new ical.Component(root);
    if (calendar.name !== "vcalendar") {
      throw invalid("The file does not begin with a calendar (BEGIN:VCALENDAR).");
    }
    const all = calendar.getAllSubcomponents("vevent").map((component) => new ical.Event(component));
    const events = all.filter((event) => !event.isRecurrenceException());
    for (const exception of all.filter((event) => event.isRecurrenceException())) {
      events.find(({ uid }) => uid === exception.uid)?.relateException(exception);
    }
    return events.filter((event) => !isCancelled(event));
  });
}

function occurrencesOf(event: IcalEvent, from: number, until: number, clock: ZoneClock): Occurrence[] {
  const isOver = (end: IcalTime) => momentOf(end, namedClock(event.startDate) ?? clock) <= from;
  if (!event.isRecurring()) {
    const { startDate, endDate } = event;
    return isOver(endDate) || momentOf(startDate, clock) > until ? [] : [{ item: event, startDate, endDate }];
  }
  const occurrences: Occurrence[] = [];
  const iterator = event.iterator();
  for (let looked = 0; looked < mostOccurrences; looked += 1) {
    const next = iterator.next() as IcalTime | null | undefined;
    if (next === null || next === undefined || momentOf(next, clock) > until) {
      break;
    }
    const occurrence = event.getOccurrenceDetails(next) as Occurrence;
    if (!isOver(occurrence.endDate) && !isCancelled(occurrence.item)) {
      occurrences.push(occurrence);
    }
  }
  return occurrences;
}

function isCancelled(event: IcalEvent): boolean {
  return String(event.component.getFirstPropertyValue("status") ?? "").toUpperCase() === "CANCELLED";
}

function noteOf(event: IcalEvent): { note?: string } {
  const note = String(event.summary ?? "")
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, 200);
  return note === "" ? {} : { note };
}

function stretchOf({ startDate, endDate }: Occurrence, clock: ZoneClock): Partial<CalendarWindow> {
  if (startDate.isDate) {
    const first = dayOf(startDate);
    // The end of a whole day is the day after it.
    const last = Math.max(first, dayOf(endDate) - 1);
    return { firstDate: dateText(first), lastDate: dateText(last) };
  }
  // An end that is worked out from a length has no zone of its own.
  const [starts, ends] = [momentOf(startDate, clock), momentOf(endDate, namedClock(startDate) ?? clock)];
  return { startsAt: new Date(starts).toISOString(), endsAt: new Date(Math.max(starts + 1, ends)).toISOString() };
}

/** The moment of a time: by its zone where IANA knows it, else by what the file says of the zone, else by the calendar's clock. */
function momentOf(time: IcalTime, calendarClock: ZoneClock): number {
  const clock = namedClock(time);
  if (clock === null && zoneOf(time) !== "floating") {
    return time.toUnixTime() * 1000;
  }
  const second = time.hour * 3600 + time.minute * 60 + time.second;
  return (clock ?? calendarClock).moment({ day: dayOf(time), second });
}

/** The clock of the zone that a time names; null where IANA knows none of that name. */
function namedClock(time: IcalTime): ZoneClock | null {
  // Where the file does not define the zone, the time floats and keeps the name only.
  const named = zoneOf(time) === "floating" ? (time as { timezone?: string | null }).timezone : zoneOf(time);
  return typeof named === "string" ? clockOf(named) : null;
}

function zoneOf(time: IcalTime): string {
  return time.zone?.tzid ?? "floating";
}

const clocksKept = 100;
const clocks = new Map<string, ZoneClock | null>();

function clockOf(zone: string): ZoneClock | null {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    try {
      clock = /^[+-]/.test(zone) ? null : new ZoneClock(zone);
    } catch {
      clock = null;
    }
    if (clocks.size === clocksKept) {
      clocks.clear();
    }
    clocks.set(zone, clock);
  }
  return clock;
}

function dayOf({ year: ofYear, month, day }: IcalTime): number {
  return dayNumber({ year: ofYear, month, day });
}

function dateText(number: number): string {
  const { year: ofYear, month, day } = civilDate(number);
  return [String(ofYear).padStart(4, "0"), String(month).padStart(2, "0"), String(day).padStart(2, "0")].join("-");
}

function invalid(message: string): UserError {
  return new UserError("invalid-icalendar", message, {
    status: 422,
    remedy: "Export the calendar again as an .ics file, with events (VEVENT) in it.",
  });
}
