import { resolve } from "node:path";
import type { Command } from "../../command.ts";
import { databaseFileOf, databaseFileOption } from "../../service/server-settings.ts";
import { becomeService } from "../../service/service-task.ts";

export const command: Command = {
  name: "reset-admin-token",
  summary: "make a new administrator's token; on the server's machine only",
  description:
    "Makes a new administrator's token, ends the former one, prints it and writes it to <data>/admin.token. Works on the server's machine and as its account only, whether the server runs or not.",
  options: [{ flags: "--data <folder>", help: "the server's data folder", default: "./data" }, databaseFileOption],
  examples: [{ line: "reset-admin-token --data /var/lib/runsmith", does: "print the new token" }],
  run: (invocation) =>
    becomeService({
      task: "reset-admin-token",
      dataDirectory: resolve(invocation.text("data") ?? "./data"),
      ...databaseFileOf(invocation),
    }),
};
