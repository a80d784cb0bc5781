import assert from "node:assert/strict";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

storeTest("old jobs are purged by age and by number, oldest first, open ones never", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker({ lease: 10_000_000 });
  const runbook = await db.addRunbook();
  const ended: string[] = [];
  for (let i = 0; i < 10; i += 1) {
    ended.push(await db.start(runbook));
    const [attempt] = await db.claim(worker);
    assert.ok(attempt !== undefined);
    await db.append(attempt, [1, 2, 3]);
    await db.end(attempt);
    db.time += 1_000;
  }
  const open = await db.start(runbook);
  const left = async () => (await db.operations.jobs({ bytes: 1_000_000, limit: 100 })).items.map(({ jobId }) => jobId);

  const byAge = await db.operations.purgeJobs({ endedBefore: db.time - 7_500, upTo: null, budget: 1_000 });
  assert.deepEqual(byAge, { jobs: 3, records: 9, more: false });
  const upTo = await db.operations.purgeBoundary({ keep: 4 });
  assert.deepEqual(await db.operations.purgeJobs({ endedBefore: 0, upTo, budget: 1_000 }), {
    jobs: 3,
    records: 9,
    more: false,
  });
  assert.deepEqual(await left(), [open, ...ended.slice(6).reverse()]);
  assert.equal(await db.operations.purgeBoundary({ keep: 4 }), null);
  assert.equal(await db.count("stream_records"), 12);
  assert.equal(await db.count("job_parameters"), 5);
  assert.equal(await db.count("job_attempts"), 4);
});

storeTest("purging one large job stops in the middle when its time is over, and goes on later", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook());
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  const numbers = Array.from({ length: 5_000 }, (_, index) => index + 1);
  await db.append(attempt, numbers, { ended: { outcome: "Completed", reason: "script", endedAt: db.time } });
  const first = await db.operations.purgeJobs({ endedBefore: db.time + 1, upTo: null, budget: 0 });
  assert.deepEqual([first.jobs, first.more], [0, true]);
  assert.ok(first.records > 0 && first.records < 2_500);
  assert.equal((await db.job(jobId)).status, "Completed");
  while ((await db.operations.purgeJobs({ endedBefore: db.time + 1, upTo: null, budget: 1 })).more) {}
  assert.equal(await db.operations.job({ jobId }), null);
  assert.equal(await db.count("stream_records"), 0);
});
