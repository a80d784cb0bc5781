import { execFile } from "node:child_process";
import { join } from "node:path";

const program = join(import.meta.dirname, "..", "..", "bin", "runsmith.js");

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs the command as a user does, with nothing of this process's environment but what is given.
 * @param input what standard input holds, and ends with
 */
export function runsmith(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input?: string,
): Promise<Ended> {
  return new Promise((resolve) => {
    const clean = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/tmp", ...env };
    const child = execFile(process.execPath, [program, ...args], { env: clean }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
    if (input !== undefined) child.stdin?.end(input);
  });
}
