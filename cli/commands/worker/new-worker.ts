import { writeFileSync } from "node:fs";
import type { NewWorkerResource } from "../../../src/contract/api/worker.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import type { View } from "../../output/print.ts";
import { printOne } from "../../output/print.ts";
import { workerView } from "../../views/worker-view.ts";
import { splitTags } from "../runbook/import-runbook.ts";

const newWorkerView: View<NewWorkerResource> = {
  columns: [
    { title: "Worker", value: (worker) => worker.workerId },
    { title: "Name", value: (worker) => worker.name },
    { title: "Group", value: (worker) => worker.group },
    { title: "Tags", value: (worker) => worker.tags.join(",") },
    { title: "Token", value: (worker) => worker.token },
  ],
  name: workerView.name,
};

export const command: Command = {
  name: "new-worker",
  summary: "register a worker and print its token, once",
  description:
    "Registers a worker and prints its token, which is shown this once. The token can open a worker link and nothing else.",
  options: [
    { flags: "--group <group>", help: "the worker group it belongs to", default: "default" },
    { flags: "--name <name>", help: "its name in lists" },
    { flags: "--tags <a,b>", help: "its tags, which runbooks may require" },
    { flags: "--token-file <file>", help: "write the token here (readable by you only) in place of printing it" },
  ],
  examples: [
    { line: "new-worker --group default --token-file worker.token", does: "register it" },
    { line: "worker --server http://127.0.0.1:9090 --token-file worker.token", does: "then start it" },
  ],
  async run(invocation) {
    const name = invocation.text("name");
    const file = invocation.text("token-file");
    const tags = invocation.text("tags");
    const body = {
      group: invocation.text("group"),
      ...(name === undefined ? {} : { name }),
      ...(tags === undefined ? {} : { tags: splitTags(tags) }),
    };
    const worker = await connect().post<NewWorkerResource>("/api/workers", body);
    if (file !== undefined) writeFileSync(file, `${worker.token}\n`, { mode: 0o600 });
    await printOne(
      file === undefined ? worker : { ...worker, token: `(in ${file})` },
      newWorkerView,
      invocation.output,
    );
    return exitCodes.completed;
  },
};
