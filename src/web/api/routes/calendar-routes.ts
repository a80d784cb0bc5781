import type { CalendarResource } from "../../../contract/api/schedule.ts";
import type { CalendarChange, CalendarImport, Calendars } from "../../../schedules/calendars.ts";
import { entityTag } from "../entity-tag.ts";
import type { ApiAnswer, Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { changeCalendarSchema, createCalendarSchema, importCalendarSchema } from "../schemas/schedule-schemas.ts";

interface OneCalendar {
  params: { calendar: string };
}

/** Bytes; thousands of windows, or of events. */
const bodyLimit = 4 * 1024 * 1024;
const oneCalendar = { 200: { description: "The calendar.", schema: resource("Calendar") } };

/** `/api/calendars` and what is below it. */
export function calendarRoutes(calendars: Calendars): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/calendars",
      name: "listCalendars",
      summary: "Lists calendars by name: when schedules that use them may run.",
      access: "read",
      query: pageQuery,
      responses: { 200: { description: "A page of calendars.", schema: pageOf("Calendar") } },
      async handle({ query, caller }) {
        return { status: 200, body: await calendars.list({ ...query, limit: query.limit ?? defaultPage }, caller) };
      },
    }),
    route<{ body: CalendarChange & { name: string } }>({
      method: "POST",
      path: "/api/calendars",
      name: "createCalendar",
      summary: "Makes a calendar.",
      access: "edit",
      body: { schema: createCalendarSchema, limit: bodyLimit },
      idempotency: "generic",
      responses: { 201: { description: "The calendar.", schema: resource("Calendar") } },
      async handle({ body, caller, idempotency }) {
        const made = await calendars.create(body, caller, idempotency);
        return answerOf(made, 201, { Location: `/api/calendars/${made.calendarId}` });
      },
    }),
    route<OneCalendar>({
      method: "GET",
      path: "/api/calendars/{calendar}",
      name: "getCalendar",
      summary: "One calendar, by id or name.",
      access: "read",
      responses: oneCalendar,
      async handle({ params, caller }) {
        return answerOf(await calendars.get(params.calendar, caller));
      },
    }),
    route<OneCalendar & { body: CalendarChange }>({
      method: "PATCH",
      path: "/api/calendars/{calendar}",
      name: "changeCalendar",
      summary: "Changes a calendar, its windows as a whole, and with that when schedules run that use it.",
      access: "edit",
      body: { schema: changeCalendarSchema, limit: bodyLimit },
      ifMatch: true,
      responses: oneCalendar,
      async handle({ params, body, caller, ifMatch }) {
        const change = { ...body, calendar: params.calendar };
        return answerOf(
          await calendars.change({ ...change, ...(ifMatch !== undefined && { expectedRevision: ifMatch }) }, caller),
        );
      },
    }),
    route<OneCalendar>({
      method: "DELETE",
      path: "/api/calendars/{calendar}",
      name: "removeCalendar",
      summary: "Removes a calendar that no schedule uses.",
      access: "edit",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle({ params, caller, ifMatch }) {
        const of = { calendar: params.calendar, ...(ifMatch !== undefined && { expectedRevision: ifMatch }) };
        await calendars.remove(of, caller);
        return { status: 204 };
      },
    }),
    route<OneCalendar & { body: CalendarImport }>({
      method: "POST",
      path: "/api/calendars/{calendar}/import",
      name: "importCalendar",
      summary: "Replaces the windows of a calendar by the events of an iCalendar file; makes it where there is none.",
      access: "edit",
      body: { schema: importCalendarSchema, limit: bodyLimit },
      idempotency: "generic",
      responses: oneCalendar,
      async handle({ params, body, caller }) {
        return answerOf(await calendars.import({ ...body, calendar: params.calendar }, caller));
      },
    }),
  ];
}

function answerOf(calendar: CalendarResource, status = 200, headers: Record<string, string> = {}): ApiAnswer {
  return { status, body: calendar, headers: { ...headers, ETag: entityTag(calendar.revision) } };
}
