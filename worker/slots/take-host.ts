import { hostKindOf } from "../../src/contract/runbook-kind.ts";
import type { HostProcess } from "../hosts/host-process.ts";
import type { KeptHosts } from "../hosts/kept-hosts.ts";
import type { WarmPool } from "../hosts/warm-pool.ts";
import type { JobOrder } from "./job-order.ts";

/** `reuse`: its host may have served jobs before, and may serve others after. */
export interface TakenHost {
  host: HostProcess;
  reuse: { folders: readonly string[] } | null;
}

/**
 * Takes the host that an attempt is to have.
 * @param knowsSecrets then it shares its host with no other
 * @throws what `WarmPool.take` throws, and the reason of the signal when it is aborted
 */
export async function takeHost(
  { pool, keptHosts }: { pool: WarmPool; keptHosts: KeptHosts | null },
  { reuseKey, grants, runbook, children }: JobOrder,
  knowsSecrets: boolean,
  signal: AbortSignal,
): Promise<TakenHost> {
  const kind = hostKindOf[runbook.kind];
  if (keptHosts !== null && reuseKey !== null && children.length === 0 && !knowsSecrets) {
    const host = await keptHosts.take(kind, grants, reuseKey, signal);
    const folders = keptHosts.privateFolders(host.profile);
    return { host, reuse: folders === null ? null : { folders } };
  }
  return { host: await pool.take(kind, grants, signal), reuse: null };
}
