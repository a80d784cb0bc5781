import type { ScheduleResource } from "../../../src/contract/api/schedule.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { scheduleView } from "../../views/schedule-view.ts";

export const command: Command = {
  name: "disable-schedule",
  summary: "disable a schedule",
  description: "It starts nothing until it is enabled again.",
  arguments: [{ name: "NAME", help: "the schedule's name or id" }],
  examples: [{ line: "disable-schedule morning", does: "disable it" }],
  async run(invocation) {
    const path = `/api/schedules/${encodeURIComponent(invocation.argument(0))}`;
    const schedule = await connect().call<ScheduleResource>("PATCH", path, { body: { enabled: false } });
    await printRow(schedule, scheduleView, invocation.output);
    return exitCodes.completed;
  },
};
