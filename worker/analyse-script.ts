import type { Analysis } from "../src/contract/analysis.ts";
import { UserError } from "../src/contract/user-error.ts";
import { analysePowerShell } from "./analysis-run.ts";
import { noRegister } from "./hosts/host-starter.ts";
import { launcherOf } from "./hosts/launchers.ts";
import { openHosts } from "./hosts/open-hosts.ts";
import { WarmPool } from "./hosts/warm-pool.ts";
import type { HostOptions } from "./worker-options.ts";
import { resolveHostOptions } from "./worker-options.ts";

export interface AnalyseScriptOptions extends HostOptions {
  name: string;
  script: string;
}

/**
 * What a PowerShell script declares, found out on this machine without a service.
 *
 * @throws UserError when this machine has no PowerShell or no sandbox, or the analysis does not come to its end.
 */
export async function analyseScript(options: AnalyseScriptOptions): Promise<Analysis> {
  const resolved = resolveHostOptions(options);
  const hosts = await openHosts(resolved, [launcherOf("pwsh")], {
    concurrency: 2,
    register: noRegister,
    dedicated: false,
  });
  const pool = new WarmPool({ starter: hosts.starter, memory: 0, slots: 1, base: {}, logger: resolved.logger });
  try {
    const missing = hosts.missing[0];
    if (missing !== undefined) {
      throw new UserError("host-kind-missing", `This machine cannot analyse PowerShell runbooks: ${missing.reason}.`);
    }
    return await analysePowerShell(pool, options.name, options.script);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("analysis-failed", error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    await pool.close();
    hosts.close();
  }
}
