import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "remove-calendar",
  summary: "remove a calendar that no schedule uses",
  arguments: [{ name: "NAME", help: "the calendar's name or id" }],
  examples: [{ line: "remove-calendar holidays", does: "remove it" }],
  async run(invocation) {
    await connect().call("DELETE", `/api/calendars/${encodeURIComponent(invocation.argument(0))}`);
    return exitCodes.completed;
  },
};
