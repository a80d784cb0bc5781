import assert from "node:assert/strict";
import type { HostKind } from "../contract/runbook-kind.ts";
import type { QueueKey, SlotOffer } from "./operations/jobs.ts";
import type { JobsDatabase } from "./testing/jobs-database.ts";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

interface ClaimingWorker {
  workerId: string;
  instanceId: string;
  hostKinds: HostKind[];
}

/** Every queue that there is. */
async function allQueues(db: JobsDatabase): Promise<QueueKey[]> {
  const { placements } = await db.operations.dispatchState({ knownPlacements: -1 });
  return (placements ?? []).map(({ placementId, hostKind }) => ({ placementId, hostKind }));
}

async function offerOf(
  db: JobsDatabase,
  { workerId, instanceId, hostKinds }: ClaimingWorker,
  slots: number,
  kindSlots: SlotOffer["kindSlots"] = Object.fromEntries(hostKinds.map((kind) => [kind, slots])),
): Promise<SlotOffer> {
  const placementIds = (await allQueues(db)).map(({ placementId }) => placementId);
  return { workerId, instanceId, slots, kindSlots, placementIds };
}

/** Claims from every queue; gives the ids of the jobs. */
async function claimAny(db: JobsDatabase, worker: ClaimingWorker, slots = 1): Promise<string[]> {
  const offers = [await offerOf(db, worker, slots)];
  const { claimed } = await db.operations.claimJobs({ queues: await allQueues(db), offers, limit: slots });
  return claimed.map(({ jobId }) => jobId);
}

/** Claims from every queue so many times; gives the ids of the jobs. */
async function claimOften(db: JobsDatabase, worker: ClaimingWorker, times: number, slots = 1): Promise<string[]> {
  const claimed: string[] = [];
  for (let i = 0; i < times; i += 1) {
    claimed.push(...(await claimAny(db, worker, slots)));
  }
  return claimed;
}

storeTest(
  "many waiting jobs of one runbook do not hold up the single job of another, in its queue or in one beside it",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker({ hostKinds: ["node", "pwsh"] });
    await db.startMany(await db.addRunbook(), 40);
    await claimAny(db, worker, 10);
    const sameQueue = await db.start(await db.addRunbook());
    const otherQueue = await db.start(await db.addRunbook({ kind: "PowerShell" }));
    const next = await claimAny(db, worker, 4);
    assert.ok(next.includes(sameQueue), "the job in the same queue is among the next four");
    assert.ok(next.includes(otherQueue), "the job in a queue beside it is among the next four");
  },
);

storeTest("queues that one worker serves take turns, and so do the runbooks in them", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const many = [await db.addRunbook(), await db.addRunbook(), await db.addRunbook()];
  const beside = await db.addRunbook({ requiredTags: ["gpu"] });
  for (let i = 0; i < 6; i += 1) {
    for (const runbook of [...many, beside]) {
      await db.start(runbook);
    }
  }
  const jobs = await db.operations.jobsById({ jobIds: await claimOften(db, worker, 4, 4) });
  const counts = [...many, beside].map(({ runbookId }) => jobs.filter((job) => job.runbookId === runbookId).length);
  assert.ok(
    counts.every((count) => count >= 3 && count <= 5),
    `of 16 claimed jobs each of four runbooks has about four: ${counts.join(", ")}`,
  );
});

storeTest(
  "a job of a higher priority goes before all others, whatever queue it is in; within a priority turns are taken",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker();
    const usual = await db.addRunbook();
    const urgent = await db.addRunbook({ priority: 10, requiredTags: ["x"] });
    const last = await db.addRunbook({ priority: -5 });
    const late = await db.start(last);
    const jobs = [await db.start(usual), await db.start(usual)];
    const first = await db.start(urgent);
    const named = await db.accept(usual, { priority: 20 });
    assert.ok(named.outcome === "accepted");
    assert.equal(named.job.priority, 20);
    assert.deepEqual(await claimOften(db, worker, 5), [named.job.jobId, first, ...jobs, late]);
  },
);

storeTest("a job that comes back keeps its priority and goes to the front of it", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook({ priority: 3, attempts: 2 });
  const [first, second] = [await db.start(runbook), await db.start(runbook)];
  const [claimed] = await db.claim(worker);
  assert.equal(claimed?.jobId, first);
  await db.end(claimed ?? assert.fail(), { outcome: "Failed", reason: "host-lost" });
  assert.deepEqual(await claimOften(db, worker, 2), [first, second]);
});

storeTest("slots of a kind bound its jobs, and the others are left to other kinds", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker({ hostKinds: ["node", "pwsh"] });
  const [typeScript, powerShell] = [await db.addRunbook(), await db.addRunbook({ kind: "PowerShell" })];
  for (let i = 0; i < 5; i += 1) {
    await db.start(typeScript);
    await db.start(powerShell);
  }
  const offers = [await offerOf(db, worker, 4, { node: 4, pwsh: 1 })];
  const { claimed, more } = await db.operations.claimJobs({ queues: await allQueues(db), offers, limit: 4 });
  assert.deepEqual(claimed.map(({ hostKind }) => hostKind).sort(), ["node", "node", "node", "pwsh"]);
  assert.equal(more.length, 2);
});

storeTest("a worker gets jobs of the placements that it was offered, and of no other", async (t) => {
  const db = await openJobsDatabase(t);
  const [here, there] = [await db.addWorker(), await db.addWorker()];
  await db.start(await db.addRunbook());
  const other = await db.start(await db.addRunbook({ runOn: ["worker:there"] }));
  const queues = await allQueues(db);
  const { placementId } = await db.job(other);
  const [placement] = queues.filter((queue) => queue.placementId === placementId);
  const offers = [
    { ...(await offerOf(db, here, 2)), placementIds: [] },
    { ...(await offerOf(db, there, 2)), placementIds: [placement?.placementId ?? ""] },
  ];
  const { claimed, more } = await db.operations.claimJobs({ queues, offers, limit: 4 });
  assert.deepEqual(
    claimed.map(({ jobId, workerId }) => [jobId, workerId]),
    [[other, there.workerId]],
  );
  assert.equal(more.length, 1, "the other queue holds a job that nobody was there for");
});

storeTest(
  "a cordoned worker, a draining one, and one of a held group get no job; jobs that they have go on",
  async (t) => {
    const db = await openJobsDatabase(t);
    const runbook = await db.addRunbook();
    const worker = await db.addWorker({ group: "dmz" });
    const running = await db.start(runbook);
    const [attempt] = await db.claim(worker);
    const waiting = await db.start(runbook);
    const { workerId } = worker;
    for (const admission of ["cordoned", "draining"] as const) {
      const changed = await db.operations.changeWorker({ workerId, admission, changedBy: "ann" });
      assert.equal(changed?.admission, admission);
      assert.deepEqual(await claimAny(db, worker), []);
    }
    await db.operations.changeWorker({ workerId, admission: "open", changedBy: "ann" });
    await db.operations.holdDispatch({ scope: "group", subject: "DMZ", reason: "", heldBy: "ann" });
    assert.deepEqual(await claimAny(db, worker), []);
    await db.end(attempt ?? assert.fail());
    assert.equal((await db.job(running)).status, "Completed");
    assert.ok(await db.operations.releaseDispatch({ scope: "group", subject: "dmz" }));
    assert.deepEqual(await claimAny(db, worker), [waiting]);
  },
);

storeTest("a hold of everything is one row that every claim sees", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook());
  const held = await db.operations.holdDispatch({ scope: "all", subject: "", reason: "storage", heldBy: "ann" });
  assert.deepEqual([held.scope, held.reason, held.heldBy], ["all", "storage", "ann"]);
  assert.deepEqual(await claimAny(db, worker), []);
  assert.equal((await db.operations.dispatchHolds()).length, 1);
  await db.operations.releaseDispatch({ scope: "all", subject: "" });
  assert.equal(await db.operations.releaseDispatch({ scope: "all", subject: "" }), null);
  assert.deepEqual(await claimAny(db, worker), [jobId]);
});

storeTest(
  "jobs of a held runbook leave the queue for a parking place, so that no claim meets them, and come back in their order",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker();
    const [held, other] = [await db.addRunbook({ name: "held" }), await db.addRunbook()];
    const jobs = await db.startMany(held, 25);
    const wanted = await db.start(other);
    await db.operations.holdDispatch({ scope: "runbook", subject: "HELD", reason: "", heldBy: "ann" });
    assert.deepEqual((await db.operations.dispatchHolds())[0]?.runbookName, "held");

    const met = await db.operations.claimJobs({
      queues: await allQueues(db),
      offers: [await offerOf(db, worker, 3)],
      limit: 3,
    });
    assert.deepEqual(
      met.claimed.map(({ jobId }) => jobId).filter((jobId) => jobId !== wanted),
      [],
      "what a claim meets of a held runbook is not given out",
    );
    assert.ok(
      met.effects.changedJobs.length > 0 && met.more.length > 0,
      "it is parked, and the claim is to be repeated",
    );

    let after: string | null = null;
    do {
      const portion: { next: string | null } = await db.operations.parkHeldJobs({
        runbookId: held.runbookId,
        after,
        limit: 10,
      });
      after = portion.next;
    } while (after !== null);
    assert.equal(await db.count("job_queue"), met.claimed.length === 1 ? 0 : 1);
    const later = await db.start(held);
    const parked = (await db.rows("jobs")).filter((job) => job["parked"] === 1);
    assert.equal(parked.length, 26, "a later one is parked at once");
    const row = (await db.rows("runbooks")).find(({ name }) => name === "held");
    assert.equal(row?.["active_jobs"], 0);
    assert.deepEqual(
      (await db.operations.releaseParkedJobs({ limit: 5 })).effects.queued,
      [],
      "a duty lets none of them in",
    );

    await db.operations.releaseDispatch({ scope: "runbook", subject: "held" });
    for (let more = true; more; ) {
      ({ more } = await db.operations.releaseParkedJobs({ runbookId: held.runbookId, limit: 10 }));
    }
    const claimed = (await claimAny(db, worker, 40)).filter((jobId) => jobId !== wanted);
    assert.deepEqual(claimed, [...jobs, later]);
  },
);

storeTest("what a concurrency rule says holds for a held runbook, too", async (t) => {
  const db = await openJobsDatabase(t);
  const refusing = await db.addRunbook({ name: "r", concurrencyLimit: 2, concurrencyPolicy: "refuse" });
  await db.operations.holdDispatch({ scope: "runbook", subject: "r", reason: "", heldBy: "ann" });
  assert.equal((await db.accept(refusing)).outcome, "accepted");
  assert.equal((await db.accept(refusing)).outcome, "accepted");
  assert.equal((await db.accept(refusing)).outcome, "refused");
  const replacing = await db.addRunbook({ name: "p", concurrencyLimit: 1, concurrencyPolicy: "replace" });
  await db.operations.holdDispatch({ scope: "runbook", subject: "p", reason: "", heldBy: "ann" });
  const first = await db.start(replacing);
  await db.start(replacing);
  assert.equal((await db.job(first)).status, "Stopped");
});

storeTest("a runbook that is not there cannot be held", async (t) => {
  const db = await openJobsDatabase(t);
  const hold = { scope: "runbook", subject: "none", reason: "", heldBy: "ann" } as const;
  await assert.rejects(db.operations.holdDispatch(hold), { code: "runbook-not-found", status: 404 });
  await assert.rejects(db.operations.releaseDispatch(hold), { code: "runbook-not-found" });
});

storeTest(
  "since when a worker takes no jobs is kept, whatever the reason, and over a change of the reason",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker({ lease: 6_000 });
    const state = async () => (await db.operations.dispatchState({ knownPlacements: -1 })).workers[0];
    assert.deepEqual([(await state())?.available, (await state())?.unavailableSince], [true, null]);
    const cordonedAt = db.time;
    await db.operations.changeWorker({ workerId: worker.workerId, admission: "cordoned", changedBy: "ann" });
    db.time += 7_000;
    await db.operations.expireLeases();
    assert.deepEqual([(await state())?.available, (await state())?.unavailableSince], [false, cordonedAt]);
    await db.hello(worker);
    assert.equal((await state())?.unavailableSince, cordonedAt, "it is back, and still cordoned");
    await db.operations.changeWorker({ workerId: worker.workerId, admission: "open", changedBy: "ann" });
    assert.deepEqual([(await state())?.available, (await state())?.unavailableSince], [true, null]);
    const lastSeen = db.time;
    db.time += 7_000;
    await db.operations.expireLeases();
    assert.equal((await state())?.unavailableSince, lastSeen, "a lost worker is gone since it was seen last");
  },
);

storeTest("a worker that drained and left is not lost; a process that follows a drained one is cordoned", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const of = { workerId: worker.workerId, instanceId: worker.instanceId };
  await db.operations.changeWorker({ workerId: worker.workerId, admission: "draining", changedBy: "ann" });
  await db.operations.drainWorker(of);
  await db.operations.workerLeft(of);
  assert.equal((await db.operations.worker(of))?.status, "disconnected");
  db.time += 60_000;
  assert.deepEqual((await db.operations.expireLeases()).lost, []);
  const next = { ...worker, instanceId: "another" };
  assert.equal((await db.hello(next)).admission, "cordoned");
  assert.deepEqual(await claimAny(db, next), []);
});

storeTest("a worker that left with jobs is lost when its lease ends", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker({ lease: 6_000 });
  const jobId = await db.start(await db.addRunbook());
  await db.claim(worker);
  await db.operations.drainWorker(worker);
  await db.operations.workerLeft(worker);
  db.time += 6_001;
  assert.equal((await db.operations.expireLeases()).lost.length, 1);
  assert.equal((await db.job(jobId)).status, "Failed");
});

storeTest(
  "the lease of a group is that in the database, else that of the service, and holds from the next heartbeat on",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker({ group: "Slow", lease: 6_000 });
    const beat = () =>
      db.operations.renewLeases({
        workers: [{ workerId: worker.workerId, instanceId: worker.instanceId }],
        leases: { usual: 6_000, byGroup: { slow: 9_000 } },
      });
    assert.equal((await beat()).renewed[0]?.leaseDuration, 9_000);
    const { group } = await db.operations.setWorkerGroup({ name: "slow", leaseDuration: 20_000, changedBy: "ann" });
    assert.deepEqual([group.name, group.workers, group.connectedWorkers, group.slots], ["Slow", 1, 1, 10]);
    assert.deepEqual([(await beat()).renewed[0]?.leaseDuration, (await beat()).longestLease], [20_000, 20_000]);
    await db.operations.setWorkerGroup({ name: "slow", leaseDuration: null, changedBy: "ann" });
    assert.equal((await beat()).renewed[0]?.leaseDuration, 9_000);
  },
);

storeTest("a group goes only when it has no workers and no runbook names it", async (t) => {
  const db = await openJobsDatabase(t);
  const { group, created } = await db.operations.setWorkerGroup({
    name: "dmz",
    description: "outside",
    changedBy: "ann",
  });
  assert.deepEqual([created, group.description, group.revision], [true, "outside", 1]);
  await assert.rejects(db.operations.setWorkerGroup({ name: "DMZ", changedBy: "bob", expectedRevision: 9 }), {
    code: "revision-mismatch",
  });
  await db.addRunbook({ standBys: ["group:Dmz"] });
  await assert.rejects(db.operations.removeWorkerGroup({ name: "dmz" }), { code: "worker-group-in-use", status: 409 });
  await assert.rejects(db.operations.removeWorkerGroup({ name: "none" }), { code: "worker-group-not-found" });
  await db.addWorker({ group: "other" });
  await assert.rejects(db.operations.removeWorkerGroup({ name: "other" }), { code: "worker-group-in-use" });
  await db.operations.setWorkerGroup({ name: "empty", changedBy: "ann" });
  await db.operations.removeWorkerGroup({ name: "empty" });
  assert.deepEqual(
    (await db.operations.workerGroups({ limit: 10 })).items.map(({ name }) => name),
    ["dmz", "other"],
  );
});
