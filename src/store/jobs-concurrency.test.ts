import assert from "node:assert/strict";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

const key = (request: string) => ({
  principalId: "01890000-0000-7000-8000-000000000001",
  key: "my key",
  requestHash: Buffer.from(request.padEnd(32)),
});

storeTest("the end of a job lets the next parked one in, in the same transaction", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook({ concurrencyLimit: 1 });
  const jobs = [await db.start(runbook), await db.start(runbook), await db.start(runbook)];
  for (const jobId of jobs) {
    const claimed = await db.claim(worker, 5);
    assert.deepEqual(
      claimed.map((job) => job.jobId),
      [jobId],
      "one at a time",
    );
    const { effects } = await db.end(claimed[0] ?? assert.fail());
    assert.equal(effects.queued.length, jobId === jobs[2] ? 0 : 1);
  }
});

storeTest("a concurrency rule can refuse", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook({ concurrencyLimit: 1, concurrencyPolicy: "refuse", name: "only-one" });
  await db.start(runbook);
  assert.deepEqual(await db.accept(runbook, { idempotency: key("a") }), {
    outcome: "refused",
    runbookName: "only-one",
    limit: 1,
    effects: { changedJobs: [], queued: [], overAttempts: [], stops: [], ended: [] },
  });
  assert.equal(await db.operations.jobAcceptedBefore(key("a")), null);
});

storeTest("a refusal tells what it did to other jobs before it came to that", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook({ concurrencyLimit: 1 });
  const [, parked] = [await db.start(runbook), await db.start(runbook)];
  await db.changeRunbook({ concurrencyLimit: 2, concurrencyPolicy: "refuse" });
  const refused = await db.accept(runbook);
  assert.ok(refused.outcome === "refused");
  assert.deepEqual([refused.effects.queued.length, refused.effects.changedJobs], [1, [parked]]);
});

storeTest("a concurrency rule can replace: waiting ones at once, a running one as soon as it has ended", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook({ concurrencyLimit: 1, concurrencyPolicy: "replace" });
  const queued = await db.start(runbook);
  const running = await db.start(runbook);
  assert.deepEqual(
    [(await db.job(queued)).status, (await db.job(queued)).statusReason],
    ["Stopped", `replaced by job ${running}`],
  );
  const [attempt] = await db.claim(worker);
  assert.equal(attempt?.jobId, running);
  const waiting = await db.start(runbook);
  assert.equal((await db.job(running)).status, "Stopping");
  const newest = await db.start(runbook);
  assert.equal((await db.job(waiting)).status, "Stopped");
  assert.deepEqual(await db.claim(worker), []);
  await db.end(attempt ?? assert.fail(), { outcome: "Stopped", reason: "stopped" });
  assert.deepEqual(
    (await db.claim(worker)).map(({ jobId }) => jobId),
    [newest],
  );
});

storeTest("raising a concurrency limit lets parked jobs in", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook({ concurrencyLimit: 1 });
  const jobs = [await db.start(runbook), await db.start(runbook), await db.start(runbook), await db.start(runbook)];
  await db.changeRunbook({ concurrencyLimit: 3 });
  assert.equal(
    (await db.operations.releaseParkedJobs({ runbookId: runbook.runbookId, limit: 9 })).effects.queued.length,
    2,
  );
  await db.changeRunbook({ concurrencyLimit: null });
  assert.equal((await db.operations.releaseParkedJobs({ limit: 9 })).effects.queued.length, 1);
  assert.deepEqual(
    (await db.claim(await db.addWorker(), 9)).map(({ jobId }) => jobId),
    jobs,
  );
});

storeTest("a parked job's answer counts those ahead of it as every later look does", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook({ concurrencyLimit: 1 });
  const accepted = [await db.accept(runbook), await db.accept(runbook), await db.accept(runbook)];
  const behind = accepted.map((result) => (result.outcome === "accepted" ? result.job.parkedBehind : assert.fail()));
  assert.deepEqual(behind, [null, 1, 2]);
});
