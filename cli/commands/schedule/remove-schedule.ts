import type { ScheduleLinkResource } from "../../../src/contract/api/schedule.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { tellRemovedLinks } from "../../schedules/tell-removed-links.ts";

export const command: Command = {
  name: "remove-schedule",
  summary: "remove a schedule with its links to runbooks",
  description: "Removes a schedule and its links, and says which runbooks it started. What became of its times stays.",
  arguments: [{ name: "NAME", help: "the schedule's name or id" }],
  examples: [{ line: "remove-schedule morning", does: "remove it" }],
  async run(invocation) {
    const api = connect();
    const name = invocation.argument(0);
    const links = await api.list<ScheduleLinkResource>(`/api/schedule-links?schedule=${encodeURIComponent(name)}`);
    await api.call("DELETE", `/api/schedules/${encodeURIComponent(name)}`);
    tellRemovedLinks(links);
    return exitCodes.completed;
  },
};
