import type { RightResource } from "../../../src/contract/api/right.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { rightView } from "../../views/right-view.ts";

export const command: Command = {
  name: "get-right",
  summary: "list rights: all, those of a principal, or those on a thing",
  options: [
    { flags: "--principal <principal>", help: "only those that it was given itself" },
    {
      flags: "--on <thing>",
      help: "only those on this very thing: everything, folder:PATH, runbook:NAME, credential:NAME, …",
    },
  ],
  examples: [
    { line: "get-right --principal ada", does: "what she was given" },
    { line: "get-right --on credential:ops", does: "who was given a right on it" },
  ],
  async run(invocation) {
    const query = new URLSearchParams();
    for (const name of ["principal", "on"]) {
      const value = invocation.text(name);
      if (value !== undefined) query.set(name, value);
    }
    await printList(await connect().list<RightResource>(`/api/rights?${query}`), rightView, invocation.output);
    return exitCodes.completed;
  },
};
