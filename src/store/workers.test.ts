import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { sharedDatabaseTest, storeTest } from "./testing/temporary-store.ts";

storeTest("a new instance of a worker has lost the jobs of the former one at once", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker({ name: "phoenix" });
  const jobId = await db.start(await db.addRunbook());
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  const { keep } = await db.hello({ ...worker, instanceId: "reborn" }, [attempt]);
  assert.deepEqual(keep, []);
  assert.deepEqual(
    [(await db.job(jobId)).status, (await db.job(jobId)).statusReason],
    ["Failed", "worker phoenix was started anew"],
  );
});

storeTest(
  "never two live attempts: a job of a former instance is queued again only once that instance's lease has ended",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker({ name: "phoenix" });
    const jobId = await db.start(await db.addRunbook({ attempts: 3 }));
    const [attempt] = await db.claim(worker);
    assert.ok(attempt !== undefined);
    db.time += 2_000;
    const reborn = { ...worker, instanceId: "reborn" };
    const { keep, effects } = await db.hello(reborn, [attempt]);
    assert.deepEqual(keep, []);
    assert.deepEqual(effects.overAttempts.length, 1, "its slot is free for the new instance");
    assert.match(
      (await db.job(jobId)).statusReason ?? "",
      /phoenix was started anew; waits until the former one's lease/,
    );
    db.time += 3_000;
    await db.operations.expireLeases();
    await db.hello({ ...worker, instanceId: "third" });
    assert.equal((await db.job(jobId)).status, "Activating");
    assert.deepEqual(await db.claim({ ...worker, instanceId: "third" }), []);
    db.time += 1_001;
    await db.operations.expireLeases();
    assert.equal((await db.job(jobId)).status, "New");
    const [again] = await db.claim({ ...worker, instanceId: "third" });
    assert.deepEqual([again?.jobId, again?.attempt], [jobId, 2]);
    await db.end(again ?? assert.fail());
    assert.equal((await db.job(jobId)).status, "Completed");
  },
);

storeTest(
  "a job that waits for the lease of a former instance can be stopped, and a clock put back does not keep it for ever",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker();
    const runbook = await db.addRunbook({ attempts: 3 });
    const [stopped, waiting] = [await db.start(runbook), await db.start(runbook)];
    await db.claim(worker, 2);
    await db.hello({ ...worker, instanceId: "reborn" });
    await db.operations.stopJob({ jobId: stopped, requestedBy: "ann", force: false });
    db.time -= 86_400_000;
    await db.operations.expireLeases();
    assert.deepEqual([(await db.job(stopped)).status, (await db.job(waiting)).status], ["Stopping", "Activating"]);
    db.time += 6_001;
    await db.operations.expireLeases();
    assert.deepEqual([(await db.job(stopped)).status, (await db.job(waiting)).status], ["Stopped", "New"]);
  },
);

storeTest("a running attempt that its worker does not know any more is lost, not put back", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook({ attempts: 2 }));
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  await db.append(attempt, [1]);
  assert.equal((await db.job(jobId)).status, "Running");
  await db.hello(worker, []);
  assert.equal((await db.job(jobId)).status, "New");
  assert.equal((await db.job(jobId)).firstRecordAt, null, "the times are those of the attempt to come");
  assert.equal((await db.operations.jobAttempts({ jobId }))?.[0]?.outcome, "Lost");
});

storeTest("a worker that reconnects keeps what it has, and what never reached it is put back uncounted", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook({ attempts: 1 });
  const [kept, never, stopped] = [await db.start(runbook), await db.start(runbook), await db.start(runbook)];
  const claimed = await db.claim(worker, 3);
  await db.operations.stopJob({ jobId: stopped, requestedBy: "ann", force: false });
  const running = claimed.filter(({ jobId }) => jobId !== never);
  const { keep } = await db.hello(worker, [...running, { jobId: newId(), attempt: 1 }]);
  assert.deepEqual(
    keep.map(({ jobId, attempt, stopReason }) => [jobId, attempt, stopReason]),
    [
      [kept, 1, null],
      [stopped, 1, "stopped by ann"],
    ],
  );
  assert.equal((await db.job(never)).status, "New");
  const [again] = await db.claim(worker);
  assert.deepEqual([again?.jobId, again?.attempt], [never, 2], "its number is not used again");
});

storeTest("a lease is renewed by heartbeats and not after it was taken back", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker({ lease: 6_000 });
  const beat = async () => {
    const { renewed } = await db.operations.renewLeases({
      workers: [{ workerId: worker.workerId, instanceId: worker.instanceId }],
      leases: { usual: 6_000, byGroup: {} },
    });
    return renewed.map(({ workerId }) => workerId);
  };
  db.time += 5_000;
  assert.deepEqual(await beat(), [worker.workerId]);
  db.time += 5_000;
  assert.deepEqual((await db.operations.expireLeases()).lost, []);
  db.time += 5_000;
  assert.equal((await db.operations.expireLeases()).lost.length, 1);
  assert.deepEqual(await beat(), []);
  await db.hello(worker);
  assert.deepEqual(await beat(), [worker.workerId]);
});

storeTest("a removed worker is gone at once without jobs, and with its lease when it has some", async (t) => {
  const db = await openJobsDatabase(t);
  const idle = await db.addWorker({ name: "idle" });
  const busy = await db.addWorker({ name: "busy" });
  const jobId = await db.start(await db.addRunbook());
  await db.claim(busy);
  await db.operations.removeWorker(idle);
  await db.operations.removeWorker(busy);
  assert.equal(await db.operations.removeWorker(busy), null);
  assert.deepEqual((await db.operations.workers({ limit: 100 })).items, []);
  assert.equal(await db.count("tokens"), 0);
  assert.equal((await db.job(jobId)).status, "Activating", "its host may live until the lease ends");
  await assert.rejects(() => db.hello(busy));
  await db.addWorker({ name: "busy" });
  db.time += 6_001;
  await db.operations.expireLeases();
  assert.deepEqual(
    [(await db.job(jobId)).status, (await db.job(jobId)).statusReason],
    ["Failed", "its worker was removed"],
  );
  assert.equal(await db.count("workers"), 1);
});

storeTest("a clock that was put back does not keep the jobs of a dead worker", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker({ lease: 6_000 });
  const jobId = await db.start(await db.addRunbook());
  await db.claim(worker);
  db.time -= 86_400_000;
  await db.operations.expireLeases();
  assert.equal((await db.job(jobId)).status, "Activating");
  db.time += 6_001;
  await db.operations.expireLeases();
  assert.equal((await db.job(jobId)).status, "Failed");
});

sharedDatabaseTest(
  "a lease that was given after the search for ended ones read the time lasts as it was given",
  async (t) => {
    const db = await openJobsDatabase(t);
    const [renewed, reborn] = [await db.addWorker({ lease: 6_000 }), await db.addWorker({ lease: 6_000 })];
    const runbook = await db.addRunbook({ attempts: 3 });
    const jobs = [await db.start(runbook), await db.start(runbook)];
    await db.claim(renewed);
    await db.claim(reborn);
    // The search began 5 s before, and waited for a row since.
    const began = db.time;
    db.time += 5_000;
    await db.operations.renewLeases({
      workers: [renewed, reborn].map(({ workerId, instanceId }) => ({ workerId, instanceId })),
      leases: { usual: 6_000, byGroup: {} },
    });
    await db.hello({ ...reborn, instanceId: "reborn" });
    const end = db.time + 6_000;
    const statuses = async (time: number) => {
      db.time = time;
      await db.operations.expireLeases();
      return Promise.all(jobs.map(async (jobId) => (await db.job(jobId)).status));
    };
    assert.deepEqual(await statuses(began), ["Activating", "Activating"]);
    assert.deepEqual(await statuses(end - 1), ["Activating", "Activating"]);
    assert.deepEqual(await statuses(end + 1), ["New", "New"]);
  },
);
