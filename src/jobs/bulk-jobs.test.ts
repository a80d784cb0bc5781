import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { secretPlaceholder } from "../contract/api/job.ts";
import { emptySignature } from "../contract/signature.ts";
import type { TestService } from "./testing.ts";
import { startService, TestWorker } from "./testing.ts";

const ann = "ann";

/** A service with a worker, and a runbook with a secret parameter. */
async function serviceWithWorker(test: TestContext): Promise<{ service: TestService; worker: TestWorker }> {
  const service = await startService(test);
  const { token } = await service.newWorker();
  const worker = await TestWorker.connect(test, service, { token, slots: 2 });
  const properties = { host: { type: "string" }, password: { type: "string", "x-secret": true } };
  await service.addRunbook("Deploy", { signature: { properties } as never });
  return { service, worker };
}

/** Starts jobs that all end as Failed. */
async function failedJobs(service: TestService, worker: TestWorker, count: number): Promise<string[]> {
  const jobIds: string[] = [];
  for (let n = 1; n <= count; n += 1) {
    const { jobId } = await service.start("Deploy", { host: `host ${n}`, password: "hunter2" });
    worker.end(await worker.next("run-job"), { outcome: "Failed" });
    await service.until(jobId, "Failed");
    jobIds.push(jobId);
  }
  return jobIds;
}

test("a filter stops what it finds, page by page, and each job's outcome is told", async (test) => {
  const service = await startService(test);
  await service.addRunbook("Waiting");
  await service.addRunbook("Other");
  const jobs = [];
  for (let n = 0; n < 5; n += 1) {
    jobs.unshift((await service.start("Waiting")).jobId);
  }
  const other = await service.start("Other");
  const filter = { runbook: "Waiting" };
  const dry = await service.jobs.stopJobs({ filter, limit: 100, requestedBy: ann, dryRun: true });
  assert.deepEqual(
    dry.items.map(({ jobId, outcome }) => ({ jobId, outcome })),
    jobs.map((jobId) => ({ jobId, outcome: "would-stop" })),
  );
  assert.equal((await service.jobs.getJob(jobs[0] ?? "")).status, "New", "a dry run does nothing");

  const first = await service.jobs.stopJobs({ filter, limit: 3, requestedBy: ann });
  const second = await service.jobs.stopJobs({ filter, limit: 3, requestedBy: ann, after: first.next ?? "" });
  assert.deepEqual(
    [...first.items, ...second.items].map(({ jobId, outcome }) => `${jobId} ${outcome}`),
    jobs.map((jobId) => `${jobId} stopped`),
  );
  assert.equal(second.next, null);
  assert.equal((await service.jobs.getJob(jobs[4] ?? "")).statusReason, "stopped by ann");
  assert.equal((await service.jobs.getJob(other.jobId)).status, "New");
});

test("jobs that run are asked to end, named ones are told apart by what became of them", async (test) => {
  const { service, worker } = await serviceWithWorker(test);
  const running = await service.start("Deploy");
  const frame = await worker.next("run-job");
  const done = await service.start("Deploy");
  worker.end(await worker.next("run-job"));
  await service.until(done.jobId, "Completed");
  const unknown = "01890000-0000-7000-8000-000000000001";
  const jobIds = [running.jobId.toUpperCase(), done.jobId, unknown];
  const { items } = await service.jobs.stopJobs({ jobIds, limit: 100, requestedBy: ann });
  assert.deepEqual(
    new Map(items.map(({ jobId, outcome }) => [jobId, outcome])),
    new Map([
      [running.jobId, "stopping"],
      [done.jobId, "ended"],
      [unknown, "not-found"],
    ]),
  );
  assert.equal((await worker.next("stop-job")).jobId, frame.jobId);
});

test("a stop by filter meets open jobs only, and refuses a filter for ended ones", async (test) => {
  const { service } = await serviceWithWorker(test);
  await assert.rejects(service.jobs.stopJobs({ filter: { status: ["Failed"] }, limit: 10, requestedBy: ann }), {
    code: "invalid-filter",
  });
  await assert.rejects(service.jobs.retryJobs({ filter: { status: ["Running"] }, limit: 10, startedBy: ann }), {
    code: "invalid-filter",
  });
});

test("a retry runs with the same parameters, secret ones too, and names the job that it was made of", async (test) => {
  const { service, worker } = await serviceWithWorker(test);
  const [jobId = ""] = await failedJobs(service, worker, 1);
  const { job } = await service.jobs.retryJob({ jobId, startedBy: ann });
  assert.equal(job.retryOf, jobId);
  assert.equal(job.startedBy, ann);
  assert.deepEqual(job.parameters, { host: "host 1", password: secretPlaceholder });
  const frame = await worker.next("run-job");
  assert.equal(frame.jobId, job.jobId);
  assert.deepEqual(frame.parameters, { host: "host 1", password: "hunter2" });
  await assert.rejects(service.jobs.retryJob({ jobId: job.jobId, startedBy: ann }), { code: "job-not-ended" });
});

test("a secret does not become plain by a retry: a text that does not call it secret any more gets nothing", async (test) => {
  const { service, worker } = await serviceWithWorker(test);
  const [jobId = ""] = await failedJobs(service, worker, 1);
  const { runbookId } = await service.jobs.getJob(jobId);
  const properties = { host: { type: "string" }, password: { type: "string" } };
  const analysis = {
    signature: { ...emptySignature, properties },
    needs: [],
    problems: [],
    synopsis: "",
    executable: "",
  };
  const version = { kind: "TypeScript" as const, source: Buffer.from("// plain"), analysis: analysis as never };
  const common = { overwrite: true, settings: {}, changedBy: "mallory" };
  await service.store.write.importRunbook({ name: "Deploy", ...version, ...common });
  await service.store.write.publishRunbook({ runbook: runbookId, changedBy: "mallory" });
  service.jobs.forgetRunbook(runbookId);
  await assert.rejects(service.jobs.retryJob({ jobId, startedBy: "mallory" }), { code: "secret-no-longer" });
  const { items } = await service.jobs.retryJobs({ jobIds: [jobId], limit: 1, startedBy: "mallory" });
  assert.deepEqual(
    items.map(({ outcome }) => outcome),
    ["refused"],
  );
  assert.equal((await service.jobs.listJobs({ limit: 10 })).items.length, 1);
});

test("a retry by filter starts each failed job once, oldest first, also when it is asked for again", async (test) => {
  const { service, worker } = await serviceWithWorker(test);
  const jobIds = await failedJobs(service, worker, 3);
  const filter = { runbook: "deploy" };
  const { items } = await service.jobs.retryJobs({ filter, limit: 100, startedBy: ann });
  assert.deepEqual(
    items.map(({ jobId }) => jobId),
    jobIds.toReversed(),
  );
  assert.deepEqual(
    items.map(({ outcome }) => outcome),
    ["retried", "retried", "retried"],
  );
  const newJobs = items.map(({ newJobId }) => newJobId ?? "").toReversed();
  assert.deepEqual(newJobs, newJobs.toSorted(), "they come in the order of the former ones");
  const again = await service.jobs.retryJobs({ filter, limit: 100, startedBy: ann });
  assert.deepEqual(
    again.items.map(({ outcome, newJobId }) => `${outcome} ${newJobId}`),
    items.map(({ newJobId }) => `retried-before ${newJobId}`),
  );
  const forced = await service.jobs.retryJobs({ filter, limit: 100, startedBy: ann, again: true, dryRun: true });
  assert.deepEqual(
    forced.items.map(({ outcome }) => outcome),
    ["would-retry", "would-retry", "would-retry"],
  );
});

test("a repeated retry under one key starts nothing twice and gives the same jobs", async (test) => {
  const { service, worker } = await serviceWithWorker(test);
  const jobIds = await failedJobs(service, worker, 2);
  const idempotency = {
    principalId: "01890000-0000-7000-8000-000000000002",
    key: "k".repeat(255),
    requestHash: Buffer.alloc(32, 1),
  };
  for (const more of [{}, { again: true }]) {
    const request = {
      jobIds,
      limit: 100,
      startedBy: ann,
      idempotency: { ...idempotency, key: `${JSON.stringify(more)}` },
      ...more,
    };
    const first = await service.jobs.retryJobs(request);
    const second = await service.jobs.retryJobs(request);
    assert.deepEqual(second, first);
    assert.ok(first.items.every(({ outcome }) => outcome === "retried"));
  }
  assert.equal((await service.jobs.listJobs({ limit: 100 })).items.length, 6);
});

test("a retry that would be refused as a start is refused with the same reason, and holds up no other", async (test) => {
  const { service, worker } = await serviceWithWorker(test);
  const [jobId = ""] = await failedJobs(service, worker, 1);
  await service.store.write.changeRunbook({ runbook: "Deploy", settings: { enabled: false }, changedBy: "test" });
  const { items } = await service.jobs.retryJobs({ filter: {}, limit: 100, startedBy: ann });
  assert.deepEqual(
    items.map(({ outcome, reason }) => ({ outcome, reason })),
    [{ outcome: "refused", reason: "The runbook Deploy is disabled." }],
  );
  await assert.rejects(service.jobs.retryJob({ jobId, startedBy: ann }), { code: "runbook-disabled" });
});
