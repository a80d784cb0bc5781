import { execFile } from "node:child_process";
import { access, constants, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../src/contract/user-error.ts";
import type { BubblewrapFeatures } from "./bubblewrap-arguments.ts";

export interface Bubblewrap {
  path: string;
  version: string;
  features: BubblewrapFeatures;
  /** Some distributions install it so; then it must not be started with a way to root. */
  setUserId: boolean;
}

/** How to get bubblewrap, by the package manager that this machine has. */
const installCommands: readonly [program: string, command: string][] = [
  ["apt-get", "apt-get install bubblewrap"],
  ["dnf", "dnf install bubblewrap"],
  ["zypper", "zypper install bubblewrap"],
  ["pacman", "pacman -S bubblewrap"],
  ["apk", "apk add bubblewrap"],
];

/** @throws UserError `sandbox-missing` when there is no bwrap, with the command that gets it. */
export async function findBubblewrap(): Promise<Bubblewrap> {
  const path = await findProgram("bwrap");
  if (path === null) {
    throw new UserError(
      "sandbox-missing",
      "bubblewrap (the program bwrap), which isolates every job, is not on this machine.",
      {
        remedy: `Install it: ${await installCommand()}. To run without any isolation: --sandbox none.`,
      },
    );
  }
  const { stdout } = await promisify(execFile)(path, ["--version"], { env: {} });
  const version = /\d+(\.\d+)+/.exec(stdout)?.[0] ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return {
    path,
    version,
    features: { disableUserNamespaces: major > 0 || minor >= 8 },
    setUserId: ((await stat(path)).mode & 0o4000) !== 0,
  };
}

async function installCommand(): Promise<string> {
  for (const [program, command] of installCommands) {
    if ((await findProgram(program)) !== null) return command;
  }
  return "by your distribution's package manager, package bubblewrap";
}

/** The absolute path of a program, by PATH and then by the usual places; null when it is nowhere. */
export async function findProgram(name: string): Promise<string | null> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin"];
  for (const folder of folders) {
    if (!folder.startsWith("/")) continue;
    const path = join(folder, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return null;
}
