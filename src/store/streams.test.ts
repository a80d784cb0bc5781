import assert from "node:assert/strict";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

storeTest("appending the same batch twice stores it once", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook());
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  assert.deepEqual(pick(await db.append(attempt, [1, 2, 3])), { outcome: "stored", number: 3, ended: false });
  assert.deepEqual(pick(await db.append(attempt, [1, 2, 3])), { outcome: "stored", number: 3, ended: false });
  assert.deepEqual(pick(await db.append(attempt, [2, 3, 4, 4], { stream: "Error" })), {
    outcome: "stored",
    number: 4,
    ended: false,
  });
  const { records } = await db.operations.records({ jobId, limit: 100, bytes: 1_000_000 });
  assert.deepEqual(
    records.map(({ id }) => id),
    ["1.1", "1.2", "1.3", "1.4"],
  );
  const job = await db.job(jobId);
  assert.deepEqual([job.recordCount, job.errorCount, job.warningCount], [4, 1, 0]);
  assert.equal(job.status, "Running");
});

storeTest("a batch before which records are missing is not stored", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  await db.start(await db.addRunbook());
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  await db.append(attempt, [1]);
  assert.deepEqual(pick(await db.append(attempt, [3, 4])), { outcome: "gap", number: 1, ended: false });
  assert.equal(await db.count("stream_records"), 1);
});

storeTest("records are read by page, by stream and by time", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook());
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  await db.append(attempt, [1, 2, 3, 4]);
  await db.append(attempt, [5, 6], { stream: "Warning" });
  db.time += 1_000;
  await db.append(attempt, [7, 8]);
  const read = async (
    of: Omit<Parameters<typeof db.operations.records>[0], "jobId" | "bytes"> & { bytes?: number },
  ) => {
    const { records, more } = await db.operations.records({ jobId, bytes: 1_000_000, ...of });
    return { numbers: records.map(({ number }) => number), more };
  };
  assert.deepEqual(await read({ limit: 3 }), { numbers: [1, 2, 3], more: true });
  assert.deepEqual(await read({ limit: 3, after: { attempt: 1, number: 6 } }), { numbers: [7, 8], more: false });
  assert.deepEqual(await read({ limit: 10, stream: "Warning" }), { numbers: [5, 6], more: false });
  assert.deepEqual(await read({ limit: 10, stream: "Output", after: { attempt: 1, number: 3 } }), {
    numbers: [4, 7, 8],
    more: false,
  });
  assert.deepEqual(await read({ limit: 10, since: db.time }), { numbers: [7, 8], more: false });
  assert.deepEqual(await read({ limit: 10, bytes: 10 }), { numbers: [1, 2], more: true });
});

function pick({ outcome, number, ended }: { outcome: string; number: number; ended: boolean }) {
  return { outcome, number, ended };
}
