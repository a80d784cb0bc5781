import type { Recurrence, ScheduledTimeOutcome } from "../../../contract/api/schedule.ts";
import type { ScheduleLinkChange } from "../../../schedules/schedule-links.ts";
import type { ScheduleChange } from "../../../schedules/schedule-settings.ts";
import type { SchedulesFeature } from "../../../schedules/schedules-feature.ts";
import { entityTag } from "../entity-tag.ts";
import type { ApiAnswer, JsonSchema, Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource, timeSchema } from "../schemas/common-schemas.ts";
import {
  changeScheduleLinkSchema,
  changeScheduleSchema,
  createScheduleLinkSchema,
  createScheduleSchema,
  outcomeSchema,
} from "../schemas/schedule-schemas.ts";

interface OneSchedule {
  params: { schedule: string };
}

interface OneLink {
  params: { linkId: string };
}

const bodyLimit = 256 * 1024;
const oneSchedule = { 200: { description: "The schedule.", schema: resource("Schedule") } };
const oneLink = { 200: { description: "The link.", schema: resource("ScheduleLink") } };
const named: JsonSchema = { type: "string", minLength: 1, maxLength: 256, description: "Id or name." };

/** `/api/schedules`, `/api/schedule-links`, and what is below and beside them. */
export function scheduleRoutes(schedules: SchedulesFeature): Route[] {
  return [...ownRoutes(schedules), ...linkRoutes(schedules), ...timeRoutes(schedules)];
}

function ownRoutes(schedules: SchedulesFeature): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/schedules",
      name: "listSchedules",
      summary: "Lists schedules by name.",
      access: "read",
      query: pageQuery,
      responses: { 200: { description: "A page of schedules.", schema: pageOf("Schedule") } },
      async handle({ query, caller }) {
        return { status: 200, body: await schedules.list({ ...query, limit: query.limit ?? defaultPage }, caller) };
      },
    }),
    route<{ body: ScheduleChange & { name: string; recurrence: Recurrence } }>({
      method: "POST",
      path: "/api/schedules",
      name: "createSchedule",
      summary: "Makes a schedule; it starts nothing before it is linked to a runbook.",
      access: "edit",
      body: { schema: createScheduleSchema, limit: bodyLimit },
      idempotency: "generic",
      responses: { 201: { description: "The schedule.", schema: resource("Schedule") } },
      async handle({ body, caller, idempotency }) {
        const made = await schedules.create(body, caller, idempotency);
        return answerOf(made, 201, { Location: `/api/schedules/${made.scheduleId}` });
      },
    }),
    route<OneSchedule>({
      method: "GET",
      path: "/api/schedules/{schedule}",
      name: "getSchedule",
      summary: "One schedule, by id or name.",
      access: "read",
      responses: oneSchedule,
      async handle({ params, caller }) {
        return answerOf(await schedules.get(params.schedule, caller));
      },
    }),
    route<OneSchedule & { body: ScheduleChange }>({
      method: "PATCH",
      path: "/api/schedules/{schedule}",
      name: "changeSchedule",
      summary:
        "Changes settings of a schedule. One that is due at other times, or is enabled, has only times from now on.",
      access: "edit",
      body: { schema: changeScheduleSchema, limit: bodyLimit },
      ifMatch: true,
      responses: oneSchedule,
      async handle({ params, body, caller, ifMatch }) {
        const change = { ...body, schedule: params.schedule, ...expected(ifMatch) };
        return answerOf(await schedules.change(change, caller));
      },
    }),
    route<OneSchedule>({
      method: "DELETE",
      path: "/api/schedules/{schedule}",
      name: "removeSchedule",
      summary: "Removes a schedule with its links; what became of its times stays.",
      access: "edit",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle({ params, caller, ifMatch }) {
        await schedules.remove({ schedule: params.schedule, ...expected(ifMatch) }, caller);
        return { status: 204 };
      },
    }),
    route<OneSchedule & { query: { count?: number; after?: string } }>({
      method: "GET",
      path: "/api/schedules/{schedule}/next",
      name: "getNextTimes",
      summary: "The next times at which a schedule is due, also while it is disabled.",
      access: "read",
      query: {
        count: { type: "integer", minimum: 1, maximum: 1_000, description: "10 by default." },
        after: { ...timeSchema, description: "Now by default." },
      },
      responses: { 200: { description: "The times, in order.", schema: pageOf("DueTime") } },
      async handle({ params, query, caller }) {
        const of = { schedule: params.schedule, count: query.count ?? 10 };
        const times = await schedules.nextTimes(
          { ...of, ...(query.after !== undefined && { after: query.after }) },
          caller,
        );
        return { status: 200, body: times };
      },
    }),
  ];
}

function linkRoutes({ links }: SchedulesFeature): Route[] {
  return [
    route<{ query: PageQuery & { schedule?: string; runbook?: string } }>({
      method: "GET",
      path: "/api/schedule-links",
      name: "listScheduleLinks",
      summary: "Lists which schedules start which runbooks.",
      access: "read",
      query: { schedule: named, runbook: named, ...pageQuery },
      responses: { 200: { description: "A page of links.", schema: pageOf("ScheduleLink") } },
      async handle({ query, caller }) {
        return { status: 200, body: await links.list({ ...query, limit: query.limit ?? defaultPage }, caller) };
      },
    }),
    route<{ body: ScheduleLinkChange & { schedule: string; runbook: string } }>({
      method: "POST",
      path: "/api/schedule-links",
      name: "createScheduleLink",
      summary: "Lets a schedule start a runbook, with these parameters, from its next time on.",
      access: "operate",
      body: { schema: createScheduleLinkSchema, limit: bodyLimit },
      idempotency: "generic",
      responses: { 201: { description: "The link.", schema: resource("ScheduleLink") } },
      async handle({ body, caller, idempotency }) {
        const made = await links.create(body, caller, idempotency);
        return answerOf(made, 201, { Location: `/api/schedule-links/${made.linkId}` });
      },
    }),
    route<OneLink>({
      method: "GET",
      path: "/api/schedule-links/{linkId}",
      name: "getScheduleLink",
      summary: "One link of a schedule and a runbook.",
      access: "read",
      responses: oneLink,
      async handle({ params, caller }) {
        return answerOf(await links.get(params.linkId, caller));
      },
    }),
    route<OneLink & { body: ScheduleLinkChange }>({
      method: "PATCH",
      path: "/api/schedule-links/{linkId}",
      name: "changeScheduleLink",
      summary: "Changes a link: parameters as a whole, whether it is enabled, its priority.",
      access: "operate",
      body: { schema: changeScheduleLinkSchema, limit: bodyLimit },
      ifMatch: true,
      responses: oneLink,
      async handle({ params, body, caller, ifMatch }) {
        return answerOf(await links.change({ ...body, linkId: params.linkId, ...expected(ifMatch) }, caller));
      },
    }),
    route<OneLink>({
      method: "DELETE",
      path: "/api/schedule-links/{linkId}",
      name: "removeScheduleLink",
      summary: "Lets a schedule start a runbook no more.",
      access: "operate",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle({ params, caller, ifMatch }) {
        await links.remove({ linkId: params.linkId, ...expected(ifMatch) }, caller);
        return { status: 204 };
      },
    }),
  ];
}

function timeRoutes(schedules: SchedulesFeature): Route[] {
  return [
    route<{ query: PageQuery & { from?: string; to?: string; schedule?: string; runbook?: string } }>({
      method: "GET",
      path: "/api/schedule-forecast",
      name: "getScheduleForecast",
      summary: "The runs to come of all schedules in a period, in the order of their due times.",
      access: "read",
      query: {
        from: { ...timeSchema, description: "Now by default." },
        to: { ...timeSchema, description: "Seven days later by default." },
        schedule: named,
        runbook: named,
        ...pageQuery,
      },
      responses: { 200: { description: "A page of runs.", schema: pageOf("ForecastRun") } },
      async handle({ query, caller }) {
        return { status: 200, body: await schedules.forecast({ ...query, limit: query.limit ?? defaultPage }, caller) };
      },
    }),
    route<{
      query: PageQuery & {
        link?: string;
        schedule?: string;
        runbook?: string;
        outcome?: ScheduledTimeOutcome;
        since?: string;
        until?: string;
      };
    }>({
      method: "GET",
      path: "/api/scheduled-times",
      name: "listScheduledTimes",
      summary: "What became of the times of schedules: started, missed or refused; the latest due time first.",
      access: "read",
      query: {
        link: { ...named, description: "Id of a link." },
        schedule: named,
        runbook: named,
        outcome: outcomeSchema,
        since: { ...timeSchema, description: "Due then or later." },
        until: { ...timeSchema, description: "Due before then." },
        ...pageQuery,
      },
      responses: { 200: { description: "A page of times.", schema: pageOf("ScheduledTime") } },
      async handle({ query, caller }) {
        return { status: 200, body: await schedules.history({ ...query, limit: query.limit ?? defaultPage }, caller) };
      },
    }),
  ];
}

function expected(ifMatch: number | undefined): { expectedRevision?: number } {
  return ifMatch === undefined ? {} : { expectedRevision: ifMatch };
}

function answerOf(body: { revision: number }, status = 200, headers: Record<string, string> = {}): ApiAnswer {
  return { status, body, headers: { ...headers, ETag: entityTag(body.revision) } };
}
