import assert from "node:assert/strict";
import { constants } from "node:sqlite";
import { test } from "node:test";
import { v7 as newId } from "uuid";
import { mayBecome } from "../../jobs/job-transitions.ts";
import { randomLife } from "../testing/random-life.ts";
import { SqliteJobsDatabase } from "./jobs-database.ts";

test("what a job costs does not depend on how many have been before: no statement walks over the history", async () => {
  const db = new SqliteJobsDatabase();
  await randomLife(db, { seed: 99, steps: 400 });
  await db.operations.purgeBoundary({ keep: 10 });
  await db.operations.purgeJobs({ endedBefore: db.time - 10_000, upTo: null, budget: 5 });
  await db.operations.dispatchState({ knownPlacements: 0 });
  await db.operations.overdueJobsExist();
  await db.operations.releaseParkedJobs({ limit: 9 });
  await db.operations.workers({ limit: 100 });
  await db.operations.jobToRetry({ jobId: newId() });
  const worker = newId();
  await db.operations.jobs({ bytes: 1_000_000, limit: 5, statuses: ["Running", "Stopping"], worker });
  await db.operations.jobs({
    bytes: 1_000_000,
    limit: 5,
    since: 0,
    until: 1,
    worker,
    workerGroup: "g",
    startedBy: "a",
    tag: "t",
  });
  for (const status of [undefined, "New", "Completed"] as const) {
    for (const runbook of [undefined, "none", newId()]) {
      await db.operations.jobs({
        bytes: 1_000_000,
        limit: 5,
        ...(status && { statuses: [status] }),
        ...(runbook && { runbook }),
      });
    }
  }
  // Indexes that hold what is open only, and the one whose first entries are read.
  const small = /USING (COVERING )?INDEX (jobs_parked|jobs_by_end|jobs_by_worker|job_queue_by_job)/;
  for (const sql of db.session.statements) {
    const plan = db.database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    for (const { detail } of plan) {
      const walks = /^SCAN (j|jobs|o|n|stream_records|job_attempts|a|job_parameters|p)\b/.test(detail);
      assert.ok(!walks || small.test(detail), `${detail}: ${sql}`);
    }
  }
});

test("no statement on a job's way is prepared again for another job", async () => {
  const db = new SqliteJobsDatabase();
  const runbook = await db.addRunbook();
  const worker = await db.addWorker();
  const live = async () => {
    await db.accept(runbook);
    const [attempt = assert.fail("no job was claimed")] = await db.claim(worker, 1);
    await db.append(attempt, [1, 2]);
    await db.end(attempt, { outcome: "Completed" });
  };
  let asked = 0;
  db.database.setAuthorizer(() => {
    asked += 1;
    return constants.SQLITE_OK;
  });
  await live();
  await live();
  // It is asked of whatever is prepared.
  assert.ok(asked > 0);
  asked = 0;
  await live();
  assert.equal(asked, 0);
});

test("a job's status changes only as the table of transitions says", async () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const db = new SqliteJobsDatabase();
    await randomLife(db, { seed, steps: 400 });
    for (const { before, after } of db.seenChanges()) {
      assert.ok(mayBecome(before, after), `${before} → ${after} is not in the table of transitions`);
    }
  }
});
