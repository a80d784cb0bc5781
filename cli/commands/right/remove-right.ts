import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "remove-right",
  summary: "take a right away, at once",
  arguments: [{ name: "RIGHT", help: "its id, as get-right shows it" }],
  examples: [
    { line: "remove-right 0196f1c2-6c1e-7c3e-8f4a-3d0d6c2f9b11", does: "take it away" },
    { line: "get-right --principal ada -o name | xargs -n 1 npx runsmith remove-right", does: "take all of hers away" },
  ],
  async run(invocation) {
    await connect().call("DELETE", `/api/rights/${encodeURIComponent(invocation.argument(0))}`);
    return exitCodes.completed;
  },
};
