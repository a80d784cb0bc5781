import { dirname, resolve } from "node:path";
import type { Command } from "../../command.ts";
import { runningServers } from "../../connection/running-servers.ts";
import { becomeService } from "../../service/service-task.ts";

export const command: Command = {
  name: "backup-database",
  summary: "copy the embedded database to a file, while the server runs or not",
  description:
    "Copies all that is committed at this moment to FILE, without making the server wait, reads the copy as a whole and says whether it is sound. FILE is one file, readable by this account only, and nothing is overwritten. Works on the server's machine and as its account (or root). A database on SQL Server is backed up by SQL Server itself. To restore: docs/backup.md.",
  arguments: [{ name: "FILE", help: "where the copy goes" }],
  options: [{ flags: "--data <folder>", help: "the server's data folder; that of the running one, else ./data" }],
  examples: [
    { line: "backup-database /backup/runsmith.sqlite", does: "of the server that runs here" },
    { line: "backup-database --data /var/lib/runsmith/data /backup/runsmith.sqlite", does: "of this one" },
  ],
  run(invocation) {
    const running = runningServers()[0];
    const data = invocation.text("data") ?? (running === undefined ? "./data" : dirname(running.tokenFile));
    return becomeService({
      task: "backup-database",
      dataDirectory: resolve(data),
      file: resolve(invocation.argument(0)),
      output: invocation.output,
    });
  },
};
