import type { Logger } from "../src/contract/logger.ts";
import type { RunbookKind } from "../src/contract/runbook-kind.ts";
import { hostKindOf } from "../src/contract/runbook-kind.ts";
import { UserError } from "../src/contract/user-error.ts";
import { noRegister } from "./guard/host-register.ts";
import { launcherOf } from "./hosts/launchers.ts";
import { openHosts } from "./hosts/open-hosts.ts";
import { WarmPool } from "./hosts/warm-pool.ts";
import type { HostOptions } from "./worker-options.ts";
import { resolveHostOptions } from "./worker-options.ts";

/** Hosts of this machine for scripts of one kind, without a service: to analyse a script, to run it, or both. */
export interface LocalHosts extends AsyncDisposable {
  readonly pool: WarmPool;
  readonly sandboxed: boolean;
  /** Bytes that one job may use. */
  readonly memoryLimit: number;
  readonly logger: Logger;
}

/** @throws UserError when this machine cannot isolate scripts, or has nothing to run this kind with. */
export async function openLocalHosts(kind: RunbookKind, options: HostOptions = {}): Promise<LocalHosts> {
  const resolved = resolveHostOptions(options);
  const { logger } = resolved;
  // One analyses while another may already start for the run.
  const hosts = await openHosts(resolved, [launcherOf(hostKindOf[kind])], {
    concurrency: 2,
    register: noRegister,
    dedicated: false,
  });
  const missing = hosts.missing[0];
  if (missing !== undefined) {
    hosts.close();
    throw new UserError("host-kind-missing", `This machine cannot run ${kind} runbooks: ${missing.reason}.`);
  }
  const pool = new WarmPool({ starter: hosts.starter, memory: 0, slots: 1, base: {}, logger });
  return {
    pool,
    sandboxed: resolved.sandbox !== "none",
    memoryLimit: resolved.limits.memory,
    logger,
    async [Symbol.asyncDispose]() {
      await pool.close();
      hosts.close();
    },
  };
}
