import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { memberPath } from "./member-path.ts";

export const command: Command = {
  name: "remove-group-member",
  summary: "end memberships in a group",
  description: "Ends memberships that somebody gave. One that a sign-in provider gives ends there.",
  arguments: [
    { name: "GROUP", help: "the group's name or id" },
    { name: "MEMBER", help: "as add-group-member takes it", many: true },
  ],
  examples: [{ line: "remove-group-member operators ada", does: "she belongs to it no longer" }],
  async run(invocation) {
    const api = connect();
    const [group = "", ...members] = invocation.arguments;
    for (const member of members) await api.call("DELETE", memberPath(group, member));
    return exitCodes.completed;
  },
};
