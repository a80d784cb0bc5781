import type {
  DueTimeResource,
  ForecastResource,
  Recurrence,
  ScheduledTimeResource,
  ScheduleLinkResource,
  ScheduleResource,
} from "../../src/contract/api/schedule.ts";
import type { View } from "../output/print.ts";
import { formatDuration } from "../output/quantities.ts";
import { withFurther } from "../output/with-further.ts";

/** How schedules are shown. */
export const scheduleView: View<ScheduleResource> = {
  columns: [
    { title: "Schedule", value: (schedule) => schedule.name },
    { title: "Enabled", value: (schedule) => (schedule.enabled ? "yes" : "no") },
    { title: "Due", value: (schedule) => recurrenceText(schedule.recurrence) },
    { title: "Time zone", value: (schedule) => schedule.timeZone },
    { title: "Next", value: (schedule) => schedule.nextDueAt ?? "" },
    { title: "Runbooks", value: (schedule) => String(schedule.links) },
  ],
  details: [
    { title: "Id", value: (schedule) => schedule.scheduleId },
    { title: "Description", value: (schedule) => schedule.description },
    { title: "Starts", value: (schedule) => schedule.startsAt },
    { title: "Expires", value: (schedule) => schedule.expiresAt ?? "" },
    { title: "Not on", value: (schedule) => schedule.exceptDates.join(", ") },
    {
      title: "Calendars",
      value: ({ calendars, furtherCalendars }) => withFurther(calendars, furtherCalendars),
    },
    { title: "Jitter", value: (schedule) => (schedule.jitter === 0 ? "" : formatDuration(schedule.jitter)) },
    { title: "Missed times", value: misfireText },
    { title: "Modified", value: (schedule) => `${schedule.modifiedAt} by ${schedule.modifiedBy}` },
  ],
  name: (schedule) => schedule.name,
};

/** How links are shown. */
export const scheduleLinkView: View<ScheduleLinkResource> = {
  columns: [
    { title: "Link", value: (link) => link.linkId },
    { title: "Schedule", value: (link) => link.scheduleName },
    { title: "Runbook", value: (link) => link.runbookName },
    { title: "Enabled", value: (link) => (link.enabled ? "yes" : "no") },
    { title: "Next", value: (link) => link.nextDueAt ?? "" },
    {
      title: "Parameters",
      value: (link) => (Object.keys(link.parameters).length === 0 ? "" : JSON.stringify(link.parameters)),
    },
  ],
  details: [
    { title: "Priority", value: (link) => (link.priority === null ? "" : String(link.priority)) },
    { title: "Created", value: (link) => `${link.createdAt} by ${link.createdBy}` },
    { title: "Modified", value: (link) => `${link.modifiedAt} by ${link.modifiedBy}` },
  ],
  name: (link) => link.linkId,
};

/** How times to come are shown. */
export const dueTimeView: View<DueTimeResource> = {
  columns: [
    { title: "Due", value: (time) => time.dueAt },
    { title: "Local time", value: (time) => time.localTime },
  ],
  name: (time) => time.dueAt,
};

/** How runs to come are shown. */
export const forecastView: View<ForecastResource> = {
  columns: [
    { title: "Due", value: (run) => run.dueAt },
    { title: "Local time", value: (run) => run.localTime },
    { title: "Schedule", value: (run) => run.scheduleName },
    { title: "Runbook", value: (run) => run.runbookName },
  ],
  name: (run) => `${run.dueAt} ${run.runbookName}`,
};

/** How it is shown what became of times. */
export const scheduledTimeView: View<ScheduledTimeResource> = {
  columns: [
    { title: "Due", value: (time) => (time.upTo === null ? time.dueAt : `${time.dueAt} … ${time.upTo}`) },
    { title: "Schedule", value: (time) => time.scheduleName },
    { title: "Runbook", value: (time) => time.runbookName },
    { title: "Outcome", value: (time) => time.outcome },
    { title: "Job", value: (time) => time.jobId ?? "" },
    { title: "Reason", value: (time) => time.reason ?? "" },
  ],
  name: (time) => time.jobId ?? `${time.dueAt} ${time.outcome}`,
};

function recurrenceText(recurrence: Recurrence): string {
  switch (recurrence.kind) {
    case "once":
      return "once";
    case "minutes":
    case "hours":
      return recurrence.every === 1
        ? `every ${recurrence.kind.slice(0, -1)}`
        : `every ${recurrence.every} ${recurrence.kind}`;
    case "days":
      return `${each(recurrence.every, "days")}${recurrence.at.join(", ")}`;
    case "weeks":
    case "months":
      return `${each(recurrence.every, recurrence.kind)}${recurrence.on.join(",")} at ${recurrence.at.join(", ")}`;
    case "cron":
      return `cron ${recurrence.expression}`;
  }
}

function each(every: number, unit: "days" | "weeks" | "months"): string {
  const usual = { days: "daily ", weeks: "weekly ", months: "monthly " };
  return every === 1 ? usual[unit] : `every ${every} ${unit} `;
}

function misfireText({ misfire, missedAfter }: ScheduleResource): string {
  const rules = {
    skip: "left out",
    "run-once": "the latest is run",
    "run-all": `the latest ${misfire.rule === "run-all" ? misfire.most : ""} are run`,
  };
  return `${rules[misfire.rule]}; missed after ${formatDuration(missedAfter)}`;
}
