import type { HostAccount } from "./host-account.ts";

/**
 * The command that turns root into the host's account for good, and then becomes the command after it.
 * It comes before the sandbox: bwrap's `--uid` renames only inside, outside the host would stay root.
 */
export function dropPrivilegesCommand(account: HostAccount): string[] {
  return [
    "/usr/bin/setpriv",
    `--reuid=${account.userId}`,
    `--regid=${account.groupId}`,
    "--clear-groups",
    "--no-new-privs",
    "--inh-caps=-all",
    "--bounding-set=-all",
    "--",
  ];
}
