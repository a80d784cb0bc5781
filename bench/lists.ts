import { join } from "node:path";
import type { JobResource } from "../src/contract/api/job.ts";
import type { Page } from "../src/contract/api/page.ts";
import { Client } from "./support/client.ts";
import { benchDatabases } from "./support/databases.ts";
import { type Figure, figure, percentile, report } from "./support/figures.ts";
import { makeHistory, manyRunbook } from "./support/job-history.ts";
import { benchFolder, startSystem } from "./support/system.ts";

/*
 * Pages of the list of jobs, from the request to its whole answer, over a history of a million jobs (`--jobs N` for another number):
 * the first page and the 1,000th, of all jobs, of one runbook, of one state, of a runbook with few jobs among many; and the same as a
 * user who may read 10 of 1,000 runbooks, of which five are in a folder.
 */

const bench = "lists";
const jobs = Number(/--jobs[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 1_000_000);
const pageSize = 100;
const largestPage = 1000;
const farPage = Math.min(1000, Math.floor((jobs * 0.4) / pageSize));
const rounds = 25;
const cases = [
  { name: "all jobs", query: "", many: true },
  { name: "of one runbook", query: "runbook=bench-often", many: true },
  { name: "of one state", query: "status=Completed", many: true },
  { name: "of one runbook and state", query: "runbook=bench-often&status=Completed", many: true },
  { name: "of a seldom state", query: "status=Failed", many: false },
  { name: "of a seldom runbook", query: "runbook=bench-seldom", many: false },
];

/** As that user: of a hundredth of the jobs that the many runbooks have. */
const manyRunbooks = Number(/--runbooks[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 1_000);
const readable = 10;
const userPage = Math.max(1, Math.floor(((jobs / 2 / manyRunbooks) * readable * 0.9) / pageSize));
const userCases = [
  { name: "10 of 1,000 runbooks, all jobs", query: "", page: userPage },
  {
    name: "10 of 1,000 runbooks, of one state",
    query: "status=Completed",
    page: Math.max(1, Math.floor(userPage * 0.9)),
  },
  { name: "10 of 1,000 runbooks, of a seldom state", query: "status=Failed", page: 1 },
  { name: "10 of 1,000 runbooks, of an open state", query: "status=Running", page: 1 },
];

const figures: Figure[] = [];
await using folder = await benchFolder();
for (const database of benchDatabases()) {
  const dataDirectory = join(folder.path, database.name);
  await using made = await database.make(dataDirectory);
  await makeHistory(made, dataDirectory, jobs, manyRunbooks);
  const system = await startSystem(["--job-days", "none", "--keep-jobs", "none", ...made.arguments], {
    dataDirectory,
    serverOnly: true,
  });
  const client = new Client(system.url, system.token);
  try {
    for (const { name, query, many } of cases) {
      await time(client, `${database.name}, ${name}, first page`, query, null);
      if (many) {
        const end = await endOf(client, query, farPage);
        await time(client, `${database.name}, ${name}, page ${farPage}`, query, end);
      }
    }
    const user = new Client(system.url, await makeUser(client));
    try {
      for (const { name, query, page } of userCases) {
        await time(user, `${database.name}, ${name}, first page`, query, null, 0);
        if (page > 1) {
          const end = await endOf(user, query, page);
          await time(user, `${database.name}, ${name}, page ${page}`, query, end, 0);
        }
      }
    } finally {
      user.close();
    }
  } finally {
    client.close();
    await system.stop();
  }
}
report(figures);

/** A user with its rights; gives its token. */
async function makeUser(client: Client): Promise<string> {
  const principal = "service-principal:bench-reader";
  await client.call("POST", "/api/service-principals", { name: "bench-reader" });
  await client.call("POST", "/api/folders", { name: "bench" });
  await client.call("POST", "/api/rights", { principal, role: "reader", on: "folder:bench" });
  for (let number = 0; number < readable; number += 1) {
    const name = manyRunbook(Math.floor((number * manyRunbooks) / readable) + number);
    if (number % 2 === 0) await client.call("PATCH", `/api/runbooks/${name}`, { folder: "bench" });
    else await client.call("POST", "/api/rights", { principal, role: "reader", on: `runbook:${name}` });
  }
  return (await client.call<{ token: string }>("POST", "/api/tokens", { name: "bench", principal })).token;
}

/** @param least items that a page has at least; one that was looked at for long may have none */
async function time(
  client: Client,
  name: string,
  query: string,
  after: string | null,
  least = Math.min(pageSize, jobs / 1000),
): Promise<void> {
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    const page = await readPage(client, query, after, pageSize);
    samples.push(performance.now() - start);
    if (page.items.length < least) throw new Error(`${name}: ${page.items.length} jobs`);
  }
  // The first look has nothing in any cache.
  figures.push(figure(bench, name, "first look", "ms", samples[0] ?? Number.NaN, null, { of: "value", atMost: 50 }));
  figures.push(figure(bench, name, "p95", "ms", percentile(samples, 0.95), null, { of: "value", atMost: 50 }));
}

/** The end of the page before the far one, walked to in larger steps. */
async function endOf(client: Client, query: string, page: number): Promise<string | null> {
  let after: string | null = null;
  for (let left = (page - 1) * pageSize; left > 0; ) {
    const read: Page<JobResource> = await readPage(client, query, after, Math.min(left, largestPage));
    after = read.next;
    left -= read.items.length;
    if (after === null) throw new Error(`there are not so many jobs: ${query}`);
  }
  return after;
}

function readPage(client: Client, query: string, after: string | null, limit: number): Promise<Page<JobResource>> {
  const from = after === null ? "" : `&after=${after}`;
  return client.call("GET", `/api/jobs?limit=${limit}${from}${query === "" ? "" : `&${query}`}`);
}
