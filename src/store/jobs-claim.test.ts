import assert from "node:assert/strict";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

storeTest("a runbook that asks for many jobs does not keep another one waiting", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const greedy = await db.addRunbook();
  const modest = await db.addRunbook();
  await db.startMany(greedy, 50);
  for (let i = 0; i < 10; i += 1) {
    await db.claim(worker);
  }
  const wanted = [await db.start(modest), await db.start(modest), await db.start(modest)];
  const next: string[] = [];
  for (let i = 0; i < 7; i += 1) {
    next.push((await db.claim(worker))[0]?.jobId ?? "");
  }
  assert.deepEqual(
    wanted.map((jobId) => next.includes(jobId)),
    [true, true, true],
    "three jobs of the other runbook are among the next seven",
  );
});

storeTest("jobs of one runbook are claimed in the order in which they were asked for", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook();
  const asked = await db.startMany(runbook, 20);
  assert.deepEqual(
    [...(await db.claim(worker, 7)), ...(await db.claim(worker, 13))].map(({ jobId }) => jobId),
    asked,
  );
});

storeTest("a claim never gives more jobs than slots, nor one job twice", async (t) => {
  const db = await openJobsDatabase(t);
  const small = await db.addWorker();
  const large = await db.addWorker({ hostKinds: ["node", "pwsh"] });
  const typeScript = await db.addRunbook();
  const powerShell = await db.addRunbook({ kind: "PowerShell" });
  for (let i = 0; i < 10; i += 1) {
    await db.start(typeScript);
    await db.start(powerShell);
  }
  const { claimed, more } = await db.operations.claimJobs({
    queues: await db.queues(),
    offers: [await db.offer(small, 2), await db.offer(large, 3)],
    limit: 100,
  });
  const of = (workerId: string) => claimed.filter((job) => job.workerId === workerId);
  assert.equal(of(small.workerId).length, 2);
  assert.equal(of(large.workerId).length, 3);
  assert.ok(of(small.workerId).every(({ hostKind }) => hostKind === "node"));
  assert.deepEqual(more.toSorted(), (await db.queues()).map(({ placementId }) => placementId).toSorted());
  assert.equal(new Set(claimed.map(({ jobId }) => jobId)).size, 5);
  assert.equal(await db.count("job_queue"), 15);
});

storeTest("a worker whose lease has ended gets no job", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker({ lease: 6_000 });
  await db.start(await db.addRunbook());
  db.time += 6_001;
  const offers = [await db.offer(worker, 1)];
  assert.deepEqual((await db.operations.claimJobs({ queues: await db.queues(), offers, limit: 1 })).passedOver, [
    worker.workerId,
  ]);
  assert.deepEqual(await db.claim({ ...worker, instanceId: "another" }), []);
});

storeTest("a declined job goes back to the front of the queue and its attempt is not counted", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook();
  const [first] = [await db.start(runbook), await db.start(runbook)];
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  await db.operations.putBackJob({ ...attempt, reason: "draining" });
  await db.operations.putBackJob({ ...attempt, reason: "told twice" });
  assert.equal((await db.append(attempt, [1])).outcome, "refused");
  const [again] = await db.claim(worker);
  assert.deepEqual([again?.jobId, again?.attempt], [first, 2]);
});

storeTest("no attempt begins before the one before has ended, whatever time its claim was made by", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook());
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  db.time += 1_000;
  await db.operations.putBackJob({ ...attempt, reason: "declined" });
  // As a claim that looked at the queue before the job came back; or a clock that was set back.
  db.time -= 500;
  const [again] = await db.claim(worker);
  assert.equal(again?.attempt, 2);
  const [first, second] = (await db.operations.jobAttempts({ jobId })) ?? [];
  assert.deepEqual([first?.endedAt, second?.claimedAt], [attempt.claimedAt + 1_000, attempt.claimedAt + 1_000]);
});

storeTest("attempts that nothing was heard of for a while are found over the link that their worker has", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = { ...(await db.addWorker()), linkId: "first" };
  await db.hello(worker);
  const runbook = await db.addRunbook();
  const silent = [await db.start(runbook), await db.start(runbook)];
  await db.startMany(runbook, 3);
  const [first, stopped, begun, ended] = await db.claim(worker, 4);
  assert.ok(first && stopped && begun && ended);
  await db.operations.stopJob({ jobId: stopped.jobId, requestedBy: "ann", force: false });
  const { jobId, attempt, workerId } = begun;
  const progress = [{ jobId, attempt, workerId, hostReadyAt: db.time, runningAt: db.time }];
  await db.operations.appendRecords({ progress, batches: [] });
  await db.end(ended);
  const found = async (age: number, linkId = "first") => {
    const { instanceId } = worker;
    const attempts = await db.operations.silentAttempts({ links: [{ workerId, instanceId, linkId }], age });
    return attempts.map((one) => `${one.jobId} ${one.attempt} ${one.workerId === workerId}`);
  };
  const both = silent.map((one) => `${one} 1 true`);
  assert.deepEqual((await found(0)).toSorted(), both);
  assert.deepEqual(await found(1_000), []);
  db.time += 1_000;
  assert.deepEqual((await found(1_000)).toSorted(), both);
  assert.deepEqual(await found(1_000, "another"), []);
  assert.deepEqual(await db.operations.silentAttempts({ links: [], age: 0 }), []);
});

storeTest("the queues that hold a job are found", async (t) => {
  const db = await openJobsDatabase(t);
  for (const group of ["default", "eu", "us"]) {
    for (const kind of ["TypeScript", "PowerShell"] as const) {
      if (group !== "eu" || kind === "PowerShell") {
        const runbook = await db.addRunbook({ runOn: [`group:${group}`], kind });
        await db.start(runbook);
        await db.start(runbook);
      }
    }
  }
  const { waiting, placements } = await db.operations.dispatchState({ knownPlacements: 0 });
  const named = placements?.filter(({ placementId }) => waiting.includes(placementId));
  assert.deepEqual(named?.map(({ runOn, hostKind }) => `${runOn.join()} ${hostKind}`).sort(), [
    "group:default node",
    "group:default pwsh",
    "group:eu pwsh",
    "group:us node",
    "group:us pwsh",
  ]);
});
