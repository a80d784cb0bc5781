import {
  datePattern,
  monthDayPattern,
  scheduledTimeOutcomes,
  timeOfDayPattern,
  weekdays,
} from "../../../contract/api/schedule.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, prioritySchema, timeSchema } from "./common-schemas.ts";

const name: JsonSchema = { type: "string", minLength: 1, maxLength: 128 };
const text: JsonSchema = { type: "string", maxLength: 4_000 };
const date: JsonSchema = { type: "string", pattern: datePattern };
const timeZone: JsonSchema = {
  type: "string",
  minLength: 1,
  maxLength: 64,
  description: "An IANA zone, such as Europe/Paris.",
};
const duration: JsonSchema = { type: "integer", minimum: 0, maximum: 31 * 86_400_000, description: "Milliseconds." };
const every: JsonSchema = { type: "integer", minimum: 1, maximum: 1_051_200 };
const timesOfDay: JsonSchema = {
  type: "array",
  minItems: 1,
  maxItems: 96,
  items: { type: "string", pattern: timeOfDayPattern },
  description: "Times of day, such as 07:30.",
};
const daysOfWeek: JsonSchema = { type: "array", minItems: 1, maxItems: 7, items: { enum: weekdays } };

const recurrence: JsonSchema = {
  description: "When it is due: minutes and hours are elapsed time, all else is read on the clock of its zone.",
  type: "object",
  discriminator: { propertyName: "kind" },
  oneOf: [
    objectSchema({ kind: { const: "once" } }),
    objectSchema({ kind: { enum: ["minutes", "hours"] }, every }),
    objectSchema({ kind: { const: "days" }, every, at: timesOfDay }),
    objectSchema({ kind: { const: "weeks" }, every, on: daysOfWeek, at: timesOfDay }),
    objectSchema({
      kind: { const: "months" },
      every,
      on: {
        type: "array",
        minItems: 1,
        maxItems: 31,
        items: { type: "string", pattern: monthDayPattern },
        description: "Such as 15, last, first-weekday, second-tue.",
      },
      at: timesOfDay,
    }),
    objectSchema({
      kind: { const: "cron" },
      expression: { type: "string", minLength: 1, maxLength: 500, description: "Five fields, or six with seconds." },
    }),
  ],
};

const misfire: JsonSchema = {
  description: "What is done about missed times: none, the latest, or the latest `most` of them are run.",
  type: "object",
  discriminator: { propertyName: "rule" },
  oneOf: [
    objectSchema({ rule: { enum: ["skip", "run-once"] } }),
    objectSchema({ rule: { const: "run-all" }, most: { type: "integer", minimum: 1, maximum: 1_000 } }),
  ],
};

const settings = {
  description: text,
  enabled: { type: "boolean" },
  timeZone,
  recurrence,
  startsAt: { ...timeSchema, description: "The earliest moment; what intervals are counted from. Now when left out." },
  expiresAt: { ...orNull(timeSchema), description: "It is not due at or after this moment." },
  exceptDates: { type: "array", maxItems: 1_000, items: date, description: "Dates on which it does not run." },
  calendars: { type: "array", maxItems: 20, items: name, description: "Names of calendars, which must all permit." },
  jitter: { ...duration, description: "Milliseconds by which runs start later, each by an amount of its own." },
  misfire,
  missedAfter: { ...duration, description: "Milliseconds after which a time that was not started counts as missed." },
} as const satisfies Record<string, JsonSchema>;

const all = Object.keys(settings);

export const createScheduleSchema: JsonSchema = objectSchema(
  { name, ...settings },
  all.filter((member) => member !== "recurrence"),
);

export const changeScheduleSchema: JsonSchema = objectSchema(settings, all);

const parameters: JsonSchema = {
  type: "object",
  description: 'By name; secret ones are shown as `{ "secret": "set" }`.',
};

export const createScheduleLinkSchema: JsonSchema = objectSchema(
  {
    schedule: { ...name, description: "Id or name." },
    runbook: { ...name, description: "Id or name." },
    parameters,
    enabled: { type: "boolean" },
    priority: orNull(prioritySchema),
  },
  ["parameters", "enabled", "priority"],
);

export const changeScheduleLinkSchema: JsonSchema = objectSchema(
  { parameters, enabled: { type: "boolean" }, priority: orNull(prioritySchema) },
  ["parameters", "enabled", "priority"],
);

const timeOfDayOrEnd: JsonSchema = { type: "string", pattern: `${timeOfDayPattern}|^24:00$` };

const calendarWindow: JsonSchema = objectSchema(
  {
    effect: { enum: ["permit", "deny"] },
    note: { type: "string", maxLength: 200 },
    weekdays: daysOfWeek,
    from: { ...timeOfDayOrEnd, description: "Time of day at which it begins." },
    to: { ...timeOfDayOrEnd, description: "Where it ends; on the next day when not after `from`." },
    firstDate: date,
    lastDate: { ...date, description: "The last date, which is included." },
    startsAt: { ...timeSchema, description: "With `endsAt`: a stretch between two moments." },
    endsAt: timeSchema,
  },
  ["note", "weekdays", "from", "to", "firstDate", "lastDate", "startsAt", "endsAt"],
);

const calendarSettings = {
  description: text,
  timeZone,
  windows: {
    type: "array",
    maxItems: 5_000,
    items: calendarWindow,
    description: "Denied is what a window denies, and, where any permits, what none of these does.",
  },
} as const satisfies Record<string, JsonSchema>;

export const createCalendarSchema: JsonSchema = objectSchema(
  { name, ...calendarSettings },
  Object.keys(calendarSettings),
);

export const changeCalendarSchema: JsonSchema = objectSchema(calendarSettings, Object.keys(calendarSettings));

export const importCalendarSchema: JsonSchema = objectSchema(
  {
    iCalendar: { type: "string", minLength: 1, description: "The text of an .ics file." },
    effect: { enum: ["permit", "deny"], description: "What its events do; deny by default." },
    timeZone: { ...timeZone, description: "For whole days, and times without a zone." },
  },
  ["effect", "timeZone"],
);

export const outcomeSchema: JsonSchema = { enum: scheduledTimeOutcomes };

const changes = { createdAt: timeSchema, modifiedAt: timeSchema, modifiedBy: { type: "string" } };
const revision: JsonSchema = { type: "integer", minimum: 1 };
const due = {
  dueAt: timeSchema,
  localTime: { type: "string", description: "On the clock of its zone." },
} as const satisfies Record<string, JsonSchema>;
const linked = {
  linkId: idSchema,
  scheduleId: idSchema,
  scheduleName: { type: "string" },
  runbookId: idSchema,
  runbookName: { type: "string" },
} as const satisfies Record<string, JsonSchema>;

/** The resources in the OpenAPI document. */
export const scheduleResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  Schedule: objectSchema({
    scheduleId: idSchema,
    name: { type: "string" },
    ...settings,
    furtherCalendars: {
      type: "integer",
      minimum: 0,
      description:
        "How many calendars it has beside those that the caller may read. They stay when `calendars` is set.",
    },
    nextDueAt: { ...orNull(timeSchema), description: "Null when it is disabled, or never due again." },
    links: { type: "integer", minimum: 0, description: "How many runbooks it starts." },
    ...changes,
    revision,
  }),
  ScheduleLink: objectSchema({
    ...linked,
    parameters,
    enabled: { type: "boolean" },
    priority: { ...orNull(prioritySchema), description: "Null for the runbook's." },
    nextDueAt: orNull(timeSchema),
    createdBy: { type: "string" },
    ...changes,
    revision,
  }),
  DueTime: objectSchema(due),
  ForecastRun: objectSchema({
    ...due,
    startsAt: { ...timeSchema, description: "When it is started: later than it is due by its jitter." },
    ...linked,
  }),
  ScheduledTime: objectSchema({
    ...linked,
    dueAt: timeSchema,
    upTo: { ...orNull(timeSchema), description: "Of many missed times in a row, told in one: the last of them." },
    outcome: outcomeSchema,
    jobId: orNull(idSchema),
    reason: { type: ["string", "null"] },
    decidedAt: timeSchema,
  }),
  Calendar: objectSchema({
    calendarId: idSchema,
    name: { type: "string" },
    ...calendarSettings,
    schedules: {
      type: "array",
      items: { type: "string" },
      description: "Names of schedules that use it, of those that the caller may read.",
    },
    furtherSchedules: { type: "integer", minimum: 0, description: "How many others do." },
    ...changes,
    revision,
  }),
};
