import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { linkCloseCodes, linkProtocolVersion } from "../contract/link/control-frames.ts";
import type { TestService } from "./testing.ts";
import { eventually, startService, TestWorker } from "./testing.ts";

type Options = Omit<Parameters<typeof TestWorker.connect>[2], "token">;

async function addWorker(
  t: TestContext,
  service: TestService,
  of: { name: string; group?: string; tags?: string[] },
  options: Options = {},
): Promise<TestWorker> {
  const { token } = await service.newWorker(of);
  return TestWorker.connect(t, service, { ...options, token });
}

async function reason(service: TestService, jobId: string): Promise<string | null> {
  return (await service.jobs.getJob(jobId)).statusReason;
}

/** Waits until a job's reason for waiting fits. */
async function untilReason(service: TestService, jobId: string, pattern: RegExp): Promise<void> {
  let last: string | null = null;
  for (let look = 0; look < 600; look += 1) {
    last = await reason(service, jobId);
    if (last !== null && pattern.test(last)) {
      return;
    }
    await sleep(10);
  }
  assert.match(last ?? "", pattern);
}

test("jobs go to the first of the preferred groups and workers that has a free slot", async (t) => {
  const service = await startService(t);
  await service.addRunbook("ordered", { runOn: ["worker:First", "group:second", "group:third"] });
  const third = await addWorker(t, service, { name: "c", group: "third" }, { slots: 2 });
  const second = await addWorker(t, service, { name: "b", group: "second" }, { slots: 1 });
  const first = await addWorker(t, service, { name: "first", group: "other" }, { slots: 1 });
  const jobs: string[] = [];
  for (const worker of [first, second, third, third]) {
    const { jobId } = await service.start("ordered");
    assert.equal((await worker.next("run-job")).jobId, jobId);
    jobs.push(jobId);
  }
  const waiting = await service.start("ordered");
  await untilReason(service, waiting.jobId, /^waits for a free slot \(4 in all\)$/);
  second.end({ jobId: jobs[1] ?? "", attempt: 1 });
  assert.equal((await second.next("run-job")).jobId, waiting.jobId);
});

test("a runbook with affinity to one worker runs there and nowhere else", async (t) => {
  const service = await startService(t);
  await service.addRunbook("sticky", { runOn: ["worker:only"] });
  const other = await addWorker(t, service, { name: "other" });
  const { jobId } = await service.start("sticky");
  await untilReason(service, jobId, /^worker only is not connected$/);
  const only = await addWorker(t, service, { name: "ONLY" }, { slots: 1 });
  assert.equal((await only.next("run-job")).jobId, jobId);
  const next = await service.start("sticky");
  await untilReason(service, next.jobId, /^waits for a free slot \(1 in all\)$/);
  assert.deepEqual(other.runJobs(), []);
});

test("a stand-by gets jobs only when those before it have been gone for the set time", async (t) => {
  const service = await startService(t, { leaseDuration: 400 });
  await service.addRunbook("guarded", { runOn: ["group:main"], standBys: ["group:spare"], standByAfter: 2_000 });
  const spare = await addWorker(t, service, { name: "spare", group: "spare" });
  const main = await addWorker(t, service, { name: "main", group: "main" }, { slots: 1 });
  const first = await service.start("guarded");
  assert.equal((await main.next("run-job")).jobId, first.jobId);
  const waiting = await service.start("guarded");
  await untilReason(service, waiting.jobId, /^waits for a free slot \(1 in all\)$/);
  assert.deepEqual(spare.runJobs(), [], "a full group is not gone");
  main.terminate();
  await untilReason(service, waiting.jobId, /^waits for group main; a stand-by takes over when that is gone for 2 s$/);
  assert.deepEqual(spare.runJobs(), [], "a group that went just now is not gone for the set time");
  assert.equal((await spare.next("run-job")).jobId, waiting.jobId);
  const again = await addWorker(t, service, { name: "main2", group: "main" });
  const later = await service.start("guarded");
  assert.equal((await again.next("run-job")).jobId, later.jobId);
});

test("a cordoned worker counts as gone for its stand-by", async (t) => {
  const service = await startService(t, { leaseDuration: 1_000 });
  await service.addRunbook("guarded", { runOn: ["worker:main"], standBys: ["worker:spare"], standByAfter: 0 });
  const spare = await addWorker(t, service, { name: "spare" });
  const main = await addWorker(t, service, { name: "main" });
  await service.workers.changeWorker("main", { admission: "cordoned" }, "ann");
  const { jobId } = await service.start("guarded");
  assert.equal((await spare.next("run-job")).jobId, jobId);
  assert.deepEqual(main.runJobs(), []);
  await service.workers.changeWorker("main", { admission: "open" }, "ann");
  const next = await service.start("guarded");
  assert.equal((await main.next("run-job")).jobId, next.jobId);
});

test("a runbook may require tags, and a worker gets its jobs as soon as it has them", async (t) => {
  const service = await startService(t);
  await service.addRunbook("train", { requiredTags: ["GPU", "ssd"] });
  const worker = await addWorker(t, service, { name: "plain", tags: ["ssd"] });
  const { jobId } = await service.start("train");
  await untilReason(service, jobId, /^no worker that offers TypeScript has the tags gpu, ssd$/);
  await service.workers.changeWorker("plain", { tags: ["ssd", "gpu", "big"] }, "ann");
  assert.equal((await worker.next("run-job")).jobId, jobId);
});

test("what an operator changes at another service reaches a worker's own service with its next heartbeat", async (t) => {
  const service = await startService(t, { leaseDuration: 1_000 });
  await service.addRunbook("moved", { runOn: ["group:new"] });
  const worker = await addWorker(t, service, { name: "one", group: "old" });
  const { jobId } = await service.start("moved");
  const { workerId } = await service.workers.getWorker("one");
  await service.store.write.changeWorker({ workerId, group: "new", changedBy: "ann" });
  assert.equal((await worker.next("run-job")).jobId, jobId);
  await service.store.write.changeWorker({ workerId, admission: "draining", changedBy: "ann" });
  await worker.next("drain");
});

test("slots of a kind bound its jobs and leave the others to other kinds", async (t) => {
  const service = await startService(t);
  await service.addRunbook("shell", { kind: "PowerShell" });
  await service.addRunbook("script");
  const worker = await addWorker(
    t,
    service,
    { name: "one" },
    { slots: 3, hostKinds: ["node", "pwsh"], kindSlots: { pwsh: 1 } },
  );
  const shells = [await service.start("shell"), await service.start("shell")];
  const scripts = [await service.start("script"), await service.start("script")];
  const expected = [shells[0]?.jobId, ...scripts.map(({ jobId }) => jobId)].sort();
  await eventually(() => worker.runJobs().length >= 3 || undefined, "three jobs");
  assert.deepEqual(
    worker
      .runJobs()
      .map(({ jobId }) => jobId)
      .sort(),
    expected,
  );
  worker.end({ jobId: shells[0]?.jobId ?? "", attempt: 1 });
  const freed = await eventually(() => worker.runJobs()[3], "the other PowerShell job");
  assert.equal(freed.jobId, shells[1]?.jobId);
});

test("the job of the higher priority is given out first when a slot becomes free", async (t) => {
  const service = await startService(t);
  await service.addRunbook("usual");
  const worker = await addWorker(t, service, { name: "one" }, { slots: 1 });
  const first = await service.start("usual");
  await worker.next("run-job");
  const waiting = await service.start("usual");
  const urgent = (await service.jobs.startJob({ runbook: "usual", startedBy: "ann", priority: 50 })).job;
  assert.equal(urgent.priority, 50);
  worker.end({ jobId: first.jobId, attempt: 1 });
  assert.equal((await worker.next("run-job")).jobId, urgent.jobId);
  worker.end({ jobId: urgent.jobId, attempt: 1 });
  assert.equal((await worker.next("run-job")).jobId, waiting.jobId);
});

test("held dispatch gives out nothing, says who holds it and why, and goes on where it is released", async (t) => {
  const service = await startService(t);
  await service.addRunbook("one");
  await service.addRunbook("two");
  const worker = await addWorker(t, service, { name: "w", group: "default" });
  const { jobs } = service;

  await jobs.holdDispatch({ scope: "all", heldBy: "ann", reason: "storage is being moved" });
  const all = await service.start("one");
  assert.equal(await reason(service, all.jobId), "dispatch is held by ann: storage is being moved");
  await jobs.releaseDispatch({ scope: "all" });
  assert.equal((await worker.next("run-job")).jobId, all.jobId);

  await jobs.holdDispatch({ scope: "group", name: "Default", heldBy: "bob" });
  const group = await service.start("one");
  assert.equal(await reason(service, group.jobId), "dispatch to the group Default is held by bob");
  await jobs.releaseDispatch({ scope: "group", name: "default" });
  assert.equal((await worker.next("run-job")).jobId, group.jobId);

  await jobs.holdDispatch({ scope: "runbook", name: "one", heldBy: "eve", reason: "broken" });
  const held = await service.start("one");
  assert.equal(await reason(service, held.jobId), "dispatch of this runbook is held by eve: broken");
  const free = await service.start("two");
  assert.equal((await worker.next("run-job")).jobId, free.jobId, "other runbooks go on");
  assert.deepEqual(
    (await jobs.listDispatchHolds()).map(({ scope, name, heldBy }) => [scope, name, heldBy]),
    [["runbook", "one", "eve"]],
  );
  await jobs.releaseDispatch({ scope: "runbook", name: "one" });
  assert.equal((await worker.next("run-job")).jobId, held.jobId);
  await assert.rejects(jobs.releaseDispatch({ scope: "runbook", name: "one" }), { code: "not-held", status: 409 });
  await assert.rejects(jobs.holdDispatch({ scope: "group", heldBy: "ann" }), { code: "invalid-hold" });
});

test("a hold and its release by another service count here, too", async (t) => {
  const service = await startService(t);
  await service.addRunbook("one");
  const worker = await addWorker(t, service, { name: "w" });
  await service.store.write.holdDispatch({ scope: "all", subject: "", reason: "", heldBy: "ann" });
  const { jobId } = await service.start("one");
  await untilReason(service, jobId, /^dispatch is held by ann$/);
  assert.deepEqual(worker.runJobs(), []);
  await service.store.write.releaseDispatch({ scope: "all", subject: "" });
  assert.equal((await worker.next("run-job")).jobId, jobId);
});

test("a worker one version of the link older or newer works; one further away is told why it is refused", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  for (const protocol of [linkProtocolVersion - 1, linkProtocolVersion + 1]) {
    const worker = await addWorker(t, service, { name: `speaks-${protocol}` }, { protocol });
    assert.equal(worker.welcome?.protocol, Math.min(protocol, linkProtocolVersion));
    const { jobId } = await service.start("hello");
    assert.equal((await worker.next("run-job")).jobId, jobId);
    worker.terminate();
  }
  for (const [protocol, older] of [
    [linkProtocolVersion - 2, "worker"],
    [linkProtocolVersion + 2, "service"],
  ] as const) {
    const { token } = await service.newWorker();
    const worker = await TestWorker.open(t, service.url, token);
    worker.hello({ token, protocol });
    const closed = await eventually(() => worker.closed, "the refusal");
    assert.equal(closed.code, linkCloseCodes.versionRefused);
    assert.equal(
      closed.reason,
      `the service speaks link protocol ${linkProtocolVersion}, the worker ${protocol}: upgrade the ${older}`,
    );
  }
});

test("a worker's heartbeat tells its load and its memory to whoever lists workers", async (t) => {
  const service = await startService(t);
  const worker = await addWorker(t, service, { name: "one" }, { heartbeat: 0 });
  const beat = { type: "heartbeat", sequence: 1, freeSlots: 1, warmHosts: {}, load: 1.5, memory: 1000 } as const;
  worker.send({ ...beat, cores: 4, totalMemory: 8000, availableMemory: 5000 });
  await worker.next("heartbeat-acknowledged");
  assert.deepEqual((await service.workers.getWorker("one")).vitals, {
    load: 1.5,
    cores: 4,
    memory: 1000,
    totalMemory: 8000,
    availableMemory: 5000,
  });
});
