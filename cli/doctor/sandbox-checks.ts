import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { UserError } from "../../src/contract/user-error.ts";
import { findBubblewrap, findProgram } from "../../worker/sandbox/find-bubblewrap.ts";
import type { Check, Finding } from "./check.ts";

const run = promisify(execFile);

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

/** The kernel lets this account make the namespaces that a job gets. */
export const checkNamespaces: Check = async () => {
  const check = "namespaces";
  const bwrap = await findProgram("bwrap");
  if (bwrap === null) return { check, state: "note", detail: "not tried, as there is no bubblewrap" };
  const drop =
    process.getuid?.() === 0 ? ["--reuid=64999", "--regid=64999", "--clear-groups", "--no-new-privs", "--"] : null;
  const sandbox = [
    bwrap,
    ...["--unshare-user", "--unshare-all", "--new-session", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"],
    ...["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"],
    "/bin/true",
  ];
  try {
    if (drop === null) await run(bwrap, sandbox.slice(1), { env: {} });
    else await run("setpriv", [...drop, ...sandbox], { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
    return {
      check,
      state: "ok",
      detail: `user, pid, ipc, uts, cgroup and network namespaces can be made${drop ? " as another user id" : ""}`,
    };
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    return {
      check,
      state: "failed",
      detail: `the sandbox cannot be made: ${(stderr || message).trim().split("\n").at(-1)}`,
      remedy: await namespaceRemedy(),
    };
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
  if ((await findProgram("setpriv")) === null) {
    return {
      check,
      state: "failed",
      detail: "setpriv, which takes root's rights from hosts, is missing",
      remedy: "Install util-linux.",
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
  const controllers = await readFile("/sys/fs/cgroup/cgroup.controllers", "utf8").catch(() => null);
  if (controllers === null) {
    return {
      check,
      state: "note",
      detail: "no cgroup version 2 here: jobs are limited by resource limits of each process",
      remedy:
        "Nothing needs to be done; on a systemd machine, boot with systemd.unified_cgroup_hierarchy=1 for limits of whole jobs.",
    };
  }
  return { check, state: "ok", detail: `cgroup version 2 with ${controllers.trim() || "no controllers"}` };
};

async function namespaceRemedy(): Promise<string> {
  const read = (path: string) =>
    readFile(path, "utf8").then(
      (text) => text.trim(),
      () => "",
    );
  if ((await read("/proc/sys/kernel/unprivileged_userns_clone")) === "0") {
    return "Allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1";
  }
  if ((await read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")) === "1") {
    return "AppArmor forbids user namespaces: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or load a profile for bwrap.";
  }
  if ((await read("/proc/sys/user/max_user_namespaces")) === "0") {
    return "Allow user namespaces: sudo sysctl -w user.max_user_namespaces=15000";
  }
  return "In a container, allow nested namespaces (docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined).";
}

function failure(check: string, error: unknown): Finding {
  const remedy = error instanceof UserError ? error.remedy : undefined;
  const detail = error instanceof Error ? error.message : String(error);
  return { check, state: "failed", detail, ...(remedy === undefined ? {} : { remedy }) };
}
