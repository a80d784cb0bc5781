import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "remove-schedule-link",
  summary: "let a schedule start a runbook no more",
  arguments: [{ name: "LINK", help: "the link's id; get-schedule-link lists them" }],
  examples: [{ line: "remove-schedule-link 0199…", does: "remove it; schedule and runbook stay" }],
  async run(invocation) {
    await connect().call("DELETE", `/api/schedule-links/${encodeURIComponent(invocation.argument(0))}`);
    return exitCodes.completed;
  },
};
