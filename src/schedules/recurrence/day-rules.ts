import { civilDate, dayNumber, daysInMonth, weekdayOf } from "./civil-day.ts";

/** Days on which something is due; numbers as in civil-day.ts. */
export interface DayRule {
  /** The first such day from `day` on, up to `last`; undefined when there is none. */
  from(day: number, last: number): number | undefined;
}

/** Every so many days, counted from an anchor. */
export class EveryDays implements DayRule {
  readonly #anchor: number;
  readonly #every: number;

  constructor(anchor: number, every: number) {
    this.#anchor = anchor;
    this.#every = every;
  }

  from(day: number, last: number): number | undefined {
    const found = this.#anchor + Math.max(0, Math.ceil((day - this.#anchor) / this.#every)) * this.#every;
    return found <= last ? found : undefined;
  }
}

/** Days of the week (0 is Monday), every so many weeks, counted from the week of an anchor; weeks begin on Monday. */
export class EveryWeeks implements DayRule {
  readonly #monday: number;
  readonly #every: number;
  readonly #weekdays: readonly number[];

  constructor(anchor: number, every: number, weekdays: readonly number[]) {
    this.#monday = anchor - weekdayOf(anchor);
    this.#every = every;
    this.#weekdays = [...new Set(weekdays)].sort((a, b) => a - b);
  }

  from(day: number, last: number): number | undefined {
    let week = Math.max(0, Math.floor((day - this.#monday) / (7 * this.#every)));
    // One week that counts may be over already; the next one has all of its days ahead.
    for (let look = 0; look < 2; look += 1, week += 1) {
      const monday = this.#monday + week * 7 * this.#every;
      const weekday = this.#weekdays.find((value) => monday + value >= day);
      if (weekday !== undefined) {
        return monday + weekday <= last ? monday + weekday : undefined;
      }
    }
    return undefined;
  }
}

/** Says which days of a month (1 to 31) something is due on; in order. */
export type MonthDays = (year: number, month: number) => readonly number[];

/** Days of every so many months, counted from the month of an anchor. */
export class EveryMonths implements DayRule {
  readonly #anchor: number;
  readonly #every: number;
  readonly #days: MonthDays;

  constructor(anchor: number, every: number, days: MonthDays) {
    const { year, month } = civilDate(anchor);
    this.#anchor = year * 12 + month - 1;
    this.#every = every;
    this.#days = days;
  }

  from(day: number, last: number): number | undefined {
    const start = civilDate(Math.max(day, dayNumber({ year: Math.floor(this.#anchor / 12), month: 1, day: 1 })));
    const turns = Math.max(0, Math.ceil((start.year * 12 + start.month - 1 - this.#anchor) / this.#every));
    for (let index = this.#anchor + turns * this.#every; ; index += this.#every) {
      const year = Math.floor(index / 12);
      const month = (index % 12) + 1;
      const first = dayNumber({ year, month, day: 1 });
      if (first > last) {
        return undefined;
      }
      const found = this.#days(year, month).find((number) => first + number - 1 >= day);
      if (found !== undefined) {
        return first + found - 1 <= last ? first + found - 1 : undefined;
      }
    }
  }
}

const ordinals = ["first", "second", "third", "fourth", "fifth"];
const names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** The days that texts such as `15`, `last`, `first-weekday`, `second-tue` name; see `Recurrence`. */
export function namedMonthDays(texts: readonly string[]): MonthDays {
  const rules = texts.map(namedMonthDay);
  return (year, month) => {
    const length = daysInMonth(year, month);
    const firstWeekday = weekdayOf(dayNumber({ year, month, day: 1 }));
    const days = rules.map((rule) => rule(length, firstWeekday)).filter((day) => day >= 1 && day <= length);
    return [...new Set(days)].sort((a, b) => a - b);
  };
}

/** Gives a day of a month of this length whose first day is this day of the week; beyond the length when there is none. */
function namedMonthDay(text: string): (length: number, firstWeekday: number) => number {
  const [which = "", name] = text.split("-");
  if (name === undefined) {
    return which === "last" ? (length) => length : () => Number(which);
  }
  if (name === "weekday") {
    return which === "first"
      ? (_length, first) => (first < 5 ? 1 : 8 - first)
      : (length, first) => length - Math.max(0, ((first + length - 1) % 7) - 4);
  }
  const weekday = names.indexOf(name);
  return which === "last"
    ? (length, first) => lastOf(weekday, length, first)
    : (_length, first) => nthOf(weekday, ordinals.indexOf(which) + 1, first);
}

/** The day of the nth such day of the week, of a month that begins with `firstWeekday`. */
export function nthOf(weekday: number, nth: number, firstWeekday: number): number {
  return 1 + ((weekday - firstWeekday + 7) % 7) + 7 * (nth - 1);
}

/** The day of the last such day of the week. */
export function lastOf(weekday: number, length: number, firstWeekday: number): number {
  const first = nthOf(weekday, 1, firstWeekday);
  return first + 7 * Math.floor((length - first) / 7);
}
