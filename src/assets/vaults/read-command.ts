import { execFile } from "node:child_process";
import { join } from "node:path";
import { UserError } from "../../contract/user-error.ts";

/** Milliseconds that a command may take. */
const patience = 30_000;
const longestOutput = 1024 * 1024;

/**
 * What a command of the operator's folder prints when it is given a path as its only argument.
 * @throws UserError `asset-unavailable` (503), without anything that it printed
 */
export async function runVaultCommand(folder: string, command: string, path: string): Promise<string> {
  const options = {
    timeout: patience,
    maxBuffer: longestOutput,
    cwd: folder,
    // Nothing of the service's environment, which may hold what is not the command's.
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: process.env["HOME"] ?? "/", LANG: "C.UTF-8" },
  };
  if (path.startsWith("-")) {
    // Whoever may refer to the vault names the path; the command would take it for an option of its own.
    throw new UserError("asset-unavailable", `The path ${path} would be an option of the vault command ${command}.`, {
      status: 503,
      remedy: "Name a path that does not begin with a hyphen.",
    });
  }
  return new Promise((resolve, reject) => {
    execFile(join(folder, command), [path], options, (error, printed) => {
      if (error === null) {
        resolve(printed);
        return;
      }
      const how = error.killed === true ? "did not end in time" : `ended with ${error.code ?? "an error"}`;
      reject(
        new UserError("asset-unavailable", `The vault command ${command} ${how}.`, {
          status: 503,
          remedy: "It is an executable of the service's vault folder; run it by hand as the service's account.",
        }),
      );
    });
  });
}
