import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { secretPlaceholder } from "../contract/api/job.ts";
import { startService } from "./testing.ts";

const hash = (text: string) => createHash("sha256").update(text).digest();
const key = { principalId: "01890000-0000-7000-8000-000000000001", key: "k", requestHash: hash("a") };

test("all that is wrong with parameters is said at once, with pointers, and nothing is stored", async (t) => {
  const service = await startService(t);
  await service.addRunbook("restart", {
    signature: {
      properties: {
        hosts: { type: "array", items: { type: "string", format: "hostname" } },
        service: { enum: ["nginx", "apache"], default: "nginx" },
        password: { type: "string", minLength: 8, "x-secret": true },
        "a/b": { type: "boolean" },
      },
      required: ["hosts", "a/b"],
    },
  });
  const parameters = { hosts: ["ok", 5], service: "iis", password: "hunter2", surplus: 1 };
  await assert.rejects(
    service.start("restart", parameters),
    (error: { code: string; status: number; errors: unknown[] }) => {
      assert.deepEqual([error.code, error.status], ["invalid-parameters", 400]);
      assert.deepEqual(
        error.errors.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
        [
          { pointer: "/parameters/a~1b", message: "is required" },
          { pointer: "/parameters/hosts/1", message: "must be string" },
          { pointer: "/parameters/password", message: "must NOT have fewer than 8 characters" },
          { pointer: "/parameters/service", message: 'must be one of "nginx", "apache"' },
          { pointer: "/parameters/surplus", message: "is not a parameter of this runbook" },
        ],
      );
      assert.equal(JSON.stringify(error).includes("hunter2"), false);
      return true;
    },
  );
  assert.deepEqual((await service.jobs.listJobs({ limit: 10 })).items, []);

  const job = await service.start("RESTART", { hosts: ["web1"], "a/b": true, password: "correct horse" });
  assert.deepEqual(job.parameters, { hosts: ["web1"], "a/b": true, password: secretPlaceholder });
  assert.deepEqual((await service.jobs.getJob(job.jobId)).parameters, job.parameters);
});

test("PowerShell parameters are named without regard to case", async (t) => {
  const service = await startService(t);
  await service.addRunbook("disk", {
    kind: "PowerShell",
    signature: { properties: { ComputerName: { type: "string" } }, required: ["ComputerName"] },
  });
  const job = await service.start("disk", { computername: "web1" });
  assert.deepEqual(job.parameters, { ComputerName: "web1" });
  await assert.rejects(service.start("disk", { computername: "a", COMPUTERNAME: "b" }), { code: "invalid-parameters" });
});

test("what cannot be started is refused with the reason", async (t) => {
  const service = await startService(t);
  const id = await service.addRunbook("known", { concurrencyLimit: 1, concurrencyPolicy: "refuse" });
  await assert.rejects(service.start("unknown"), { code: "runbook-not-found", status: 404 });
  await assert.rejects(service.start("01890000-0000-7000-8000-000000000009"), { code: "runbook-not-found" });
  const draft = { runbook: "known", draft: true, startedBy: "ann" };
  await assert.rejects(service.jobs.startJob(draft), { code: "runbook-has-no-draft", status: 409 });
  await service.start(id.toUpperCase());
  await assert.rejects(service.start("known"), { code: "concurrency-limit", status: 409 });
});

test("what is remembered of a runbook never starts what must not be started", async (t) => {
  const service = await startService(t);
  await service.addRunbook("changing");
  const first = await service.start("changing");
  assert.equal(first.versionNumber, 1);

  const analysis = {
    signature: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { name: { type: "string" } },
      required: ["name"],
      additionalProperties: false,
    },
    needs: [],
    problems: [],
    synopsis: "",
    executable: "// two",
  } as const;
  const change = { runbook: "changing", changedBy: "test" };
  await service.store.write.saveDraft({
    ...change,
    kind: "TypeScript",
    source: Buffer.from("// two"),
    analysis: { ...analysis, needs: [], problems: [], signature: { ...analysis.signature, required: ["name"] } },
  });
  await service.store.write.publishRunbook(change);
  await assert.rejects(service.start("changing"), { code: "invalid-parameters" });
  assert.equal((await service.start("changing", { name: "x" })).versionNumber, 2);
  await service.store.write.changeRunbook({ ...change, settings: { enabled: false } });
  await assert.rejects(service.start("changing", { name: "x" }), { code: "runbook-disabled", status: 409 });
});

test("the same request under the same key is accepted once, even if it would be refused today", async (t) => {
  const service = await startService(t);
  await service.addRunbook("once");
  const request = { runbook: "once", startedBy: "ann", idempotency: key };
  const first = await service.jobs.startJob(request);
  const second = await service.jobs.startJob(request);
  assert.deepEqual([first.repeated, second.repeated], [false, true]);
  assert.deepEqual(second.job, first.job);
  const other = { ...request, idempotency: { ...key, requestHash: hash("b") } };
  await assert.rejects(service.jobs.startJob(other), { code: "idempotency-key-reused", status: 422 });

  await service.store.write.changeRunbook({ runbook: "once", changedBy: "test", settings: { enabled: false } });
  assert.deepEqual((await service.jobs.startJob(request)).job, first.job);
  assert.equal((await service.jobs.listJobs({ limit: 10 })).items.length, 1);
});

test("requests with one key that come at the same time are one job", async (t) => {
  const service = await startService(t);
  await service.addRunbook("once");
  const request = { runbook: "once", startedBy: "ann", idempotency: key };
  const started = await Promise.all(Array.from({ length: 20 }, () => service.jobs.startJob(request)));
  assert.equal(new Set(started.map(({ job }) => job.jobId)).size, 1);
  assert.equal(started.filter(({ repeated }) => !repeated).length, 1);
});

test("a job that waits says truthfully what for", async (t) => {
  const service = await startService(t);
  await service.addRunbook("shell", { kind: "PowerShell" });
  await service.addRunbook("single", { concurrencyLimit: 1 });
  const { jobId } = await service.start("shell");
  assert.equal((await service.jobs.getJob(jobId)).statusReason, "no worker of group default is connected");
  await service.start("single");
  const parked = await service.start("single");
  assert.equal(parked.statusReason, "waits for 1 running job of this runbook");
  assert.equal((await service.jobs.getJob(parked.jobId)).statusReason, parked.statusReason);
});

test("no job is accepted while storage is low", async (t) => {
  let free = 1_000;
  const service = await startService(t, { lowStorage: 5_000, freeBytes: async () => free });
  await service.addRunbook("any");
  await assert.rejects(service.start("any"), { code: "storage-low", status: 507 });
  free = 10_000;
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  await service.start("any");
});

test("a pattern of a runbook that backtracks for ever stops nobody but that runbook's callers", async (t) => {
  const service = await startService(t);
  const signature = (pattern: string) => ({ properties: { text: { type: "string", pattern } } });
  await service.addRunbook("evil", { signature: signature("^(a+)+$") });
  await service.addRunbook("fine", { signature: signature("^(?=a)a+$") });
  const text = `${"a".repeat(200)}!`;
  for (let i = 0; i < 20; i += 1) {
    await assert.rejects(service.start("evil", { text }), (error: { code: string; errors: { message: string }[] }) => {
      assert.equal(error.code, "invalid-parameters");
      assert.match(error.errors[0]?.message ?? "", /took too long to check/);
      return true;
    });
  }
  await service.start("fine", { text: "aaa" });
  await assert.rejects(service.start("fine", { text: "b" }), { code: "invalid-parameters" });
});

test("parameters nested deeper than threads can carry are refused", async (t) => {
  const service = await startService(t);
  await service.addRunbook("any", { signature: { properties: { value: {} } } });
  const value: unknown = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
  await assert.rejects(service.start("any", { value }), { code: "invalid-parameters" });
  await service.start("any", { value: [[[1]]] });
});
