import type { HostKind } from "../../src/contract/runbook-kind.ts";
import type { HostLauncher } from "./host-launcher.ts";
import { nodeHostLauncher } from "./node/node-host-launcher.ts";
import { pwshHostLauncher } from "./pwsh/pwsh-host-launcher.ts";

/** Every kind of host that this program can start. */
export const hostLaunchers: readonly HostLauncher[] = [nodeHostLauncher, pwshHostLauncher];

export function launcherOf(kind: HostKind): HostLauncher {
  const launcher = hostLaunchers.find((candidate) => candidate.kind === kind);
  if (launcher === undefined) throw new Error(`no launcher for hosts of kind ${kind}`);
  return launcher;
}
