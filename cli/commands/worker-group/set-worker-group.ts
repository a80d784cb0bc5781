import type { WorkerGroupResource } from "../../../src/contract/api/worker.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { parseDuration } from "../../output/quantities.ts";
import { workerGroupView } from "../../views/worker-group-view.ts";

export const command: Command = {
  name: "set-worker-group",
  summary: "change a worker group, or make it",
  description:
    "Changes what is named and leaves the rest; a group that is not there is made. A lease holds from each worker's next heartbeat on.",
  arguments: [{ name: "GROUP", help: "the group's name" }],
  options: [
    { flags: "--description <text>", help: "what it is for" },
    { flags: "--lease <duration>", help: "how long a silent worker of it keeps its jobs; none for the server's own" },
  ],
  examples: [{ line: "set-worker-group dmz --lease 30s --description 'outside'", does: "a longer lease" }],
  async run(invocation) {
    const description = invocation.text("description");
    const lease = invocation.text("lease");
    if (description === undefined && lease === undefined) {
      throw new UserError("nothing-to-set", "Neither --description nor --lease was named, so nothing changes.");
    }
    const body = {
      ...(description === undefined ? {} : { description }),
      ...(lease === undefined ? {} : { leaseDuration: lease.trim() === "none" ? null : parseDuration(lease) }),
    };
    const path = `/api/worker-groups/${encodeURIComponent(invocation.argument(0))}`;
    const group = await connect().call<WorkerGroupResource>("PATCH", path, { body });
    await printRow(group, workerGroupView, invocation.output);
    return exitCodes.completed;
  },
};
