/** Days of the week, Monday first. */
export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

export type Weekday = (typeof weekdays)[number];

/**
 * Days of a month as `Recurrence` names them: `1` to `31` (a month without that day is left out), `last`, `first-weekday` and
 * `last-weekday` (of Monday to Friday), `first-mon` … `fifth-sun` and `last-mon` … `last-sun`.
 */
export const monthDayPattern =
  "^([1-9]|[12][0-9]|3[01]|last|(first|last)-weekday|(first|second|third|fourth|fifth|last)-(mon|tue|wed|thu|fri|sat|sun))$";

/** A time of day on the wall clock: `07:30` or `07:30:15`. */
export const timeOfDayPattern = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$";

/** A date of the calendar: `2026-12-24`. */
export const datePattern = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";

/**
 * When a schedule is due. Minutes and hours are elapsed time, counted from the schedule's start; everything else is read on the wall
 * clock of its time zone.
 */
export type Recurrence =
  | { kind: "once" }
  | { kind: "minutes"; every: number }
  | { kind: "hours"; every: number }
  | { kind: "days"; every: number; at: string[] }
  | { kind: "weeks"; every: number; on: Weekday[]; at: string[] }
  | { kind: "months"; every: number; on: string[]; at: string[] }
  | { kind: "cron"; expression: string };

/** What is done about times at which the schedule could not run: none of them, the latest one, or the latest `most`. */
export type MisfireRule = { rule: "skip" } | { rule: "run-once" } | { rule: "run-all"; most: number };

/** Settings of a schedule that people change. Durations are milliseconds, moments UTC. */
export interface ScheduleSettings {
  description: string;
  enabled: boolean;
  /** An IANA zone, such as `Europe/Paris`. */
  timeZone: string;
  recurrence: Recurrence;
  /** Due at this moment at the earliest; what intervals are counted from. */
  startsAt: string;
  /** Not due at or after this moment. */
  expiresAt: string | null;
  /** Dates, in the schedule's zone, on which it does not run. */
  exceptDates: string[];
  /** Names of calendars; it runs only when all of them permit it. */
  calendars: string[];
  /** Runs start up to this much later than they are due, each link and time by an amount of its own. */
  jitter: number;
  misfire: MisfireRule;
  /** How late a run may start before its time counts as missed, without the jitter. */
  missedAfter: number;
}

/** A schedule as the API shows it. The ETag of the resource is `"<revision>"`. */
export interface ScheduleResource extends ScheduleSettings {
  scheduleId: string;
  name: string;
  /** How many calendars it has beside those that the caller may read. */
  furtherCalendars: number;
  /** Null when it is disabled, or never due again. */
  nextDueAt: string | null;
  /** Runbooks that it starts. */
  links: number;
  createdAt: string;
  modifiedAt: string;
  modifiedBy: string;
  revision: number;
}

/** That a schedule starts a runbook. The ETag of the resource is `"<revision>"`. */
export interface ScheduleLinkResource {
  linkId: string;
  scheduleId: string;
  scheduleName: string;
  runbookId: string;
  runbookName: string;
  parameters: Record<string, unknown>;
  enabled: boolean;
  /** Of its jobs; null for the runbook's. */
  priority: number | null;
  /** Null when it or its schedule is disabled, or never due again. */
  nextDueAt: string | null;
  createdAt: string;
  createdBy: string;
  modifiedAt: string;
  modifiedBy: string;
  revision: number;
}

/** A time at which a schedule is due. */
export interface DueTimeResource {
  dueAt: string;
  /** The same on the wall clock of its zone, such as `2026-03-29T03:00:00+02:00[Europe/Paris]`. */
  localTime: string;
}

/** A run to come. */
export interface ForecastResource extends DueTimeResource {
  /** When it is started: later than it is due by its jitter. */
  startsAt: string;
  linkId: string;
  scheduleId: string;
  scheduleName: string;
  runbookId: string;
  runbookName: string;
}

export const scheduledTimeOutcomes = ["started", "missed", "refused"] as const;

/**
 * What became of a time: its job was accepted; nothing could start it in time; or its job was not accepted, for the reason that is told.
 */
export type ScheduledTimeOutcome = (typeof scheduledTimeOutcomes)[number];

/** What became of a time at which a link was due. */
export interface ScheduledTimeResource {
  linkId: string;
  scheduleId: string;
  scheduleName: string;
  runbookId: string;
  runbookName: string;
  dueAt: string;
  /** Of many times that were missed in a row and are told in one: the last of them; else null. */
  upTo: string | null;
  outcome: ScheduledTimeOutcome;
  jobId: string | null;
  reason: string | null;
  decidedAt: string;
}

/**
 * A part of time that a calendar permits or denies. All that is named must hold: days of the week, hours (`to` is not included, `24:00`
 * is the end of the day; where it is not after `from` the window ends on the next day), dates (both included). Or a stretch between two
 * moments, which nothing else goes with.
 */
export interface CalendarWindow {
  effect: "permit" | "deny";
  /** For people. */
  note?: string;
  weekdays?: Weekday[];
  from?: string;
  to?: string;
  firstDate?: string;
  lastDate?: string;
  /** Moments, UTC. */
  startsAt?: string;
  endsAt?: string;
}

/**
 * A calendar as the API shows it. Denied is what a window denies, and, where any window permits, what none of these does. The ETag of
 * the resource is `"<revision>"`.
 */
export interface CalendarResource {
  calendarId: string;
  name: string;
  description: string;
  /** An IANA zone. */
  timeZone: string;
  windows: CalendarWindow[];
  /** Names of schedules that use it, of those that the caller may read. */
  schedules: string[];
  /** How many others do. */
  furtherSchedules: number;
  createdAt: string;
  modifiedAt: string;
  modifiedBy: string;
  revision: number;
}
