import type { RunbookResource } from "../../../src/contract/api/runbook.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { ungrantedText } from "../../import/import-script.ts";
import { printRow } from "../../output/print.ts";
import { runbookView } from "../../views/runbook-view.ts";

export const command: Command = {
  name: "publish-runbook",
  summary: "make a runbook's draft its published version",
  arguments: [{ name: "NAME", help: "the runbook's name or id" }],
  description:
    "Makes the draft the published version. Its jobs act as whom they acted as before where you may act for that principal, else as you; a script that names an asset which that principal may not use is refused.",
  options: [
    { flags: "--grant-needed", help: "grant what the script states that it needs" },
    {
      flags: "--assets-later",
      help: "publish it although it names assets that its jobs may not use, or that are not there yet",
    },
  ],
  examples: [{ line: "publish-runbook Get-DiskSpace", does: "the former published version stays in its history" }],
  async run(invocation) {
    const path = `/api/runbooks/${encodeURIComponent(invocation.argument(0))}/publish`;
    const body = {
      ...(invocation.flag("grant-needed") ? { grantNeeded: true } : {}),
      ...(invocation.flag("assets-later") ? { assetsLater: true } : {}),
    };
    const runbook = await connect().post<RunbookResource>(path, body);
    await printRow(runbook, runbookView, invocation.output);
    const ungranted = ungrantedText(runbook);
    if (ungranted !== "") process.stderr.write(`note: ${ungranted}\n`);
    return exitCodes.completed;
  },
};
