import type { AttemptRun } from "./attempt-run.ts";

/** Milliseconds between two looks at the memory of running hosts. */
const interval = 500;

/**
 * Ends attempts whose processes together hold more memory than a host may. RLIMIT_DATA bounds each process alone; this
 * bounds their sum, also where no control group does.
 *
 * @returns what ends the watch.
 */
export function watchMemory(running: () => Iterable<AttemptRun>, limit: number): () => void {
  const timer = setInterval(() => {
    for (const run of running()) {
      // Most jobs are over before they are worth a look.
      if (run.runningTime < interval) continue;
      const memory = run.memory();
      if (memory <= limit) continue;
      run.fail({
        name: "MemoryLimitExceeded",
        message: `The job was ended because its processes held ${mebibytes(memory)} MiB of memory; a job may hold ${mebibytes(limit)} MiB.`,
      });
    }
  }, interval).unref();
  return () => clearInterval(timer);
}

const mebibytes = (bytes: number): number => Math.round(bytes / 1024 ** 2);
