import type { GroupMemberResource } from "../../../src/contract/api/principal.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { principalPath } from "../../principals/principal-commands.ts";
import { groupNoun } from "../../principals/principal-nouns.ts";
import { memberView } from "../../views/principal-view.ts";

export const command: Command = {
  name: "get-group-member",
  summary: "list the members of a group",
  arguments: [{ name: "GROUP", help: "the group's name or id" }],
  examples: [{ line: "get-group-member operators", does: "who belongs to it, and since when" }],
  async run(invocation) {
    const path = `${principalPath(groupNoun, invocation.argument(0))}/members`;
    await printList(await connect().list<GroupMemberResource>(path), memberView, invocation.output);
    return exitCodes.completed;
  },
};
