import type { CalendarWindow, MisfireRule, Recurrence, Weekday } from "../../../src/contract/api/schedule.ts";
import { weekdays } from "../../../src/contract/api/schedule.ts";
import type { WallMinute } from "../../../src/schedules/recurrence/testing/minute-walk.ts";

/** Whole numbers from 0 up to and without the given one. */
export type Random = (below: number) => number;

/** A schedule made at random, and another way to say when it is due. */
export interface RandomRule {
  name: string;
  recurrence: Recurrence;
  /** Whether a minute of the wall clock is one of its times; null where it is due by elapsed time. */
  fits: ((wall: WallMinute) => boolean) | null;
  misfire: MisfireRule;
  jitter: number;
  exceptDates: string[];
  /** Hours in which a calendar permits it; null without a calendar. */
  permitted: { from: number; to: number } | null;
}

const minute = 60_000;

/** @param start the day from which intervals are counted, in days since 1970 */
export function randomRule(random: Random, start: number): RandomRule {
  const kinds = [cronRule, cronRule, daysRule, weeksRule, monthsRule, elapsedRule];
  const make = kinds[random(kinds.length)] ?? cronRule;
  const { recurrence, fits, dense } = make(random, start);
  return {
    name: JSON.stringify(recurrence),
    recurrence,
    fits,
    misfire: randomMisfire(random),
    jitter: dense ? 0 : random(2) * 5 * minute,
    exceptDates: Array.from({ length: random(3) }, () => dateOf(start + random(730))),
    permitted: random(3) === 0 ? { from: random(8), to: 16 + random(8) } : null,
  };
}

/** The window of `permitted`. */
export function windowOf({ from, to }: { from: number; to: number }): CalendarWindow {
  const hour = (value: number) => `${String(value).padStart(2, "0")}:00`;
  return { effect: "permit", from: hour(from), to: hour(to) };
}

function randomMisfire(random: Random): MisfireRule {
  const rules: MisfireRule[] = [{ rule: "skip" }, { rule: "run-once" }, { rule: "run-all", most: 1 + random(4) }];
  return rules[random(rules.length)] ?? { rule: "skip" };
}

interface MadeRule {
  recurrence: Recurrence;
  fits: RandomRule["fits"];
  /** Its times may be close to each other. */
  dense: boolean;
}

function daysRule(random: Random, start: number): MadeRule {
  const every = 1 + random(3);
  const { at, fits } = randomTimes(random);
  return {
    recurrence: { kind: "days", every, at },
    fits: (wall) => fits(wall) && (wall.dayNumber - start) % every === 0,
    dense: false,
  };
}

function weeksRule(random: Random, start: number): MadeRule {
  const every = 1 + random(3);
  const on = weekdays.filter(() => random(3) === 0);
  const chosen: Weekday[] = on.length === 0 ? ["sun"] : on;
  const { at, fits } = randomTimes(random);
  // 1970-01-05 was a Monday.
  const week = (day: number) => Math.floor((day - 4) / 7);
  return {
    recurrence: { kind: "weeks", every, on: chosen, at },
    fits: (wall) =>
      fits(wall) &&
      chosen.includes(weekdays[(wall.weekday + 6) % 7] ?? "mon") &&
      (week(wall.dayNumber) - week(start)) % every === 0,
    dense: false,
  };
}

function monthsRule(random: Random): MadeRule {
  const days: [string, (wall: WallMinute) => boolean][] = [
    ["1", ({ day }) => day === 1],
    ["31", ({ day }) => day === 31],
    ["last", ({ day, daysInMonth }) => day === daysInMonth],
    ["last-sun", ({ day, daysInMonth, weekday }) => weekday === 0 && day + 7 > daysInMonth],
    ["second-sat", ({ day, weekday }) => weekday === 6 && day > 7 && day <= 14],
    ["first-weekday", ({ day, weekday }) => isOfficeDay(weekday) && (day === 1 || (weekday === 1 && day <= 3))],
  ];
  const [named, isDay] = days[random(days.length)] ?? ["1", ({ day }) => day === 1];
  const { at, fits } = randomTimes(random);
  return {
    recurrence: { kind: "months", every: 1, on: [named], at },
    fits: (wall) => fits(wall) && isDay(wall),
    dense: false,
  };
}

function cronRule(random: Random): MadeRule {
  const minutes: [string, (value: number) => boolean][] = [
    ["0", (value) => value === 0],
    ["*/20", (value) => value % 20 === 0],
    ["5,35", (value) => value === 5 || value === 35],
    ["59", (value) => value === 59],
  ];
  const hours: [string, (value: number) => boolean][] = [
    ["*", () => true],
    ["0-3", (value) => value <= 3],
    ["2", (value) => value === 2],
    ["22-1", (value) => value >= 22 || value <= 1],
    ["*/6", (value) => value % 6 === 0],
  ];
  const days: [string, (wall: WallMinute) => boolean][] = [
    ["* * *", () => true],
    ["* * MON-FRI", ({ weekday }) => isOfficeDay(weekday)],
    ["* * SUN", ({ weekday }) => weekday === 0],
    ["L * *", ({ day, daysInMonth }) => day === daysInMonth],
    ["* * 0L", ({ day, daysInMonth, weekday }) => weekday === 0 && day + 7 > daysInMonth],
    ["* 3,4,9-11 0", ({ month, weekday }) => weekday === 0 && [3, 4, 9, 10, 11].includes(month)],
    ["13 * 5", ({ day, weekday }) => day === 13 || weekday === 5],
    ["* * 6#2", ({ day, weekday }) => weekday === 6 && day > 7 && day <= 14],
  ];
  const [minuteField, isMinute] = minutes[random(minutes.length)] ?? ["0", (value) => value === 0];
  const [hourField, isHour] = hours[random(hours.length)] ?? ["*", () => true];
  const [dayFields, isDay] = days[random(days.length)] ?? ["* * *", () => true];
  return {
    recurrence: { kind: "cron", expression: `${minuteField} ${hourField} ${dayFields}` },
    fits: (wall) => isMinute(wall.minute) && isHour(wall.hour) && isDay(wall),
    dense: true,
  };
}

function elapsedRule(random: Random): MadeRule {
  const recurrences: Recurrence[] = [
    { kind: "minutes", every: 45 + random(300) },
    { kind: "hours", every: 1 + random(30) },
  ];
  return { recurrence: recurrences[random(2)] ?? { kind: "hours", every: 1 }, fits: null, dense: true };
}

/** One to three times of day, at night more often than not, at least a quarter of an hour apart. */
function randomTimes(random: Random): { at: string[]; fits: (wall: WallMinute) => boolean } {
  const times = Array.from({ length: 1 + random(3) }, () => 15 * random(random(2) === 0 ? 16 : 96));
  const at = [...new Set(times)].map(
    (time) => `${String(Math.floor(time / 60)).padStart(2, "0")}:${String(time % 60).padStart(2, "0")}`,
  );
  return { at, fits: ({ hour, minute: value }) => times.includes(hour * 60 + value) };
}

function isOfficeDay(weekday: number): boolean {
  return weekday >= 1 && weekday <= 5;
}

function dateOf(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
