import assert from "node:assert/strict";
import sql from "mssql";
import { idToBytes } from "../id-bytes.ts";
import { openStore } from "../open-store.ts";
import { acceptJob, addRunbook } from "../testing/accept-jobs.ts";
import { sharedDatabaseTest, temporaryStoreOptions } from "../testing/temporary-store.ts";
import { connectionOfTestDatabase } from "../testing/test-database.ts";

sharedDatabaseTest(
  "leases are renewed and duties kept while statements that wait for locks hold every other connection",
  async (t) => {
    const options = await temporaryStoreOptions(t);
    const { databaseUrl = "" } = options;
    const url = new URL(databaseUrl);
    url.searchParams.set("poolSize", "2");
    const store = await openStore({ ...options, databaseUrl: url.href });
    t.after(() => store.close());
    const runbook = await addRunbook(store, "runbook");
    const jobs = [await acceptJob(store, runbook), await acceptJob(store, runbook)];
    const holder = new sql.Transaction(connectionOfTestDatabase(databaseUrl));
    await holder.begin();
    const held = Promise.withResolvers<void>();
    const stopped = held.promise.then(() =>
      Promise.all(jobs.map((jobId) => store.write.stopJob({ jobId, requestedBy: "Ada", force: false }))),
    );
    try {
      const holding = new sql.Request(holder);
      for (const [index, jobId] of jobs.entries()) {
        holding.input(`job_${index}`, sql.VarBinary(16), Buffer.from(idToBytes(jobId)));
      }
      await holding.query("UPDATE runsmith.jobs SET record_count = record_count WHERE job_id IN (@job_0, @job_1)");
      held.resolve();
      // As often as it takes for the stops to have their connections.
      for (let round = 0; round < 20; round += 1) {
        const { serviceTime } = await store.write.renewLeases({ workers: [], leases: { usual: 30_000, byGroup: {} } });
        assert.ok(serviceTime > 0);
        assert.equal(await store.write.takeDutyLease({ duty: "test", holder: "one", duration: 60_000 }), true);
      }
      assert.equal(store.statistics().pendingWrites, jobs.length, "the stops still wait");
      await store.write.releaseDutyLease({ duty: "test", holder: "one" });
    } finally {
      held.resolve();
      await holder.rollback();
      await stopped;
    }
  },
);
