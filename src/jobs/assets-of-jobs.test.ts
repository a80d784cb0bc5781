import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { AssetAnswer, AssetRequest, AssetValue } from "../contract/assets.ts";
import { linkProtocolVersion } from "../contract/link/control-frames.ts";
import { silentLogger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import { newMasterKey, parseMasterKeys } from "../sealing/master-key.ts";
import { KeySealer } from "../sealing/sealer.ts";
import { AssetBroker } from "./asset-broker.ts";
import type { AssetSource } from "./asset-source.ts";
import { jobSecretsColumn } from "./given-secrets.ts";
import type { TestService } from "./testing.ts";
import { startService, TestWorker, temporaryData } from "./testing.ts";

const password = "the-password-of-ops";

const values: Record<string, AssetValue> = {
  "variable Region": { kind: "variable", type: "string", value: "west", encrypted: false },
  "variable Token": { kind: "variable", type: "object", value: { key: "tok-en", n: 12345 }, encrypted: true },
  "credential ops": { kind: "credential", userName: "admin", password },
  "connection db": {
    kind: "connection",
    connectionType: "Database",
    fields: { Host: "here", "Pass/word": "conn-secret" },
    secretFields: ["Pass/word", "Unset"],
  },
};

class TestAssets implements AssetSource {
  readonly asked: unknown[] = [];

  async valueForJob(request: Parameters<AssetSource["valueForJob"]>[0]): Promise<AssetValue> {
    this.asked.push(request);
    if (request.name === "forbidden") {
      throw new UserError("forbidden", "You may not use it.", { status: 403 });
    }
    if (request.name === "broken") {
      throw new TypeError(`it holds ${password}`);
    }
    const value = values[`${request.kind} ${request.name}`];
    if (value === undefined) {
      throw new UserError("asset-not-found", "There is none.", { status: 404 });
    }
    return value;
  }

  async setVariableForJob(request: Parameters<AssetSource["setVariableForJob"]>[0]): Promise<{ encrypted: boolean }> {
    this.asked.push(request);
    return { encrypted: request.name === "Token" };
  }
}

const [key] = parseMasterKeys(newMasterKey(), "the test");
assert.ok(key !== undefined);
const keys = { readable: new Map([[key.id, key]]), current: key, retired: new Set<string>() };

async function serviceWithAssets(t: TestContext, settings: Parameters<TestService["addRunbook"]>[1] = {}) {
  const source = new TestAssets();
  const sealer = new KeySealer("test", keys, randomBytes(32));
  const service = await startService(t, { assets: { source, sealer }, purgeInterval: 3_600_000 });
  await service.addRunbook("uses-assets", settings);
  const worker = await workerOf(t, service);
  return { service, source, worker };
}

async function workerOf(t: TestContext, service: TestService, protocol = linkProtocolVersion): Promise<TestWorker> {
  const { token } = await service.newWorker();
  return TestWorker.connect(t, service, { token, protocol });
}

let requests = 0;

async function ask(
  worker: TestWorker,
  of: { jobId: string; attempt: number },
  request: AssetRequest,
): Promise<AssetAnswer> {
  const requestId = String(++requests);
  worker.send({ type: "asset-request", requestId, jobId: of.jobId, attempt: of.attempt, request });
  const frame = await worker.next("asset-answer");
  assert.equal(frame.requestId, requestId);
  return frame.answer;
}

const get = (kind: AssetValue["kind"], name: string): AssetRequest => ({ action: "get", kind, name });

test("a running job gets an asset by its name, with a word on which parts of it are secret", async (t) => {
  const { service, source, worker } = await serviceWithAssets(t);
  const { jobId } = await service.start("uses-assets");
  const job = await worker.next("run-job");
  assert.deepEqual(await ask(worker, job, get("variable", "Region")), {
    value: values["variable Region"],
    secrets: [],
  });
  assert.deepEqual(await ask(worker, job, get("variable", "Token")), {
    value: values["variable Token"],
    secrets: ["/value"],
  });
  assert.deepEqual(await ask(worker, job, get("credential", "ops")), {
    value: values["credential ops"],
    secrets: ["/password"],
  });
  assert.deepEqual(await ask(worker, job, get("connection", "db")), {
    value: values["connection db"],
    secrets: ["/fields/Pass~1word"],
  });
  const set = { action: "set-variable", name: "Region", type: "string", value: "east" } as const;
  assert.deepEqual(await ask(worker, job, set), { encrypted: false });
  assert.deepEqual(source.asked.at(-1), { jobId, runAs: null, name: "Region", type: "string", value: "east" });
});

test("an asset that is not there and one that may not be used are told in the same words", async (t) => {
  const { service, worker } = await serviceWithAssets(t);
  await service.start("uses-assets");
  const job = await worker.next("run-job");
  const told = async (name: string) => {
    const answer = await ask(worker, job, get("credential", name));
    return JSON.stringify(answer).replaceAll(name, "NAME");
  };
  assert.equal(await told("forbidden"), await told("missing"));
  assert.match(await told("missing"), /asset-not-found.*There is no credential .*NAME.* that this job may use/);
  const broken = await ask(worker, job, get("credential", "broken"));
  assert.ok("error" in broken && broken.error.code === "asset-unavailable");
  assert.ok(!JSON.stringify(broken).includes(password));
});

test("nobody gets an asset but the worker that has the job, for the attempt that runs", async (t) => {
  const { service, source, worker } = await serviceWithAssets(t);
  const { jobId } = await service.start("uses-assets");
  const job = await worker.next("run-job");
  const other = await workerOf(t, service);
  const request = get("credential", "ops");
  other.send({ type: "asset-request", requestId: "theft", jobId, attempt: 1, request });
  worker.send({ type: "asset-request", requestId: "early", jobId, attempt: 2, request });
  await ask(worker, job, get("variable", "Region"));
  worker.end({ jobId, attempt: 1 });
  await service.until(jobId, "Completed");
  worker.send({ type: "asset-request", requestId: "late", jobId, attempt: 1, request });
  await sleep(50);
  assert.equal(source.asked.length, 1);
  const answers = [...worker.frames, ...other.frames].filter(({ type }) => type === "asset-answer");
  assert.equal(answers.length, 1);
});

test("what an attempt was given is masked in the next one, and lies sealed in the database until the job ends", async (t) => {
  const { service, worker } = await serviceWithAssets(t);
  const { jobId } = await service.start("uses-assets");
  const first = await worker.next("run-job");
  assert.equal(first.secrets, undefined);
  for (const request of [
    get("credential", "ops"),
    get("variable", "Token"),
    get("credential", "ops"),
    get("variable", "Region"),
  ]) {
    await ask(worker, first, request);
  }
  await ask(worker, first, { action: "set-variable", name: "Token", type: "string", value: "new-token" });
  const stored = await service.store.read.jobSecrets({ jobId });
  assert.equal(stored.length, 3);
  for (const { sealed } of stored) {
    assert.ok(!Buffer.from(sealed).includes(password) && !Buffer.from(sealed).includes("new-token"));
  }
  assert.equal(await service.store.write.purgeJobSecrets({ limit: 10, unknownBefore: Date.now() }), 0);
  worker.send({ type: "job-declined", jobId, attempt: 1, reason: "as the test says" });
  worker.heartbeat(1_000);
  const second = await worker.next("run-job");
  assert.equal(second.attempt, 2);
  assert.deepEqual(new Set(second.secrets), new Set([password, "tok-en", "12345", "new-token"]));
  worker.end({ jobId, attempt: 2 });
  await service.until(jobId, "Completed");
  assert.equal(await service.store.write.purgeJobSecrets({ limit: 10, unknownBefore: Date.now() }), 3);
  assert.deepEqual(await service.store.read.jobSecrets({ jobId }), []);
});

test("a job whose service was killed gets its assets from the next one", async (t) => {
  const directory = temporaryData(t);
  const assets = { source: new TestAssets(), sealer: new KeySealer("test", keys, randomBytes(32)) };
  const before = await startService(t, { directory, assets });
  await before.addRunbook("uses-assets");
  const { token } = await before.newWorker();
  const worker = await TestWorker.connect(t, before, { token });
  const { jobId } = await before.start("uses-assets");
  await worker.next("run-job");
  await before.kill();
  const service = await startService(t, { directory, assets });
  const running = [{ jobId, attempt: 1 }];
  const again = await TestWorker.connect(t, service, { token, instanceId: worker.instanceId, running });
  assert.deepEqual(await ask(again, { jobId, attempt: 1 }, get("variable", "Region")), {
    value: values["variable Region"],
    secrets: [],
  });
});

test("a job fails for good when what it was given was changed in the database", async (t) => {
  const { service, worker } = await serviceWithAssets(t);
  const { jobId } = await service.start("uses-assets");
  await ask(worker, await worker.next("run-job"), get("credential", "ops"));
  const [row] = await service.store.read.jobSecrets({ jobId });
  assert.ok(row !== undefined);
  await service.store.write.rewrapJobSecrets({
    rows: [{ ...row, sealed: row.sealed.with(-1, 1 ^ (row.sealed.at(-1) ?? 0)) }],
  });
  worker.send({ type: "job-declined", jobId, attempt: 1, reason: "as the test says" });
  worker.heartbeat(1_000);
  assert.equal((await service.until(jobId, "Failed")).exception?.name, "SecretUnreadable");
});

test("a worker that could not mask what an earlier attempt was given does not get the job", async (t) => {
  const { service, worker } = await serviceWithAssets(t);
  const { jobId } = await service.start("uses-assets");
  const first = await worker.next("run-job");
  await ask(worker, first, get("credential", "ops"));
  const old = await workerOf(t, service, linkProtocolVersion - 1);
  worker.send({ type: "draining" });
  worker.send({ type: "job-declined", jobId, attempt: 1, reason: "as the test says" });
  const job = await service.until(jobId, "Failed");
  assert.equal(job.exception?.name, "WorkerTooOld");
  assert.ok(!old.frames.some(({ type }) => type === "run-job"));
});

test("what jobs were given is sealed by the new master key after a rotation", async (t) => {
  const { service, worker } = await serviceWithAssets(t);
  await service.start("uses-assets");
  const job = await worker.next("run-job");
  await ask(worker, job, get("credential", "ops"));
  const column = jobSecretsColumn(service.store);
  const { rows, next } = await column.page(null);
  assert.equal(next, null);
  const [row] = rows;
  assert.ok(row !== undefined);
  await column.rewrap([{ ...row, sealed: Buffer.from("rewrapped"), former: row.sealed }]);
  const stored = await service.store.read.jobSecrets({ jobId: job.jobId });
  assert.equal(Buffer.from(stored[0]?.sealed ?? []).toString(), "rewrapped");
});

test("an asset that takes too long is not waited for without end", async () => {
  const never = new Promise<never>(() => undefined);
  const broker = new AssetBroker({
    source: { valueForJob: () => never, setVariableForJob: () => never },
    given: null,
    attempts: { current: () => ({}) as never },
    runAsOf: async () => null,
    logger: silentLogger,
    patience: 10,
  });
  const sent: unknown[] = [];
  const frame = {
    type: "asset-request",
    requestId: "1",
    jobId: "j",
    attempt: 1,
    request: get("credential", "ops"),
  } as const;
  await broker.answer({ workerId: "w", send: (answer) => sent.push(answer) }, frame);
  const message = 'The credential "ops" could not be had in time. Try again.';
  assert.deepEqual(sent, [
    { type: "asset-answer", requestId: "1", answer: { error: { code: "asset-unavailable", message } } },
  ]);
});
