import assert from "node:assert/strict";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

storeTest("an end that is told twice is acknowledged twice and counted once", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook({ concurrencyLimit: 5 });
  const jobId = await db.start(runbook);
  await db.start(runbook);
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  assert.deepEqual(pick(await db.end(attempt)), { outcome: "stored", number: 0, ended: true });
  assert.deepEqual(pick(await db.end(attempt)), { outcome: "stored", number: 0, ended: true });
  assert.deepEqual(pick(await db.append(attempt, [1])), { outcome: "refused", number: 0, ended: false });
  assert.equal((await db.job(jobId)).status, "Completed");
  assert.equal((await db.rows("runbooks"))[0]?.["active_jobs"], 1);
});

storeTest("nothing that a former attempt or another worker writes counts", async (t) => {
  const db = await openJobsDatabase(t);
  const frozen = await db.addWorker({ lease: 6_000 });
  const jobId = await db.start(await db.addRunbook({ attempts: 2 }));
  const [first] = await db.claim(frozen);
  assert.ok(first !== undefined);
  await db.append(first, [1]);
  db.time += 6_001;
  await db.operations.expireLeases();
  assert.equal((await db.append(first, [2])).outcome, "refused", "the job waits again");

  const other = await db.addWorker();
  const [second] = await db.claim(other);
  assert.ok(second !== undefined);
  assert.equal(second.attempt, 2);
  assert.equal((await db.append(first, [2])).outcome, "refused");
  assert.equal((await db.end(first)).outcome, "refused");
  assert.equal((await db.end({ ...second, workerId: frozen.workerId })).outcome, "refused");
  assert.equal((await db.job(jobId)).status, "Activating");
  assert.equal((await db.end(second)).outcome, "stored");
  const { records } = await db.operations.records({ jobId, limit: 10, bytes: 1_000 });
  assert.deepEqual(
    records.map(({ id }) => id),
    ["1.1"],
  );
});

storeTest("a job whose worker was lost is tried again as its runbook allows, then fails with the reason", async (t) => {
  const db = await openJobsDatabase(t);
  const jobId = await db.start(await db.addRunbook({ attempts: 2 }));
  for (const name of ["one", "two"]) {
    const worker = await db.addWorker({ name, lease: 6_000 });
    await db.claim(worker);
    db.time += 6_001;
    assert.equal((await db.operations.expireLeases()).lost.length, 1);
  }
  const job = await db.job(jobId);
  assert.equal(job.status, "Failed");
  assert.equal(job.statusReason, "worker two was lost (no heartbeat for 6 s)");
  assert.deepEqual(
    (await db.operations.jobAttempts({ jobId }))?.map(({ attempt, outcome, workerName }) => [
      attempt,
      outcome,
      workerName,
    ]),
    [
      [1, "Lost", "one"],
      [2, "Lost", "two"],
    ],
  );
});

storeTest("a lost host counts as a lost worker does, a failed script does not", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const lost = await db.start(await db.addRunbook({ attempts: 2 }));
  const [first] = await db.claim(worker);
  assert.ok(first !== undefined);
  await db.end(first, { outcome: "Failed", reason: "host-lost" });
  assert.equal((await db.job(lost)).status, "New");
  const [again] = await db.claim(worker);
  assert.ok(again !== undefined);
  await db.end(again, { outcome: "Failed", reason: "script", exception: { name: "Error", message: "boom" } });
  assert.equal((await db.job(lost)).status, "Failed");
  assert.equal((await db.job(lost)).exception?.message, "boom");

  const retried = await db.start(await db.addRunbook({ retries: 1 }));
  const [third] = await db.claim(worker);
  assert.ok(third !== undefined);
  await db.end(third, { outcome: "Failed", reason: "script" });
  assert.equal((await db.job(retried)).status, "New");
});

storeTest("a job that its worker could not run ends with the reason, whatever attempts it has left", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook({ attempts: 3 }));
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  const exception = { name: "GrantUnusable", message: "no folder" };
  await db.end(attempt, { outcome: "Failed", reason: "worker-error", exception });
  const { status, statusReason } = await db.job(jobId);
  assert.deepEqual([status, statusReason], ["Failed", "its worker could not run it: no folder"]);
});

storeTest("a job that was not started in time fails with the reason, in the queue and parked", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook({ startDeadline: 5_000, concurrencyLimit: 1 });
  const jobs = [await db.start(runbook), await db.start(runbook)];
  db.time += 4_999;
  assert.equal(await db.operations.overdueJobsExist(), false);
  db.time += 2;
  assert.equal(await db.operations.overdueJobsExist(), true);
  await db.operations.failOverdueJobs({ limit: 100 });
  for (const jobId of jobs) {
    assert.deepEqual(
      [(await db.job(jobId)).status, (await db.job(jobId)).statusReason],
      ["Failed", "not started within 5 s"],
    );
  }
  assert.equal(await db.count("job_queue"), 0);
  assert.equal((await db.rows("runbooks"))[0]?.["active_jobs"], 0);
});

storeTest("an attempt that does not end though it should is given up, once", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook({ timeLimit: 60_000, attempts: 3 });
  const [stopped, limited] = [await db.start(runbook), await db.start(runbook)];
  const attempts = await db.claim(worker, 2);
  await db.operations.stopJob({ jobId: stopped, requestedBy: "ann", force: false });
  assert.equal((await db.operations.giveUpAttempts({ attempts })).overAttempts.length, 2);
  assert.deepEqual((await db.operations.giveUpAttempts({ attempts })).changedJobs, []);
  assert.deepEqual(
    [(await db.job(stopped)).status, (await db.job(stopped)).statusReason],
    ["Stopped", "stopped by ann; its worker did not end it"],
  );
  assert.deepEqual(
    [(await db.job(limited)).status, (await db.job(limited)).statusReason],
    ["Failed", "ended by its time limit of 60 s"],
  );
});

function pick({ outcome, number, ended }: { outcome: string; number: number; ended: boolean }) {
  return { outcome, number, ended };
}
