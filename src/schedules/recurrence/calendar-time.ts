import type { CalendarWindow } from "../../contract/api/schedule.ts";
import { weekdays } from "../../contract/api/schedule.ts";
import { parseDate, parseTimeOfDay, weekdayOf } from "./civil-day.ts";
import type { PermittedTime } from "./permitted-time.ts";
import type { ZoneClock } from "./zone-clock.ts";

/** A stretch of time; `to` is not included. */
interface Stretch {
  from: number;
  to: number;
}

/** A window that is open on some days, between two times of day. */
interface DayWindow {
  permits: boolean;
  /** 0 is Monday. */
  weekdays: ReadonlySet<number>;
  firstDay: number;
  lastDay: number;
  /** Seconds since midnight; `to` may be on the next day. */
  from: number;
  to: number;
}

const dayLength = 86_400;
const daysKept = 1_000;

/**
 * When a calendar permits something: a moment that no window denies, and, where any window permits, that one of these does.
 * Worked out day by day, on the wall clock of the calendar's zone, and remembered.
 */
export class CalendarTime implements PermittedTime {
  readonly #clock: ZoneClock;
  readonly #windows: readonly DayWindow[];
  /** Windows between two moments, by each day that they touch. */
  readonly #moments = new Map<number, (Stretch & { permits: boolean })[]>();
  readonly #permitsByWindow: boolean;
  /** Behind this day nothing is permitted any more. */
  readonly #lastDay: number;
  readonly #days = new Map<number, readonly Stretch[]>();

  constructor(clock: ZoneClock, windows: readonly CalendarWindow[]) {
    this.#clock = clock;
    this.#permitsByWindow = windows.some(({ effect }) => effect === "permit");
    this.#windows = windows.filter(({ startsAt }) => startsAt === undefined).map(dayWindow);
    let lastDay = Number.NEGATIVE_INFINITY;
    for (const { effect, startsAt, endsAt } of windows) {
      if (startsAt !== undefined && endsAt !== undefined) {
        const day = this.#addMoments({
          permits: effect === "permit",
          from: Date.parse(startsAt),
          to: Date.parse(endsAt),
        });
        lastDay = effect === "permit" ? Math.max(lastDay, day) : lastDay;
      }
    }
    for (const window of this.#windows) {
      lastDay = window.permits ? Math.max(lastDay, window.lastDay + 1) : lastDay;
    }
    this.#lastDay = this.#permitsByWindow ? lastDay : Number.POSITIVE_INFINITY;
  }

  from(moment: number, last: number): number | undefined {
    const lastDay = Math.min(this.#lastDay, this.#clock.wallTime(last).day + 1);
    for (let { day } = this.#clock.wallTime(moment); day <= lastDay; day += 1) {
      const stretch = this.#permittedOn(day).find(({ to }) => to > moment);
      if (stretch !== undefined) {
        const found = Math.max(moment, stretch.from);
        return found <= last ? found : undefined;
      }
    }
    return undefined;
  }

  /** @returns the last day that it touches */
  #addMoments(window: Stretch & { permits: boolean }): number {
    const { day: first } = this.#clock.wallTime(window.from);
    const { day: last } = this.#clock.wallTime(window.to);
    for (let day = first; day <= last; day += 1) {
      const known = this.#moments.get(day);
      if (known === undefined) {
        this.#moments.set(day, [window]);
      } else {
        known.push(window);
      }
    }
    return last;
  }

  /** In order, apart from each other. */
  #permittedOn(day: number): readonly Stretch[] {
    const known = this.#days.get(day);
    if (known !== undefined) {
      return known;
    }
    const whole = { from: this.#clock.moment({ day, second: 0 }), to: this.#clock.moment({ day: day + 1, second: 0 }) };
    const windows = [
      ...this.#windows.flatMap((window) => this.#openings(window, day)),
      ...(this.#moments.get(day) ?? []),
    ];
    const permitted = this.#permitsByWindow ? windows.filter(({ permits }) => permits) : [whole];
    const denied = windows.filter(({ permits }) => !permits);
    const stretches = without(joined(permitted.map((stretch) => within(stretch, whole))), joined(denied));
    if (this.#days.size === daysKept) {
      this.#days.clear();
    }
    this.#days.set(day, stretches);
    return stretches;
  }

  /** Where a window is open on a day, those openings included that began the day before, or are shown on it a second time. */
  #openings(window: DayWindow, day: number): (Stretch & { permits: boolean })[] {
    return [day - 1, day]
      .filter((start) => start >= window.firstDay && start <= window.lastDay && window.weekdays.has(weekdayOf(start)))
      .flatMap((start) =>
        this.#clock.shown(
          { day: start, second: window.from },
          { day: start + Math.floor(window.to / dayLength), second: window.to % dayLength },
        ),
      )
      .map((stretch) => ({ ...stretch, permits: window.permits }));
  }
}

function dayWindow({ effect, weekdays: on, from, to, firstDate, lastDate }: CalendarWindow): DayWindow {
  const start = parseTimeOfDay(from ?? "00:00");
  const end = parseTimeOfDay(to ?? "24:00");
  return {
    permits: effect === "permit",
    weekdays: new Set((on ?? weekdays).map((name) => weekdays.indexOf(name))),
    firstDay: firstDate === undefined ? Number.NEGATIVE_INFINITY : (parseDate(firstDate) ?? Number.POSITIVE_INFINITY),
    lastDay: lastDate === undefined ? Number.POSITIVE_INFINITY : (parseDate(lastDate) ?? Number.NEGATIVE_INFINITY),
    from: start,
    to: end > start ? end : end + dayLength,
  };
}

function within(stretch: Stretch, whole: Stretch): Stretch {
  return { from: Math.max(stretch.from, whole.from), to: Math.min(stretch.to, whole.to) };
}

/** The same time, in order and apart from each other. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  const filled = stretches.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  for (const { from, to } of filled) {
    const before = result.at(-1);
    if (before !== undefined && before.to >= from) {
      before.to = Math.max(before.to, to);
    } else {
      result.push({ from, to });
    }
  }
  return result;
}

/** What is in the ones and not in the others; both in order and apart. */
function without(stretches: readonly Stretch[], taken: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const { from, to } of stretches) {
    let start = from;
    for (const gap of taken) {
      if (gap.to <= start || gap.from >= to) {
        continue;
      }
      if (gap.from > start) {
        result.push({ from: start, to: gap.from });
      }
      start = gap.to;
    }
    if (start < to) {
      result.push({ from: start, to });
    }
  }
  return result;
}
