import type { CalendarWindow, Recurrence } from "../../contract/api/schedule.ts";
import { CalendarTime } from "./calendar-time.ts";
import { parseDate } from "./civil-day.ts";
import { ExceptedDates } from "./excepted-dates.ts";
import type { PermittedTime } from "./permitted-time.ts";
import type { RecurringMoments } from "./recurring-moments.ts";
import { recurringMoments } from "./recurring-moments.ts";
import { ZoneClock } from "./zone-clock.ts";

/** What says when a schedule is due. Moments are milliseconds since the epoch. */
export interface DueTimesOf {
  timeZone: string;
  recurrence: Recurrence;
  startsAt: number;
  expiresAt: number | null;
  exceptDates: readonly string[];
  calendars: readonly { timeZone: string; windows: readonly CalendarWindow[] }[];
}

/** How far ahead a time is looked for: 50 years, so that 29 February on a certain day of the week is found. */
export const searchedTime = 50 * 366 * 86_400_000;

/** Times that calendars and exceptions may deny in a row; each stands for all up to the next permitted moment. */
const mostDenied = 5_000;

/** The times at which a schedule is due, one after another. */
export class DueTimes {
  readonly clock: ZoneClock;
  readonly #moments: RecurringMoments;
  readonly #startsAt: number;
  readonly #end: number;
  readonly #permitted: readonly PermittedTime[];

  /** @throws RangeError for an unknown zone, UserError `invalid-cron` */
  constructor(of: DueTimesOf) {
    this.clock = new ZoneClock(of.timeZone);
    this.#moments = recurringMoments(of.recurrence, this.clock, of.startsAt);
    this.#startsAt = of.startsAt;
    this.#end = (of.expiresAt ?? Number.POSITIVE_INFINITY) - 1;
    const excepted = of.exceptDates.flatMap((date) => parseDate(date) ?? []);
    this.#permitted = [
      ...(excepted.length === 0 ? [] : [new ExceptedDates(this.clock, excepted)]),
      ...of.calendars.map(({ timeZone, windows }) => new CalendarTime(new ZoneClock(timeZone), windows)),
    ];
  }

  /** The first one after `moment`; null when there is none, none in the next 50 years, or thousands are denied before it. */
  after(moment: number): number | null {
    let from = Math.max(moment, this.#startsAt - 1);
    const last = Math.min(this.#end, from + searchedTime);
    for (let looks = 0; looks < mostDenied; looks += 1) {
      const due = this.#moments.after(from, last);
      if (due === undefined) {
        return null;
      }
      const permitted = this.#permittedFrom(due, last);
      if (permitted === due) {
        return due;
      }
      if (permitted === undefined) {
        return null;
      }
      from = permitted - 1;
    }
    return null;
  }

  /** Those after `from` and up to `to`, `most` at most, in order. */
  between(from: number, to: number, most: number): number[] {
    const found: number[] = [];
    for (let due = this.after(from); due !== null && due <= to && found.length < most; due = this.after(due)) {
      found.push(due);
    }
    return found;
  }

  /** The last ones of those after `from` and up to `to`, `most` at most, in order; looks at few that are earlier. */
  latest(from: number, to: number, most: number): number[] {
    for (let reach = 60_000; ; reach *= 4) {
      const start = Math.max(from, to - reach);
      const found = this.between(start, to, Number.POSITIVE_INFINITY);
      if (start === from || found.length >= most) {
        return found.slice(-most);
      }
    }
  }

  /** The first moment at or after `moment` that nothing denies. */
  #permittedFrom(moment: number, last: number): number | undefined {
    let at = moment;
    for (const permitted of this.#permitted) {
      const next = permitted.from(at, last);
      if (next === undefined) {
        return undefined;
      }
      at = next;
    }
    // What came later may be denied by the first ones again; then the next look says so.
    return at;
  }
}
