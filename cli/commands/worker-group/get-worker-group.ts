import type { WorkerGroupResource } from "../../../src/contract/api/worker.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { workerGroupView } from "../../views/worker-group-view.ts";

export const command: Command = {
  name: "get-worker-group",
  summary: "list the worker groups, or show one",
  arguments: [{ name: "GROUP", help: "the group's name", optional: true }],
  examples: [{ line: "get-worker-group", does: "every group, its workers, jobs and slots" }],
  async run(invocation) {
    const api = connect();
    const group = invocation.argument(0);
    const path = "/api/worker-groups";
    if (group === "") await printList(await api.list<WorkerGroupResource>(path), workerGroupView, invocation.output);
    else {
      const one = await api.get<WorkerGroupResource>(`${path}/${encodeURIComponent(group)}`);
      await printOne(one, workerGroupView, invocation.output);
    }
    return exitCodes.completed;
  },
};
