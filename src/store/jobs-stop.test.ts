import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import type { JobStatus } from "../contract/job-status.ts";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

storeTest("a job that is stopped before it starts is over at once, and leaves its place to the next", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook({ concurrencyLimit: 1 });
  const [queued, parked, parkedToo] = [await db.start(runbook), await db.start(runbook), await db.start(runbook)];
  assert.deepEqual(
    [(await db.job(queued)).parkedBehind, (await db.job(parked)).parkedBehind, (await db.job(parkedToo)).parkedBehind],
    [null, 1, 2],
  );
  const stopParked = await db.operations.stopJob({ jobId: parked, requestedBy: "ann", force: false });
  assert.equal(stopParked.outcome, "stopped");
  const stopQueued = await db.operations.stopJob({ jobId: queued, requestedBy: "ann", force: false });
  assert.equal(stopQueued.outcome, "stopped");
  assert.equal((await db.job(queued)).statusReason, "stopped by ann");
  assert.equal((await db.job(parkedToo)).parkedBehind, null);
  assert.deepEqual(
    (await db.claim(await db.addWorker(), 5)).map(({ jobId }) => jobId),
    [parkedToo],
  );
  assert.equal((await db.operations.stopJob({ jobId: queued, requestedBy: "bob", force: false })).outcome, "ended");
  assert.equal(
    (await db.operations.stopJob({ jobId: newId(), requestedBy: "bob", force: false })).outcome,
    "not-found",
  );
});

storeTest("a running job that is stopped is Stopping until its worker, or its worker's loss, ends it", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker({ lease: 6_000 });
  const runbook = await db.addRunbook({ attempts: 3 });
  const [ended, lost] = [await db.start(runbook), await db.start(runbook)];
  const attempts = await db.claim(worker, 2);
  for (const jobId of [ended, lost]) {
    const stop = await db.operations.stopJob({ jobId, requestedBy: "ann", force: true });
    assert.ok(stop.outcome === "stopping");
    assert.deepEqual(
      stop.effects.stops.map(({ force, workerId, attempt }) => [force, workerId, attempt]),
      [[true, worker.workerId, 1]],
    );
    assert.equal((await db.job(jobId)).status, "Stopping");
  }
  const [first] = attempts;
  assert.ok(first !== undefined);
  await db.end(first, { outcome: "Stopped", reason: "stopped" });
  assert.deepEqual([(await db.job(ended)).status, (await db.job(ended)).statusReason], ["Stopped", "stopped by ann"]);
  db.time += 6_001;
  await db.operations.expireLeases();
  assert.equal((await db.job(lost)).status, "Stopped");
  assert.match((await db.job(lost)).statusReason ?? "", /^stopped by ann; worker .* was lost/);
});

storeTest("a job is stopped only in the states that were named, and otherwise left alone", async (t) => {
  const db = await openJobsDatabase(t);
  const jobId = await db.start(await db.addRunbook());
  const stop = async (statuses: JobStatus[]) =>
    (await db.operations.stopJob({ jobId, requestedBy: "ann", force: false, statuses })).outcome;
  assert.equal(await stop(["Running"]), "changed");
  assert.equal((await db.operations.job({ jobId }))?.status, "New");
  assert.equal(await stop(["Running", "New"]), "stopped");
  assert.equal(await stop(["New"]), "ended");
});
