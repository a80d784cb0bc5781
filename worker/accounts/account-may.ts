import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { promisify } from "node:util";
import { dropPrivilegesCommand } from "./drop-privileges.ts";
import type { HostAccount } from "./host-account.ts";

const modes = { read: constants.R_OK, write: constants.W_OK, enter: constants.X_OK } as const;
const tests = { read: "-r", write: "-w", enter: "-x" } as const;

/**
 * Whether an account (null: the worker's own) may read, write or enter a file or folder; judged by the kernel, as that account.
 *
 * @throws Error when it cannot be found out, so that nobody takes silence for a no.
 */
export async function accountMay(
  what: keyof typeof modes,
  path: string,
  account: HostAccount | null,
): Promise<boolean> {
  return account === null ? await mayItself(what, path) : await mayAs(what, path, account);
}

/** What access(2) says when the kernel has decided, rather than failed to. */
const refusals = new Set(["EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR"]);

async function mayItself(what: keyof typeof modes, path: string): Promise<boolean> {
  try {
    await access(path, modes[what]);
    return true;
  } catch (error) {
    if (refusals.has((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

async function mayAs(what: keyof typeof modes, path: string, account: HostAccount): Promise<boolean> {
  const [command = "", ...wrapper] = dropPrivilegesCommand(account);
  try {
    await promisify(execFile)(command, [...wrapper, "/usr/bin/test", tests[what], path], { env: {} });
    return true;
  } catch (error) {
    // 1 is test's no, if test came to run; what comes before it says so on standard error.
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 1 && stderr === "") return false;
    throw error;
  }
}
