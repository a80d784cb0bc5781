import type { Page } from "../../../src/contract/api/page.ts";
import type { DueTimeResource, ScheduleResource } from "../../../src/contract/api/schedule.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { dueTimeView, scheduleView } from "../../views/schedule-view.ts";

export const command: Command = {
  name: "get-schedule",
  summary: "list the schedules, show one, or its next times",
  arguments: [{ name: "NAME", help: "the schedule's name or id", optional: true }],
  options: [{ flags: "--next <number>", help: "its next times, so many, also while it is disabled" }],
  examples: [
    { line: "get-schedule", does: "all, with when each is due next" },
    { line: "get-schedule morning --next 10", does: "its next ten times" },
  ],
  async run(invocation) {
    const api = connect();
    const name = invocation.argument(0);
    const next = invocation.text("next");
    const path = `/api/schedules/${encodeURIComponent(name)}`;
    if (next !== undefined) {
      if (name === "" || !/^\d{1,4}$/.test(next)) {
        throw new UserError("usage", "--next takes a number, and the name of a schedule stands before it.");
      }
      const { items } = await api.get<Page<DueTimeResource>>(`${path}/next?count=${next}`);
      await printList(items, dueTimeView, invocation.output);
    } else if (name === "") {
      await printList(await api.list<ScheduleResource>("/api/schedules"), scheduleView, invocation.output);
    } else {
      await printOne(await api.get<ScheduleResource>(path), scheduleView, invocation.output);
    }
    return exitCodes.completed;
  },
};
