import { findPwsh } from "../../worker/hosts/pwsh/find-pwsh.ts";
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

/** PowerShell 7.4 or later is there, as a worker finds it; without it PowerShell runbooks wait. */
export const checkPowerShell: Check = async () => {
  const check = "powershell";
  const pwsh = await findPwsh();
  if (!("missing" in pwsh)) {
    return { check, state: "ok", detail: `PowerShell ${pwsh.version} at ${pwsh.executable}` };
  }
  return {
    check,
    state: "note",
    detail: `${pwsh.missing}; PowerShell runbooks will wait, TypeScript ones run`,
    remedy: "Install PowerShell 7.4 or later (https://aka.ms/powershell), or name it by RUNSMITH_PWSH.",
  };
};
