import type { MasterKeyResource } from "../../../src/contract/api/master-key.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { masterKeyView } from "../../views/master-key-view.ts";

export const command: Command = {
  name: "get-master-key",
  summary: "list the ids of the keys that secrets are sealed by, and how far a rotation is",
  examples: [{ line: "get-master-key", does: "which key is in use, and which services keep a rotation waiting" }],
  async run(invocation) {
    const { keys, source, waitingFor } = await connect().get<MasterKeyResource>("/api/master-key");
    await printList(keys, masterKeyView, invocation.output);
    process.stderr.write(`The service has them from ${source}.\n`);
    for (const service of waitingFor) {
      process.stderr.write(`The rotation waits for the service ${service}.\n`);
    }
    return exitCodes.completed;
  },
};
