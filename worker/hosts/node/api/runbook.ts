import { deepestCalls } from "../../../../src/contract/child-runbook.ts";
import { askRunbooks, asParameters } from "./ask-runbooks.ts";
import { callsOf, currentBranch, inBranch, keyOfCall, newBranch } from "./branch.ts";
import { job } from "./job.ts";
import { runAsJob } from "./run-as-job.ts";
import { RunbookError } from "./runbook-error.ts";
import { runtime } from "./runtime.ts";

/**
 * Calls another runbook and gives what it returns. A runbook in TypeScript runs within this job: with its principal, its grants and its host; what it
 * writes is written by this job, and what it throws is thrown here. A runbook in PowerShell runs as a job of its own that is waited for, and gives
 * a list of what it puts out. It runs in the version that was published when this job was started. Its parameters are checked against its signature.
 *
 *     const { restarted } = await runbook<{ restarted: number }>("Restart-Service", { hosts });
 */
export async function runbook<Result = unknown>(name: string, parameters: object = {}): Promise<Result> {
  const around = currentBranch();
  const key = keyOfCall(around, `runbook:${encodeURIComponent(name)}`);
  const chain = [job.name, ...callsOf(around), name];
  if (chain.length > deepestCalls)
    throw new RunbookError("calls-too-deep", `More than ${deepestCalls} runbooks call each other: ${shown(chain)}.`);
  if (chain.slice(0, -1).some((each) => each.toLowerCase() === name.toLowerCase()))
    throw new RunbookError("runbook-cycle", `Runbooks call each other in a circle: ${shown(chain)}.`);
  const answer = await askRunbooks({ action: "call", name, parameters: asParameters(parameters) });
  if (!("parameters" in answer)) throw new RunbookError("runbooks-unavailable", "There is no answer to the call.");
  const { child } = answer;
  const result =
    child.kind === "TypeScript"
      ? await inBranch(newBranch(`${key}/`, around.step), () => runtime().runChild(child, answer.parameters))
      : await runAsJob(child, key, answer.parameters);
  return result as Result;
}

function shown(chain: readonly string[]): string {
  return chain.join(" → ");
}
