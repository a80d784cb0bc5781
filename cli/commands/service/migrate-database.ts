import { resolve } from "node:path";
import type { Command } from "../../command.ts";
import { becomeService } from "../../service/service-task.ts";

export const command: Command = {
  name: "migrate-database",
  summary: "move an installation between the embedded database and SQL Server",
  description:
    "Copies a whole installation, with every id, into another, empty database, then reads both as a whole and compares the number of rows and a checksum of each table. No service may run on either. A FILE holds one line, mssql://user:password@host:port/database or sqlite:/absolute/data/folder; or it is the data folder of an embedded database. Nothing is changed where it comes from. When it is interrupted, the same command goes on where it was; until it has ended, no service opens the new database.",
  options: [
    { flags: "--from-file <file>", help: "says where the installation is", required: true },
    { flags: "--to-file <file>", help: "says which empty database it goes to", required: true },
  ],
  examples: [
    { line: "migrate-database --from-file /var/lib/runsmith/data --to-file database.url", does: "to SQL Server" },
  ],
  run: (invocation) =>
    becomeService({
      task: "migrate-database",
      fromFile: resolve(invocation.text("from-file") ?? ""),
      toFile: resolve(invocation.text("to-file") ?? ""),
      output: invocation.output,
    }),
};
