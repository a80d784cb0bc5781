import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "revoke-token",
  summary: "end tokens at once",
  arguments: [{ name: "TOKEN", help: "its id, as get-token shows it", many: true }],
  examples: [{ line: "revoke-token 0195e7c4-1b2a-7c3d-8e4f-5a6b7c8d9e0f", does: "it opens nothing any more" }],
  async run(invocation) {
    const api = connect();
    for (const token of invocation.arguments) await api.call("DELETE", `/api/tokens/${encodeURIComponent(token)}`);
    return exitCodes.completed;
  },
};
