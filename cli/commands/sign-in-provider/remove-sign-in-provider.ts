import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "remove-sign-in-provider",
  summary: "remove a sign-in provider; its users stay",
  description: "Nobody signs in by it any more. The users that it sent stay, with their sessions, until those end.",
  arguments: [{ name: "NAME", help: "its name" }],
  examples: [{ line: "remove-sign-in-provider corp", does: "remove it" }],
  async run(invocation) {
    await connect().call("DELETE", `/api/sign-in-providers/${encodeURIComponent(invocation.argument(0))}`);
    return exitCodes.completed;
  },
};
