import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "remove-worker-group",
  summary: "remove a worker group that nothing names any more",
  arguments: [{ name: "GROUP", help: "the group's name" }],
  examples: [{ line: "remove-worker-group dmz", does: "remove it" }],
  async run(invocation) {
    await connect().call("DELETE", `/api/worker-groups/${encodeURIComponent(invocation.argument(0))}`);
    return exitCodes.completed;
  },
};
