import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Analysis } from "../contract/analysis.ts";
import type { HelloFrame } from "../contract/link/control-frames.ts";
import { linkCloseCodes } from "../contract/link/control-frames.ts";
import { recordsPath } from "../contract/link/records-frames.ts";
import { emptySignature } from "../contract/signature.ts";
import { eventually, startService, TestWorker } from "../jobs/testing.ts";

const hello: HelloFrame = {
  type: "hello",
  protocol: 1,
  version: "0",
  instanceId: "i",
  hostName: "test",
  slots: 1,
  hostKinds: [],
  missingHostKinds: [],
  sandbox: "none",
  running: [],
};

test("a token that is no worker's opens no link", async (t) => {
  const service = await startService(t);
  const stranger = await TestWorker.open(t, service.url, "no-token");
  assert.equal((await eventually(() => stranger.closed, "an end")).code, linkCloseCodes.unauthorized);
  const principal = { kind: "user", name: "root", roles: ["administrator"] } as const;
  const hash = await import("node:crypto").then(({ createHash }) => createHash("sha256").update("admin").digest());
  await service.store.write.createPrincipal({
    ...principal,
    roles: [...principal.roles],
    token: { hash, purpose: "admin", expiresAt: null },
  });
  const administrator = await TestWorker.open(t, service.url, "admin");
  assert.equal((await eventually(() => administrator.closed, "an end")).code, linkCloseCodes.unauthorized);
});

test("a frame that is not valid closes the link, before hello and after", async (t) => {
  const service = await startService(t);
  const created = await service.newWorker();
  const bad = ["not json", "[]", '{"type":"unknown"}', '{"type":"heartbeat"}', JSON.stringify({ ...hello, slots: -1 })];
  for (const text of bad) {
    const worker = await TestWorker.open(t, service.url, created.token);
    worker.control.send(text);
    assert.equal((await eventually(() => worker.closed, "an end")).code, linkCloseCodes.badFrame, text);
  }
  const worker = await TestWorker.connect(t, service, created);
  worker.control.send(JSON.stringify({ type: "job-declined", jobId: "x", attempt: 1, reason: "" }));
  const closed = await eventually(() => worker.closed, "an end");
  assert.equal(closed.code, linkCloseCodes.badFrame);
  assert.match(closed.reason, /jobId/);
  const binary = await TestWorker.connect(t, service, created);
  binary.control.send(Buffer.from("{}"), { binary: true });
  assert.equal((await eventually(() => binary.closed, "an end")).code, linkCloseCodes.badFrame);
});

test("a worker of an unknown protocol is refused", async (t) => {
  const service = await startService(t);
  const worker = await TestWorker.open(t, service.url, (await service.newWorker()).token);
  worker.send({ ...hello, protocol: 7 });
  assert.equal((await eventually(() => worker.closed, "an end")).code, linkCloseCodes.versionRefused);
});

test("a newer link of the same worker takes over", async (t) => {
  const service = await startService(t);
  const created = await service.newWorker();
  const former = await TestWorker.connect(t, service, created);
  const { instanceId } = former;
  const newer = await TestWorker.connect(t, service, { ...created, instanceId });
  assert.equal((await eventually(() => former.closed, "an end")).code, linkCloseCodes.replaced);
  assert.equal(newer.closed, undefined);
  assert.equal(service.workers.allConnected().length, 1);
});

test("removing a worker closes its links at once and its token opens none", async (t) => {
  const service = await startService(t);
  const created = await service.newWorker({ name: "gone" });
  const worker = await TestWorker.connect(t, service, created);
  await service.workers.removeWorker(created.workerId);
  assert.equal((await eventually(() => worker.closed, "an end")).code, linkCloseCodes.unauthorized);
  assert.equal((await eventually(() => worker.recordsClosed, "an end")).code, linkCloseCodes.unauthorized);
  const again = await TestWorker.open(t, service.url, created.token);
  assert.equal((await eventually(() => again.closed, "an end")).code, linkCloseCodes.unauthorized);
  assert.deepEqual((await service.workers.listWorkers()).items, []);
  await assert.rejects(service.workers.removeWorker(created.workerId), { code: "worker-not-found", status: 404 });
  await assert.rejects(service.workers.getWorker("x"), { code: "worker-not-found", status: 404 });
});

test("workers are listed with what they offer and what they run", async (t) => {
  const service = await startService(t, { leaseDuration: 1_000 });
  await service.addRunbook("hello");
  const created = await service.newWorker({ name: "one", tags: [" ssd ", "SSD"] });
  assert.equal((await service.workers.getWorker("ONE")).status, "never-connected");
  await assert.rejects(service.newWorker({ name: "ONE" }), { code: "worker-exists", status: 409 });
  await assert.rejects(service.newWorker({ name: "../x" }), { code: "invalid-worker-name" });
  const worker = await TestWorker.connect(t, service, { ...created, slots: 3 });
  await service.start("hello");
  await worker.next("run-job");
  const [listed] = (await service.workers.listWorkers()).items;
  assert.deepEqual(
    { ...listed, vitals: null, lastSeenAt: null, createdAt: null },
    {
      workerId: created.workerId,
      name: "one",
      group: "default",
      tags: ["ssd"],
      status: "connected",
      admission: "open",
      version: "0",
      hostName: "test",
      sandbox: "bubblewrap",
      slots: 3,
      runningJobs: 1,
      hostKinds: [{ kind: "node", version: "1" }],
      vitals: null,
      lastSeenAt: null,
      createdAt: null,
    },
  );
  worker.terminate();
  for (let look = 0; look < 1_000 && (await service.workers.getWorker(created.workerId)).status !== "lost"; look += 1) {
    await sleep(5);
  }
  assert.equal((await service.workers.getWorker(created.workerId)).status, "lost");
});

test("a heartbeat is acknowledged, with the service's time", async (t) => {
  const service = await startService(t);
  const worker = await TestWorker.connect(t, service, { ...(await service.newWorker()), heartbeat: 0 });
  worker.heartbeat(7);
  const acknowledged = await worker.next("heartbeat-acknowledged");
  assert.deepEqual([acknowledged.sequence, acknowledged.leaseDuration], [7, 6_000]);
  assert.ok(Math.abs(acknowledged.serviceTime - Date.now()) < 5_000);
});

test("a request that no URL can be made of does not cost anybody the service", async (t) => {
  const service = await startService(t);
  const port = Number(new URL(service.url).port);
  for (const path of ["//", "///", "//:x", "/api/worker/control//", "\\\\", "*"]) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    await new Promise((resolve) => socket.once("close", resolve).resume());
  }
  await TestWorker.connect(t, service, await service.newWorker());
});

test("a removed worker's links close, the records link before its hello too", async (t) => {
  const service = await startService(t);
  const created = await service.newWorker();
  const worker = await TestWorker.connect(t, service, created);
  const silent = new WebSocket(service.url + recordsPath, { headers: { authorization: `Bearer ${created.token}` } });
  t.after(() => silent.terminate());
  const closed = new Promise<number>((resolve) => silent.once("close", resolve));
  await new Promise((resolve) => silent.once("open", resolve));
  await service.workers.removeWorker(created.workerId);
  assert.equal((await eventually(() => worker.closed, "an end")).code, linkCloseCodes.unauthorized);
  assert.equal((await eventually(() => worker.recordsClosed, "an end")).code, linkCloseCodes.unauthorized);
  assert.equal(await closed, linkCloseCodes.unauthorized);
});

test("more records than the credit allows close the records link", async (t) => {
  // Storage is critical: nothing large is acknowledged.
  const service = await startService(t, { lowStorage: 4_000, freeBytes: async () => 500 });
  await sleep(20);
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const job = { jobId: "01890000-0000-7000-8000-000000000001", attempt: 1 };
  const text = "x".repeat(200_000);
  for (let number = 1; number < 300 && worker.recordsClosed === undefined; number += 1) {
    worker.append(job, [number], { text });
    await sleep(1);
  }
  assert.equal((await eventually(() => worker.recordsClosed, "an end")).code, linkCloseCodes.badFrame);
});

test("records before which others are missing make the worker repeat", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const created = await service.newWorker();
  const worker = await TestWorker.connect(t, service, created);
  await service.start("hello");
  const job = await worker.next("run-job");
  worker.append(job, [2]);
  assert.equal((await eventually(() => worker.recordsClosed, "an end")).code, linkCloseCodes.shuttingDown);
  await worker.openRecords(t, service.url, created.token, created.workerId);
  worker.append(job, [1, 2]);
  worker.end(job);
  assert.equal((await service.until(job.jobId, "Completed")).recordCount, 2);
});

test("a PowerShell script is analysed by a worker that has PowerShell", async (t) => {
  const service = await startService(t);
  assert.equal(await service.workers.analysePowerShell("x", "1"), null);
  let available = 0;
  const unsubscribe = service.workers.onPowerShellAvailable(() => {
    available += 1;
  });
  await TestWorker.connect(t, service, await service.newWorker());
  assert.equal(available, 0);
  const worker = await TestWorker.connect(t, service, { ...(await service.newWorker()), hostKinds: ["pwsh"] });
  await eventually(() => (available === 1 ? true : undefined), "word of it");
  unsubscribe();

  const analysis: Analysis = { signature: emptySignature, needs: [], problems: [], synopsis: "s", executable: "1" };
  const asked = service.workers.analysePowerShell("x", "'text'");
  const request = await worker.next("analyse");
  assert.deepEqual([request.name, request.script], ["x", "'text'"]);
  worker.send({ type: "analysis", requestId: request.requestId, analysis });
  assert.deepEqual(await asked, analysis);

  const failing = service.workers.analysePowerShell("x", "y");
  const second = await worker.next("analyse");
  worker.send({ type: "analysis", requestId: second.requestId, analysis: null, error: "out of memory" });
  await assert.rejects(failing, { code: "analysis-failed", message: /out of memory/ });

  const lost = service.workers.analysePowerShell("x", "z");
  await worker.next("analyse");
  worker.terminate();
  assert.equal(await lost, null);
});
