import type { Analysis } from "../src/contract/analysis.ts";
import type { AnalysisMessage } from "../src/contract/host/host-messages.ts";
import { UserError } from "../src/contract/user-error.ts";
import { analysePowerShell, readWorkflow } from "./analysis-run.ts";
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
  return await told(() => analysePowerShell(hosts.pool, name, script, signal), signal);
}

/**
 * A workflow as a plain script of PowerShell 7, and what it declares, written on this machine without a service; nothing of it runs.
 *
 * @param hosts for PowerShell
 * @param signal Ends it at once; its reason is thrown.
 * @returns without a script where it is no workflow, or cannot be parsed
 * @throws UserError when the analysis does not come to its end.
 */
export async function writeReadableScript(
  hosts: LocalHosts,
  name: string,
  script: string,
  signal?: AbortSignal,
): Promise<Omit<AnalysisMessage, "type">> {
  return await told(() => readWorkflow(hosts.pool, name, script, signal), signal);
}

async function told<Found>(find: () => Promise<Found>, signal: AbortSignal | undefined): Promise<Found> {
  try {
    return await find();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UserError) throw error;
    throw new UserError("analysis-failed", error instanceof Error ? error.message : String(error), { cause: error });
  }
}
