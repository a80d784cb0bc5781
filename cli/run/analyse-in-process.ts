import { fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Analysis } from "../../src/contract/analysis.ts";
import { analysisMemoryLimit, analysisTimeLimit } from "../../src/contract/analysis.ts";
import { UserError } from "../../src/contract/user-error.ts";

/**
 * Analyses a TypeScript script in a process that may read files, keep its own compiled code, and do nothing else.
 * Throws `UserError` (`analysis-timed-out`, `analysis-crashed`) when it does not end within its time and memory.
 */
export async function analyseInProcess(name: string, source: string, signal: AbortSignal): Promise<Analysis> {
  const cache = compileCache();
  const child = fork(fileURLToPath(new URL(`./analysis-entry${extname(import.meta.url)}`, import.meta.url)), [], {
    execArgv: [
      `--max-old-space-size=${Math.floor(analysisMemoryLimit / 1024 / 1024)}`,
      "--permission",
      "--allow-fs-read=*",
      ...(cache === null ? [] : [`--allow-fs-write=${cache}`]),
    ],
    env: cache === null ? {} : { NODE_COMPILE_CACHE: cache },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), analysisTimeLimit);
  const abort = () => child.kill("SIGKILL");
  signal.addEventListener("abort", abort);
  try {
    return await new Promise<Analysis>((resolve, reject) => {
      child.once("message", (analysis) => resolve(analysis as Analysis));
      child.once("error", reject);
      child.once("exit", () => reject(unfinished(child.killed)));
      child.send({ name, source });
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    child.kill("SIGKILL");
  }
}

/**
 * Where that process keeps compiled code, as the compiler takes long to load without; null when this one keeps none.
 * A folder of its own: nothing else must run code that the process of a script could have written.
 */
function compileCache(): string | null {
  const own = getCompileCacheDir();
  if (own === undefined) return null;
  const folder = join(dirname(own), "analysis");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch {
    return null;
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
