import type { WorkerResource } from "../../../src/contract/api/worker.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { workerPath } from "../../parameters/worker-path.ts";
import { workerView } from "../../views/worker-view.ts";
import { splitTags } from "../runbook/import-runbook.ts";

export const command: Command = {
  name: "set-worker",
  summary: "change a worker's group or tags",
  description: "Changes what is named and leaves the rest. Jobs that the worker has stay with it.",
  arguments: [{ name: "WORKER", help: "the worker's name or id" }],
  options: [
    { flags: "--group <group>", help: "the worker group it belongs to" },
    { flags: "--tags <a,b>", help: "its tags, all of them; or none" },
  ],
  examples: [{ line: "set-worker web-1 --group dmz --tags gpu,ssd", does: "where it belongs, and what it has" }],
  async run(invocation) {
    const group = invocation.text("group");
    const tags = invocation.text("tags");
    if (group === undefined && tags === undefined) {
      throw new UserError("nothing-to-set", "Neither --group nor --tags was named, so nothing changes.");
    }
    const body = {
      ...(group === undefined ? {} : { group }),
      ...(tags === undefined ? {} : { tags: tags.trim().toLowerCase() === "none" ? [] : splitTags(tags) }),
    };
    const worker = await connect().call<WorkerResource>("PATCH", workerPath(invocation.argument(0)), { body });
    await printRow(worker, workerView, invocation.output);
    return exitCodes.completed;
  },
};
