import { readFile } from "node:fs/promises";
import { UserError } from "../../src/contract/user-error.ts";
import { openControlGroups } from "../../worker/sandbox/control-groups.ts";
import { findBubblewrap } from "../../worker/sandbox/find-bubblewrap.ts";
import { defaultResourceLimits } from "../../worker/sandbox/resource-limits.ts";
import { tryIsolation } from "../../worker/try-isolation.ts";
import type { Check, Finding } from "./check.ts";

/** bubblewrap is there. */
export const checkSandbox: Check = async () => {
  try {
    const { path, version, features } = await findBubblewrap();
    const nested = features.disableUserNamespaces
      ? ""
      : "; nested namespaces are refused by seccomp, as it is older than 0.8";
    return { check: "sandbox", state: "ok", detail: `bubblewrap ${version} at ${path}${nested}` };
  } catch (error) {
    return failure("sandbox", error);
  }
};

/** A sandbox starts here and isolates: the worker's own trial, with the accounts and all the flags that a job gets. */
export const checkIsolation: Check = async () => {
  try {
    await tryIsolation();
    return {
      check: "isolation",
      state: "ok",
      detail: "a sandbox starts, with namespaces of its own, a seccomp filter and no way to more rights",
    };
  } catch (error) {
    return failure("isolation", error);
  }
};

/** Whose account scripts run as. */
export const checkAccounts: Check = async () => {
  const check = "accounts";
  if (process.getuid?.() !== 0) {
    return {
      check,
      state: "ok",
      detail: `hosts run as this account (user id ${process.getuid?.()}), kept apart by their sandboxes`,
    };
  }
  const taken = (await readFile("/etc/passwd", "utf8").catch(() => ""))
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([, , id]) => Number(id) >= 64_000 && Number(id) <= 64_999);
  return taken.length === 0
    ? { check, state: "ok", detail: "hosts run as user ids 64000-64999, one for each, never as root" }
    : {
        check,
        state: "note",
        detail: `user ids of the range 64000-64999 belong to accounts of this machine: ${taken.map(([name]) => name).join(", ")}`,
        remedy: "Give the worker another range: --host-uids FIRST-LAST.",
      };
};

/** Limits on memory and processes that hold for a whole job. */
export const checkLimits: Check = async () => {
  const check = "limits";
  const groups = await openControlGroups(defaultResourceLimits);
  if ("missing" in groups) {
    return {
      check,
      state: "note",
      detail: `a job is held by limits of each process and by the worker's watch on its memory: ${groups.missing}`,
      remedy:
        "Nothing needs to be done; as a systemd unit with Delegate=yes, a worker also has the kernel limit each job as a whole.",
    };
  }
  return { check, state: "ok", detail: `each job is limited as a whole, by its control group in ${groups.folder}` };
};

function failure(check: string, error: unknown): Finding {
  const remedy = error instanceof UserError ? error.remedy : undefined;
  const detail = error instanceof Error ? error.message : String(error);
  return { check, state: "failed", detail, ...(remedy === undefined ? {} : { remedy }) };
}
