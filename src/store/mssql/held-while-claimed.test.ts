import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClaimedJob } from "../operations/jobs.ts";
import { sharedDatabaseTest, temporaryStoreOptions } from "../testing/temporary-store.ts";
import { connect } from "./connect.ts";
import { readDatabaseUrl } from "./database-url.ts";
import { openMssqlJobsDatabase } from "./jobs-database.ts";
import { poolSession } from "./pool-session.ts";
import { id } from "./sql-values.ts";

/** A database with a worker, and a session of its own for rows that others have to wait for. */
async function databaseWithWorker(t: TestContext) {
  const { databaseUrl = "" } = await temporaryStoreOptions(t);
  const db = await openMssqlJobsDatabase(databaseUrl);
  const pool = await connect(readDatabaseUrl(databaseUrl));
  t.after(() => pool.close());
  return { db, worker: await db.addWorker(), session: poolSession(pool, { commits: 0, commitTime: 0 }) };
}

sharedDatabaseTest("a job that is met while its held runbook is being released is not parked", async (t) => {
  const { db, worker, session } = await databaseWithWorker(t);
  const runbook = await db.addRunbook();
  const [first, second] = await db.startMany(runbook, 2);
  await db.operations.holdDispatch({ scope: "runbook", subject: runbook.runbookId, reason: "", heldBy: "ann" });
  let claim: Promise<ClaimedJob[]> | undefined;
  let parking: Promise<unknown> | undefined;
  await session.transaction(async (release) => {
    await release.run("UPDATE runsmith.runbooks SET dispatch_held = 0 WHERE runbook_id = @runbook_id", {
      runbook_id: id(runbook.runbookId),
    });
    claim = db.claim(worker);
    parking = db.operations.parkHeldJobs({ runbookId: runbook.runbookId, after: null, limit: 10 });
    await sleep(500);
  });
  await parking;
  assert.deepEqual(
    (await claim)?.map(({ jobId }) => jobId),
    [first],
  );
  assert.equal((await db.job(second ?? "")).parkedBehind, null);
});

sharedDatabaseTest(
  "a hold of everything, or of a group, that is committed while a claim waits for its worker's row counts for that claim",
  async (t) => {
    const { db, worker, session } = await databaseWithWorker(t);
    const [first, second] = await db.startMany(await db.addRunbook(), 2);
    // What a first claim takes its time for is over then: the further ones are there, and wait, when the hold comes.
    assert.deepEqual(
      (await db.claim(worker)).map(({ jobId }) => jobId),
      [first],
    );
    const holds = [
      { scope: "all", subject: "" },
      { scope: "group", subject: "default" },
    ] as const;
    for (const hold of holds) {
      let claim: Promise<ClaimedJob[]> | undefined;
      await session.transaction(async (other) => {
        await other.run("UPDATE runsmith.workers SET status = status WHERE worker_id = @worker_id", {
          worker_id: id(worker.workerId),
        });
        claim = db.claim(worker);
        await sleep(500);
        await db.operations.holdDispatch({ ...hold, reason: "", heldBy: "ann" });
      });
      assert.deepEqual(await claim, [], hold.scope);
      await db.operations.releaseDispatch(hold);
    }
    assert.deepEqual(
      (await db.claim(worker)).map(({ jobId }) => jobId),
      [second],
    );
  },
);
