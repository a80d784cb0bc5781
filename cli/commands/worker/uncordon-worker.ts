import type { WorkerResource } from "../../../src/contract/api/worker.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { workerPath } from "../../parameters/worker-path.ts";
import { workerView } from "../../views/worker-view.ts";

export const command: Command = {
  name: "uncordon-worker",
  summary: "give a worker jobs again",
  description: "Ends what cordon-worker or drain-worker began.",
  arguments: [{ name: "WORKER", help: "the worker's name or id" }],
  examples: [{ line: "uncordon-worker web-1", does: "when it is well again" }],
  async run(invocation) {
    const worker = await connect().post<WorkerResource>(workerPath(invocation.argument(0), "uncordon"));
    await printRow(worker, workerView, invocation.output);
    return exitCodes.completed;
  },
};
