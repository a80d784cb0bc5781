import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, startService, TestWorker, temporaryData } from "./testing.ts";

test("a job is handed over whole, runs, and ends with its records stored once", async (t) => {
  const service = await startService(t);
  const signature = { properties: { name: { type: "string" }, secret: { type: "string", "x-secret": true } } };
  const settings = { grants: [{ type: "network" } as const], logs: { verbose: true, debug: false, progress: true } };
  const runbookId = await service.addRunbook("hello", { signature, ...settings, timeLimit: 60_000, script: "// hi" });
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello", { name: "x", secret: "s3cret" });

  const frame = await worker.next("run-job");
  assert.deepEqual(
    { ...frame, scriptHash: frame.scriptHash.length },
    {
      type: "run-job",
      jobId,
      attempt: 1,
      runbook: { id: runbookId, name: "hello", kind: "TypeScript" },
      scriptHash: 64,
      script: "// hi",
      parameters: { name: "x", secret: "s3cret" },
      parameterSchemas: signature.properties,
      logs: { verbose: true, debug: false, progress: true },
      grants: [{ type: "network" }],
      timeLimit: 60_000,
      stopGrace: frame.stopGrace,
      outputLimit: frame.outputLimit,
      reuseKey: null,
    },
  );
  assert.equal((await service.jobs.getJob(jobId)).status, "Activating");
  worker.begin(frame);
  await service.until(jobId, "Running");
  worker.append(frame, [1, 2]);
  worker.append(frame, [3], { stream: "Warning" });
  worker.end(frame, { result: { done: 3 }, exitCode: 0 });
  const job = await service.until(jobId, "Completed");
  assert.deepEqual(job.result, { done: 3 });
  assert.deepEqual([job.recordCount, job.warningCount, job.errorCount, job.exitCode], [3, 1, 0, 0]);
  assert.deepEqual([job.attempt, job.workerId, job.sandbox], [1, worker.welcome?.workerId, "bubblewrap"]);
  const { acceptedAt, claimedAt, hostReadyAt, firstRecordAt, endedAt } = job.timings;
  const times = [acceptedAt, claimedAt, hostReadyAt, firstRecordAt, endedAt];
  assert.deepEqual(times, times.toSorted(), "every stage has its time, in order");
  assert.ok(!times.includes(null));
  const text = [];
  for await (const piece of service.jobs.readText({ jobId, stream: "Output" })) {
    text.push(piece);
  }
  assert.equal(text.join(""), "line 1\nline 2\n");
  const last = await eventually(
    () => worker.answers.find((answer) => answer.type === "acknowledged" && answer.ended),
    "an end",
  );
  assert.deepEqual(last, { type: "acknowledged", jobId, attempt: 1, number: 3, journal: 0, ended: true });
});

test("a script travels once over a link, and again when the worker asks for it", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello", { script: "// once" });
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  await service.start("hello");
  const first = await worker.next("run-job");
  await service.start("hello");
  const second = await worker.next("run-job");
  assert.deepEqual([first.script, second.script, second.scriptHash], ["// once", null, first.scriptHash]);
  worker.send({ type: "script-needed", jobId: second.jobId, scriptHash: second.scriptHash });
  assert.equal((await worker.next("script")).script, "// once");
});

test("slots are never exceeded, and a slot that becomes free takes the next job", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, { ...(await service.newWorker()), slots: 2 });
  for (let i = 0; i < 5; i += 1) {
    await service.start("hello");
  }
  const running = [await worker.next("run-job"), await worker.next("run-job")];
  await sleep(50);
  assert.equal(worker.runJobs().length, 2);
  for (let i = 2; i < 5; i += 1) {
    worker.end(running.shift() ?? assert.fail());
    running.push(await worker.next("run-job"));
    assert.equal(worker.runJobs().length, i + 1);
  }
});

test("jobs that were accepted before any worker was there run when one comes", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  await service.addRunbook("shell", { kind: "PowerShell" });
  const node = await service.start("hello");
  const shell = await service.start("shell");
  const missingHostKinds = [{ kind: "pwsh" as const, reason: "no pwsh on PATH" }];
  const worker = await TestWorker.connect(t, service, { ...(await service.newWorker()), missingHostKinds });
  assert.equal((await worker.next("run-job")).jobId, node.jobId);
  assert.equal((await service.jobs.getJob(shell.jobId)).statusReason, "no worker offers PowerShell (no pwsh on PATH)");
  const able = await TestWorker.connect(t, service, { ...(await service.newWorker()), hostKinds: ["pwsh", "node"] });
  assert.equal((await able.next("run-job")).jobId, shell.jobId);
});

test("a worker takes jobs of its own group only", async (t) => {
  const service = await startService(t);
  await service.addRunbook("europe", { runOn: ["group:eu"] });
  const other = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("europe");
  await sleep(30);
  assert.deepEqual(other.runJobs(), []);
  const worker = await TestWorker.connect(t, service, await service.newWorker({ group: "eu" }));
  assert.equal((await worker.next("run-job")).jobId, jobId);
});

test("a declined job goes to another worker, and the one that declined gets none before its next heartbeat", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, { ...(await service.newWorker()), heartbeat: 0 });
  const { jobId } = await service.start("hello");
  await eventually(() => (worker.runJobs().length === 1 ? true : undefined), "the first hand-over");
  worker.send({ type: "job-declined", jobId, attempt: 1, reason: "no slot" });
  await service.until(jobId, "New");
  await sleep(50);
  assert.equal(worker.runJobs().length, 1);
  worker.heartbeat(1);
  const again = await eventually(() => worker.runJobs()[1], "a second hand-over");
  assert.deepEqual([again.jobId, again.attempt], [jobId, 2]);
});

test("a draining worker gets no further job and keeps those it has", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  await service.start("hello");
  const running = await worker.next("run-job");
  worker.send({ type: "draining" });
  await eventually(() => (service.workers.allConnected()[0]?.draining ? true : undefined), "draining");
  const { jobId } = await service.start("hello");
  assert.match((await service.jobs.getJob(jobId)).statusReason ?? "", /shutting down/);
  worker.end(running);
  await service.until(running.jobId, "Completed");
  await sleep(30);
  assert.equal(worker.runJobs().length, 1);
  assert.equal((await service.jobs.listJobs({ limit: 1 })).items[0]?.status, "New");
});

test("a stop works on a job that waits, on one that runs, and twice", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello", { concurrencyLimit: 1 });
  const waiting = await service.start("hello");
  const stopped = await service.jobs.stopJob({ jobId: waiting.jobId, requestedBy: "ann" });
  assert.deepEqual([stopped.status, stopped.statusReason], ["Stopped", "stopped by ann"]);
  await assert.rejects(service.jobs.stopJob({ jobId: waiting.jobId, requestedBy: "ann" }), {
    code: "job-ended",
    status: 409,
  });
  await assert.rejects(service.jobs.stopJob({ jobId: "no-id", requestedBy: "ann" }), {
    code: "job-not-found",
    status: 404,
  });

  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const frame = await worker.next("run-job");
  assert.equal((await service.jobs.stopJob({ jobId, requestedBy: "bob" })).status, "Stopping");
  const stop = await worker.next("stop-job");
  assert.deepEqual([stop.jobId, stop.attempt, stop.force, stop.reason], [jobId, 1, false, "stopped by bob"]);
  await service.jobs.stopJob({ jobId, requestedBy: "ann", force: true });
  assert.equal((await worker.next("stop-job")).force, true);
  worker.end(frame, { outcome: "Stopped", reason: "stopped" });
  assert.equal((await service.until(jobId, "Stopped")).statusReason, "stopped by bob");
});

test("a stop ends a job whose worker was lost, when its lease ends", async (t) => {
  const service = await startService(t, { leaseDuration: 1_000 });
  await service.addRunbook("hello", { attempts: 3 });
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  await worker.next("run-job");
  worker.terminate();
  assert.equal((await service.jobs.stopJob({ jobId, requestedBy: "ann" })).status, "Stopping");
  const job = await service.until(jobId, "Stopped");
  assert.match(job.statusReason ?? "", /^stopped by ann; worker .* was lost \(no heartbeat for 1 s\)$/);
});

test("an attempt that a living worker does not end though told to is given up and dropped", async (t) => {
  const service = await startService(t, { stuckPatience: 50 });
  await service.addRunbook("deaf", { stopGrace: 50 });
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("deaf");
  const frame = await worker.next("run-job");
  await service.jobs.stopJob({ jobId, requestedBy: "ann" });
  await service.until(jobId, "Stopped");
  assert.deepEqual(await worker.next("drop-job"), { type: "drop-job", jobId, attempt: 1 });
  worker.append(frame, [1]);
  assert.deepEqual(await worker.nextAnswer(), { type: "refused", jobId, attempt: 1 });
});

test("a worker that is lost loses its jobs to another one, and nothing that it writes later counts", async (t) => {
  const service = await startService(t, { leaseDuration: 1_200 });
  await service.addRunbook("hello", { attempts: 2 });
  const first = await service.newWorker({ name: "frozen" });
  const frozen = await TestWorker.connect(t, service, { ...first, heartbeat: 0 });
  const { jobId } = await service.start("hello");
  const lost = await frozen.next("run-job");
  frozen.append(lost, [1]);
  const other = await TestWorker.connect(t, service, await service.newWorker());
  const again = await other.next("run-job");
  assert.deepEqual([again.jobId, again.attempt], [jobId, 2]);
  assert.equal((await frozen.next("drop-job")).attempt, 1);

  // It thaws.
  frozen.append(lost, [2]);
  frozen.end(lost);
  const refused = await eventually(() => frozen.answers.find((answer) => answer.type === "refused"), "a refusal");
  assert.equal(refused.attempt, 1);
  frozen.heartbeat(1);
  await eventually(() => frozen.closed, "the end of its link");
  assert.equal((await service.jobs.getJob(jobId)).status, "Activating");
  other.append(again, [1]);
  other.end(again);
  await service.until(jobId, "Completed");
  const { items } = await service.jobs.listRecords({ jobId, limit: 10 });
  assert.deepEqual(
    items.map(({ id }) => id),
    ["1.1", "2.1"],
  );
  const attempts = (await service.jobs.listAttempts(jobId)).items;
  assert.deepEqual(
    attempts.map(({ attempt, workerName, outcome }) => [attempt, workerName, outcome]),
    [
      [1, "frozen", "Lost"],
      [2, attempts[1]?.workerName, "Completed"],
    ],
  );
});

test("a worker that connects again in time keeps its jobs, and what was not acknowledged is stored once", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const created = await service.newWorker();
  const worker = await TestWorker.connect(t, service, created);
  const { jobId } = await service.start("hello");
  const job = await worker.next("run-job");
  worker.append(job, [1, 2]);
  await worker.nextAnswer();
  worker.terminate();

  const { instanceId } = worker;
  const back = await TestWorker.connect(t, service, { ...created, instanceId, running: [job] });
  assert.deepEqual(back.welcome?.keep, [{ jobId, attempt: 1 }]);
  back.append(job, [1, 2]);
  back.append(job, [3]);
  back.end(job);
  await service.until(jobId, "Completed");
  const { items } = await service.jobs.listRecords({ jobId, limit: 10 });
  assert.deepEqual(
    items.map(({ number }) => number),
    [1, 2, 3],
  );
});

test("a restart of the service keeps running jobs, planned or not", async (t) => {
  const directory = temporaryData(t);
  const created = { token: "" };
  let instanceId = "";
  let job = { jobId: "", attempt: 0 };
  for (const [round, ending] of (["plan", "kill", "last"] as const).entries()) {
    const service = await startService(t, { directory, leaseDuration: 2_000 });
    if (round === 0) {
      await service.addRunbook("hello");
      Object.assign(created, await service.newWorker());
      const worker = await TestWorker.connect(t, service, created);
      instanceId = worker.instanceId;
      await service.start("hello");
      job = await worker.next("run-job");
      worker.append(job, [1]);
      await worker.nextAnswer();
      await service.stop();
      assert.equal(worker.closed?.code, 4005);
      continue;
    }
    const worker = await TestWorker.connect(t, service, { ...created, instanceId, running: [job] });
    assert.deepEqual(worker.welcome?.keep, [{ jobId: job.jobId, attempt: 1 }], `kept after ${ending}`);
    worker.append(job, [round, round + 1]);
    await worker.nextAnswer();
    if (ending === "kill") {
      await service.kill();
      continue;
    }
    worker.end(job);
    await service.until(job.jobId, "Completed");
    const { items } = await service.jobs.listRecords({ jobId: job.jobId, limit: 10 });
    assert.deepEqual(
      items.map(({ number }) => number),
      [1, 2, 3],
    );
  }
});

test("before a planned stop the leases are extended, and the worker is told", async (t) => {
  const directory = temporaryData(t);
  const service = await startService(t, { directory, leaseDuration: 1_000 });
  await service.addRunbook("hello");
  const created = await service.newWorker();
  const worker = await TestWorker.connect(t, service, created);
  await service.start("hello");
  const job = await worker.next("run-job");
  await service.stop();
  const told = worker.frames.filter((frame) => frame.type === "heartbeat-acknowledged").at(-1);
  assert.equal(told?.leaseDuration, 60_000);
  await sleep(1_100);

  const next = await startService(t, { directory, leaseDuration: 200 });
  await sleep(500);
  assert.equal((await next.jobs.getJob(job.jobId)).status, "Activating", "nobody took it meanwhile");
});

test("a service that has just started judges no lease before one whole lease is over", async (t) => {
  const directory = temporaryData(t);
  const service = await startService(t, { directory, leaseDuration: 800 });
  await service.addRunbook("hello");
  const created = await service.newWorker();
  const worker = await TestWorker.connect(t, service, created);
  await service.start("hello");
  const job = await worker.next("run-job");
  await service.kill();
  await sleep(900);

  const next = await startService(t, { directory, leaseDuration: 800 });
  await sleep(300);
  assert.equal(
    (await next.jobs.getJob(job.jobId)).status,
    "Activating",
    "its lease is over, but who could have renewed it?",
  );
  const back = await TestWorker.connect(t, next, { ...created, instanceId: worker.instanceId, running: [job] });
  assert.deepEqual(back.welcome?.keep, [{ jobId: job.jobId, attempt: 1 }]);
});

test("a job that cannot be started in time fails with the reason", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hurried", { startDeadline: 100 });
  const { jobId } = await service.start("hurried");
  assert.equal((await service.until(jobId, "Failed")).statusReason, "not started within 0.1 s");
});

test("times that a worker with a wrong clock tells are held between the claim and now", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const job = await worker.next("run-job");
  const day = 86_400_000;
  worker.append(job, [1], { time: Date.now() - day });
  worker.append(job, [2], { time: Date.now() + day });
  worker.end(job, { endedAt: Date.now() + day });
  const { timings } = await service.until(jobId, "Completed");
  const { items } = await service.jobs.listRecords({ jobId, limit: 10 });
  for (const time of [...items.map((record) => record.time), timings.endedAt, timings.firstRecordAt]) {
    assert.ok(time !== null && time >= (timings.claimedAt ?? "") && Date.parse(time) <= Date.now());
  }
});

test("hundreds of jobs over several workers each run exactly once", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  await service.addRunbook("single", { concurrencyLimit: 1 });
  const workers = await Promise.all(
    [1, 2, 3].map(async () => TestWorker.connect(t, service, { ...(await service.newWorker()), slots: 3 })),
  );
  for (const worker of workers) {
    worker.runAll();
  }
  const started = await Promise.all(
    Array.from({ length: 300 }, (_, index) => service.start(index % 10 === 0 ? "single" : "hello")),
  );
  for (const { jobId } of started) {
    const job = await service.until(jobId, "Completed");
    assert.deepEqual([job.attempt, job.recordCount], [1, 1]);
  }
  const handedOver = workers.flatMap((worker) => worker.runJobs().map(({ jobId }) => jobId));
  assert.deepEqual(handedOver.toSorted(), started.map(({ jobId }) => jobId).toSorted());
  assert.equal(service.jobs.runningAttempts, 0);
});

test("ended jobs beyond the retention are purged while the service runs", async (t) => {
  const service = await startService(t, { retention: { maximumJobs: 2, maximumAge: null }, purgeInterval: 20 });
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  worker.runAll();
  const started: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    const { jobId } = await service.start("hello");
    started.push(jobId);
    await service.until(jobId, "Completed").catch(() => undefined);
  }
  for (let look = 0; look < 200 && (await service.jobs.listJobs({ limit: 9 })).items.length > 2; look += 1) {
    await sleep(10);
  }
  const { items } = await service.jobs.listJobs({ limit: 9 });
  assert.deepEqual(
    items.map(({ jobId }) => jobId),
    started.slice(3).reverse(),
  );
});
