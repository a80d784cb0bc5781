import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "remove-folder",
  summary: "remove an empty folder, and the rights on it",
  arguments: [{ name: "PATH", help: "the whole path" }],
  examples: [{ line: "remove-folder Ops/Network", does: "remove it" }],
  async run(invocation) {
    await connect().call("DELETE", `/api/folders/${encodeURIComponent(invocation.argument(0))}`);
    return exitCodes.completed;
  },
};
