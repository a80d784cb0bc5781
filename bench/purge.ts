import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "./support/client.ts";
import { benchDatabases } from "./support/databases.ts";
import { type Figure, figure, percentile, report } from "./support/figures.ts";
import { makeHistory } from "./support/job-history.ts";
import { startLatencies } from "./support/start-latency.ts";
import { benchFolder, startSystem } from "./support/system.ts";

/*
 * How long a job takes to its first output while a million ended jobs (`--jobs N` for another number) are being purged with all their
 * rows, against the same service just before.
 */

const bench = "purge";
const jobs = Number(/--jobs[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 1_000_000);
const seconds = Number(/--seconds[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 18);
const beat = 100;
const kept = 1000;
const purgeAfter = seconds + 6;

const figures: Figure[] = [];
await using folder = await benchFolder();
for (const database of benchDatabases()) {
  const dataDirectory = join(folder.path, database.name);
  await using made = await database.make(dataDirectory);
  await makeHistory(made, dataDirectory, jobs);
  const jobsBefore = await made.countJobs();
  const retention = ["--job-days", "none", "--keep-jobs", String(kept), "--purge-every", `${purgeAfter}s`];
  const system = await startSystem([...retention, ...made.arguments], { dataDirectory });
  const startedAt = performance.now();
  const client = new Client(system.url, system.token);
  const load = { runbook: "bench-often", beat, milliseconds: seconds * 1000 };
  let before: number[];
  let during: number[];
  let purgedFor: number;
  let started: number;
  try {
    const warmUp = await startLatencies(client, { ...load, milliseconds: 2000 });
    before = await startLatencies(client, load);
    await delay(Math.max(0, startedAt + purgeAfter * 1000 + 1000 - performance.now()));
    during = await startLatencies(client, load);
    started = warmUp.length + before.length + during.length;
  } finally {
    client.close();
    await system.stop();
    purgedFor = performance.now() - startedAt - purgeAfter * 1000;
  }
  const purged = jobsBefore + started - (await made.countJobs());
  const name = `${database.name}, start latency while jobs are purged`;
  const what = `${database.name}, of ${jobs} jobs`;
  figures.push(
    figure(bench, name, "p50", "ms", percentile(during, 0.5), percentile(before, 0.5)),
    figure(bench, name, "p95", "ms", percentile(during, 0.95), percentile(before, 0.95), { of: "ratio", atMost: 2 }),
    figure(bench, what, "purged", "jobs", purged, null, { of: "value", atLeast: 1 }),
    figure(bench, what, "rate", "jobs/s", (1000 * purged) / purgedFor),
  );
}
report(figures);
