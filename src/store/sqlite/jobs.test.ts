import assert from "node:assert/strict";
import { test } from "node:test";
import { v7 as newId } from "uuid";
import { secretPlaceholder } from "../../contract/api/job.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import { mayBecome } from "../../jobs/job-transitions.ts";
import { idToBytes } from "../id-bytes.ts";
import type { JobsPage } from "../operations/jobs.ts";
import { JobsDatabase } from "./jobs-testing.ts";

const key = (request: string) => ({
  principalId: "01890000-0000-7000-8000-000000000001",
  key: "my key",
  requestHash: Buffer.from(request.padEnd(32)),
});

test("the same request under the same key is accepted once and answered the same", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook();
  const first = db.accept(runbook, { idempotency: key("a") });
  db.session.time += 1_000;
  const second = db.accept(runbook, { idempotency: key("a") });
  assert.equal(first.outcome, "accepted");
  assert.equal(second.outcome, "accepted");
  assert.deepEqual(
    second.outcome === "accepted" && { job: second.job, repeated: second.repeated },
    first.outcome === "accepted" && { job: first.job, repeated: true },
  );
  assert.equal(db.count("SELECT COUNT(*) AS n FROM jobs"), 1);
  assert.equal(db.count("SELECT COUNT(*) AS n FROM job_queue"), 1);
  const before = db.operations.jobAcceptedBefore(key("a"));
  assert.deepEqual(before, first.outcome === "accepted" && first.job);
});

test("a key that comes with another request is refused", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook();
  db.accept(runbook, { idempotency: key("a") });
  assert.throws(() => db.accept(runbook, { idempotency: key("b") }), { code: "idempotency-key-reused", status: 422 });
  assert.throws(() => db.operations.jobAcceptedBefore(key("b")), { code: "idempotency-key-reused" });
  assert.equal(db.count("SELECT COUNT(*) AS n FROM jobs"), 1);
});

test("a job is not accepted for a version that is not the current one any more, nor of a disabled runbook", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook();
  assert.equal(db.accept({ ...runbook, versionId: newId() }).outcome, "changed");
  db.session.run("UPDATE runbooks SET enabled = 0 WHERE runbook_id = ?", idToBytes(runbook.runbookId));
  assert.equal(db.accept(runbook, { idempotency: key("a") }).outcome, "changed");
  assert.equal(db.operations.jobAcceptedBefore(key("a")), null, "what was not accepted is not kept");
});

test("a secret parameter comes out of a claim and of nothing else", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook();
  const worker = db.addWorker();
  const accepted = db.accept(runbook, {
    parameters: { user: "me", password: "hunter2" },
    secretNames: ["password"],
    idempotency: key("a"),
  });
  assert.ok(accepted.outcome === "accepted");
  const shown = { user: "me", password: secretPlaceholder };
  assert.deepEqual(accepted.job.parameters, shown);
  assert.deepEqual(db.job(accepted.job.jobId).parameters, shown);
  assert.deepEqual(db.operations.jobs({ bytes: 1_000_000, limit: 10 }).items[0]?.parameters, shown);
  assert.equal(JSON.stringify(db.session.all("SELECT result FROM idempotency_keys")).includes("hunter2"), false);
  assert.deepEqual(db.claim(worker)[0]?.parameters, { user: "me", password: "hunter2" });
});

test("a runbook that asks for many jobs does not keep another one waiting", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const greedy = db.addRunbook();
  const modest = db.addRunbook();
  for (let i = 0; i < 50; i += 1) {
    db.start(greedy);
  }
  for (let i = 0; i < 10; i += 1) {
    db.claim(worker);
  }
  const wanted = [db.start(modest), db.start(modest), db.start(modest)];
  const next = Array.from({ length: 7 }, () => db.claim(worker)[0]?.jobId ?? "");
  assert.deepEqual(
    wanted.map((jobId) => next.includes(jobId)),
    [true, true, true],
    "three jobs of the other runbook are among the next seven",
  );
});

test("jobs of one runbook are claimed in the order in which they were asked for", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const runbook = db.addRunbook();
  const asked = Array.from({ length: 20 }, () => db.start(runbook));
  assert.deepEqual(
    [...db.claim(worker, 7), ...db.claim(worker, 13)].map(({ jobId }) => jobId),
    asked,
  );
});

test("a claim never gives more jobs than slots, nor one job twice", () => {
  const db = new JobsDatabase();
  const small = db.addWorker();
  const large = db.addWorker({ hostKinds: ["node", "pwsh"] });
  const typeScript = db.addRunbook();
  const powerShell = db.addRunbook({ kind: "PowerShell" });
  for (let i = 0; i < 10; i += 1) {
    db.start(typeScript);
    db.start(powerShell);
  }
  const { claimed, more } = db.operations.claimJobs({
    queues: db.queues(),
    offers: [db.offer(small, 2), db.offer(large, 3)],
    limit: 100,
  });
  const of = (workerId: string) => claimed.filter((job) => job.workerId === workerId);
  assert.equal(of(small.workerId).length, 2);
  assert.equal(of(large.workerId).length, 3);
  assert.ok(of(small.workerId).every(({ hostKind }) => hostKind === "node"));
  assert.deepEqual(
    more.toSorted(),
    db
      .queues()
      .map(({ placementId }) => placementId)
      .toSorted(),
  );
  assert.equal(new Set(claimed.map(({ jobId }) => jobId)).size, 5);
  assert.equal(db.count("SELECT COUNT(*) AS n FROM job_queue"), 15);
});

test("a worker whose lease has ended gets no job", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ lease: 6_000 });
  db.start(db.addRunbook());
  db.session.time += 6_001;
  const offers = [db.offer(worker, 1)];
  assert.deepEqual(db.operations.claimJobs({ queues: db.queues(), offers, limit: 1 }).passedOver, [worker.workerId]);
  assert.deepEqual(db.claim({ ...worker, instanceId: "another" }), []);
});

test("appending the same batch twice stores it once", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const jobId = db.start(db.addRunbook());
  const [attempt] = db.claim(worker);
  assert.ok(attempt !== undefined);
  assert.deepEqual(pick(db.append(attempt, [1, 2, 3])), { outcome: "stored", number: 3, ended: false });
  assert.deepEqual(pick(db.append(attempt, [1, 2, 3])), { outcome: "stored", number: 3, ended: false });
  assert.deepEqual(pick(db.append(attempt, [2, 3, 4, 4], { stream: "Error" })), {
    outcome: "stored",
    number: 4,
    ended: false,
  });
  const { records } = db.operations.records({ jobId, limit: 100, bytes: 1_000_000 });
  assert.deepEqual(
    records.map(({ id }) => id),
    ["1.1", "1.2", "1.3", "1.4"],
  );
  const job = db.job(jobId);
  assert.deepEqual([job.recordCount, job.errorCount, job.warningCount], [4, 1, 0]);
  assert.equal(job.status, "Running");
});

test("a batch before which records are missing is not stored", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  db.start(db.addRunbook());
  const [attempt] = db.claim(worker);
  assert.ok(attempt !== undefined);
  db.append(attempt, [1]);
  assert.deepEqual(pick(db.append(attempt, [3, 4])), { outcome: "gap", number: 1, ended: false });
  assert.equal(db.count("SELECT COUNT(*) AS n FROM stream_records"), 1);
});

test("an end that is told twice is acknowledged twice and counted once", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const runbook = db.addRunbook({ concurrencyLimit: 5 });
  const jobId = db.start(runbook);
  db.start(runbook);
  const [attempt] = db.claim(worker);
  assert.ok(attempt !== undefined);
  assert.deepEqual(pick(db.end(attempt)), { outcome: "stored", number: 0, ended: true });
  assert.deepEqual(pick(db.end(attempt)), { outcome: "stored", number: 0, ended: true });
  assert.deepEqual(pick(db.append(attempt, [1])), { outcome: "refused", number: 0, ended: false });
  assert.equal(db.job(jobId).status, "Completed");
  assert.equal(db.count("SELECT active_jobs AS n FROM runbooks"), 1);
});

test("nothing that a former attempt or another worker writes counts", () => {
  const db = new JobsDatabase();
  const frozen = db.addWorker({ lease: 6_000 });
  const jobId = db.start(db.addRunbook({ attempts: 2 }));
  const [first] = db.claim(frozen);
  assert.ok(first !== undefined);
  db.append(first, [1]);
  db.session.time += 6_001;
  db.operations.expireLeases();
  assert.equal(db.append(first, [2]).outcome, "refused", "the job waits again");

  const other = db.addWorker();
  const [second] = db.claim(other);
  assert.ok(second !== undefined);
  assert.equal(second.attempt, 2);
  assert.equal(db.append(first, [2]).outcome, "refused");
  assert.equal(db.end(first).outcome, "refused");
  assert.equal(db.end({ ...second, workerId: frozen.workerId }).outcome, "refused");
  assert.equal(db.job(jobId).status, "Activating");
  assert.equal(db.end(second).outcome, "stored");
  const { records } = db.operations.records({ jobId, limit: 10, bytes: 1_000 });
  assert.deepEqual(
    records.map(({ id }) => id),
    ["1.1"],
  );
});

test("a job whose worker was lost is tried again as its runbook allows, then fails with the reason", () => {
  const db = new JobsDatabase();
  const jobId = db.start(db.addRunbook({ attempts: 2 }));
  for (const name of ["one", "two"]) {
    const worker = db.addWorker({ name, lease: 6_000 });
    db.claim(worker);
    db.session.time += 6_001;
    assert.equal(db.operations.expireLeases().lost.length, 1);
  }
  const job = db.job(jobId);
  assert.equal(job.status, "Failed");
  assert.equal(job.statusReason, "worker two was lost (no heartbeat for 6 s)");
  assert.deepEqual(
    db.operations.jobAttempts({ jobId })?.map(({ attempt, outcome, workerName }) => [attempt, outcome, workerName]),
    [
      [1, "Lost", "one"],
      [2, "Lost", "two"],
    ],
  );
});

test("a lost host counts as a lost worker does, a failed script does not", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const lost = db.start(db.addRunbook({ attempts: 2 }));
  const [first] = db.claim(worker);
  assert.ok(first !== undefined);
  db.end(first, { outcome: "Failed", reason: "host-lost" });
  assert.equal(db.job(lost).status, "New");
  const [again] = db.claim(worker);
  assert.ok(again !== undefined);
  db.end(again, { outcome: "Failed", reason: "script", exception: { name: "Error", message: "boom" } });
  assert.equal(db.job(lost).status, "Failed");
  assert.equal(db.job(lost).exception?.message, "boom");

  const retried = db.start(db.addRunbook({ retries: 1 }));
  const [third] = db.claim(worker);
  assert.ok(third !== undefined);
  db.end(third, { outcome: "Failed", reason: "script" });
  assert.equal(db.job(retried).status, "New");
});

test("a job that is stopped before it starts is over at once, and leaves its place to the next", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook({ concurrencyLimit: 1 });
  const [queued, parked, parkedToo] = [db.start(runbook), db.start(runbook), db.start(runbook)];
  assert.deepEqual(
    [db.job(queued).parkedBehind, db.job(parked).parkedBehind, db.job(parkedToo).parkedBehind],
    [null, 1, 2],
  );
  const stopParked = db.operations.stopJob({ jobId: parked, requestedBy: "ann", force: false });
  assert.equal(stopParked.outcome, "stopped");
  const stopQueued = db.operations.stopJob({ jobId: queued, requestedBy: "ann", force: false });
  assert.equal(stopQueued.outcome, "stopped");
  assert.equal(db.job(queued).statusReason, "stopped by ann");
  assert.equal(db.job(parkedToo).parkedBehind, null);
  assert.deepEqual(
    db.claim(db.addWorker(), 5).map(({ jobId }) => jobId),
    [parkedToo],
  );
  assert.equal(db.operations.stopJob({ jobId: queued, requestedBy: "bob", force: false }).outcome, "ended");
  assert.equal(db.operations.stopJob({ jobId: newId(), requestedBy: "bob", force: false }).outcome, "not-found");
});

test("a running job that is stopped is Stopping until its worker, or its worker's loss, ends it", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ lease: 6_000 });
  const runbook = db.addRunbook({ attempts: 3 });
  const [ended, lost] = [db.start(runbook), db.start(runbook)];
  const attempts = db.claim(worker, 2);
  for (const jobId of [ended, lost]) {
    const stop = db.operations.stopJob({ jobId, requestedBy: "ann", force: true });
    assert.ok(stop.outcome === "stopping");
    assert.deepEqual(
      stop.effects.stops.map(({ force, workerId, attempt }) => [force, workerId, attempt]),
      [[true, worker.workerId, 1]],
    );
    assert.equal(db.job(jobId).status, "Stopping");
  }
  const [first] = attempts;
  assert.ok(first !== undefined);
  db.end(first, { outcome: "Stopped", reason: "stopped" });
  assert.deepEqual([db.job(ended).status, db.job(ended).statusReason], ["Stopped", "stopped by ann"]);
  db.session.time += 6_001;
  db.operations.expireLeases();
  assert.equal(db.job(lost).status, "Stopped");
  assert.match(db.job(lost).statusReason ?? "", /^stopped by ann; worker .* was lost/);
});

test("the end of a job lets the next parked one in, in the same transaction", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const runbook = db.addRunbook({ concurrencyLimit: 1 });
  const jobs = [db.start(runbook), db.start(runbook), db.start(runbook)];
  for (const jobId of jobs) {
    const claimed = db.claim(worker, 5);
    assert.deepEqual(
      claimed.map((job) => job.jobId),
      [jobId],
      "one at a time",
    );
    const { effects } = db.end(claimed[0] ?? assert.fail());
    assert.equal(effects.queued.length, jobId === jobs[2] ? 0 : 1);
  }
});

test("a concurrency rule can refuse", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook({ concurrencyLimit: 1, concurrencyPolicy: "refuse", name: "only-one" });
  db.start(runbook);
  assert.deepEqual(db.accept(runbook, { idempotency: key("a") }), {
    outcome: "refused",
    runbookName: "only-one",
    limit: 1,
    effects: { changedJobs: [], queued: [], overAttempts: [], stops: [], ended: [] },
  });
  assert.equal(db.operations.jobAcceptedBefore(key("a")), null);
});

test("a refusal tells what it did to other jobs before it came to that", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook({ concurrencyLimit: 1 });
  const [, parked] = [db.start(runbook), db.start(runbook)];
  db.database.exec("UPDATE runbooks SET concurrency_limit = 2, concurrency_policy = 'refuse'");
  const refused = db.accept(runbook);
  assert.ok(refused.outcome === "refused");
  assert.deepEqual([refused.effects.queued.length, refused.effects.changedJobs], [1, [parked]]);
});

test("a concurrency rule can replace: waiting ones at once, a running one as soon as it has ended", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const runbook = db.addRunbook({ concurrencyLimit: 1, concurrencyPolicy: "replace" });
  const queued = db.start(runbook);
  const running = db.start(runbook);
  assert.deepEqual([db.job(queued).status, db.job(queued).statusReason], ["Stopped", `replaced by job ${running}`]);
  const [attempt] = db.claim(worker);
  assert.equal(attempt?.jobId, running);
  const waiting = db.start(runbook);
  assert.equal(db.job(running).status, "Stopping");
  const newest = db.start(runbook);
  assert.equal(db.job(waiting).status, "Stopped");
  assert.deepEqual(db.claim(worker), []);
  db.end(attempt ?? assert.fail(), { outcome: "Stopped", reason: "stopped" });
  assert.deepEqual(
    db.claim(worker).map(({ jobId }) => jobId),
    [newest],
  );
});

test("raising a concurrency limit lets parked jobs in", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook({ concurrencyLimit: 1 });
  const jobs = [db.start(runbook), db.start(runbook), db.start(runbook), db.start(runbook)];
  db.session.run("UPDATE runbooks SET concurrency_limit = 3");
  assert.equal(db.operations.releaseParkedJobs({ runbookId: runbook.runbookId, limit: 9 }).effects.queued.length, 2);
  db.session.run("UPDATE runbooks SET concurrency_limit = NULL");
  assert.equal(db.operations.releaseParkedJobs({ limit: 9 }).effects.queued.length, 1);
  assert.deepEqual(
    db.claim(db.addWorker(), 9).map(({ jobId }) => jobId),
    jobs,
  );
});

test("a new instance of a worker has lost the jobs of the former one at once", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ name: "phoenix" });
  const jobId = db.start(db.addRunbook());
  const [attempt] = db.claim(worker);
  assert.ok(attempt !== undefined);
  const { keep } = db.hello({ ...worker, instanceId: "reborn" }, [attempt]);
  assert.deepEqual(keep, []);
  assert.deepEqual([db.job(jobId).status, db.job(jobId).statusReason], ["Failed", "worker phoenix was started anew"]);
});

test("never two live attempts: a job of a former instance is queued again only once that instance's lease has ended", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ name: "phoenix" });
  const jobId = db.start(db.addRunbook({ attempts: 3 }));
  const [attempt] = db.claim(worker);
  assert.ok(attempt !== undefined);
  db.session.time += 2_000;
  const reborn = { ...worker, instanceId: "reborn" };
  const { keep, effects } = db.hello(reborn, [attempt]);
  assert.deepEqual(keep, []);
  assert.deepEqual(effects.overAttempts.length, 1, "its slot is free for the new instance");
  assert.match(db.job(jobId).statusReason ?? "", /phoenix was started anew; waits until the former one's lease/);
  db.session.time += 3_000;
  db.operations.expireLeases();
  db.hello({ ...worker, instanceId: "third" });
  assert.equal(db.job(jobId).status, "Activating");
  assert.deepEqual(db.claim({ ...worker, instanceId: "third" }), []);
  db.session.time += 1_001;
  db.operations.expireLeases();
  assert.equal(db.job(jobId).status, "New");
  const [again] = db.claim({ ...worker, instanceId: "third" });
  assert.deepEqual([again?.jobId, again?.attempt], [jobId, 2]);
  db.end(again ?? assert.fail());
  assert.equal(db.job(jobId).status, "Completed");
});

test("a job that waits for the lease of a former instance can be stopped, and a clock put back does not keep it for ever", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const runbook = db.addRunbook({ attempts: 3 });
  const [stopped, waiting] = [db.start(runbook), db.start(runbook)];
  db.claim(worker, 2);
  db.hello({ ...worker, instanceId: "reborn" });
  db.operations.stopJob({ jobId: stopped, requestedBy: "ann", force: false });
  db.session.time -= 86_400_000;
  db.operations.expireLeases();
  assert.deepEqual([db.job(stopped).status, db.job(waiting).status], ["Stopping", "Activating"]);
  db.session.time += 6_001;
  db.operations.expireLeases();
  assert.deepEqual([db.job(stopped).status, db.job(waiting).status], ["Stopped", "New"]);
});

test("a running attempt that its worker does not know any more is lost, not put back", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const jobId = db.start(db.addRunbook({ attempts: 2 }));
  const [attempt] = db.claim(worker);
  assert.ok(attempt !== undefined);
  db.append(attempt, [1]);
  assert.equal(db.job(jobId).status, "Running");
  db.hello(worker, []);
  assert.equal(db.job(jobId).status, "New");
  assert.equal(db.job(jobId).firstRecordAt, null, "the times are those of the attempt to come");
  assert.equal(db.operations.jobAttempts({ jobId })?.[0]?.outcome, "Lost");
});

test("a parked job's answer counts those ahead of it as every later look does", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook({ concurrencyLimit: 1 });
  const accepted = [db.accept(runbook), db.accept(runbook), db.accept(runbook)];
  const behind = accepted.map((result) => (result.outcome === "accepted" ? result.job.parkedBehind : assert.fail()));
  assert.deepEqual(behind, [null, 1, 2]);
});

test("a worker that reconnects keeps what it has, and what never reached it is put back uncounted", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const runbook = db.addRunbook({ attempts: 1 });
  const [kept, never, stopped] = [db.start(runbook), db.start(runbook), db.start(runbook)];
  const claimed = db.claim(worker, 3);
  db.operations.stopJob({ jobId: stopped, requestedBy: "ann", force: false });
  const running = claimed.filter(({ jobId }) => jobId !== never);
  const { keep } = db.hello(worker, [...running, { jobId: newId(), attempt: 1 }]);
  assert.deepEqual(
    keep.map(({ jobId, attempt, stopReason }) => [jobId, attempt, stopReason]),
    [
      [kept, 1, null],
      [stopped, 1, "stopped by ann"],
    ],
  );
  assert.equal(db.job(never).status, "New");
  const [again] = db.claim(worker);
  assert.deepEqual([again?.jobId, again?.attempt], [never, 2], "its number is not used again");
});

test("a declined job goes back to the front of the queue and its attempt is not counted", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const runbook = db.addRunbook();
  const [first] = [db.start(runbook), db.start(runbook)];
  const [attempt] = db.claim(worker);
  assert.ok(attempt !== undefined);
  db.operations.putBackJob({ ...attempt, reason: "draining" });
  db.operations.putBackJob({ ...attempt, reason: "told twice" });
  assert.equal(db.append(attempt, [1]).outcome, "refused");
  const [again] = db.claim(worker);
  assert.deepEqual([again?.jobId, again?.attempt], [first, 2]);
});

test("a lease is renewed by heartbeats and not after it was taken back", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ lease: 6_000 });
  const beat = () =>
    db.operations
      .renewLeases({
        workers: [{ workerId: worker.workerId, instanceId: worker.instanceId }],
        leases: { usual: 6_000, byGroup: {} },
      })
      .renewed.map(({ workerId }) => workerId);
  db.session.time += 5_000;
  assert.deepEqual(beat(), [worker.workerId]);
  db.session.time += 5_000;
  assert.deepEqual(db.operations.expireLeases().lost, []);
  db.session.time += 5_000;
  assert.equal(db.operations.expireLeases().lost.length, 1);
  assert.deepEqual(beat(), []);
  db.hello(worker);
  assert.deepEqual(beat(), [worker.workerId]);
});

test("a removed worker is gone at once without jobs, and with its lease when it has some", () => {
  const db = new JobsDatabase();
  const idle = db.addWorker({ name: "idle" });
  const busy = db.addWorker({ name: "busy" });
  const jobId = db.start(db.addRunbook());
  db.claim(busy);
  db.operations.removeWorker(idle);
  db.operations.removeWorker(busy);
  assert.equal(db.operations.removeWorker(busy), null);
  assert.deepEqual(db.operations.workers({ limit: 100 }).items, []);
  assert.equal(db.count("SELECT COUNT(*) AS n FROM tokens"), 0);
  assert.equal(db.job(jobId).status, "Activating", "its host may live until the lease ends");
  assert.throws(() => db.hello(busy));
  db.addWorker({ name: "busy" });
  db.session.time += 6_001;
  db.operations.expireLeases();
  assert.deepEqual([db.job(jobId).status, db.job(jobId).statusReason], ["Failed", "its worker was removed"]);
  assert.equal(db.count("SELECT COUNT(*) AS n FROM workers"), 1);
});

test("a job that was not started in time fails with the reason, in the queue and parked", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook({ startDeadline: 5_000, concurrencyLimit: 1 });
  const jobs = [db.start(runbook), db.start(runbook)];
  db.session.time += 4_999;
  assert.equal(db.operations.overdueJobsExist(), false);
  db.session.time += 2;
  assert.equal(db.operations.overdueJobsExist(), true);
  db.operations.failOverdueJobs({ limit: 100 });
  for (const jobId of jobs) {
    assert.deepEqual([db.job(jobId).status, db.job(jobId).statusReason], ["Failed", "not started within 5 s"]);
  }
  assert.equal(db.count("SELECT COUNT(*) AS n FROM job_queue"), 0);
  assert.equal(db.count("SELECT active_jobs AS n FROM runbooks"), 0);
});

test("an attempt that does not end though it should is given up, once", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const runbook = db.addRunbook({ timeLimit: 60_000, attempts: 3 });
  const [stopped, limited] = [db.start(runbook), db.start(runbook)];
  const attempts = db.claim(worker, 2);
  db.operations.stopJob({ jobId: stopped, requestedBy: "ann", force: false });
  assert.equal(db.operations.giveUpAttempts({ attempts }).overAttempts.length, 2);
  assert.deepEqual(db.operations.giveUpAttempts({ attempts }).changedJobs, []);
  assert.deepEqual(
    [db.job(stopped).status, db.job(stopped).statusReason],
    ["Stopped", "stopped by ann; its worker did not end it"],
  );
  assert.deepEqual(
    [db.job(limited).status, db.job(limited).statusReason],
    ["Failed", "ended by its time limit of 60 s"],
  );
});

test("a clock that was put back does not keep the jobs of a dead worker", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ lease: 6_000 });
  const jobId = db.start(db.addRunbook());
  db.claim(worker);
  db.session.time -= 86_400_000;
  db.operations.expireLeases();
  assert.equal(db.job(jobId).status, "Activating");
  db.session.time += 6_001;
  db.operations.expireLeases();
  assert.equal(db.job(jobId).status, "Failed");
});

test("old jobs are purged by age and by number, oldest first, open ones never", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ lease: 10_000_000 });
  const runbook = db.addRunbook();
  const ended: string[] = [];
  for (let i = 0; i < 10; i += 1) {
    ended.push(db.start(runbook));
    const [attempt] = db.claim(worker);
    assert.ok(attempt !== undefined);
    db.append(attempt, [1, 2, 3]);
    db.end(attempt);
    db.session.time += 1_000;
  }
  const open = db.start(runbook);
  const left = () => db.operations.jobs({ bytes: 1_000_000, limit: 100 }).items.map(({ jobId }) => jobId);

  const byAge = db.operations.purgeJobs({ endedBefore: db.session.time - 7_500, upTo: null, budget: 1_000 });
  assert.deepEqual(byAge, { jobs: 3, records: 9, more: false });
  const upTo = db.operations.purgeBoundary({ keep: 4 });
  assert.deepEqual(db.operations.purgeJobs({ endedBefore: 0, upTo, budget: 1_000 }), {
    jobs: 3,
    records: 9,
    more: false,
  });
  assert.deepEqual(left(), [open, ...ended.slice(6).reverse()]);
  assert.equal(db.operations.purgeBoundary({ keep: 4 }), null);
  assert.equal(db.count("SELECT COUNT(*) AS n FROM stream_records"), 12);
  assert.equal(db.count("SELECT COUNT(*) AS n FROM job_parameters"), 5);
  assert.equal(db.count("SELECT COUNT(*) AS n FROM job_attempts"), 4);
});

test("purging one large job stops in the middle when its time is over, and goes on later", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const jobId = db.start(db.addRunbook());
  const [attempt] = db.claim(worker);
  assert.ok(attempt !== undefined);
  const numbers = Array.from({ length: 5_000 }, (_, index) => index + 1);
  db.append(attempt, numbers, { ended: { outcome: "Completed", reason: "script", endedAt: db.session.time } });
  const first = db.operations.purgeJobs({ endedBefore: db.session.time + 1, upTo: null, budget: 0 });
  assert.deepEqual([first.jobs, first.more], [0, true]);
  assert.ok(first.records > 0 && first.records < 200);
  assert.equal(db.job(jobId).status, "Completed");
  while (db.operations.purgeJobs({ endedBefore: db.session.time + 1, upTo: null, budget: 1 }).more) {}
  assert.equal(db.operations.job({ jobId }), null);
  assert.equal(db.count("SELECT COUNT(*) AS n FROM stream_records"), 0);
});

test("records are read by page, by stream and by time", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const jobId = db.start(db.addRunbook());
  const [attempt] = db.claim(worker);
  assert.ok(attempt !== undefined);
  db.append(attempt, [1, 2, 3, 4]);
  db.append(attempt, [5, 6], { stream: "Warning" });
  db.session.time += 1_000;
  db.append(attempt, [7, 8]);
  const read = (of: Omit<Parameters<typeof db.operations.records>[0], "jobId" | "bytes"> & { bytes?: number }) => {
    const { records, more } = db.operations.records({ jobId, bytes: 1_000_000, ...of });
    return { numbers: records.map(({ number }) => number), more };
  };
  assert.deepEqual(read({ limit: 3 }), { numbers: [1, 2, 3], more: true });
  assert.deepEqual(read({ limit: 3, after: { attempt: 1, number: 6 } }), { numbers: [7, 8], more: false });
  assert.deepEqual(read({ limit: 10, stream: "Warning" }), { numbers: [5, 6], more: false });
  assert.deepEqual(read({ limit: 10, stream: "Output", after: { attempt: 1, number: 3 } }), {
    numbers: [4, 7, 8],
    more: false,
  });
  assert.deepEqual(read({ limit: 10, since: db.session.time }), { numbers: [7, 8], more: false });
  assert.deepEqual(read({ limit: 10, bytes: 10 }), { numbers: [1, 2], more: true });
});

test("lists page by key, newest first", () => {
  const db = new JobsDatabase();
  const [a, b] = [db.addRunbook({ name: "Alpha" }), db.addRunbook()];
  const jobs = [db.start(a), db.start(b), db.start(a), db.start(b)];
  const [j0, j1, j2, j3] = jobs;
  const list = (of: Omit<JobsPage, "bytes">) => {
    const { items, next } = db.operations.jobs({ bytes: 1_000_000, ...of });
    return { ids: items.map(({ jobId }) => jobId), next };
  };
  assert.deepEqual(list({ limit: 3 }), { ids: [j3, j2, j1], next: j1 });
  assert.deepEqual(list({ limit: 3, after: j1 ?? "" }), { ids: [j0], next: null });
  assert.deepEqual(list({ limit: 3, runbook: "alpha" }), { ids: [j2, j0], next: null });
  assert.deepEqual(list({ limit: 1, runbook: b.runbookId, statuses: ["New"] }), { ids: [j3], next: j3 });
  assert.deepEqual(list({ limit: 9, runbook: b.runbookId, statuses: ["Failed"] }), { ids: [], next: null });
  assert.deepEqual(list({ limit: 9, statuses: ["New"] }).ids.length, 4);
  assert.deepEqual(list({ limit: 9, runbook: "none" }), { ids: [], next: null });
});

test("every filter of a list finds what it names and nothing else, alone and together with others", () => {
  const db = new JobsDatabase();
  const [a, b] = [db.addRunbook({ name: "Alpha" }), db.addRunbook({ runOn: ["group:dmz"] })];
  db.session.run("UPDATE runbooks SET tags = '[\"night\"]' WHERE runbook_id = ?", idToBytes(b.runbookId));
  const ann = (of: typeof a) => {
    const accepted = db.accept(of, { startedBy: "Ann", jobId: idAt(db.session.time) });
    return accepted.outcome === "accepted" ? accepted.job.jobId : assert.fail();
  };
  const early = ann(a);
  db.session.time += 60_000;
  const later = db.accept(b, { startedBy: "bob", jobId: idAt(db.session.time) });
  const dmz = later.outcome === "accepted" ? later.job.jobId : assert.fail();
  const worker = db.addWorker();
  assert.equal(db.claim(worker)[0]?.jobId, early);
  const middle = db.session.time;
  db.session.time += 60_000;
  const last = ann(a);
  const ids = (of: Partial<JobsPage>) =>
    db.operations.jobs({ bytes: 1_000_000, limit: 9, ...of }).items.map(({ jobId }) => jobId);
  assert.deepEqual(ids({ statuses: ["New", "Activating"] }), [last, dmz, early], "several states, in one order");
  assert.deepEqual(ids({ statuses: [] }), []);
  assert.deepEqual(ids({ since: middle }), [last, dmz]);
  assert.deepEqual(ids({ until: middle }), [early]);
  assert.deepEqual(ids({ since: middle, until: middle + 1 }), [dmz]);
  assert.deepEqual(ids({ workerGroup: "dmz" }), [dmz]);
  assert.deepEqual(ids({ tag: "night" }), [dmz]);
  assert.deepEqual(ids({ startedBy: "ann" }), [last, early]);
  assert.deepEqual(ids({ worker: worker.workerId }), [early]);
  assert.deepEqual(ids({ worker: worker.workerId, statuses: ["Activating"] }), [early]);
  assert.deepEqual(ids({ worker: "nobody" }), []);
  assert.deepEqual(ids({ startedBy: "ANN", runbook: "alpha", statuses: ["New"], until: middle }), []);
  assert.deepEqual(ids({ startedBy: "ANN", runbook: "alpha", statuses: ["New"], since: middle }), [last]);
});

test("a filter that fits few of many jobs is answered in bounded pages that miss none", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook();
  const rare: string[] = [];
  for (let n = 0; n < 12_000; n += 1) {
    const accepted = db.accept(runbook, { startedBy: n % 4_000 === 0 ? "rare" : "tester" });
    if (n % 4_000 === 0 && accepted.outcome === "accepted") rare.unshift(accepted.job.jobId);
  }
  const found: string[] = [];
  let pages = 0;
  for (let after: string | null | undefined; after !== null; pages += 1) {
    const page = db.operations.jobs({
      limit: 100,
      bytes: 1_000_000,
      startedBy: "rare",
      ...(after !== undefined && { after }),
    });
    found.push(...page.items.map(({ jobId }) => jobId));
    after = page.next;
  }
  assert.deepEqual(found, rare);
  assert.equal(pages, 2);
});

test("a job is stopped only in the states that were named, and otherwise left alone", () => {
  const db = new JobsDatabase();
  const jobId = db.start(db.addRunbook());
  const stop = (statuses: JobStatus[]) =>
    db.operations.stopJob({ jobId, requestedBy: "ann", force: false, statuses }).outcome;
  assert.equal(stop(["Running"]), "changed");
  assert.equal(db.operations.job({ jobId })?.status, "New");
  assert.equal(stop(["Running", "New"]), "stopped");
  assert.equal(stop(["New"]), "ended");
});

test("what a job is retried with holds its secrets, and tells what it was retried as", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook();
  const parameters = { user: "me", password: "hunter2" };
  const first = db.accept(runbook, { parameters, secretNames: ["password"] });
  const jobId = first.outcome === "accepted" ? first.job.jobId : assert.fail();
  const before = db.operations.jobToRetry({ jobId });
  assert.deepEqual(before?.parameters, parameters);
  assert.equal(before?.retriedAs, null);
  const second = db.accept(runbook, { parameters, secretNames: ["password"], retryOf: jobId });
  const retry = second.outcome === "accepted" ? second.job : assert.fail();
  assert.equal(retry.retryOf, jobId);
  assert.equal(db.operations.job({ jobId: retry.jobId })?.retryOf, jobId);
  assert.equal(db.operations.jobToRetry({ jobId })?.retriedAs, retry.jobId);
  assert.equal(db.operations.jobToRetry({ jobId: newId() }), null);
});

test("a page of jobs ends at its bytes, holds at least one job, and pages miss none", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook();
  const jobs = Array.from({ length: 40 }, () => {
    const accepted = db.accept(runbook, { parameters: { text: "x".repeat(10_000) } });
    return accepted.outcome === "accepted" ? accepted.job.jobId : assert.fail();
  }).reverse();
  const found: string[] = [];
  const sizes: number[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page = db.operations.jobs({ limit: 100, bytes: 100_000, ...(after !== undefined && { after }) });
    found.push(...page.items.map(({ jobId }) => jobId));
    sizes.push(page.items.length);
    after = page.next;
  }
  assert.deepEqual(found, jobs);
  assert.deepEqual(sizes, [10, 10, 10, 10]);
  assert.equal(db.operations.jobs({ limit: 100, bytes: 1 }).items.length, 1);
});

test("the queues that hold a job are found without walking over the jobs", () => {
  const db = new JobsDatabase();
  for (const group of ["default", "eu", "us"]) {
    for (const kind of ["TypeScript", "PowerShell"] as const) {
      if (group !== "eu" || kind === "PowerShell") {
        const runbook = db.addRunbook({ runOn: [`group:${group}`], kind });
        db.start(runbook);
        db.start(runbook);
      }
    }
  }
  const { waiting, placements } = db.operations.dispatchState({ knownPlacements: 0 });
  const named = placements?.filter(({ placementId }) => waiting.includes(placementId));
  assert.deepEqual(named?.map(({ runOn, hostKind }) => `${runOn.join()} ${hostKind}`).sort(), [
    "group:default node",
    "group:default pwsh",
    "group:eu pwsh",
    "group:us node",
    "group:us pwsh",
  ]);
});

/** Operations in a random but repeatable order, with every kind of loss. Gives the database for a last look. */
function randomLife(seed: number, steps: number): JobsDatabase {
  let state = seed;
  const random = (below: number) => {
    // Numerical Recipes' linear congruential generator; the upper bits are the good ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const db = new JobsDatabase();
  const runbooks = [
    db.addRunbook(),
    db.addRunbook({ attempts: 3, retries: 1, kind: "PowerShell" }),
    db.addRunbook({ concurrencyLimit: 1, attempts: 2 }),
    db.addRunbook({ concurrencyLimit: 2, concurrencyPolicy: "replace" }),
    db.addRunbook({ concurrencyLimit: 1, concurrencyPolicy: "refuse", startDeadline: 20_000 }),
  ];
  const workers = [
    db.addWorker(),
    db.addWorker({ hostKinds: ["node", "pwsh"] }),
    db.addWorker({ hostKinds: ["pwsh"] }),
  ];
  const attempts: { jobId: string; attempt: number; workerId: string; number: number }[] = [];
  const jobs: string[] = [];
  const any = <T>(list: T[]): T | undefined => list[random(list.length)];
  const actions: (() => void)[] = [
    () => {
      const accepted = db.accept(any(runbooks) ?? assert.fail());
      if (accepted.outcome === "accepted") {
        jobs.push(accepted.job.jobId);
      }
    },
    () => {
      for (const job of db.claim(any(workers) ?? assert.fail(), 1 + random(3))) {
        attempts.push({ ...job, number: 0 });
      }
    },
    () => {
      const attempt = any(attempts);
      if (attempt !== undefined) {
        const number = attempt.number + 1;
        if (db.append(attempt, [number, number + 1]).outcome === "stored") {
          attempt.number += 2;
        }
      }
    },
    () => {
      const attempt = any(attempts);
      const outcome = any(["Completed", "Failed", "Stopped"] as const) ?? "Failed";
      const reason =
        outcome === "Failed" ? (any(["script", "host-lost", "time-limit"] as const) ?? "script") : "script";
      if (attempt !== undefined) {
        db.end(attempt, { outcome, reason });
      }
    },
    () => {
      const jobId = any(jobs);
      if (jobId !== undefined) {
        db.operations.stopJob({ jobId, requestedBy: "ann", force: false });
      }
    },
    () => {
      const attempt = any(attempts);
      if (attempt !== undefined) {
        db.operations.putBackJob({ ...attempt, reason: "declined" });
      }
    },
    () => {
      const worker = any(workers) ?? assert.fail();
      if (random(2) === 0) {
        worker.instanceId = newId();
      }
      db.hello(
        worker,
        attempts.filter(() => random(2) === 0),
      );
    },
    () => {
      db.session.time += random(5_000);
      for (const worker of workers) {
        if (random(3) > 0) {
          db.hello(worker, attempts);
        }
      }
      db.operations.expireLeases();
      db.operations.failOverdueJobs({ limit: 10 });
      if (random(4) === 0 && attempts.length > 0) {
        db.operations.giveUpAttempts({ attempts: [any(attempts) ?? assert.fail()] });
      }
    },
  ];
  for (let step = 0; step < steps; step += 1) {
    (any(actions) ?? assert.fail())();
    checkInvariants(db, `seed ${seed}, step ${step}`);
  }
  return db;
}

function checkInvariants(db: JobsDatabase, when: string): void {
  const none = (sql: string, what: string) => assert.deepEqual(db.database.prepare(sql).all(), [], `${what} (${when})`);
  none(
    `SELECT job_id FROM job_queue WHERE job_id NOT IN (SELECT job_id FROM jobs WHERE status = 'New' AND parked = 0)`,
    "the queue holds only jobs that could start now",
  );
  none(
    `SELECT job_id FROM jobs WHERE status = 'New' AND parked = 0 AND job_id NOT IN (SELECT job_id FROM job_queue)`,
    "every job that could start now is in the queue",
  );
  none(
    `SELECT runbook_id FROM runbooks r WHERE active_jobs <>
       (SELECT COUNT(*) FROM jobs j WHERE j.runbook_id = r.runbook_id AND j.parked = 0 AND j.ended_at IS NULL)`,
    "every runbook knows how many places are taken",
  );
  none(
    `SELECT runbook_id FROM runbooks WHERE concurrency_limit IS NOT NULL AND active_jobs > concurrency_limit`,
    "no runbook has more jobs at once than it may",
  );
  none(
    `SELECT j.job_id FROM jobs j JOIN runbooks r USING (runbook_id)
     WHERE j.parked = 1 AND r.active_jobs < r.concurrency_limit`,
    "no job stays parked where there is room",
  );
  none(
    `SELECT job_id FROM job_attempts WHERE ended_at IS NULL GROUP BY job_id HAVING COUNT(*) > 1`,
    "no job has two live attempts",
  );
  none(
    `SELECT a.job_id FROM job_attempts a JOIN jobs j USING (job_id)
     WHERE a.ended_at IS NULL AND (a.attempt <> j.attempt OR a.worker_id IS NOT j.worker_id OR j.ended_at IS NOT NULL)`,
    "a live attempt is its job's current one",
  );
  none(
    `SELECT job_id FROM jobs WHERE (ended_at IS NOT NULL) <> (status IN ('Completed', 'Failed', 'Stopped'))`,
    "a job has an end when it has ended",
  );
  none(
    `SELECT j.job_id FROM jobs j WHERE j.record_count <> (SELECT COUNT(*) FROM stream_records s WHERE s.job_id = j.job_id)`,
    "the records are counted right",
  );
  none(
    `SELECT j.job_id FROM jobs j WHERE j.lost_attempts > j.max_attempts OR j.failed_attempts > j.max_retries`,
    "no job gets more attempts than it may",
  );
}

test("whatever happens in whatever order, no job is lost, doubled or left behind", () => {
  const statements = new Set<string>();
  for (let seed = 1; seed <= 12; seed += 1) {
    const db = randomLife(seed, 400);
    for (const { before, after } of db.session.all<{ before: JobStatus; after: JobStatus }>(
      "SELECT * FROM seen_changes",
    )) {
      assert.ok(mayBecome(before, after), `${before} → ${after} is not in the table of transitions`);
    }
    for (const statement of db.session.statements) {
      statements.add(statement);
    }
  }
  assert.ok(statements.size > 20);
});

test("what a job costs does not depend on how many have been before: no statement walks over the history", () => {
  const db = randomLife(99, 400);
  db.operations.purgeBoundary({ keep: 10 });
  db.operations.purgeJobs({ endedBefore: db.session.time - 10_000, upTo: null, budget: 5 });
  db.operations.dispatchState({ knownPlacements: 0 });
  db.operations.overdueJobsExist();
  db.operations.releaseParkedJobs({ limit: 9 });
  db.operations.workers({ limit: 100 });
  db.operations.jobToRetry({ jobId: newId() });
  const worker = newId();
  db.operations.jobs({ bytes: 1_000_000, limit: 5, statuses: ["Running", "Stopping"], worker });
  db.operations.jobs({
    bytes: 1_000_000,
    limit: 5,
    since: 0,
    until: 1,
    worker,
    workerGroup: "g",
    startedBy: "a",
    tag: "t",
  });
  for (const status of [undefined, "New", "Completed"] as const) {
    for (const runbook of [undefined, "none", newId()]) {
      db.operations.jobs({
        bytes: 1_000_000,
        limit: 5,
        ...(status && { statuses: [status] }),
        ...(runbook && { runbook }),
      });
    }
  }
  // Indexes that hold what is open only, and the one whose first entries are read.
  const small = /USING (COVERING )?INDEX (jobs_parked|jobs_by_end|jobs_by_worker|job_queue_by_job)/;
  for (const sql of db.session.statements) {
    const plan = db.database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    for (const { detail } of plan) {
      const walks = /^SCAN (j|jobs|o|n|stream_records|job_attempts|a|job_parameters|p)\b/.test(detail);
      assert.ok(!walks || small.test(detail), `${detail}: ${sql}`);
    }
  }
});

function pick({ outcome, number, ended }: { outcome: string; number: number; ended: boolean }) {
  return { outcome, number, ended };
}

/** An id as it is made at this time. */
function idAt(time: number): string {
  return newId({ msecs: time });
}
