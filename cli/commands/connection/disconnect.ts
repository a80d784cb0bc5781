import type { Command } from "../../command.ts";
import { ApiClient } from "../../connection/api-client.ts";
import { dropConnection, readKeptConnection } from "../../connection/kept-connection.ts";
import { exitCodes } from "../../exit-codes.ts";

export const command: Command = {
  name: "disconnect",
  summary: "forget what connect kept, and end its token",
  description:
    "Ends the token that connect got, and forgets it. A token that was given to connect is forgotten, and lives on.",
  examples: [{ line: "disconnect", does: "the commands of this account use that service no longer" }],
  async run() {
    const kept = readKeptConnection();
    if (kept === null) {
      process.stderr.write("Nothing was connected.\n");
      return exitCodes.completed;
    }
    dropConnection();
    if (kept.tokenId !== null) {
      const api = new ApiClient({ url: kept.url, token: kept.token, caFile: kept.caFile ?? undefined });
      try {
        await api.call("DELETE", `/api/tokens/${kept.tokenId}`);
      } catch (error) {
        process.stderr.write(
          `The token ${kept.tokenId} is forgotten here, but could not be ended there: ${(error as Error).message}\n`,
        );
        return exitCodes.failed;
      }
    }
    process.stderr.write(`Disconnected from ${kept.url}.\n`);
    return exitCodes.completed;
  },
};
