import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { promisify } from "node:util";
import { findProgram } from "../../worker/sandbox/find-bubblewrap.ts";
import type { Check } from "./check.ts";

/** The Node that runs this is the one that Runsmith brings along. */
export const checkNode: Check = async () => {
  const [major = 0] = process.versions.node.split(".").map(Number);
  return major >= 26
    ? { check: "node", state: "ok", detail: `Node ${process.versions.node}` }
    : {
        check: "node",
        state: "failed",
        detail: `Node ${process.versions.node} is too old`,
        remedy: "Run `npm ci`, which brings the Node that Runsmith needs.",
      };
};

/** PowerShell 7.4 or later is there; without it PowerShell runbooks wait. */
export const checkPowerShell: Check = async () => {
  const check = "powershell";
  const named = process.env.RUNSMITH_PWSH;
  const path = named && isExecutable(named) ? named : named ? null : await findProgram("pwsh");
  const remedy = "Install PowerShell 7.4 or later (https://aka.ms/powershell), or name it by RUNSMITH_PWSH.";
  if (path === null) {
    const where = named ? `RUNSMITH_PWSH names ${named}, which is no program` : "there is no pwsh on PATH";
    return { check, state: "note", detail: `${where}: PowerShell runbooks will wait, TypeScript ones run`, remedy };
  }
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 20_000 });
    const version = /\d+\.\d+\.\d+(-(?:preview|rc)[.\d]*)?/.exec(stdout)?.[0] ?? stdout.trim();
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const recent = major > 7 || (major === 7 && minor >= 4);
    return recent
      ? { check, state: "ok", detail: `PowerShell ${version} at ${path}` }
      : { check, state: "note", detail: `PowerShell ${version} at ${path} is too old: its runbooks will wait`, remedy };
  } catch (error) {
    return {
      check,
      state: "note",
      detail: `${path} does not start: ${(error as Error).message.split("\n")[0]}`,
      remedy,
    };
  }
};

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
