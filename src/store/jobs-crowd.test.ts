import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import { crowd } from "./testing/crowd.ts";
import { checkInvariants } from "./testing/job-invariants.ts";
import { openJobsDatabases } from "./testing/open-jobs-database.ts";
import { sharedDatabaseTest } from "./testing/temporary-store.ts";

sharedDatabaseTest("many services do everything at once, and no job is lost, doubled or left behind", async (t) => {
  await crowd(await openJobsDatabases(t, 2));
});

sharedDatabaseTest(
  "of a runbook for one job at a time, however many services accept at once, one job may start",
  async (t) => {
    const services = await openJobsDatabases(t, 2);
    const [first] = services;
    assert.ok(first !== undefined);
    const runbook = await first.addRunbook({ concurrencyLimit: 1 });
    const free = await first.addRunbook();
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => (services[index % 2] ?? first).start(index % 3 === 0 ? free : runbook)),
    );
    const active = (await first.rows("runbooks")).map(({ active_jobs }) => active_jobs);
    assert.deepEqual(active.sort(), [1, 4]);
    assert.equal(await first.count("job_queue"), 5);
    await checkInvariants(first, "after the acceptances");
  },
);

sharedDatabaseTest("one key that comes to two services at once is one job", async (t) => {
  const services = await openJobsDatabases(t, 2);
  const [first] = services;
  assert.ok(first !== undefined);
  const runbook = await first.addRunbook();
  const idempotency = { principalId: newId(), key: "k", requestHash: new Uint8Array(32).fill(1) };
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, index) => (services[index % 2] ?? first).accept(runbook, { idempotency })),
  );
  const jobs = answers.map((answer) => (answer.outcome === "accepted" ? answer.job : assert.fail()));
  assert.equal(new Set(jobs.map(({ jobId }) => jobId)).size, 1);
  assert.equal(await first.count("jobs"), 1);
  assert.equal(answers.filter((answer) => answer.outcome === "accepted" && !answer.repeated).length, 1);
});
