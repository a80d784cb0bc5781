import type { ForecastResource } from "../../../src/contract/api/schedule.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { forecastView } from "../../views/schedule-view.ts";

export const command: Command = {
  name: "get-forecast",
  summary: "show the runs to come of all schedules",
  options: [
    { flags: "--days <number>", help: "how far ahead", default: "7" },
    { flags: "--schedule <name>", help: "only of this schedule" },
    { flags: "--runbook <name>", help: "only of this runbook" },
    { flags: "--limit <number>", help: "at most so many runs", default: "500" },
  ],
  examples: [{ line: "get-forecast --days 2", does: "what starts until the day after tomorrow" }],
  async run(invocation) {
    const days = Number(invocation.text("days"));
    const limit = Number(invocation.text("limit"));
    if (!(days > 0 && days <= 400 && Number.isInteger(limit) && limit > 0)) {
      throw new UserError("usage", "--days takes a number up to 400, and --limit a whole number.");
    }
    const from = Date.now();
    const query = new URLSearchParams({
      from: new Date(from).toISOString(),
      to: new Date(from + days * 86_400_000).toISOString(),
    });
    for (const name of ["schedule", "runbook"]) {
      const text = invocation.text(name);
      if (text !== undefined) query.set(name, text);
    }
    const runs = await connect().list<ForecastResource>(`/api/schedule-forecast?${query}`, limit);
    await printList(runs, forecastView, invocation.output);
    return exitCodes.completed;
  },
};
