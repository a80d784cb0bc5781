import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { JobResource } from "../src/contract/api/job.ts";
import type { Page } from "../src/contract/api/page.ts";
import { Client } from "./support/client.ts";
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
const farPage = Math.min(1000, Math.floor((jobs * 0.9) / pageSize));
const rounds = 25;

await using folder = await benchFolder();
await makeHistory(folder.path, jobs);
const cases = [
  { name: "all jobs", query: "", where: "1 = 1" },
  { name: "of one runbook", query: "runbook=bench-often", where: "runbook_name = 'bench-often'" },
  { name: "of one state", query: "status=Completed", where: "status = 'Completed'" },
  { name: "of a seldom state", query: "status=Failed", where: "status = 'Failed'" },
  { name: "of a seldom runbook", query: "runbook=bench-seldom", where: "runbook_name = 'bench-seldom'" },
  {
    name: "of one runbook and state",
    query: "runbook=bench-often&status=Completed",
    where: "runbook_name = 'bench-often' AND status = 'Completed'",
  },
].map((of) => ({ ...of, after: cursorOf(of.where) }));

const system = await startSystem(["--job-days", "none", "--keep-jobs", "none"], {
  dataDirectory: folder.path,
  serverOnly: true,
});
const client = new Client(system.url, system.token);
const figures: Figure[] = [];
try {
  for (const { name, query, after } of cases) {
    await time(`${name}, first page`, query);
    if (after !== null) await time(`${name}, page ${farPage}`, `${query}&after=${after}`);
  }
} finally {
  client.close();
  await system.stop();
}
report(figures);

async function time(name: string, query: string): Promise<void> {
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    const page = await client.call<Page<JobResource>>("GET", `/api/jobs?limit=${pageSize}&${query}`);
    samples.push(performance.now() - start);
    if (page.items.length !== pageSize) throw new Error(`${name}: ${page.items.length} jobs`);
  }
  // The first look has nothing in any cache.
  figures.push(figure(bench, name, "first look", "ms", samples[0] ?? Number.NaN, null, { of: "value", atMost: 50 }));
  figures.push(figure(bench, name, "p95", "ms", percentile(samples, 0.95), null, { of: "value", atMost: 50 }));
}

/** The last job of the page before the far one; null where there are not so many. */
function cursorOf(where: string): string | null {
  const database = new DatabaseSync(join(folder.path, "runsmith.sqlite"), { readOnly: true });
  try {
    const row = database
      .prepare(`SELECT lower(hex(job_id)) AS id FROM jobs WHERE ${where} ORDER BY job_id DESC LIMIT 1 OFFSET ?`)
      .get((farPage - 1) * pageSize - 1);
    const id = row === undefined ? null : String(row["id"]);
    return id === null ? null : id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  } finally {
    database.close();
  }
}
