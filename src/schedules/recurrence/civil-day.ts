/*
 * Days of the (proleptic Gregorian) calendar as whole numbers, 1970-01-01 being 0: all that recurrences need of dates is then a sum
 * or a remainder.
 */

export interface CivilDate {
  year: number;
  /** 1 to 12. */
  month: number;
  /** 1 to 31. */
  day: number;
}

export function dayNumber({ year, month, day }: CivilDate): number {
  return Math.floor(Date.UTC(year, month - 1, day) / 86_400_000);
}

export function civilDate(number: number): CivilDate {
  const date = new Date(number * 86_400_000);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** 0 is Monday. */
export function weekdayOf(number: number): number {
  return (((number + 3) % 7) + 7) % 7;
}

export function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** Of a date such as `2026-12-24`; undefined when there is no such day. */
export function parseDate(text: string): number | undefined {
  const [year = 0, month = 0, day = 0] = text.split("-").map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
    ? dayNumber({ year, month, day })
    : undefined;
}

/** Seconds since midnight of a time such as `07:30` or `07:30:15`; `24:00` is the end of the day. */
export function parseTimeOfDay(text: string): number {
  const [hour = 0, minute = 0, second = 0] = text.split(":").map(Number);
  return hour * 3600 + minute * 60 + second;
}
