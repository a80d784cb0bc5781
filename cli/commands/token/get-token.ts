import type { TokenResource } from "../../../src/contract/api/principal.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { tokenView } from "../../views/principal-view.ts";

export const command: Command = {
  name: "get-token",
  summary: "list tokens: your own, or as an administrator those of others",
  options: [{ flags: "--principal <principal>", help: "whose, as new-token takes it; or all" }],
  examples: [
    { line: "get-token", does: "your own, and when they were used last" },
    { line: "get-token --principal all", does: "everybody's, but not the workers'" },
  ],
  async run(invocation) {
    const principal = invocation.text("principal");
    const query = principal === undefined ? "" : `?${new URLSearchParams({ principal })}`;
    await printList(await connect().list<TokenResource>(`/api/tokens${query}`), tokenView, invocation.output);
    return exitCodes.completed;
  },
};
