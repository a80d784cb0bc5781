import type { CalendarWindow, Weekday } from "../../src/contract/api/schedule.ts";
import { weekdays } from "../../src/contract/api/schedule.ts";
import { UserError } from "../../src/contract/user-error.ts";

/**
 * Reads a window of a calendar: days of the week, hours and dates, in any order, each at most once: `mon-fri 08:00-18:00
 * 2026-07-01..2026-08-31`.
 * @throws UserError `usage`
 */
export function readCalendarWindow(effect: CalendarWindow["effect"], text: string): CalendarWindow {
  const window: CalendarWindow = { effect };
  for (const part of text.trim().toLowerCase().split(/\s+/)) {
    const hours = /^(\d\d:\d\d(?::\d\d)?)-(\d\d:\d\d(?::\d\d)?)$/.exec(part);
    const dates = /^(\d{4}-\d\d-\d\d)?(?:(\.\.)(\d{4}-\d\d-\d\d)?)?$/.exec(part);
    if (hours !== null && window.from === undefined) {
      window.from = hours[1] ?? "";
      window.to = hours[2] ?? "";
    } else if (dates !== null && part !== "" && part !== ".." && window.firstDate === undefined) {
      const [, first, isRange, last] = dates;
      if (first !== undefined) window.firstDate = first;
      const end = isRange === undefined ? first : last;
      if (end !== undefined) window.lastDate = end;
    } else if (window.weekdays === undefined && /^[a-z,-]+$/.test(part)) {
      window.weekdays = part.split(",").flatMap((range) => daysOf(range, text));
    } else {
      throw wrong(text);
    }
  }
  return window;
}

/** `mon`, or `fri-mon`. */
function daysOf(range: string, text: string): Weekday[] {
  const [first, last, ...more] = range.split("-").map((name) => weekdays.findIndex((day) => name.startsWith(day)));
  if (first === undefined || first < 0 || last === -1 || more.length > 0) throw wrong(text);
  const length = last === undefined ? 1 : ((last - first + 7) % 7) + 1;
  return Array.from({ length }, (_, index) => weekdays[(first + index) % 7] ?? "mon");
}

function wrong(text: string): UserError {
  return new UserError("usage", `"${text}" is no window of a calendar.`, {
    remedy:
      'Write days, hours and dates, such as "mon-fri 08:00-18:00", "2026-12-24", "22:00-06:00 2026-07-01..2026-08-31".',
  });
}
