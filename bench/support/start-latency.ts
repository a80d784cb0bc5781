import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "./client.ts";

/** Milliseconds from sending the request to the first Output record at a reader of the job's events. */
export async function firstOutput(client: Client, runbook: string): Promise<number> {
  const start = performance.now();
  const { jobId } = await client.start(runbook);
  let latency = Number.NaN;
  await client.follow(jobId, ({ stream }) => {
    if (stream !== "Output") return false;
    latency = performance.now() - start;
    return true;
  });
  if (Number.isNaN(latency)) throw new Error(`job ${jobId} ended without output`);
  return latency;
}

/** Starts a job each `beat` milliseconds, whether the former one has ended or not, and gives the latency of each. */
export async function startLatencies(
  client: Client,
  of: { runbook: string; beat: number; milliseconds: number },
): Promise<number[]> {
  const running: Promise<number>[] = [];
  const begin = performance.now();
  for (let next = begin; next < begin + of.milliseconds; next += of.beat) {
    await delay(Math.max(0, next - performance.now()));
    running.push(firstOutput(client, of.runbook));
  }
  return await Promise.all(running);
}
