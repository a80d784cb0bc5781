import { UserError } from "../../src/contract/user-error.ts";
import type { HostAccount } from "../accounts/host-account.ts";
import { streamClosed } from "../spawning/stream-closed.ts";
import type { HostProgram } from "./host-program.ts";
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
  const read = [started.stdout, started.stderr].map(streamClosed);
  const exit = await started.exited;
  // What it said may still be on its way when its end is known.
  await Promise.all(read);
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

function remedyOf(errors: string): string {
  if (/setpriv|prlimit/.test(errors)) return "Install util-linux, which has setpriv and prlimit.";
  if (/namespace|uid map|Operation not permitted|Permission denied/i.test(errors)) {
    return "Allow unprivileged user namespaces: sysctl -w user.max_user_namespaces=10000 (and kernel.unprivileged_userns_clone=1 on older Debian; on Ubuntu 23.10 and later an AppArmor profile for bwrap, or kernel.apparmor_restrict_unprivileged_userns=0). In a container, start it with --security-opt seccomp=unconfined and --security-opt systempaths=unconfined.";
  }
  return "See what `bwrap --unshare-all --ro-bind / / true` says in a shell: what it cannot do there, it cannot do for jobs.";
}
