import type { Command } from "../../command.ts";
import { serverOptions, serverSettings } from "../../service/server-settings.ts";
import { becomeService } from "../../service/service-task.ts";
import { workerTuningArguments, workerTuningOptions } from "../../service/worker-settings.ts";

export const command: Command = {
  name: "start",
  summary: "run the web service and one worker on this machine",
  description:
    'Runs the web service and a local worker until SIGTERM or Ctrl-C; prints "Runsmith is ready at <url>" when jobs can run. The first start prints the administrator\'s token.',
  options: [...serverOptions, ...workerTuningOptions],
  examples: [
    { line: "start", does: "the same as `npm start`" },
    { line: "start --port 9191 --data /var/lib/runsmith", does: "elsewhere" },
  ],
  run: (invocation) =>
    becomeService({
      task: "serve",
      server: serverSettings(invocation),
      localWorker: { group: "default", arguments: workerTuningArguments(invocation) },
    }),
};
