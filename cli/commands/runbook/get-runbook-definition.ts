import type { RunbookResource } from "../../../src/contract/api/runbook.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "get-runbook-definition",
  summary: "print a runbook's script, byte for byte as it was imported",
  arguments: [{ name: "NAME", help: "the runbook's name or id" }],
  options: [
    { flags: "--draft", help: "the draft in place of the published version" },
    { flags: "--version-number <number>", help: "a former version" },
  ],
  examples: [{ line: "get-runbook-definition Get-DiskSpace > Get-DiskSpace.ts", does: "the published script" }],
  async run(invocation) {
    const api = connect();
    const path = `/api/runbooks/${encodeURIComponent(invocation.argument(0))}`;
    const version = invocation.text("version-number") ?? (invocation.flag("draft") ? "draft" : "published");
    if (version === "published") {
      const runbook = await api.get<RunbookResource>(path);
      if (runbook.published === null) {
        throw new UserError("not-published", `"${runbook.name}" has no published version yet.`, {
          status: 404,
          remedy: "Add --draft for the draft, or publish it with `npx runsmith publish-runbook`.",
        });
      }
    }
    process.stdout.write(await api.bytes(`${path}/versions/${encodeURIComponent(version)}/content`));
    return exitCodes.completed;
  },
};
