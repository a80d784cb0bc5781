import type { CalendarResource } from "../../../src/contract/api/schedule.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import type { ApiClient } from "../../connection/api-client.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { readCalendarWindow } from "../../parameters/calendar-window.ts";
import { machineTimeZone } from "../../parameters/local-moment.ts";
import { calendarView } from "../../views/calendar-view.ts";

export const command: Command = {
  name: "set-calendar",
  summary: "make a calendar that permits and denies schedules, or change one",
  description:
    "Makes the calendar when there is none of that name. Windows are replaced as a whole, where any is given. A window is written as days, hours and dates, of which each may be left out: mon-fri 08:00-18:00 2026-07-01..2026-08-31. Where any window permits, nothing else is permitted; what a window denies, none permits.",
  arguments: [{ name: "NAME", help: "the calendar's name or id" }],
  options: [
    { flags: "--permit <window>", help: "a window in which schedules may run; once for each", many: true },
    { flags: "--deny <window>", help: "a window in which they may not run; once for each", many: true },
    { flags: "--time-zone <zone>", help: "such as Europe/Paris; of a new calendar this machine's when left out" },
    { flags: "--description <text>", help: "what it is for" },
  ],
  examples: [
    { line: `set-calendar nights --permit "22:00-06:00" --deny "2026-12-24..2026-12-26"`, does: "with an exception" },
    { line: `set-calendar office --permit "mon-fri 08:00-18:00"`, does: "office hours" },
  ],
  async run(invocation) {
    const api = connect();
    const name = invocation.argument(0);
    const former = await found(api, name);
    const windows = [
      ...invocation.list("permit").map((text) => readCalendarWindow("permit", text)),
      ...invocation.list("deny").map((text) => readCalendarWindow("deny", text)),
    ];
    const timeZone = invocation.text("time-zone");
    const description = invocation.text("description");
    const body = {
      ...(windows.length > 0 && { windows }),
      ...(timeZone !== undefined && { timeZone }),
      ...(description !== undefined && { description }),
    };
    if (former !== null && Object.keys(body).length === 0) {
      throw new UserError("nothing-to-set", "No setting was named, so nothing changes.", {
        remedy: "See `npx runsmith set-calendar --help` for the settings.",
      });
    }
    const calendar =
      former === null
        ? await api.post<CalendarResource>("/api/calendars", { name, timeZone: machineTimeZone(), ...body })
        : await api.call<CalendarResource>("PATCH", `/api/calendars/${former.calendarId}`, { body });
    await printRow(calendar, calendarView, invocation.output);
    return exitCodes.completed;
  },
};

async function found(api: ApiClient, name: string): Promise<CalendarResource | null> {
  try {
    return await api.get<CalendarResource>(`/api/calendars/${encodeURIComponent(name)}`);
  } catch (error) {
    if (error instanceof UserError && error.code === "calendar-not-found") return null;
    throw error;
  }
}
