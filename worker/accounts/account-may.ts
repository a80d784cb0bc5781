import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { promisify } from "node:util";
import { dropPrivilegesCommand } from "./drop-privileges.ts";
import type { HostAccount } from "./host-account.ts";

/** Whether an account (null: the worker's own) may read or write a file or folder; judged by the kernel, as that account. */
export async function accountMay(what: "read" | "write", path: string, account: HostAccount | null): Promise<boolean> {
  const answer =
    account === null
      ? access(path, what === "read" ? constants.R_OK : constants.W_OK)
      : ask(what === "read" ? "-r" : "-w", path, account);
  return await answer.then(
    () => true,
    () => false,
  );
}

async function ask(test: string, path: string, account: HostAccount): Promise<void> {
  const [command = "", ...wrapper] = dropPrivilegesCommand(account);
  await promisify(execFile)(command, [...wrapper, "/usr/bin/test", test, path], { env: {} });
}
