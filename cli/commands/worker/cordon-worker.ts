import type { WorkerResource } from "../../../src/contract/api/worker.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { workerPath } from "../../parameters/worker-path.ts";
import { workerView } from "../../views/worker-view.ts";

export const command: Command = {
  name: "cordon-worker",
  summary: "give a worker no further jobs",
  description: "The worker stays connected, and jobs that it has go on. Stand-bys may take over as if it were gone.",
  arguments: [{ name: "WORKER", help: "the worker's name or id" }],
  examples: [{ line: "cordon-worker web-1", does: "before looking at its machine" }],
  async run(invocation) {
    const worker = await connect().post<WorkerResource>(workerPath(invocation.argument(0), "cordon"));
    await printRow(worker, workerView, invocation.output);
    return exitCodes.completed;
  },
};
