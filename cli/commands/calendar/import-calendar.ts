import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { CalendarResource } from "../../../src/contract/api/schedule.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { machineTimeZone } from "../../parameters/local-moment.ts";
import { calendarView } from "../../views/calendar-view.ts";

export const command: Command = {
  name: "import-calendar",
  summary: "make a calendar of an iCalendar file, or replace its windows by it",
  description:
    "Schedules that use the calendar do not run during its events, or with --permit only during them. Events that recur are written out for ten years; import the file again when it has changed.",
  arguments: [{ name: "FILE", help: "an .ics file" }],
  options: [
    { flags: "--name <name>", help: "the calendar's name; the file's when left out" },
    { flags: "--permit", help: "its events are when schedules may run, in place of when they may not" },
    {
      flags: "--time-zone <zone>",
      help: "for whole days and times without a zone; the calendar's when left out, of a new one this machine's",
    },
  ],
  examples: [{ line: "import-calendar holidays.ics --time-zone Europe/Paris", does: "as the calendar holidays" }],
  async run(invocation) {
    const api = connect();
    const file = invocation.argument(0);
    const name = invocation.text("name") ?? basename(file).replace(/\.ics$/i, "");
    const path = `/api/calendars/${encodeURIComponent(name)}`;
    const isNew = await api.get<CalendarResource>(path).then(
      () => false,
      (error: unknown) => {
        if (error instanceof UserError && error.code === "calendar-not-found") return true;
        throw error;
      },
    );
    const timeZone = invocation.text("time-zone") ?? (isNew ? machineTimeZone() : undefined);
    const calendar = await api.post<CalendarResource>(`${path}/import`, {
      iCalendar: textOf(file),
      ...(invocation.flag("permit") && { effect: "permit" }),
      ...(timeZone !== undefined && { timeZone }),
    });
    await printRow(calendar, calendarView, invocation.output);
    return exitCodes.completed;
  },
};

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError("file-unreadable", `The file ${file} cannot be read: ${(error as Error).message}.`, {
      remedy: "Check its name and its rights.",
    });
  }
}
