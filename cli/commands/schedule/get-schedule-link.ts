import type { ScheduleLinkResource } from "../../../src/contract/api/schedule.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { scheduleLinkView } from "../../views/schedule-view.ts";

export const command: Command = {
  name: "get-schedule-link",
  summary: "list which schedules start which runbooks, or show one link",
  arguments: [{ name: "LINK", help: "the link's id", optional: true }],
  options: [
    { flags: "--schedule <name>", help: "only links of this schedule" },
    { flags: "--runbook <name>", help: "only links of this runbook" },
  ],
  examples: [{ line: "get-schedule-link --runbook Report", does: "when it is started, and with what" }],
  async run(invocation) {
    const api = connect();
    const link = invocation.argument(0);
    if (link !== "") {
      const found = await api.get<ScheduleLinkResource>(`/api/schedule-links/${encodeURIComponent(link)}`);
      await printOne(found, scheduleLinkView, invocation.output);
      return exitCodes.completed;
    }
    const query = new URLSearchParams();
    for (const name of ["schedule", "runbook"]) {
      const text = invocation.text(name);
      if (text !== undefined) query.set(name, text);
    }
    const links = await api.list<ScheduleLinkResource>(`/api/schedule-links?${query}`);
    await printList(links, scheduleLinkView, invocation.output);
    return exitCodes.completed;
  },
};
