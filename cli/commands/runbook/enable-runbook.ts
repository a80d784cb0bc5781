import type { RunbookResource } from "../../../src/contract/api/runbook.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { runbookView } from "../../views/runbook-view.ts";

export const command: Command = {
  name: "enable-runbook",
  summary: "let a runbook be started again",
  arguments: [{ name: "NAME", help: "the runbook's name or id" }],
  examples: [{ line: "enable-runbook Get-DiskSpace", does: "enable it" }],
  async run(invocation) {
    const path = `/api/runbooks/${encodeURIComponent(invocation.argument(0))}`;
    const runbook = await connect().call<RunbookResource>("PATCH", path, { body: { enabled: true } });
    await printRow(runbook, runbookView, invocation.output);
    return exitCodes.completed;
  },
};
