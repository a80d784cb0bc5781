import assert from "node:assert/strict";
import { test } from "node:test";
import { SqliteJobsDatabase } from "./jobs-database.ts";

test("a filter that fits few of many jobs is answered in bounded pages that miss none", async () => {
  const db = new SqliteJobsDatabase();
  const runbook = await db.addRunbook();
  const rare: string[] = [];
  for (let n = 0; n < 12_000; n += 1) {
    const accepted = await db.accept(runbook, { startedBy: n % 4_000 === 0 ? "rare" : "tester" });
    if (n % 4_000 === 0 && accepted.outcome === "accepted") rare.unshift(accepted.job.jobId);
  }
  const found: string[] = [];
  let pages = 0;
  for (let after: string | null | undefined; after !== null; pages += 1) {
    const page = await db.operations.jobs({
      limit: 100,
      bytes: 1_000_000,
      startedBy: "rare",
      ...(after !== undefined && { after }),
    });
    found.push(...page.items.map(({ jobId }) => jobId));
    after = page.next;
  }
  assert.deepEqual(found, rare);
  assert.equal(pages, 2);
});
