import type { RunbookResource } from "../../../src/contract/api/runbook.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { runbookView } from "../../views/runbook-view.ts";

export const command: Command = {
  name: "disable-runbook",
  summary: "let no further job of a runbook be started",
  arguments: [{ name: "NAME", help: "the runbook's name or id" }],
  examples: [{ line: "disable-runbook Get-DiskSpace", does: "disable it" }],
  async run(invocation) {
    const path = `/api/runbooks/${encodeURIComponent(invocation.argument(0))}`;
    const runbook = await connect().call<RunbookResource>("PATCH", path, { body: { enabled: false } });
    await printRow(runbook, runbookView, invocation.output);
    return exitCodes.completed;
  },
};
