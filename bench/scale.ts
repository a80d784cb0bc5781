import type { JobResource } from "../src/contract/api/job.ts";
import { Client } from "./support/client.ts";
import { benchDatabases } from "./support/databases.ts";
import { type Figure, figure, report } from "./support/figures.ts";
import { benchFolder, startSystem } from "./support/system.ts";
import { startWorker } from "./support/workers.ts";

/*
 * Jobs a second, each with a parameter, two records and a result, by one service with one, two and four workers on this machine,
 * and whether any of them ran more or less often than once. More workers bring more jobs where there are more cores.
 */

const bench = "scale";
const seconds = Number(/--seconds[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 10);
const slots = 4;
const script = `export default function ({ number }: { number: number }) {
  console.log("job", number);
  return number;
}
`;

const figures: Figure[] = [];
for (const database of benchDatabases()) {
  await using folder = await benchFolder();
  await using made = await database.make(folder.path);
  let single: number | null = null;
  for (const workers of [1, 2, 4]) {
    const { rate, wrong } = await measure(workers, made.arguments);
    const name = `${database.name}, ${workers} worker${workers === 1 ? "" : "s"} of ${slots} slots`;
    figures.push(figure(bench, name, "completed", "jobs/s", rate, single));
    figures.push(figure(bench, name, "duplicates", "jobs", wrong, null, { of: "value", atMost: 0 }));
    single ??= rate;
  }
}
report(figures);

async function measure(workers: number, options: string[]) {
  await using folder = await benchFolder();
  const system = await startSystem([...options, "--lease", "30s"], { dataDirectory: folder.path, serverOnly: true });
  const client = new Client(system.url, system.token, 64);
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    client.close();
    await system.stop();
  });
  await Promise.all(
    Array.from({ length: workers }, async () => {
      stack.use(await startWorker(system, client, ["--slots", String(slots)]));
    }),
  );
  const runbook = `bench-scale-${workers}`;
  await client.publish(runbook, "TypeScript", script);
  await runFor(2000, client, runbook, workers);
  const { jobIds, elapsed } = await runFor(seconds * 1000, client, runbook, workers);
  let wrong = 0;
  for (const [number, jobId] of jobIds) if (await isWrong(client, jobId, number)) wrong += 1;
  return { rate: jobIds.size / elapsed, wrong };
}

/** Keeps twice as many jobs open as there are slots; gives their ids by number, and the seconds until all had ended. */
async function runFor(milliseconds: number, client: Client, runbook: string, workers: number) {
  const jobIds = new Map<number, string>();
  const start = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: 2 * slots * workers }, async () => {
      while (performance.now() < start + milliseconds) {
        const number = next++;
        const { jobId } = await client.start(runbook, { number });
        jobIds.set(number, jobId);
        const status = await client.wait(jobId);
        if (status !== "Completed") throw new Error(`job ${jobId} ended as ${status}`);
      }
    }),
  );
  return { jobIds, elapsed: (performance.now() - start) / 1000 };
}

/** Whether a job did not run exactly once, as its history, its records and its result tell. */
async function isWrong(client: Client, jobId: string, number: number): Promise<boolean> {
  const job = await client.call<JobResource>("GET", `/api/jobs/${jobId}`);
  return job.attempt !== 1 || job.recordCount !== 2 || job.result !== number;
}
