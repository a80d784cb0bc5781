import type { ScheduleLinkResource } from "../../../src/contract/api/schedule.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { tellRemovedLinks } from "../../schedules/tell-removed-links.ts";

export const command: Command = {
  name: "remove-runbook",
  summary: "remove runbooks with all their versions, and their links to schedules",
  arguments: [{ name: "NAME", help: "the runbooks' names or ids", many: true }],
  examples: [{ line: "remove-runbook Get-DiskSpace", does: "remove it; refused while jobs of it are open" }],
  async run(invocation) {
    const api = connect();
    for (const name of invocation.arguments) {
      const links = await api.list<ScheduleLinkResource>(`/api/schedule-links?runbook=${encodeURIComponent(name)}`);
      await api.call("DELETE", `/api/runbooks/${encodeURIComponent(name)}`);
      tellRemovedLinks(links);
    }
    return exitCodes.completed;
  },
};
