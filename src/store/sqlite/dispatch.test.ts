import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostKind } from "../../contract/runbook-kind.ts";
import type { QueueKey, SlotOffer } from "../operations/jobs.ts";
import { JobsDatabase } from "./jobs-testing.ts";

interface ClaimingWorker {
  workerId: string;
  instanceId: string;
  hostKinds: HostKind[];
}

/** Every queue that there is. */
function allQueues(db: JobsDatabase): QueueKey[] {
  const { placements } = db.operations.dispatchState({ knownPlacements: 0 });
  return (placements ?? []).map(({ placementId, hostKind }) => ({ placementId, hostKind }));
}

function offerOf(
  db: JobsDatabase,
  { workerId, instanceId, hostKinds }: ClaimingWorker,
  slots: number,
  kindSlots: SlotOffer["kindSlots"] = Object.fromEntries(hostKinds.map((kind) => [kind, slots])),
): SlotOffer {
  const placementIds = allQueues(db).map(({ placementId }) => placementId);
  return { workerId, instanceId, slots, kindSlots, placementIds };
}

/** Claims from every queue; gives the ids of the jobs. */
function claimAny(db: JobsDatabase, worker: ClaimingWorker, slots = 1): string[] {
  const offers = [offerOf(db, worker, slots)];
  const { claimed } = db.operations.claimJobs({ queues: allQueues(db), offers, limit: slots });
  return claimed.map(({ jobId }) => jobId);
}

test("100,000 waiting jobs of one runbook do not hold up the single job of another, in the same queue or in one beside it", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ hostKinds: ["node", "pwsh"] });
  const greedy = db.addRunbook();
  db.start(greedy);
  // As many rows as real jobs leave in the queue, without their history.
  db.database.exec(`
    WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO job_queue (placement_id, rank, tag, job_id)
      SELECT (SELECT placement_id FROM runbooks), 0, i, unhex(printf('0188%028x', i)) FROM n;
    UPDATE runbook_tags SET tag = 100000;
    UPDATE queue_positions SET tag = 0;`);
  db.database.exec(`
    INSERT INTO jobs (workspace_id, job_id, runbook_id, runbook_name, runbook_kind, version_id, version_number, draft, status,
      placement_id, host_kind, max_attempts, max_retries, grants, stop_grace, output_limit, log_switches, started_by, accepted_at)
    SELECT j.workspace_id, q.job_id, j.runbook_id, j.runbook_name, j.runbook_kind, j.version_id, 1, 0, 'New', j.placement_id,
      j.host_kind, 1, 0, '[]', 1, 1, 0, 'test', 0
    FROM job_queue q, (SELECT * FROM jobs LIMIT 1) j WHERE q.job_id NOT IN (SELECT job_id FROM jobs);`);
  claimAny(db, worker, 10);

  const sameQueue = db.start(db.addRunbook());
  const otherQueue = db.start(db.addRunbook({ kind: "PowerShell" }));
  const next = claimAny(db, worker, 4);
  assert.ok(next.includes(sameQueue), "the job in the same queue is among the next four");
  assert.ok(next.includes(otherQueue), "the job in a queue beside it is among the next four");
});

test("queues that one worker serves take turns, and so do the runbooks in them", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const many = ["a", "b", "c"].map(() => db.addRunbook());
  const beside = db.addRunbook({ requiredTags: ["gpu"] });
  for (let i = 0; i < 40; i += 1) {
    for (const runbook of [...many, beside]) {
      db.start(runbook);
    }
  }
  const claimed = Array.from({ length: 10 }, () => claimAny(db, worker, 4)).flat();
  const counts = [...many, beside].map(
    ({ runbookId }) => claimed.filter((jobId) => db.job(jobId).runbookId === runbookId).length,
  );
  assert.ok(
    counts.every((count) => count >= 9 && count <= 11),
    `of 40 claimed jobs each of four runbooks has about ten: ${counts.join(", ")}`,
  );
});

test("a job of a higher priority goes before all others, whatever queue it is in; within a priority turns are taken", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const usual = db.addRunbook();
  const urgent = db.addRunbook({ priority: 10, requiredTags: ["x"] });
  const last = db.addRunbook({ priority: -5 });
  const late = db.start(last);
  const jobs = [db.start(usual), db.start(usual)];
  const first = db.start(urgent);
  const named = db.accept(usual, { priority: 20 });
  assert.ok(named.outcome === "accepted");
  assert.equal(named.job.priority, 20);
  assert.deepEqual(
    Array.from({ length: 5 }, () => claimAny(db, worker)[0]),
    [named.job.jobId, first, ...jobs, late],
  );
});

test("a job that comes back keeps its priority and goes to the front of it", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const runbook = db.addRunbook({ priority: 3, attempts: 2 });
  const [first, second] = [db.start(runbook), db.start(runbook)];
  const [claimed] = db.claim(worker);
  assert.equal(claimed?.jobId, first);
  db.end(claimed ?? assert.fail(), { outcome: "Failed", reason: "host-lost" });
  assert.deepEqual([claimAny(db, worker)[0], claimAny(db, worker)[0]], [first, second]);
});

test("slots of a kind bound its jobs, and the others are left to other kinds", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ hostKinds: ["node", "pwsh"] });
  const [typeScript, powerShell] = [db.addRunbook(), db.addRunbook({ kind: "PowerShell" })];
  for (let i = 0; i < 5; i += 1) {
    db.start(typeScript);
    db.start(powerShell);
  }
  const offers = [offerOf(db, worker, 4, { node: 4, pwsh: 1 })];
  const { claimed, more } = db.operations.claimJobs({ queues: allQueues(db), offers, limit: 4 });
  assert.deepEqual(claimed.map(({ hostKind }) => hostKind).sort(), ["node", "node", "node", "pwsh"]);
  assert.equal(more.length, 2);
});

test("a worker gets jobs of the placements that it was offered, and of no other", () => {
  const db = new JobsDatabase();
  const [here, there] = [db.addWorker(), db.addWorker()];
  db.start(db.addRunbook());
  const other = db.start(db.addRunbook({ runOn: ["worker:there"] }));
  const queues = allQueues(db);
  const [placement] = queues.filter(({ placementId }) => placementId === db.job(other).placementId);
  const offers = [
    { ...offerOf(db, here, 2), placementIds: [] },
    { ...offerOf(db, there, 2), placementIds: [placement?.placementId ?? ""] },
  ];
  const { claimed, more } = db.operations.claimJobs({ queues, offers, limit: 4 });
  assert.deepEqual(
    claimed.map(({ jobId, workerId }) => [jobId, workerId]),
    [[other, there.workerId]],
  );
  assert.equal(more.length, 1, "the other queue holds a job that nobody was there for");
});

test("a cordoned worker, a draining one, and one of a held group get no job; jobs that they have go on", () => {
  const db = new JobsDatabase();
  const runbook = db.addRunbook();
  const worker = db.addWorker({ group: "dmz" });
  const running = db.start(runbook);
  const [attempt] = db.claim(worker);
  const waiting = db.start(runbook);
  const { workerId } = worker;
  for (const admission of ["cordoned", "draining"] as const) {
    assert.equal(db.operations.changeWorker({ workerId, admission, changedBy: "ann" })?.admission, admission);
    assert.deepEqual(claimAny(db, worker), []);
  }
  db.operations.changeWorker({ workerId, admission: "open", changedBy: "ann" });
  db.operations.holdDispatch({ scope: "group", subject: "DMZ", reason: "", heldBy: "ann" });
  assert.deepEqual(claimAny(db, worker), []);
  db.end(attempt ?? assert.fail());
  assert.equal(db.job(running).status, "Completed");
  assert.ok(db.operations.releaseDispatch({ scope: "group", subject: "dmz" }));
  assert.deepEqual(claimAny(db, worker), [waiting]);
});

test("a hold of everything is one row that every claim sees", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const jobId = db.start(db.addRunbook());
  const held = db.operations.holdDispatch({ scope: "all", subject: "", reason: "storage", heldBy: "ann" });
  assert.deepEqual([held.scope, held.reason, held.heldBy], ["all", "storage", "ann"]);
  assert.deepEqual(claimAny(db, worker), []);
  assert.equal(db.operations.dispatchHolds().length, 1);
  db.operations.releaseDispatch({ scope: "all", subject: "" });
  assert.equal(db.operations.releaseDispatch({ scope: "all", subject: "" }), null);
  assert.deepEqual(claimAny(db, worker), [jobId]);
});

test("jobs of a held runbook leave the queue for a parking place, so that no claim meets them, and come back in their order", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const [held, other] = [db.addRunbook({ name: "held" }), db.addRunbook()];
  const jobs = Array.from({ length: 25 }, () => db.start(held));
  const wanted = db.start(other);
  db.operations.holdDispatch({ scope: "runbook", subject: "HELD", reason: "", heldBy: "ann" });
  assert.deepEqual(db.operations.dispatchHolds()[0]?.runbookName, "held");

  const met = db.operations.claimJobs({ queues: allQueues(db), offers: [offerOf(db, worker, 3)], limit: 3 });
  assert.deepEqual(
    met.claimed.map(({ jobId }) => jobId).filter((jobId) => jobId !== wanted),
    [],
    "what a claim meets of a held runbook is not given out",
  );
  assert.ok(met.effects.changedJobs.length > 0 && met.more.length > 0, "it is parked, and the claim is to be repeated");

  let after: string | null = null;
  do {
    after = db.operations.parkHeldJobs({ runbookId: held.runbookId, after, limit: 10 }).next;
  } while (after !== null);
  assert.equal(db.count("SELECT COUNT(*) AS n FROM job_queue"), met.claimed.length === 1 ? 0 : 1);
  const later = db.start(held);
  assert.equal(db.count("SELECT COUNT(*) AS n FROM jobs WHERE parked = 1"), 26, "a later one is parked at once");
  assert.equal(db.count("SELECT active_jobs AS n FROM runbooks WHERE name = 'held'"), 0);
  assert.deepEqual(db.operations.releaseParkedJobs({ limit: 5 }).effects.queued, [], "a duty lets none of them in");

  db.operations.releaseDispatch({ scope: "runbook", subject: "held" });
  for (let more = true; more; ) {
    ({ more } = db.operations.releaseParkedJobs({ runbookId: held.runbookId, limit: 10 }));
  }
  const claimed = claimAny(db, worker, 40).filter((jobId) => jobId !== wanted);
  assert.deepEqual(claimed, [...jobs, later]);
});

test("what a concurrency rule says holds for a held runbook, too", () => {
  const db = new JobsDatabase();
  const refusing = db.addRunbook({ name: "r", concurrencyLimit: 2, concurrencyPolicy: "refuse" });
  db.operations.holdDispatch({ scope: "runbook", subject: "r", reason: "", heldBy: "ann" });
  assert.equal(db.accept(refusing).outcome, "accepted");
  assert.equal(db.accept(refusing).outcome, "accepted");
  assert.equal(db.accept(refusing).outcome, "refused");
  const replacing = db.addRunbook({ name: "p", concurrencyLimit: 1, concurrencyPolicy: "replace" });
  db.operations.holdDispatch({ scope: "runbook", subject: "p", reason: "", heldBy: "ann" });
  const first = db.start(replacing);
  db.start(replacing);
  assert.equal(db.job(first).status, "Stopped");
});

test("a runbook that is not there cannot be held", () => {
  const db = new JobsDatabase();
  const hold = { scope: "runbook", subject: "none", reason: "", heldBy: "ann" } as const;
  assert.throws(() => db.operations.holdDispatch(hold), { code: "runbook-not-found", status: 404 });
  assert.throws(() => db.operations.releaseDispatch(hold), { code: "runbook-not-found" });
});

test("since when a worker takes no jobs is kept, whatever the reason, and over a change of the reason", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ lease: 6_000 });
  const state = () => db.operations.dispatchState({ knownPlacements: 0 }).workers[0];
  assert.deepEqual([state()?.available, state()?.unavailableSince], [true, null]);
  const cordonedAt = db.session.time;
  db.operations.changeWorker({ workerId: worker.workerId, admission: "cordoned", changedBy: "ann" });
  db.session.time += 7_000;
  db.operations.expireLeases();
  assert.deepEqual([state()?.available, state()?.unavailableSince], [false, cordonedAt]);
  db.hello(worker);
  assert.equal(state()?.unavailableSince, cordonedAt, "it is back, and still cordoned");
  db.operations.changeWorker({ workerId: worker.workerId, admission: "open", changedBy: "ann" });
  assert.deepEqual([state()?.available, state()?.unavailableSince], [true, null]);
  const lastSeen = db.session.time;
  db.session.time += 7_000;
  db.operations.expireLeases();
  assert.equal(state()?.unavailableSince, lastSeen, "a lost worker is gone since it was seen last");
});

test("a worker that drained and left is not lost; a process that follows a drained one is cordoned", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker();
  const of = { workerId: worker.workerId, instanceId: worker.instanceId };
  db.operations.changeWorker({ workerId: worker.workerId, admission: "draining", changedBy: "ann" });
  db.operations.drainWorker(of);
  db.operations.workerLeft(of);
  assert.equal(db.operations.worker(of)?.status, "disconnected");
  db.session.time += 60_000;
  assert.deepEqual(db.operations.expireLeases().lost, []);
  const next = { ...worker, instanceId: "another" };
  assert.equal(db.hello(next).admission, "cordoned");
  assert.deepEqual(claimAny(db, next), []);
});

test("a worker that left with jobs is lost when its lease ends", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ lease: 6_000 });
  const jobId = db.start(db.addRunbook());
  db.claim(worker);
  db.operations.drainWorker(worker);
  db.operations.workerLeft(worker);
  db.session.time += 6_001;
  assert.equal(db.operations.expireLeases().lost.length, 1);
  assert.equal(db.job(jobId).status, "Failed");
});

test("the lease of a group is that in the database, else that of the service, and holds from the next heartbeat on", () => {
  const db = new JobsDatabase();
  const worker = db.addWorker({ group: "Slow", lease: 6_000 });
  const beat = () =>
    db.operations.renewLeases({
      workers: [{ workerId: worker.workerId, instanceId: worker.instanceId }],
      leases: { usual: 6_000, byGroup: { slow: 9_000 } },
    });
  assert.equal(beat().renewed[0]?.leaseDuration, 9_000);
  const { group } = db.operations.setWorkerGroup({ name: "slow", leaseDuration: 20_000, changedBy: "ann" });
  assert.deepEqual([group.name, group.workers, group.connectedWorkers, group.slots], ["Slow", 1, 1, 10]);
  assert.deepEqual([beat().renewed[0]?.leaseDuration, beat().longestLease], [20_000, 20_000]);
  db.operations.setWorkerGroup({ name: "slow", leaseDuration: null, changedBy: "ann" });
  assert.equal(beat().renewed[0]?.leaseDuration, 9_000);
});

test("a group goes only when it has no workers and no runbook names it", () => {
  const db = new JobsDatabase();
  const { group, created } = db.operations.setWorkerGroup({ name: "dmz", description: "outside", changedBy: "ann" });
  assert.deepEqual([created, group.description, group.revision], [true, "outside", 1]);
  assert.throws(() => db.operations.setWorkerGroup({ name: "DMZ", changedBy: "bob", expectedRevision: 9 }), {
    code: "revision-mismatch",
  });
  db.addRunbook({ standBys: ["group:Dmz"] });
  assert.throws(() => db.operations.removeWorkerGroup({ name: "dmz" }), { code: "worker-group-in-use", status: 409 });
  assert.throws(() => db.operations.removeWorkerGroup({ name: "none" }), { code: "worker-group-not-found" });
  db.addWorker({ group: "other" });
  assert.throws(() => db.operations.removeWorkerGroup({ name: "other" }), { code: "worker-group-in-use" });
  db.operations.setWorkerGroup({ name: "empty", changedBy: "ann" });
  db.operations.removeWorkerGroup({ name: "empty" });
  assert.deepEqual(
    db.operations.workerGroups({ limit: 10 }).items.map(({ name }) => name),
    ["dmz", "other"],
  );
});
