import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "remove-notice-rule",
  summary: "remove a notice rule; what waits for its delivery is cancelled",
  description: "Removes a notice rule. What waits for its delivery is cancelled; its notices stay in the list.",
  arguments: [{ name: "RULE", help: "the rule's name or id" }],
  examples: [{ line: "remove-notice-rule ops", does: "remove it" }],
  async run(invocation) {
    await connect().call("DELETE", `/api/notice-rules/${encodeURIComponent(invocation.argument(0))}`);
    return exitCodes.completed;
  },
};
