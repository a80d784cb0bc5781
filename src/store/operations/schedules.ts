import type { CalendarWindow, MisfireRule, Recurrence, ScheduledTimeOutcome } from "../../contract/api/schedule.ts";

/** A calendar. */
export interface StoredCalendar {
  calendarId: string;
  name: string;
  description: string;
  timeZone: string;
  windows: CalendarWindow[];
  /** Schedules that use it, by name. */
  schedules: { scheduleId: string; name: string }[];
  createdAt: number;
  modifiedAt: number;
  modifiedBy: string;
  /** Grows by one with each change. */
  revision: number;
}

/** What people say of a schedule; calendars by their ids. */
export interface StoredScheduleSettings {
  description: string;
  enabled: boolean;
  timeZone: string;
  recurrence: Recurrence;
  startsAt: number;
  expiresAt: number | null;
  exceptDates: string[];
  calendarIds: string[];
  jitter: number;
  misfire: MisfireRule;
  missedAfter: number;
}

/** A schedule. */
export interface StoredSchedule extends StoredScheduleSettings {
  scheduleId: string;
  name: string;
  /** In the order of their names, as `calendarIds` is. */
  calendarNames: string[];
  /** How many links it has. */
  links: number;
  createdAt: number;
  modifiedAt: number;
  modifiedBy: string;
  /** Grows by one with each change of it, and of a calendar that it uses. */
  revision: number;
}

/** That a schedule starts a runbook. */
export interface StoredScheduleLink {
  linkId: string;
  scheduleId: string;
  scheduleName: string;
  runbookId: string;
  runbookName: string;
  /** The folder of the runbook; null in none. */
  folderId: string | null;
  /** As they are stored: secret ones are sealed. */
  parameters: Record<string, unknown>;
  secretNames: string[];
  /** Grows with each new set of parameters. */
  parametersVersion: number;
  enabled: boolean;
  priority: number | null;
  /** Of times up to this one it is decided what became of them. */
  decidedUntil: number;
  createdAt: number;
  createdBy: string;
  /** Id of the principal that made it, or set its parameters last. */
  creatorId: string | null;
  modifiedAt: number;
  modifiedBy: string;
  revision: number;
}

/** What became of a time at which a link was due. */
export interface StoredScheduledTime {
  linkId: string;
  scheduleId: string;
  scheduleName: string;
  runbookId: string;
  runbookName: string;
  /** The folder of the runbook now; null in none, and when the runbook is gone. */
  folderId: string | null;
  dueAt: number;
  /** Of many missed times told in one, the last one. */
  upTo: number | null;
  outcome: ScheduledTimeOutcome;
  jobId: string | null;
  reason: string | null;
  decidedAt: number;
}

/** A time of a link as it was seen: what is done about it counts only while link and schedule are of these revisions, and enabled. */
export interface SeenLink {
  linkId: string;
  linkRevision: number;
  scheduleId: string;
  scheduleRevision: number;
}

/** Which scheduled times: those that fit everything that is named. */
export interface ScheduledTimeFilter {
  linkId?: string;
  scheduleId?: string;
  runbookId?: string;
  outcome?: ScheduledTimeOutcome;
  /** Due then or later, and before then. */
  since?: number;
  until?: number;
}

/** Schedules and calendars are named by id or name; names count without regard to (ASCII) case. */
export interface ScheduleReads {
  /** By name; `after` is the `next` of the page before. */
  calendars(of: { after?: string; limit: number }): { items: StoredCalendar[]; next: string | null };
  calendar(of: { calendar: string }): StoredCalendar | null;

  /** By name; `after` is the `next` of the page before. */
  schedules(of: { after?: string; limit: number }): { items: StoredSchedule[]; next: string | null };
  schedule(of: { schedule: string }): StoredSchedule | null;

  /** In the order in which they were made; `after` is the `next` of the page before. */
  scheduleLinks(of: { scheduleId?: string; runbookId?: string; after?: string; limit: number }): {
    items: StoredScheduleLink[];
    next: string | null;
  };
  scheduleLink(of: { linkId: string }): StoredScheduleLink | null;

  /** The latest due time first; `after` is the `next` of the page before. */
  scheduledTimes(of: ScheduledTimeFilter & { after?: string; limit: number }): {
    items: StoredScheduledTime[];
    next: string | null;
  };
  /** Of one link, those after `after` and up to `until`, in order. */
  decidedTimes(of: { linkId: string; after: number; until: number }): StoredScheduledTime[];

  /** The database's time, and a number that grows with every change of schedules, links and calendars. */
  scheduleClock(): { now: number; changes: number };
  /** What runs by itself: enabled links of enabled schedules, with these and their calendars. */
  activeSchedules(): {
    changes: number;
    now: number;
    schedules: StoredSchedule[];
    calendars: StoredCalendar[];
    links: StoredScheduleLink[];
  };
}

/** A time at which nothing was started. */
export interface UnstartedTime {
  dueAt: number;
  upTo: number | null;
  outcome: "missed" | "refused";
  reason: string;
}

/**
 * Every write that names a schedule, a link or a calendar throws UserError `schedule-not-found`, `schedule-link-not-found` or
 * `calendar-not-found` (404) when there is none, and `revision-mismatch` (412) when `expectedRevision` is not its revision.
 */
export interface ScheduleWrites {
  /** @throws UserError `calendar-exists` (409) */
  createCalendar(of: {
    name: string;
    description: string;
    timeZone: string;
    windows: CalendarWindow[];
    changedBy: string;
  }): StoredCalendar;
  changeCalendar(of: {
    calendarId: string;
    description: string;
    timeZone: string;
    windows: CalendarWindow[];
    changedBy: string;
    expectedRevision: number;
  }): StoredCalendar;
  /** @throws UserError `calendar-in-use` (409), which names the schedules */
  removeCalendar(of: { calendar: string; expectedRevision?: number }): void;

  /** @throws UserError `schedule-exists` (409), `calendar-not-found` (404) */
  createSchedule(schedule: StoredScheduleSettings & { name: string; changedBy: string }): StoredSchedule;
  /**
   * Replaces the settings. Where `afresh`, times up to now are none of the schedule's any more: nothing of them is missed.
   * @throws UserError `calendar-not-found` (404)
   */
  changeSchedule(
    change: StoredScheduleSettings & {
      scheduleId: string;
      changedBy: string;
      expectedRevision: number;
      afresh: boolean;
    },
  ): StoredSchedule;
  /** With its links; what became of its times is kept. */
  removeSchedule(of: { schedule: string; expectedRevision?: number }): void;

  /** Its times are those from now on. @throws UserError `runbook-not-found` (404) */
  createScheduleLink(link: {
    linkId: string;
    scheduleId: string;
    runbookId: string;
    parameters: Record<string, unknown>;
    secretNames: string[];
    enabled: boolean;
    priority: number | null;
    changedBy: string;
    creatorId: string | null;
  }): StoredScheduleLink;
  /** One that is enabled has the times from then on. */
  changeScheduleLink(change: {
    linkId: string;
    parameters: Record<string, unknown>;
    secretNames: string[];
    parametersVersion: number;
    enabled: boolean;
    priority: number | null;
    creatorId: string | null;
    changedBy: string;
    expectedRevision: number;
  }): StoredScheduleLink;
  removeScheduleLink(of: { linkId: string; expectedRevision?: number }): void;
  /** Replaces sealed values of links, each base64, where they are still there; that is no change of the link. */
  rewrapLinkParameters(of: { values: { linkId: string; former: string; sealed: string }[] }): void;

  /**
   * Notes times at which nothing was started, where nothing is known of them, tells notices of it, and that all up to
   * `decidedUntil` is decided. False, and nothing is done, when link or schedule have changed.
   */
  noteScheduledTimes(of: { link: SeenLink; times: UnstartedTime[]; decidedUntil: number }): boolean;

  /**
   * Forgets which of a link's times after `until` were missed, since a clock that was ahead said so; times told in one end with
   * `lastDueAt` then. False, and nothing is done, when link or schedule have changed.
   */
  forgetMissedTimes(of: { link: SeenLink; until: number; lastDueAt: number | null }): boolean;

  /** Forgets what became of times, of those decided before `before` at most `limit`; gives their number. */
  purgeScheduledTimes(of: { before: number; limit: number }): number;
}
