import type { ScheduleWrites, StoredCalendar, StoredSchedule, StoredScheduleLink } from "../operations/schedules.ts";
import { withoutSecrets } from "../stored-job.ts";
import type { AuditRules, ThingKind } from "./audit-rule.ts";
import { changeOf, notAudited } from "./audit-rule.ts";

const calendar: ThingKind<StoredCalendar> = {
  kind: "calendar",
  id: ({ calendarId }) => calendarId,
  name: ({ name }) => name,
  facts: ({ schedules, createdAt, modifiedAt, modifiedBy, revision, ...settings }) => settings,
};

const schedule: ThingKind<StoredSchedule> = {
  kind: "schedule",
  id: ({ scheduleId }) => scheduleId,
  name: ({ name }) => name,
  facts: ({ links, calendarIds, createdAt, modifiedAt, modifiedBy, revision, ...settings }) => settings,
};

const link: ThingKind<StoredScheduleLink> = {
  kind: "schedule-link",
  id: ({ linkId }) => linkId,
  name: ({ scheduleName, runbookName }) => `${scheduleName} → ${runbookName}`,
  facts: ({
    folderId,
    decidedUntil,
    createdAt,
    createdBy,
    creatorId,
    modifiedAt,
    modifiedBy,
    revision,
    parameters,
    ...settings
  }) => ({ ...settings, parameters: withoutSecrets(parameters, settings.secretNames) }),
};

export const scheduleAudit: AuditRules<ScheduleWrites> = {
  createCalendar: changeOf(calendar, (_, result) =>
    result === undefined ? null : { read: "calendar", of: { calendar: result.calendarId } },
  ),
  changeCalendar: changeOf(calendar, ({ calendarId }) => ({ read: "calendar", of: { calendar: calendarId } })),
  removeCalendar: changeOf(calendar, (of) => ({ read: "calendar", of: { calendar: of.calendar } })),
  createSchedule: changeOf(schedule, (_, result) =>
    result === undefined ? null : { read: "schedule", of: { schedule: result.scheduleId } },
  ),
  changeSchedule: changeOf(schedule, ({ scheduleId }) => ({ read: "schedule", of: { schedule: scheduleId } })),
  removeSchedule: changeOf(schedule, (of) => ({ read: "schedule", of: { schedule: of.schedule } })),
  createScheduleLink: changeOf(link, (_, result) =>
    result === undefined ? null : { read: "scheduleLink", of: { linkId: result.linkId } },
  ),
  changeScheduleLink: changeOf(link, ({ linkId }) => ({ read: "scheduleLink", of: { linkId } })),
  removeScheduleLink: changeOf(link, ({ linkId }) => ({ read: "scheduleLink", of: { linkId } })),
  rewrapLinkParameters: notAudited("a part of a rotation of the master key, which is told"),
  noteScheduledTimes: notAudited("the service does it; what became of times is kept with them"),
  forgetMissedTimes: notAudited("the service does it when a clock was ahead; the times are still to come"),
  purgeScheduledTimes: notAudited("the service clears away what has had its time"),
};
