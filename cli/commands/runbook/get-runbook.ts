import type { RunbookResource } from "../../../src/contract/api/runbook.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { runbookView } from "../../views/runbook-view.ts";

export const command: Command = {
  name: "get-runbook",
  summary: "list the runbooks, or show one with its parameters and settings",
  arguments: [{ name: "NAME", help: "the runbook's name or id", optional: true }],
  options: [
    { flags: "--tag <tag>", help: "only those with this tag" },
    { flags: "--folder <path>", help: "only those in this folder" },
    { flags: "--run-as <principal>", help: "only those whose jobs act as this principal" },
  ],
  examples: [
    { line: "get-runbook", does: "all of them" },
    { line: "get-runbook Get-DiskSpace", does: "one, with parameters, grants and problems" },
    { line: "get-runbook --tag nightly --output name", does: "names only" },
  ],
  async run(invocation) {
    const api = connect();
    const name = invocation.argument(0);
    if (name !== "") {
      const runbook = await api.get<RunbookResource>(`/api/runbooks/${encodeURIComponent(name)}`);
      await printOne(runbook, runbookView, invocation.output);
      return exitCodes.completed;
    }
    const query = new URLSearchParams();
    for (const [option, parameter] of [
      ["tag", "tag"],
      ["folder", "folder"],
      ["run-as", "runAs"],
    ] as const) {
      const value = invocation.text(option);
      if (value !== undefined) query.set(parameter, value);
    }
    await printList(await api.list<RunbookResource>(`/api/runbooks?${query}`), runbookView, invocation.output);
    return exitCodes.completed;
  },
};
