import type { WorkerResource } from "../../../src/contract/api/worker.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { workerPath } from "../../parameters/worker-path.ts";
import { workerView } from "../../views/worker-view.ts";

export const command: Command = {
  name: "get-worker",
  summary: "list the workers, or show one",
  arguments: [{ name: "WORKER", help: "the worker's name or id", optional: true }],
  examples: [
    { line: "get-worker", does: "every worker, its group, state, jobs, load and memory" },
    { line: "get-worker web-1 --output json", does: "all that is known of one" },
  ],
  async run(invocation) {
    const api = connect();
    const worker = invocation.argument(0);
    if (worker === "") await printList(await api.list<WorkerResource>("/api/workers"), workerView, invocation.output);
    else await printOne(await api.get<WorkerResource>(workerPath(worker)), workerView, invocation.output);
    return exitCodes.completed;
  },
};
