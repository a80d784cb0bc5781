import { readFileSync } from "node:fs";
import { UserError } from "../../src/contract/user-error.ts";
import type { HostAccount } from "../accounts/host-account.ts";
import type { HostProgram } from "../hosts/host-launcher.ts";
import { findBubblewrap } from "./find-bubblewrap.ts";
import { noGrants } from "./prepared-grants.ts";
import { defaultResourceLimits } from "./resource-limits.ts";
import type { Sandbox } from "./sandbox.ts";

/** Tells what it sees from inside: whether namespaces can be nested, whether a filter is in force, and how many interfaces there are. */
const probeScript = [
  'if unshare --user true 2>/dev/null; then echo "nested yes"; else echo "nested no"; fi',
  'while read -r name value; do case $name in Seccomp:) echo "seccomp $value";; NoNewPrivs:) echo "no-new-privileges $value";; esac; done < /proc/self/status',
].join("\n");

const probeProgram: HostProgram = {
  kind: "node",
  version: "",
  command: "/bin/sh",
  arguments: ["-c", probeScript],
  environment: {},
  directEnvironment: {},
  readOnlyPaths: [],
  leastDataLimit: 0,
};

/**
 * Starts one sandbox and looks at it from inside.
 *
 * @throws UserError `sandbox-broken` when it does not start, or does not isolate, with the likely remedy.
 */
export async function probeSandbox(sandbox: Sandbox, account: HostAccount | null): Promise<void> {
  const started = await sandbox.start({
    program: probeProgram,
    direct: true,
    grants: noGrants,
    account,
    limits: defaultResourceLimits,
  });
  let output = "";
  let errors = "";
  started.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  started.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  started.output.resume();
  const exit = await started.exited;
  if (exit.code !== 0) {
    throw new UserError(
      "sandbox-broken",
      `The sandbox does not start on this machine: ${errors.trim() || `exit code ${exit.code}`}`,
      {
        remedy: remedyOf(errors),
      },
    );
  }
  const wrong: string[] = [];
  if (!output.includes("nested no")) wrong.push("namespaces can be nested");
  if (!output.includes("seccomp 2")) wrong.push("no seccomp filter is in force");
  if (!output.includes("no-new-privileges 1")) wrong.push("privileges can be gained");
  if (wrong.length > 0) {
    throw new UserError("sandbox-broken", `The sandbox of this machine does not isolate: ${wrong.join(", ")}.`, {
      remedy: "Update bubblewrap to 0.8 or later, or use a kernel with seccomp filters.",
    });
  }
}

/** One line for `doctor`. */
export interface Finding {
  name: string;
  ok: boolean;
  /** What was found, or what is wrong. */
  detail: string;
  remedy?: string;
}

/** What `doctor` says of this machine's means of isolation. */
export async function checkSandbox(start: () => Promise<unknown>): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    const { path, version, features } = await findBubblewrap();
    findings.push({
      name: "bubblewrap",
      ok: true,
      detail: `${version} at ${path}${features.disableUserNamespaces ? "" : "; older than 0.8, so nested namespaces are forbidden by seccomp alone"}`,
    });
  } catch (error) {
    findings.push(failure("bubblewrap", error));
    return findings;
  }
  findings.push(userNamespaces());
  try {
    await start();
    findings.push({ name: "sandbox", ok: true, detail: "starts, with a seccomp filter and without nested namespaces" });
  } catch (error) {
    findings.push(failure("sandbox", error));
  }
  return findings;
}

function userNamespaces(): Finding {
  const most = readNumber("/proc/sys/user/max_user_namespaces");
  const debian = readNumber("/proc/sys/kernel/unprivileged_userns_clone");
  const apparmor = readNumber("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  if (most === 0 || debian === 0) {
    return {
      name: "user namespaces",
      ok: false,
      detail: "switched off by the kernel's settings",
      remedy: remedyOf("namespace"),
    };
  }
  return { name: "user namespaces", ok: true, detail: apparmor === 1 ? "allowed, restricted by AppArmor" : "allowed" };
}

function readNumber(file: string): number | null {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

function failure(name: string, error: unknown): Finding {
  const remedy = error instanceof UserError ? error.remedy : undefined;
  return {
    name,
    ok: false,
    detail: error instanceof Error ? error.message : String(error),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

function remedyOf(errors: string): string {
  if (/setpriv|prlimit/.test(errors)) return "Install util-linux, which has setpriv and prlimit.";
  if (/namespace|uid map|Operation not permitted|Permission denied/i.test(errors)) {
    return "Allow unprivileged user namespaces: sysctl -w user.max_user_namespaces=10000 (and kernel.unprivileged_userns_clone=1 on older Debian; on Ubuntu 23.10 and later an AppArmor profile for bwrap, or kernel.apparmor_restrict_unprivileged_userns=0). In a container, start it with --security-opt seccomp=unconfined and --security-opt systempaths=unconfined.";
  }
  return "Run `runsmith doctor` for details.";
}
