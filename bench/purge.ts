import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "./support/client.ts";
import { figure, percentile, report } from "./support/figures.ts";
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

await using folder = await benchFolder();
await makeHistory(folder.path, jobs);
const purgeAfter = seconds + 6;
const system = await startSystem(
  ["--job-days", "none", "--keep-jobs", String(kept), "--purge-every", `${purgeAfter}s`],
  { dataDirectory: folder.path },
);
const startedAt = performance.now();
const client = new Client(system.url, system.token);
const load = { runbook: "bench-often", beat, milliseconds: seconds * 1000 };
let before: number[];
let during: number[];
let purgedFor: number;
try {
  await startLatencies(client, { ...load, milliseconds: 2000 });
  before = await startLatencies(client, load);
  await delay(Math.max(0, startedAt + purgeAfter * 1000 + 1000 - performance.now()));
  during = await startLatencies(client, load);
  purgedFor = performance.now() - startedAt - purgeAfter * 1000;
} finally {
  client.close();
  await system.stop();
}
const purged = jobs - endedJobs();
report([
  figure(bench, "start latency while jobs are purged", "p50", "ms", percentile(during, 0.5), percentile(before, 0.5)),
  figure(
    bench,
    "start latency while jobs are purged",
    "p95",
    "ms",
    percentile(during, 0.95),
    percentile(before, 0.95),
    {
      of: "ratio",
      atMost: 2,
    },
  ),
  figure(bench, `of ${jobs} jobs`, "purged", "jobs", purged, null, { of: "value", atLeast: 1 }),
  figure(bench, `of ${jobs} jobs`, "rate", "jobs/s", (1000 * purged) / purgedFor),
]);

function endedJobs(): number {
  const database = new DatabaseSync(join(folder.path, "runsmith.sqlite"), { readOnly: true });
  try {
    const row = database
      .prepare("SELECT COUNT(*) AS n FROM jobs WHERE runbook_name LIKE 'bench-%' AND accepted_at < ?")
      .get(Date.now() - 12 * 3_600_000);
    return Number(row?.["n"]);
  } finally {
    database.close();
  }
}
