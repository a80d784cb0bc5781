import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { memberPath } from "./member-path.ts";

export const command: Command = {
  name: "add-group-member",
  summary: "make users and service principals members of a group",
  arguments: [
    { name: "GROUP", help: "the group's name or id" },
    {
      name: "MEMBER",
      help: "user:NAME, service-principal:NAME, an id, or a name that only one of them has",
      many: true,
    },
  ],
  examples: [{ line: "add-group-member operators ada service-principal:monitoring", does: "both belong to it" }],
  async run(invocation) {
    const api = connect();
    const [group = "", ...members] = invocation.arguments;
    for (const member of members) await api.call("PUT", memberPath(group, member));
    return exitCodes.completed;
  },
};
