import type { WorkerResource } from "../../../src/contract/api/worker.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { workerId } from "../../parameters/worker-id.ts";
import { workerView } from "../../views/worker-view.ts";

export const command: Command = {
  name: "get-worker",
  summary: "list the workers, or show one",
  arguments: [{ name: "ID", help: "the worker's id", optional: true }],
  examples: [{ line: "get-worker", does: "every worker, its group, state and hosts" }],
  async run(invocation) {
    const api = connect();
    const id = invocation.argument(0);
    if (id === "") await printList(await api.list<WorkerResource>("/api/workers"), workerView, invocation.output);
    else await printOne(await api.get<WorkerResource>(`/api/workers/${workerId(id)}`), workerView, invocation.output);
    return exitCodes.completed;
  },
};
