import type { Recurrence } from "../../contract/api/schedule.ts";
import { weekdays } from "../../contract/api/schedule.ts";
import { parseTimeOfDay } from "./civil-day.ts";
import { readCron } from "./cron/cron-expression.ts";
import type { DayRule } from "./day-rules.ts";
import { EveryDays, EveryMonths, EveryWeeks, namedMonthDays } from "./day-rules.ts";
import type { TimesOfDay } from "./times-of-day.ts";
import { ListedTimes } from "./times-of-day.ts";
import type { ZoneClock } from "./zone-clock.ts";

/** The moments that a recurrence names, without start, end, exceptions and calendars. Milliseconds since the epoch. */
export interface RecurringMoments {
  /** The first one after `moment`, and not after `last`; undefined when there is none. */
  after(moment: number, last: number): number | undefined;
}

/** @throws UserError `invalid-cron` */
export function recurringMoments(recurrence: Recurrence, clock: ZoneClock, startsAt: number): RecurringMoments {
  const { kind } = recurrence;
  const anchor = clock.wallTime(startsAt).day;
  switch (kind) {
    case "once":
      return { after: (moment, last) => (startsAt > moment && startsAt <= last ? startsAt : undefined) };
    case "minutes":
      return new ElapsedInterval(startsAt, recurrence.every * 60_000);
    case "hours":
      return new ElapsedInterval(startsAt, recurrence.every * 3_600_000);
    case "days":
      return new WallMoments(clock, new EveryDays(anchor, recurrence.every), listed(recurrence.at));
    case "weeks": {
      const on = recurrence.on.map((name) => weekdays.indexOf(name));
      return new WallMoments(clock, new EveryWeeks(anchor, recurrence.every, on), listed(recurrence.at));
    }
    case "months": {
      const days = new EveryMonths(anchor, recurrence.every, namedMonthDays(recurrence.on));
      return new WallMoments(clock, days, listed(recurrence.at));
    }
    case "cron": {
      const { days, times } = readCron(recurrence.expression);
      return new WallMoments(clock, days, times);
    }
  }
}

function listed(at: readonly string[]): TimesOfDay {
  return new ListedTimes(at.map(parseTimeOfDay));
}

/** Every so many milliseconds from a start on, whatever the clocks show. */
class ElapsedInterval implements RecurringMoments {
  readonly #start: number;
  readonly #every: number;

  constructor(start: number, every: number) {
    this.#start = start;
    this.#every = every;
  }

  after(moment: number, last: number): number | undefined {
    const turns = Math.max(0, Math.floor((moment - this.#start) / this.#every) + 1);
    const found = this.#start + turns * this.#every;
    return found <= last ? found : undefined;
  }
}

/** Times of day on certain days, by a zone's wall clock. */
class WallMoments implements RecurringMoments {
  readonly #clock: ZoneClock;
  readonly #days: DayRule;
  readonly #times: TimesOfDay;

  constructor(clock: ZoneClock, days: DayRule, times: TimesOfDay) {
    this.#clock = clock;
    this.#days = days;
    this.#times = times;
  }

  after(moment: number, last: number): number | undefined {
    // What the clocks showed until now is due now or before; so what is due later is later on the clock, too. The other way round it
    // is not so: while an hour is repeated, its times are over.
    const start = this.#clock.wallTime(moment);
    const lastDay = this.#clock.wallTime(last).day + 1;
    const fromSecond = start.second + 1;
    for (let day = this.#days.from(start.day, lastDay); day !== undefined; day = this.#days.from(day + 1, lastDay)) {
      for (
        let second = this.#times.from(day === start.day ? fromSecond : 0);
        second !== undefined;
        second = this.#times.from(second + 1)
      ) {
        const found = this.#clock.moment({ day, second });
        if (found > last) {
          return undefined;
        }
        if (found > moment) {
          return found;
        }
      }
    }
    return undefined;
  }
}
