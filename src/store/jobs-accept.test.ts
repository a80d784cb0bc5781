import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import { secretPlaceholder } from "../contract/api/job.ts";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

const key = (request: string) => ({
  principalId: "01890000-0000-7000-8000-000000000001",
  key: "my key",
  requestHash: Buffer.from(request.padEnd(32)),
});

storeTest("the same request under the same key is accepted once and answered the same", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  const first = await db.accept(runbook, { idempotency: key("a") });
  db.time += 1_000;
  const second = await db.accept(runbook, { idempotency: key("a") });
  assert.equal(first.outcome, "accepted");
  assert.equal(second.outcome, "accepted");
  assert.deepEqual(
    second.outcome === "accepted" && { job: second.job, repeated: second.repeated },
    first.outcome === "accepted" && { job: first.job, repeated: true },
  );
  assert.equal(await db.count("jobs"), 1);
  assert.equal(await db.count("job_queue"), 1);
  const before = await db.operations.jobAcceptedBefore(key("a"));
  assert.deepEqual(before, first.outcome === "accepted" && first.job);
});

storeTest("a key that comes with another request is refused", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  await db.accept(runbook, { idempotency: key("a") });
  await assert.rejects(() => db.accept(runbook, { idempotency: key("b") }), {
    code: "idempotency-key-reused",
    status: 422,
  });
  await assert.rejects(() => db.operations.jobAcceptedBefore(key("b")), { code: "idempotency-key-reused" });
  assert.equal(await db.count("jobs"), 1);
});

storeTest(
  "a job is not accepted for a version that is not the current one any more, nor of a disabled runbook",
  async (t) => {
    const db = await openJobsDatabase(t);
    const runbook = await db.addRunbook();
    assert.equal((await db.accept({ ...runbook, versionId: newId() })).outcome, "changed");
    await db.changeRunbook({ enabled: false });
    assert.equal((await db.accept(runbook, { idempotency: key("a") })).outcome, "changed");
    assert.equal(await db.operations.jobAcceptedBefore(key("a")), null, "what was not accepted is not kept");
  },
);

storeTest("a secret parameter comes out of a claim and of nothing else", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  const worker = await db.addWorker();
  const accepted = await db.accept(runbook, {
    parameters: { user: "me", password: "hunter2" },
    secretNames: ["password"],
    idempotency: key("a"),
  });
  assert.ok(accepted.outcome === "accepted");
  const shown = { user: "me", password: secretPlaceholder };
  assert.deepEqual(accepted.job.parameters, shown);
  assert.deepEqual((await db.job(accepted.job.jobId)).parameters, shown);
  assert.deepEqual((await db.operations.jobs({ bytes: 1_000_000, limit: 10 })).items[0]?.parameters, shown);
  assert.equal(JSON.stringify(await db.rows("idempotency_keys")).includes("hunter2"), false);
  assert.deepEqual((await db.claim(worker))[0]?.parameters, { user: "me", password: "hunter2" });
});

storeTest("what a job is retried with holds its secrets, and tells what it was retried as", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  const parameters = { user: "me", password: "hunter2" };
  const first = await db.accept(runbook, { parameters, secretNames: ["password"] });
  const jobId = first.outcome === "accepted" ? first.job.jobId : assert.fail();
  const before = await db.operations.jobToRetry({ jobId });
  assert.deepEqual(before?.parameters, parameters);
  assert.equal(before?.retriedAs, null);
  const second = await db.accept(runbook, { parameters, secretNames: ["password"], retryOf: jobId });
  const retry = second.outcome === "accepted" ? second.job : assert.fail();
  assert.equal(retry.retryOf, jobId);
  assert.equal((await db.operations.job({ jobId: retry.jobId }))?.retryOf, jobId);
  assert.equal((await db.operations.jobToRetry({ jobId }))?.retriedAs, retry.jobId);
  assert.equal(await db.operations.jobToRetry({ jobId: newId() }), null);
});
