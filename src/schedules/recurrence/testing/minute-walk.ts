/* For tests only: due times found in another way than the product's, by walking through every minute of a zone's clock. */

/** A minute as a zone's clock shows it. */
export interface WallMinute {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  /** 0 is Sunday. */
  weekday: number;
  daysInMonth: number;
  /** Days since 1970-01-01. */
  dayNumber: number;
}

const minute = 60_000;
const step = 15 * minute;

/** The offset of a zone from UTC, in milliseconds, as Intl tells it. */
function offsetOf(format: Intl.DateTimeFormat, moment: number): number {
  const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 0, day = 0, hour = 0, minute: minutes = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minutes, second) - moment;
}

/**
 * For each rule, the moments after `from` and before `to` (both whole quarters of an hour) at which something is due whose times of
 * the wall clock fit: each minute that the clock shows for the first time, and those it skips, at the moment that comes after them.
 */
export function walkMinutes(
  zone: string,
  from: number,
  to: number,
  rules: readonly ((wall: WallMinute) => boolean)[],
): number[][] {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const due: number[][] = rules.map(() => []);
  // Two days before, so that what an hour repeats is known.
  let shown = Number.NEGATIVE_INFINITY;
  for (let start = from - 2 * 24 * 60 * minute; start < to; start += step) {
    const offset = offsetOf(format, start);
    for (let moment = start; moment < start + step; moment += minute) {
      const wall = moment + offset;
      if (wall <= shown) {
        continue;
      }
      if (moment > from && moment < to) {
        for (let time = Math.max(shown + minute, wall - 25 * 60 * minute); time <= wall; time += minute) {
          const minuteOfClock = wallMinute(time);
          for (const [index, fits] of rules.entries()) {
            if (due[index]?.at(-1) !== moment && fits(minuteOfClock)) {
              due[index]?.push(moment);
            }
          }
        }
      }
      shown = wall;
    }
  }
  return due;
}

const monthLengths = new Map<string, number>();

function wallMinute(time: number): WallMinute {
  const date = new Date(time);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
  let daysInMonth = monthLengths.get(`${year} ${month}`);
  if (daysInMonth === undefined) {
    daysInMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
    monthLengths.set(`${year} ${month}`, daysInMonth);
  }
  return {
    year,
    month,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    weekday: date.getUTCDay(),
    daysInMonth,
    dayNumber: Math.floor(time / 86_400_000),
  };
}
