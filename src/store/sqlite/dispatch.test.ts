import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestWorker } from "../testing/jobs-database.ts";
import { SqliteJobsDatabase } from "./jobs-database.ts";

/** Claims from the queues of the default group; gives the ids of the jobs. */
async function claim(db: SqliteJobsDatabase, worker: TestWorker, slots: number): Promise<string[]> {
  return (await db.claim(worker, slots)).map(({ jobId }) => jobId);
}

test("100,000 waiting jobs of one runbook do not hold up the single job of another, in the same queue or in one beside it", async () => {
  const db = new SqliteJobsDatabase();
  const worker = await db.addWorker({ hostKinds: ["node", "pwsh"] });
  const greedy = await db.addRunbook();
  await db.start(greedy);
  // As many rows as real jobs leave in the queue, without their history.
  db.database.exec(`
    WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO job_queue (placement_id, rank, tag, job_id)
      SELECT (SELECT placement_id FROM runbooks), 0, i, unhex(printf('0188%028x', i)) FROM n;
    UPDATE runbook_tags SET tag = 100000;
    UPDATE queue_positions SET tag = 0;`);
  db.database.exec(`
    INSERT INTO jobs (workspace_id, job_id, runbook_id, runbook_name, runbook_kind, version_id, version_number, draft, status,
      placement_id, host_kind, max_attempts, max_retries, grants, stop_grace, output_limit, log_switches, started_by, accepted_at)
    SELECT j.workspace_id, q.job_id, j.runbook_id, j.runbook_name, j.runbook_kind, j.version_id, 1, 0, 'New', j.placement_id,
      j.host_kind, 1, 0, '[]', 1, 1, 0, 'test', 0
    FROM job_queue q, (SELECT * FROM jobs LIMIT 1) j WHERE q.job_id NOT IN (SELECT job_id FROM jobs);`);
  await claim(db, worker, 10);

  const sameQueue = await db.start(await db.addRunbook());
  const otherQueue = await db.start(await db.addRunbook({ kind: "PowerShell" }));
  const next = await claim(db, worker, 4);
  assert.ok(next.includes(sameQueue), "the job in the same queue is among the next four");
  assert.ok(next.includes(otherQueue), "the job in a queue beside it is among the next four");
});
