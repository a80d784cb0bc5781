import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "../../../src/contract/api/page.ts";
import type { WorkerResource } from "../../../src/contract/api/worker.ts";
import { counting } from "../../faults/counting.ts";
import { Installation } from "../../support/installation.ts";
import type { Violations } from "../../support/job-invariants.ts";
import { examineHistory } from "../../support/job-invariants.ts";
import { ProcessorLoad } from "./processor-load.ts";

export interface StarvationRun {
  /** What breaks each invariant. */
  violations: Violations &
    Record<"no worker loses its lease" | "no job is lost" | "the load lasts to the end", string[]>;
  /** Jobs by how they ended. */
  ends: Record<string, number>;
  /** The longest time that a worker was seen to be silent, in milliseconds. */
  longestSilence: number;
  /** Milliseconds of the workers' leases. */
  lease: number;
}

const workers = 2;
const lease = 6_000;

/**
 * Runs jobs on two workers while processes that do nothing but count take the machine's time, and sees whether any worker that
 * is alive loses its lease, or any job its worker.
 * @param load Processes that count.
 */
export async function runStarvation(of: {
  load: number;
  seconds: number;
  progress?: (text: string) => void;
}): Promise<StarvationRun> {
  const progress = of.progress ?? (() => {});
  await using installation = await Installation.start({ server: ["--lease", `${lease}ms`] });
  const { client } = installation;
  await client.import("count", "TypeScript", counting, { attempts: 3 });
  for (let count = 0; count < workers; count += 1) await installation.startWorker({ arguments: ["--slots", "4"] });

  const lost: string[] = [];
  const ends: Record<string, number> = {};
  const accepted: string[] = [];
  const lostJobs: string[] = [];
  const gone: string[] = [];
  let longestSilence = 0;
  {
    using processorLoad = new ProcessorLoad(of.load);
    const end = performance.now() + 1000 * of.seconds;
    const isOver = () => performance.now() > end;
    const runJobs = async (lines: number) => {
      while (!isOver()) {
        const { jobId } = await client.start("count", { lines, pace: 200 });
        accepted.push(jobId);
        const { status, attempt, statusReason } = await client.ended(jobId);
        ends[status] = (ends[status] ?? 0) + 1;
        if (attempt !== 1 || status !== "Completed")
          lostJobs.push(`${jobId}: ${status}, attempt ${attempt}, ${statusReason}`);
      }
    };
    const watch = async () => {
      for (let toldAt = 0; !isOver(); ) {
        const { items } = await client.ask<Page<WorkerResource>>("GET", "/api/workers");
        for (const { name, status, lastSeenAt } of items) {
          if (status !== "connected") lost.push(`${name} was ${status} at ${new Date().toISOString()}`);
          longestSilence = Math.max(longestSilence, Date.now() - Date.parse(lastSeenAt ?? ""));
        }
        if (performance.now() - toldAt > 20_000) {
          toldAt = performance.now();
          const jobs = Object.values(ends).reduce((sum, count) => sum + count, 0);
          progress(`${Math.ceil((end - toldAt) / 1000)} s left, ${jobs} jobs have ended`);
        }
        await sleep(500);
      }
    };
    // Long jobs that must be kept, and short ones that come and go.
    await Promise.all([watch(), ...[50, 50, 50, 1, 5].map(runJobs)]);
    if (processorLoad.count !== of.load)
      gone.push(`only ${processorLoad.count} of ${of.load} processes counted to the end`);
  }
  await installation.stop();
  return {
    violations: {
      ...examineHistory(installation.dataDirectory, accepted),
      "no worker loses its lease": lost,
      "no job is lost": lostJobs,
      "the load lasts to the end": gone,
    },
    ends,
    longestSilence,
    lease,
  };
}
