import { join } from "node:path";
import type { JobResource } from "../src/contract/api/job.ts";
import type { Page } from "../src/contract/api/page.ts";
import { Client } from "./support/client.ts";
import { benchDatabases } from "./support/databases.ts";
import { type Figure, figure, percentile, report } from "./support/figures.ts";
import { makeHistory } from "./support/job-history.ts";
import { benchFolder, startSystem } from "./support/system.ts";

/*
 * Pages of the list of jobs, from the request to its whole answer, over a history of a million jobs (`--jobs N` for another number):
 * the first page and the 1,000th, of all jobs, of one runbook, of one state, of a runbook with few jobs among many.
 */

const bench = "lists";
const jobs = Number(/--jobs[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 1_000_000);
const pageSize = 100;
const largestPage = 1000;
const farPage = Math.min(1000, Math.floor((jobs * 0.9) / pageSize));
const rounds = 25;
const cases = [
  { name: "all jobs", query: "", many: true },
  { name: "of one runbook", query: "runbook=bench-often", many: true },
  { name: "of one state", query: "status=Completed", many: true },
  { name: "of one runbook and state", query: "runbook=bench-often&status=Completed", many: true },
  { name: "of a seldom state", query: "status=Failed", many: false },
  { name: "of a seldom runbook", query: "runbook=bench-seldom", many: false },
];

const figures: Figure[] = [];
await using folder = await benchFolder();
for (const database of benchDatabases()) {
  const dataDirectory = join(folder.path, database.name);
  await using made = await database.make(dataDirectory);
  await makeHistory(made, dataDirectory, jobs);
  const system = await startSystem(["--job-days", "none", "--keep-jobs", "none", ...made.arguments], {
    dataDirectory,
    serverOnly: true,
  });
  const client = new Client(system.url, system.token);
  try {
    for (const { name, query, many } of cases) {
      await time(client, `${database.name}, ${name}, first page`, query, null);
      if (many) await time(client, `${database.name}, ${name}, page ${farPage}`, query, await endOf(client, query));
    }
  } finally {
    client.close();
    await system.stop();
  }
}
report(figures);

async function time(client: Client, name: string, query: string, after: string | null): Promise<void> {
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    const page = await readPage(client, query, after, pageSize);
    samples.push(performance.now() - start);
    if (page.items.length < Math.min(pageSize, jobs / 1000)) throw new Error(`${name}: ${page.items.length} jobs`);
  }
  // The first look has nothing in any cache.
  figures.push(figure(bench, name, "first look", "ms", samples[0] ?? Number.NaN, null, { of: "value", atMost: 50 }));
  figures.push(figure(bench, name, "p95", "ms", percentile(samples, 0.95), null, { of: "value", atMost: 50 }));
}

/** The end of the page before the far one, walked to in larger steps. */
async function endOf(client: Client, query: string): Promise<string | null> {
  let after: string | null = null;
  for (let left = (farPage - 1) * pageSize; left > 0; ) {
    const page: Page<JobResource> = await readPage(client, query, after, Math.min(left, largestPage));
    after = page.next;
    left -= page.items.length;
    if (after === null) throw new Error(`there are not so many jobs: ${query}`);
  }
  return after;
}

function readPage(client: Client, query: string, after: string | null, limit: number): Promise<Page<JobResource>> {
  const from = after === null ? "" : `&after=${after}`;
  return client.call("GET", `/api/jobs?limit=${limit}${from}${query === "" ? "" : `&${query}`}`);
}
