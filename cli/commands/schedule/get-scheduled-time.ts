import type { ScheduledTimeResource } from "../../../src/contract/api/schedule.ts";
import { scheduledTimeOutcomes } from "../../../src/contract/api/schedule.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { scheduledTimeView } from "../../views/schedule-view.ts";

export const command: Command = {
  name: "get-scheduled-time",
  summary: "show what became of the times of schedules: started, missed or refused",
  options: [
    { flags: "--schedule <name>", help: "only of this schedule" },
    { flags: "--runbook <name>", help: "only of this runbook" },
    { flags: "--outcome <outcome>", help: "only these", choices: scheduledTimeOutcomes },
    { flags: "--limit <number>", help: "at most so many, the latest first", default: "100" },
  ],
  examples: [{ line: "get-scheduled-time --outcome missed", does: "what was missed, and why" }],
  async run(invocation) {
    const limit = Number(invocation.text("limit"));
    if (!Number.isInteger(limit) || limit < 1) {
      throw new UserError("usage", "--limit takes a whole number.");
    }
    const query = new URLSearchParams();
    for (const name of ["schedule", "runbook", "outcome"]) {
      const text = invocation.text(name);
      if (text !== undefined) query.set(name, text);
    }
    const times = await connect().list<ScheduledTimeResource>(`/api/scheduled-times?${query}`, limit);
    await printList(times, scheduledTimeView, invocation.output);
    return exitCodes.completed;
  },
};
