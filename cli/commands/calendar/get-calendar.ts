import type { CalendarResource } from "../../../src/contract/api/schedule.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { calendarView } from "../../views/calendar-view.ts";

export const command: Command = {
  name: "get-calendar",
  summary: "list the calendars of schedules, or show one",
  arguments: [{ name: "NAME", help: "the calendar's name or id", optional: true }],
  examples: [{ line: "get-calendar holidays", does: "when it permits and denies" }],
  async run(invocation) {
    const api = connect();
    const name = invocation.argument(0);
    if (name === "") {
      await printList(await api.list<CalendarResource>("/api/calendars"), calendarView, invocation.output);
    } else {
      const calendar = await api.get<CalendarResource>(`/api/calendars/${encodeURIComponent(name)}`);
      await printOne(calendar, calendarView, invocation.output);
    }
    return exitCodes.completed;
  },
};
