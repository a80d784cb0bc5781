import { noRegister } from "./guard/host-register.ts";
import { openHosts } from "./hosts/open-hosts.ts";
import type { HostOptions } from "./worker-options.ts";
import { resolveHostOptions } from "./worker-options.ts";

/**
 * Does what a worker does before it offers anything: reserves accounts, starts a sandbox with all its flags, and looks at it
 * from inside.
 *
 * @throws UserError that says what this machine lacks, and the remedy.
 */
export async function tryIsolation(options: HostOptions = {}): Promise<void> {
  const hosts = await openHosts(resolveHostOptions(options), [], {
    concurrency: 1,
    register: noRegister,
    dedicated: false,
  });
  hosts.close();
}
