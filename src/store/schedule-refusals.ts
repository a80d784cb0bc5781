import { UserError } from "../contract/user-error.ts";

/* What changes of schedules and calendars are refused with, on every database. */

export function noSuchSchedule(schedule: string): UserError {
  return new UserError("schedule-not-found", `There is no schedule ${schedule}.`, {
    status: 404,
    remedy: "List them: `npx runsmith get-schedule`.",
  });
}

export function scheduleExists(name: string): UserError {
  return new UserError("schedule-exists", `There is a schedule named ${name} already.`, {
    status: 409,
    remedy: `Choose another name, or change that one: npx runsmith set-schedule ${JSON.stringify(name)}`,
  });
}

export function noSuchScheduleLink(linkId: string): UserError {
  return new UserError("schedule-link-not-found", `There is no schedule link ${linkId}.`, {
    status: 404,
    remedy: "List them: `npx runsmith get-schedule-link`.",
  });
}

export function noSuchCalendar(calendar: string): UserError {
  return new UserError("calendar-not-found", `There is no calendar ${calendar}.`, {
    status: 404,
    remedy: "List them: `npx runsmith get-calendar`.",
  });
}

export function calendarExists(name: string): UserError {
  return new UserError("calendar-exists", `There is a calendar named ${name} already.`, {
    status: 409,
    remedy: `Choose another name, or change that one: npx runsmith set-calendar ${JSON.stringify(name)}`,
  });
}

/** @param by such as the names of the schedules */
export function calendarInUse(name: string, by: string): UserError {
  return new UserError("calendar-in-use", `The calendar ${name} is used by ${by}.`, {
    status: 409,
    remedy: "Take it from these schedules first.",
  });
}

/** @param thing such as `schedule Nightly` */
export function scheduleThingChanged(thing: string): UserError {
  return new UserError("revision-mismatch", `The ${thing} was changed meanwhile.`, {
    status: 412,
    remedy: "Read it again, and decide on what it is now.",
  });
}
