import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "remove-runbook",
  summary: "remove runbooks with all their versions",
  arguments: [{ name: "NAME", help: "the runbooks' names or ids", many: true }],
  examples: [{ line: "remove-runbook Get-DiskSpace", does: "remove it; refused while jobs of it are open" }],
  async run(invocation) {
    const api = connect();
    for (const name of invocation.arguments) await api.call("DELETE", `/api/runbooks/${encodeURIComponent(name)}`);
    return exitCodes.completed;
  },
};
