import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClaimedJob } from "../operations/jobs.ts";
import { sharedDatabaseTest, temporaryStoreOptions } from "../testing/temporary-store.ts";
import { connect } from "./connect.ts";
import { readDatabaseUrl } from "./database-url.ts";
import { openMssqlJobsDatabase } from "./jobs-database.ts";
import { poolSession } from "./pool-session.ts";
import { id } from "./sql-values.ts";

sharedDatabaseTest("a job that is met while its held runbook is being released is not parked", async (t) => {
  const { databaseUrl = "" } = await temporaryStoreOptions(t);
  const db = await openMssqlJobsDatabase(databaseUrl);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook();
  const [first, second] = await db.startMany(runbook, 2);
  await db.operations.holdDispatch({ scope: "runbook", subject: runbook.runbookId, reason: "", heldBy: "ann" });
  const pool = await connect(readDatabaseUrl(databaseUrl));
  t.after(() => pool.close());
  let claim: Promise<ClaimedJob[]> | undefined;
  let parking: Promise<unknown> | undefined;
  await poolSession(pool, { commits: 0, commitTime: 0 }).transaction(async (release) => {
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
