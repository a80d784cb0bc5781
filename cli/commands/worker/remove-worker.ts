import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { workerPath } from "../../parameters/worker-path.ts";

export const command: Command = {
  name: "remove-worker",
  summary: "remove a worker; its token is dead at once",
  description: "Removes a worker: its token is dead and its links are closed at once, and its jobs are judged lost.",
  arguments: [{ name: "WORKER", help: "the worker's name or id" }],
  examples: [{ line: "remove-worker web-1", does: "remove it" }],
  async run(invocation) {
    await connect().call("DELETE", workerPath(invocation.argument(0)));
    return exitCodes.completed;
  },
};
