import type { Command } from "../../command.ts";
import { serverOptions, serverSettings } from "../../service/server-settings.ts";
import { becomeService } from "../../service/service-task.ts";

export const command: Command = {
  name: "server",
  summary: "run the web service, without a worker",
  description:
    'Runs the web service until it is stopped by SIGTERM or Ctrl-C; prints "Runsmith is ready at <url>" when it is. Runbooks run when a worker is connected: see `npx runsmith worker`.',
  options: serverOptions,
  examples: [
    { line: "server --data /var/lib/runsmith", does: "on this machine only" },
    { line: "server --listen 0.0.0.0 --tls self-signed", does: "for other machines" },
  ],
  run: (invocation) => becomeService({ task: "serve", server: serverSettings(invocation), localWorker: null }),
};
