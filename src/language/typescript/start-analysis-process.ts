import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The entry beside this file, with this file's own ending, as a package holds `.js`. */
const defaultEntry = fileURLToPath(new URL(`./analysis-entry${extname(import.meta.url)}`, import.meta.url));

/**
 * Starts the process that analyses TypeScript: it answers each `AnalysisRequest` with an `AnalysisReply`, one after the
 * other. It may read files, which the compiler's libraries are, and keep its own compiled code; it may do nothing else: no
 * other writing, no network, no processes, and it has nothing of this process's environment.
 *
 * @param memoryLimit bytes of heap
 * @param entry the program; another one in tests of hangs and crashes
 */
export function startAnalysisProcess(memoryLimit: number, entry: string = defaultEntry): ChildProcess {
  const cache = compileCache();
  return fork(entry, [], {
    execArgv: [
      `--max-old-space-size=${Math.floor(memoryLimit / 1024 / 1024)}`,
      "--permission",
      "--allow-fs-read=*",
      ...(cache === null ? [] : [`--allow-fs-write=${cache}`]),
    ],
    env: cache === null ? {} : { NODE_COMPILE_CACHE: cache },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
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
