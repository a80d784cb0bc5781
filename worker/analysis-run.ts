import type { Analysis } from "../src/contract/analysis.ts";
import { analysisTimeLimit } from "../src/contract/analysis.ts";
import type { AnalyseMessage, AnalysisMessage } from "../src/contract/host/host-messages.ts";
import { checkStatedNeeds } from "../src/language/powershell/check-stated-needs.ts";
import type { HostListener } from "./hosts/host-process.ts";
import { describeExit } from "./hosts/host-process.ts";
import type { WarmPool } from "./hosts/warm-pool.ts";

/**
 * What a PowerShell script declares, found out by a pwsh host in a sandbox without grants, which never runs it.
 *
 * @param signal Ends it at once; its reason is thrown.
 * @throws Error with the reason, for a person, when the host is lost or takes too long.
 */
export async function analysePowerShell(
  pool: WarmPool,
  name: string,
  script: string,
  signal?: AbortSignal,
): Promise<Analysis> {
  const { analysis } = await askForAnalysis(pool, { type: "analyse", name, script }, signal);
  return checkStatedNeeds(script, analysis);
}

/**
 * A workflow as a plain script of PowerShell 7, written by a pwsh host in a sandbox without grants, which never runs it; and what it declares.
 *
 * @param signal Ends it at once; its reason is thrown.
 * @returns without a script where it is no workflow, or cannot be parsed
 * @throws Error with the reason, for a person, when the host is lost or takes too long.
 */
export async function readWorkflow(
  pool: WarmPool,
  name: string,
  script: string,
  signal?: AbortSignal,
): Promise<Omit<AnalysisMessage, "type">> {
  return await askForAnalysis(pool, { type: "analyse", name, script, readable: true }, signal);
}

async function askForAnalysis(
  pool: WarmPool,
  message: AnalyseMessage,
  signal: AbortSignal | undefined,
): Promise<AnalysisMessage> {
  const limit = AbortSignal.timeout(analysisTimeLimit);
  const host = await pool.take("pwsh", [], signal === undefined ? limit : AbortSignal.any([limit, signal]));
  let answer: AnalysisMessage | undefined;
  let late = false;
  let errors = "";
  const timer = setTimeout(() => {
    late = true;
    host.kill();
  }, analysisTimeLimit);
  const listener: HostListener = {
    record() {},
    ended() {},
    analysis: (given) => {
      answer = given;
      host.kill();
    },
    assetRequested() {},
    stdout() {},
    stderr: (chunk) => {
      if (errors.length < 4096) errors += chunk.toString("utf8");
    },
    batchOver() {},
    protocolBroken: () => host.kill(),
    fault: () => host.kill(),
  };
  const leave = (): void => host.kill();
  signal?.addEventListener("abort", leave);
  host.handOver(message, listener);
  const exit = await host.gone;
  clearTimeout(timer);
  signal?.removeEventListener("abort", leave);
  signal?.throwIfAborted();
  if (answer !== undefined) return answer;
  const { name } = message;
  if (late) throw new Error(`The analysis of ${name} took longer than ${analysisTimeLimit / 1000} s and was ended.`);
  throw new Error(
    `The analysis of ${name} ended with ${describeExit(exit)}${errors === "" ? "" : `: ${errors.trim()}`}.`,
  );
}
