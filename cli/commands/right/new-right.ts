import type { RightResource } from "../../../src/contract/api/right.ts";
import { rightsRoles } from "../../../src/contract/api/right.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printOne } from "../../output/print.ts";
import { rightView } from "../../views/right-view.ts";

export const command: Command = {
  name: "new-right",
  summary: "give a user, a group or a service principal a role on something",
  description: [
    "A reader sees things, never a secret in them. An operator also starts and stops jobs, and has assets used for it by jobs. An author also",
    "changes things. An administrator also gives rights. A principal has one role on one thing: a new one takes the place of the former. A right",
    "on a folder is on its runbooks and on the folders below; a right on runbooks never lets anybody use an asset.",
  ].join(" "),
  options: [
    {
      flags: "--principal <principal>",
      help: "user:NAME, group:NAME, service-principal:NAME, or just the name",
      required: true,
    },
    { flags: "--role <role>", help: "what it may do", choices: rightsRoles, required: true },
    {
      flags: "--on <thing>",
      help: "everything, folder:PATH, runbook:NAME, worker-group:NAME, credential:NAME, variable:NAME, …",
      required: true,
    },
  ],
  examples: [
    {
      line: "new-right --principal ada --role author --on folder:Ops",
      does: "let her change the runbooks of a folder",
    },
    { line: "new-right --principal group:support --role operator --on runbook:Restart", does: "let a group start one" },
    {
      line: "new-right --principal service-principal:ci --role operator --on credential:deploy",
      does: "let its jobs use it",
    },
  ],
  async run(invocation) {
    const body = {
      principal: invocation.text("principal"),
      role: invocation.text("role"),
      on: invocation.text("on"),
    };
    await printOne(await connect().post<RightResource>("/api/rights", body), rightView, invocation.output);
    return exitCodes.completed;
  },
};
