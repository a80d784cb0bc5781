import { dayNumber, daysInMonth, weekdayOf } from "../civil-day.ts";
import type { DayRule } from "../day-rules.ts";
import { lastOf, nthOf } from "../day-rules.ts";
import { CronProblem, cronFields, cronNumber, cronNumbers } from "./cron-field.ts";

/** A month, as the parts of the fields of days look at it. */
interface Month {
  length: number;
  /** Of its first day; 0 is Monday. */
  firstWeekday: number;
}

/** The days of a month that a part of a field names; those outside of the month do not count. */
type DaysOf = (month: Month) => readonly number[];

/** The three fields that say which days an expression is due on. */
export interface CronDayFields {
  dayOfMonth: string;
  month: string;
  dayOfWeek: string;
}

/**
 * Days as cron has them. Where both fields of days are restricted, a day that fits either is due; a field that begins with `*`
 * or is `?` does not restrict, and then a day must fit both.
 * @throws CronProblem
 */
export function cronDays(fields: CronDayFields): DayRule {
  const months = new Set(fields.month.split(",").flatMap((part) => cronNumbers(part, cronFields.month)));
  const isOpen = (field: string) => field === "?" || field.startsWith("*");
  const [ofMonth, ofWeek] = [daysOfMonth(fields.dayOfMonth), daysOfWeek(fields.dayOfWeek)];
  const either = !isOpen(fields.dayOfMonth) && !isOpen(fields.dayOfWeek);
  return {
    from(day, last) {
      for (let first = firstOfMonth(day); first <= last; first = firstOfMonth(first + 31)) {
        const date = new Date(first * 86_400_000);
        const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
        if (months.has(month)) {
          const shape = { length: daysInMonth(year, month), firstWeekday: weekdayOf(first) };
          const [one, other] = [new Set(ofMonth(shape)), new Set(ofWeek(shape))];
          for (let number = Math.max(1, day - first + 1); number <= shape.length; number += 1) {
            if (either ? one.has(number) || other.has(number) : one.has(number) && other.has(number)) {
              return first + number - 1 <= last ? first + number - 1 : undefined;
            }
          }
        }
      }
      return undefined;
    },
  };
}

function firstOfMonth(day: number): number {
  const date = new Date(day * 86_400_000);
  return dayNumber({ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: 1 });
}

function daysOfMonth(field: string): DaysOf {
  return every(field.split(",").map(dayOfMonthPart));
}

function dayOfMonthPart(part: string): DaysOf {
  if (part === "?") {
    return allDays;
  }
  const last = /^L(?:-(\d{1,2}))?$/i.exec(part);
  if (last !== null) {
    const before = Number(last[1] ?? 0);
    if (before > 30) {
      throw new CronProblem(`no month has a day ${before} days before its last`);
    }
    return ({ length }) => [length - before];
  }
  if (/^LW$/i.test(part)) {
    return (month) => [nearestWeekday(month.length, month)];
  }
  const near = /^(\d{1,2})W$/i.exec(part);
  if (near !== null) {
    const day = cronNumber(near[1] ?? "", cronFields.dayOfMonth);
    return (month) => (day > month.length ? [] : [nearestWeekday(day, month)]);
  }
  const numbers = cronNumbers(part, cronFields.dayOfMonth);
  return () => numbers;
}

function daysOfWeek(field: string): DaysOf {
  return every(field.split(",").map(dayOfWeekPart));
}

function dayOfWeekPart(part: string): DaysOf {
  if (part === "?") {
    return allDays;
  }
  if (/^L$/i.test(part)) {
    throw new CronProblem(`"L" alone is no day of the week: write SAT, or 5L for the last Friday of the month`);
  }
  const last = /^(\w+)L$/i.exec(part);
  if (last !== null) {
    const weekday = mondayFirst(cronNumber(last[1] ?? "", cronFields.dayOfWeek));
    return ({ length, firstWeekday }) => [lastOf(weekday, length, firstWeekday)];
  }
  const nth = /^(\w+)#(\d+)$/.exec(part);
  if (nth !== null) {
    const weekday = mondayFirst(cronNumber(nth[1] ?? "", cronFields.dayOfWeek));
    const which = Number(nth[2]);
    if (which < 1 || which > 5) {
      throw new CronProblem(`"${part}" asks for the ${which}th such day of a month, which has 1 to 5 of them`);
    }
    return ({ firstWeekday }) => [nthOf(weekday, which, firstWeekday)];
  }
  const weekdays = new Set(cronNumbers(part, cronFields.dayOfWeek).map(mondayFirst));
  return (month) => allDays(month).filter((day) => weekdays.has((month.firstWeekday + day - 1) % 7));
}

/** Cron's week begins with Sunday as 0 or 7. */
function mondayFirst(number: number): number {
  return (number + 6) % 7;
}

/** The day of Monday to Friday that is nearest to a day, in the same month. */
function nearestWeekday(day: number, { length, firstWeekday }: Month): number {
  const weekday = (firstWeekday + day - 1) % 7;
  if (weekday === 5) {
    return day === 1 ? 3 : day - 1;
  }
  if (weekday === 6) {
    return day === length ? day - 2 : day + 1;
  }
  return day;
}

const allDays: DaysOf = ({ length }) => Array.from({ length }, (_, index) => index + 1);

function every(parts: readonly DaysOf[]): DaysOf {
  return (month) => parts.flatMap((part) => part(month));
}
