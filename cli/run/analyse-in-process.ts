import type { Analysis } from "../../src/contract/analysis.ts";
import { analysisMemoryLimit, analysisTimeLimit } from "../../src/contract/analysis.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { AnalysisReply, AnalysisRequest } from "../../src/language/typescript/analysis-messages.ts";
import { startAnalysisProcess } from "../../src/language/typescript/start-analysis-process.ts";

/**
 * Analyses a TypeScript script in a process of its own, so that the compiler's time and memory are bounded.
 * Throws `UserError` (`analysis-timed-out`, `analysis-crashed`) when it does not end within its time and memory.
 */
export async function analyseInProcess(name: string, source: string, signal: AbortSignal): Promise<Analysis> {
  const child = startAnalysisProcess(analysisMemoryLimit);
  const timer = setTimeout(() => child.kill("SIGKILL"), analysisTimeLimit);
  const abort = () => child.kill("SIGKILL");
  signal.addEventListener("abort", abort);
  try {
    return await new Promise<Analysis>((resolve, reject) => {
      child.once("message", (reply) => resolve((reply as AnalysisReply).analysis));
      child.once("error", reject);
      child.once("exit", () => reject(unfinished(child.killed)));
      child.send({ name, source } satisfies AnalysisRequest);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    child.kill("SIGKILL");
  }
}

function unfinished(killed: boolean): UserError {
  const remedy = "Make its parameter type simpler, or split the script.";
  return killed
    ? new UserError("analysis-timed-out", `The script could not be analysed within ${analysisTimeLimit / 1000} s.`, {
        remedy,
      })
    : new UserError("analysis-crashed", "The analysis of the script ran out of memory or crashed.", { remedy });
}
