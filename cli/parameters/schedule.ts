import type { MisfireRule, Recurrence, Weekday } from "../../src/contract/api/schedule.ts";
import { monthDayPattern, timeOfDayPattern, weekdays } from "../../src/contract/api/schedule.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { CommandOption, Invocation } from "../command.ts";
import { parseDuration } from "../output/quantities.ts";
import { readMoment } from "./local-moment.ts";

/** The options that say when a schedule is due; one of them for each schedule. */
const recurrenceOptions: readonly CommandOption[] = [
  { flags: "--once <moment>", help: "once: 2026-12-24T07:30, on the clock of the time zone" },
  { flags: "--every <interval>", help: "every so many minutes or hours of elapsed time: 15m, 2h" },
  { flags: "--daily <times>", help: "every day at these times: 07:30,19:00" },
  { flags: "--weekly <days>", help: "on these days of the week, with --at: mon,fri" },
  {
    flags: "--monthly <days>",
    help: "on these days of the month, with --at: 1,15,last,first-weekday,second-tue,last-fri",
  },
  { flags: "--cron <expression>", help: "a cron expression of five fields, or six with seconds first" },
  { flags: "--at <times>", help: "times of day, of --weekly and --monthly" },
  { flags: "--interval <number>", help: "every so many days, weeks or months, of --daily, --weekly and --monthly" },
];

/** The options that say what a schedule is. */
export const scheduleOptions: readonly CommandOption[] = [
  ...recurrenceOptions,
  { flags: "--time-zone <zone>", help: "such as Europe/Paris; of a new schedule this machine's when left out" },
  { flags: "--start <moment>", help: "not before this moment; what intervals are counted from" },
  { flags: "--expiry <moment>", help: "not at or after this moment; or none" },
  { flags: "--except <dates>", help: "dates on which it does not run: 2026-12-24,2026-12-25; or none" },
  { flags: "--calendar <names>", help: "calendars that must permit it, separated by commas; or none" },
  { flags: "--jitter <duration>", help: "start up to so much later, each time by an amount of its own; or none" },
  {
    flags: "--misfire <rule>",
    help: "what to do about missed times: skip, run-once (the latest), or run-all:N (the latest N)",
  },
  { flags: "--missed-after <duration>", help: "a time counts as missed when it was not started for so long; 1m" },
  { flags: "--description <text>", help: "what it is for" },
];

/** What the options say of a schedule, as the API takes it. @throws UserError `usage`, `invalid-duration` */
export function readSchedule(invocation: Invocation, timeZone: string): Record<string, unknown> {
  const schedule: Record<string, unknown> = {};
  const recurrence = readRecurrence(invocation);
  if (recurrence !== undefined) schedule["recurrence"] = recurrence;
  const start = invocation.text("once") ?? invocation.text("start");
  if (start !== undefined) schedule["startsAt"] = readMoment(start, timeZone);
  const expiry = invocation.text("expiry");
  if (expiry !== undefined) schedule["expiresAt"] = isNone(expiry) ? null : readMoment(expiry, timeZone);
  const list = (option: string, member: string) => {
    const text = invocation.text(option);
    if (text !== undefined) schedule[member] = isNone(text) ? [] : parts(text);
  };
  list("except", "exceptDates");
  list("calendar", "calendars");
  const jitter = invocation.text("jitter");
  if (jitter !== undefined) schedule["jitter"] = isNone(jitter) ? 0 : parseDuration(jitter);
  const missedAfter = invocation.text("missed-after");
  if (missedAfter !== undefined) schedule["missedAfter"] = parseDuration(missedAfter);
  const misfire = invocation.text("misfire");
  if (misfire !== undefined) schedule["misfire"] = readMisfire(misfire);
  for (const [option, member] of [
    ["time-zone", "timeZone"],
    ["description", "description"],
  ] as const) {
    const text = invocation.text(option);
    if (text !== undefined) schedule[member] = text;
  }
  return schedule;
}

function readRecurrence(invocation: Invocation): Recurrence | undefined {
  const kinds = ["once", "every", "daily", "weekly", "monthly", "cron"] as const;
  const named = kinds.filter((kind) => invocation.text(kind) !== undefined);
  const [kind] = named;
  if (named.length > 1) {
    throw usage(`A schedule is due by one rule: ${named.map((name) => `--${name}`).join(" or ")}.`);
  }
  const at = invocation.text("at");
  const interval = invocation.text("interval");
  if (at !== undefined && kind !== "weekly" && kind !== "monthly") {
    throw usage("--at goes with --weekly or --monthly.");
  }
  if (interval !== undefined && kind !== "daily" && kind !== "weekly" && kind !== "monthly") {
    throw usage("--interval goes with --daily, --weekly or --monthly.");
  }
  if (kind === undefined) {
    return undefined;
  }
  const text = invocation.text(kind) ?? "";
  const every = interval === undefined ? 1 : wholeNumber(interval);
  switch (kind) {
    case "once":
      if (invocation.text("start") !== undefined) throw usage("--once says when it starts, so --start is too much.");
      return { kind: "once" };
    case "every":
      return readInterval(text);
    case "daily":
      return { kind: "days", every, at: timesOfDay(text) };
    case "weekly":
      return { kind: "weeks", every, on: parts(text).map(readWeekday), at: timesOfDay(at) };
    case "monthly":
      return { kind: "months", every, on: daysOfMonth(text), at: timesOfDay(at) };
    case "cron":
      return { kind: "cron", expression: text };
  }
}

function readInterval(text: string): Recurrence {
  const minutes = parseDuration(text) / 60_000;
  if (minutes < 1 || !Number.isInteger(minutes)) {
    throw usage(`"${text}" is not a number of whole minutes.`, "Use --cron with six fields for seconds.");
  }
  return minutes % 60 === 0 ? { kind: "hours", every: minutes / 60 } : { kind: "minutes", every: minutes };
}

function readMisfire(text: string): MisfireRule {
  const [, rule, most] = /^(skip|run-once|run-all)(?::(\d+))?$/.exec(text.trim()) ?? [];
  if (rule === undefined || (rule === "run-all") !== (most !== undefined)) {
    throw usage(`"${text}" is no rule for missed times.`, "Write skip, run-once, or run-all:5 for the latest five.");
  }
  return rule === "run-all" ? { rule, most: Number(most) } : { rule: rule as "skip" | "run-once" };
}

function readWeekday(text: string): Weekday {
  const day = weekdays.find((name) => text.toLowerCase().startsWith(name));
  if (day === undefined) {
    throw usage(`"${text}" is no day of the week.`, `Write ${weekdays.join(", ")}.`);
  }
  return day;
}

function timesOfDay(text: string | undefined): string[] {
  if (text === undefined) {
    throw usage("--weekly and --monthly need times of day: --at 08:00.");
  }
  const times = parts(text);
  const wrong = times.find((time) => !new RegExp(timeOfDayPattern).test(time));
  if (wrong !== undefined) {
    throw usage(`"${wrong}" is no time of day.`, "Write times as 07:30, several separated by commas: 07:30,19:00.");
  }
  return times;
}

function daysOfMonth(text: string): string[] {
  const days = parts(text.toLowerCase());
  const wrong = days.find((day) => !new RegExp(monthDayPattern).test(day));
  if (wrong !== undefined) {
    throw usage(
      `"${wrong}" is no day of a month.`,
      "Write 15, last, first-weekday, last-weekday, second-tue or last-fri.",
    );
  }
  return days;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw usage(`"${text}" is no whole number.`);
  return Number(text);
}

function parts(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function isNone(text: string): boolean {
  return text.trim().toLowerCase() === "none";
}

function usage(message: string, remedy?: string): UserError {
  return new UserError("usage", message, remedy === undefined ? {} : { remedy });
}
