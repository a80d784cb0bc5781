import type { ScheduleResource } from "../../../src/contract/api/schedule.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { scheduleView } from "../../views/schedule-view.ts";

export const command: Command = {
  name: "enable-schedule",
  summary: "enable a schedule",
  description: "Times until now are not missed: it runs from its next time on.",
  arguments: [{ name: "NAME", help: "the schedule's name or id" }],
  examples: [{ line: "enable-schedule morning", does: "enable it" }],
  async run(invocation) {
    const path = `/api/schedules/${encodeURIComponent(invocation.argument(0))}`;
    const schedule = await connect().call<ScheduleResource>("PATCH", path, { body: { enabled: true } });
    await printRow(schedule, scheduleView, invocation.output);
    return exitCodes.completed;
  },
};
