import { resolve } from "node:path";
import { logFormats, logLevels } from "../../../src/contract/logger.ts";
import type { Command } from "../../command.ts";
import { serverDataFolders } from "../../connection/running-servers.ts";
import { productVersion } from "../../product-version.ts";
import { capacitySettings, hostSettings, workerTuningOptions } from "../../service/worker-settings.ts";

export const command: Command = {
  name: "worker",
  summary: "run a worker: it dials the service and runs its jobs on this machine",
  description:
    "Runs a worker until SIGTERM or Ctrl-C: then it takes no more jobs and ends when its jobs are over; a second signal kills them. Its group is that of its token, which `npx runsmith new-worker` makes.",
  options: [
    {
      flags: "--server <url>",
      help: "the service's address; once for each of several services over one database, where no load balancer stands before them",
      required: true,
      many: true,
    },
    { flags: "--token-file <file>", help: "file with the worker's token", required: true },
    { flags: "--group <group>", help: "end unless the service says that the worker is of this group" },
    { flags: "--ca <file>", help: "PEM file to check the service's certificate against" },
    ...workerTuningOptions,
    { flags: "--protect <path>", help: "what no script may reach, whatever is granted", many: true },
    { flags: "--log-format <format>", help: "how log lines are written", choices: logFormats },
    { flags: "--log-level <level>", help: "what is logged", choices: logLevels },
    { flags: "--end-with-input", help: "end when standard input ends: for programs that start a worker" },
  ],
  examples: [
    { line: "worker --server https://runsmith.example:9090 --token-file worker.token", does: "on another machine" },
  ],
  async run(invocation) {
    const { runWorker } = await import("../../service/run-worker.ts");
    const { workerLog } = await import("../../service/worker-log.ts");
    const caFile = invocation.text("ca");
    const options = {
      ...hostSettings(invocation),
      ...capacitySettings(invocation),
      server: invocation.list("server"),
      tokenFile: resolve(invocation.text("token-file") ?? ""),
      ...(caFile === undefined ? {} : { caFile: resolve(caFile) }),
      version: productVersion(),
      protectedPaths: [...invocation.list("protect").map((path) => resolve(path)), ...serverDataFolders()],
      logger: workerLog(invocation.text("log-format") ?? "text", invocation.text("log-level") ?? "info"),
    };
    return await runWorker(options, invocation.text("group") ?? null, invocation.flag("end-with-input"));
  },
};
