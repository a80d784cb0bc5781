import type { Analysis } from "../src/contract/analysis.ts";
import { UserError } from "../src/contract/user-error.ts";
import { analysePowerShell } from "./analysis-run.ts";
import type { LocalHosts } from "./local-hosts.ts";

/**
 * What a PowerShell script declares, found out on this machine without a service.
 *
 * @param hosts for PowerShell
 * @param signal Ends it at once; its reason is thrown.
 * @throws UserError when the analysis does not come to its end.
 */
export async function analyseScript(
  hosts: LocalHosts,
  name: string,
  script: string,
  signal?: AbortSignal,
): Promise<Analysis> {
  try {
    return await analysePowerShell(hosts.pool, name, script, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UserError) throw error;
    throw new UserError("analysis-failed", error instanceof Error ? error.message : String(error), { cause: error });
  }
}
