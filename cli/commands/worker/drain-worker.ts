import type { WorkerResource } from "../../../src/contract/api/worker.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { workerPath } from "../../parameters/worker-path.ts";
import { workerView } from "../../views/worker-view.ts";

export const command: Command = {
  name: "drain-worker",
  summary: "let a worker end when its jobs are over",
  description:
    "The worker gets no further jobs, and its process ends when those that it has are over, as by SIGTERM. A process that comes after it is cordoned until uncordon-worker.",
  arguments: [{ name: "WORKER", help: "the worker's name or id" }],
  examples: [{ line: "drain-worker web-1", does: "before its machine is taken down" }],
  async run(invocation) {
    const worker = await connect().post<WorkerResource>(workerPath(invocation.argument(0), "drain"));
    await printRow(worker, workerView, invocation.output);
    return exitCodes.completed;
  },
};
