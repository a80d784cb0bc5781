import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { workerId } from "../../parameters/worker-id.ts";

export const command: Command = {
  name: "remove-worker",
  summary: "remove a worker; its token is dead at once",
  description: "Removes a worker: its token is dead and its links are closed at once, and its jobs are judged lost.",
  arguments: [{ name: "ID", help: "the worker's id" }],
  examples: [{ line: "remove-worker 0195e7c4-…", does: "remove it" }],
  async run(invocation) {
    await connect().call("DELETE", `/api/workers/${workerId(invocation.argument(0))}`);
    return exitCodes.completed;
  },
};
