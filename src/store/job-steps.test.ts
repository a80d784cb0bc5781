import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import type { ClaimedJob } from "./operations/jobs.ts";
import type { NewJobStep } from "./operations/new-job-step.ts";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

storeTest("a step is kept once, by the current attempt only, and a checkpoint replaces the one before", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook({}));
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  const first = step("first");
  const checkpoint = { ...step("checkpoint"), kind: "checkpoint" as const };
  const add = (steps: NewJobStep[], of = attempt) => db.operations.addJobSteps({ ...assigned(of), steps });
  assert.deepEqual(await add([first, checkpoint]), { outcome: "stored" });
  assert.deepEqual(
    await add([
      { ...first, sealed: new Uint8Array([9]) },
      { ...checkpoint, sealed: new Uint8Array([8]) },
    ]),
    { outcome: "stored" },
  );
  assert.deepEqual(await add([step("late")], { ...attempt, attempt: 2 }), { outcome: "refused" });
  const kept = await db.operations.jobSteps({ jobId, all: true });
  assert.deepEqual(
    kept.map(({ name, sealed }) => [name, sealed?.[0]]),
    [
      ["first", 1],
      ["checkpoint", 8],
    ],
  );
  assert.deepEqual(
    (await db.operations.jobSteps({ jobId, all: false })).map(({ name, attempt: of }) => [name, of]),
    [["first", 1]],
  );
});

storeTest(
  "a step that was under way when its attempt ended gives way to the one that is done, and is no sign that the job comes on",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker();
    const jobId = await db.start(await db.addRunbook({ attempts: 2 }));
    const [first] = await db.claim(worker);
    assert.ok(first !== undefined);
    const unfinished = { ...step("one"), endedAt: null, result: null };
    await db.operations.addJobSteps({ ...assigned(first), steps: [unfinished] });
    await db.end(first, { outcome: "Failed", reason: "host-lost" });
    const [second] = await db.claim(worker);
    assert.ok(second !== undefined);
    await db.operations.addJobSteps({ ...assigned(second), steps: [{ ...step("two"), endedAt: null }] });
    assert.equal((await db.job(jobId)).status, "Activating");
    await db.operations.addJobSteps({
      ...assigned(second),
      steps: [{ ...unfinished, sequence: sequence + 1, endedAt: 3_000, result: "7" }],
    });
    await db.operations.addJobSteps({ ...assigned(second), steps: [unfinished] });
    const kept = await db.operations.jobSteps({ jobId, all: false });
    assert.deepEqual(
      kept.map(({ name, attempt, endedAt, result }) => [name, attempt, endedAt === null, result]),
      [
        ["two", 2, true, null],
        ["one", 2, false, "7"],
      ],
    );
  },
);

storeTest("an attempt that came to nothing but a step under way was lost as any other", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook({ attempts: 2 }));
  for (const expected of ["New", "Failed"]) {
    const [attempt] = await db.claim(worker);
    assert.ok(attempt !== undefined);
    await db.operations.addJobSteps({ ...assigned(attempt), steps: [{ ...step("one"), endedAt: null }] });
    await db.end(attempt, { outcome: "Failed", reason: "host-lost" });
    assert.equal((await db.job(jobId)).status, expected);
  }
});

storeTest("what an ended job was given is kept for as long as it may be started again behind its steps", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook({});
  const jobs = [await db.start(runbook), await db.start(runbook)];
  const attempts = await db.claim(worker, 2);
  const [withSteps] = attempts;
  assert.ok(withSteps !== undefined);
  await db.operations.addJobSteps({ ...assigned(withSteps), steps: [step("first")] });
  for (const jobId of jobs) {
    await db.operations.addJobSecrets({ secretId: newId(), jobId, sealed: new Uint8Array([1]) });
  }
  for (const attempt of attempts) await db.end(attempt, {});
  assert.equal(await db.operations.purgeJobSecrets({ limit: 10, unknownBefore: 0 }), 1);
  assert.equal((await db.operations.jobSecrets({ jobId: withSteps.jobId })).length, 1);
});

storeTest("a job with steps has three attempts, counted from its last step", async (t) => {
  const db = await openJobsDatabase(t);
  const jobId = await db.start(await db.addRunbook({ attempts: 1 }));
  for (const name of ["one", "two", "three", "four"]) {
    const worker = await db.addWorker({ name });
    const [attempt] = await db.claim(worker);
    assert.ok(attempt !== undefined, name);
    if (name !== "four") {
      await db.operations.addJobSteps({ ...assigned(attempt), steps: [step(name)] });
    }
    await db.end(attempt, { outcome: "Failed", reason: "host-lost" });
    assert.equal((await db.job(jobId)).status, "New");
  }
});

storeTest(
  "a suspended job holds no worker, keeps its place, goes on when it is resumed, and can be stopped",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker();
    const runbook = await db.addRunbook({ concurrencyLimit: 5 });
    const jobId = await db.start(runbook);
    for (const number of [1, 2]) {
      const [attempt] = await db.claim(worker);
      assert.ok(attempt !== undefined);
      assert.equal(attempt.attempt, number);
      const suspended = await db.operations.suspendAttempt({ ...assigned(attempt), ...quietly });
      assert.equal(suspended.outcome, "suspended");
      assert.deepEqual(suspended.effects.overAttempts, [assigned(attempt)]);
      assert.equal((await db.operations.suspendAttempt({ ...assigned(attempt), ...quietly })).outcome, "suspended");
      const job = await db.job(jobId);
      assert.deepEqual([job.status, job.workerId, job.statusReason], ["Suspended", null, "waits"]);
      assert.deepEqual(await db.claim(worker), []);
      if (number === 1) {
        const resumed = await db.operations.resumeJob({ jobId, requestedBy: "ann" });
        assert.equal(resumed.outcome, "done");
        assert.equal((await db.operations.resumeJob({ jobId, requestedBy: "ann" })).outcome, "refused");
      }
    }
    assert.equal((await db.rows("runbooks"))[0]?.["active_jobs"], 1);
    assert.equal((await db.operations.stopJob({ jobId, requestedBy: "ann", force: false })).outcome, "stopped");
    assert.equal((await db.job(jobId)).status, "Stopped");
    assert.equal((await db.rows("runbooks"))[0]?.["active_jobs"], 0);
  },
);

storeTest(
  "a job whose worker is lost, or never started it, while it is to be suspended is suspended, and goes on when it is resumed",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker();
    const jobId = await db.start(await db.addRunbook({ concurrencyLimit: 5 }));
    const ends = [
      (of: ClaimedJob) => db.end(of, { outcome: "Failed", reason: "host-lost" }),
      (of: ClaimedJob) => db.operations.putBackJob({ ...assigned(of), reason: "it drains" }),
    ];
    for (const end of ends) {
      const [attempt] = await db.claim(worker);
      assert.ok(attempt !== undefined);
      await db.operations.addJobSteps({ ...assigned(attempt), steps: [step(`step ${attempt.attempt}`)] });
      await db.operations.suspendJob({ jobId, requestedBy: "ann" });
      await end(attempt);
      const job = await db.job(jobId);
      assert.deepEqual([job.status, job.workerId], ["Suspended", null]);
      assert.match(job.statusReason ?? "", /^waits to be resumed; attempt \d: /);
      assert.deepEqual(await db.claim(worker), []);
      assert.equal((await db.operations.resumeJob({ jobId, requestedBy: "ann" })).outcome, "done");
    }
    assert.equal((await db.claim(worker)).length, 1);
    assert.equal((await db.rows("runbooks"))[0]?.["active_jobs"], 1);
  },
);

storeTest(
  "a job that is to be suspended and never reached its worker is suspended without counting the attempt, by the worker's hello and by the search for orphans",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = { ...(await db.addWorker()), linkId: "first" };
    await db.hello(worker);
    const silent = () => db.operations.silentAttempts({ links: [worker], age: 0 });
    const jobId = await db.start(await db.addRunbook({ attempts: 1 }));
    const findings = [
      async () => {
        const [orphan] = await silent();
        assert.equal(orphan?.jobId, jobId);
        await db.operations.putBackJob({ ...orphan, reason: "the answer to its claim was lost" });
      },
      () => db.hello(worker, []),
    ];
    for (const find of findings) {
      assert.equal((await db.claim(worker)).length, 1);
      await db.operations.suspendJob({ jobId, requestedBy: "ann" });
      await find();
      assert.equal((await db.job(jobId)).status, "Suspended");
      assert.equal((await db.operations.resumeJob({ jobId, requestedBy: "ann" })).outcome, "done");
    }

    const [begun] = await db.claim(worker);
    assert.ok(begun !== undefined);
    const progress = [{ ...assigned(begun), hostReadyAt: db.time, runningAt: db.time }];
    await db.operations.appendRecords({ progress, batches: [] });
    await db.operations.suspendJob({ jobId, requestedBy: "ann" });
    assert.deepEqual(await silent(), []);
    await db.hello(worker, []);
    assert.equal((await db.job(jobId)).status, "Failed", "one that did run is lost");
  },
);

storeTest("a newer request replaces the oldest of a runbook's jobs, suspended ones too", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const runbook = await db.addRunbook({ concurrencyLimit: 3, concurrencyPolicy: "replace" });
  const suspended = [await db.start(runbook), await db.start(runbook)];
  for (const attempt of await db.claim(worker, 2)) {
    await db.operations.suspendAttempt({ ...assigned(attempt), ...quietly });
  }
  const waiting = await db.start(runbook);
  const newer = await db.start(runbook);
  const newest = await db.start(runbook);
  const statuses = [];
  for (const jobId of [...suspended, waiting, newer, newest]) statuses.push((await db.job(jobId)).status);
  assert.deepEqual(statuses, ["Stopped", "Stopped", "New", "New", "New"]);
  assert.equal((await db.rows("runbooks"))[0]?.["active_jobs"], 3);
});

storeTest("a job that waits for a time goes on when it has come", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook({}));
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  const wait = { ...step("until"), kind: "time" as const, endedAt: null, until: db.time - 1_000 };
  await db.operations.addJobSteps({ ...assigned(attempt), steps: [wait] });
  await db.operations.suspendAttempt({ ...assigned(attempt), ...quietly });
  assert.equal(await db.operations.dueWaitsExist(), true);
  const resumed = await db.operations.resumeDueJobs({ limit: 10 });
  assert.deepEqual([resumed.effects.changedJobs, resumed.more], [[jobId], false]);
  assert.equal(await db.operations.dueWaitsExist(), false);
  const [kept] = await db.operations.jobSteps({ jobId, all: false });
  assert.deepEqual(kept?.answer, { timedOut: true });
  assert.equal((await db.claim(worker))[0]?.attempt, 2);
});

storeTest("an event comes to the wait for it, whichever was first", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook({}));
  const [first] = await db.claim(worker);
  assert.ok(first !== undefined);
  const send = (by: string) =>
    db.operations.sendJobEvent({
      jobId,
      stepId: newId(),
      event: "go",
      name: "go",
      sealed: new Uint8Array([7]),
      answer: { by },
    });
  const early = await send("early");
  assert.ok(early.outcome === "done" && !early.isResumed);
  const wait = (name: string) => ({ ...step(name), kind: "event" as const, event: "go", endedAt: null });
  await db.operations.addJobSteps({ ...assigned(first), steps: [wait("first wait")] });
  await db.operations.suspendAttempt({ ...assigned(first), ...quietly });
  assert.equal((await db.job(jobId)).status, "New", "it goes on at once");

  const [second] = await db.claim(worker);
  assert.ok(second !== undefined);
  await db.operations.addJobSteps({ ...assigned(second), steps: [wait("second wait")] });
  await db.operations.suspendAttempt({ ...assigned(second), ...quietly });
  assert.equal((await db.job(jobId)).status, "Suspended");
  const late = await send("late");
  assert.ok(late.outcome === "done" && late.isResumed);
  const steps = await db.operations.jobSteps({ jobId, all: false });
  assert.deepEqual(
    steps.map(({ name, answer }) => [name, answer?.by]),
    [
      ["first wait", "early"],
      ["second wait", "late"],
    ],
  );
});

storeTest("an approval is answered once", async (t) => {
  const db = await openJobsDatabase(t);
  const worker = await db.addWorker();
  const jobId = await db.start(await db.addRunbook({}));
  const [attempt] = await db.claim(worker);
  assert.ok(attempt !== undefined);
  const approval = { ...step("deploy?"), kind: "approval" as const, endedAt: null, addressedTo: ["ann"] };
  await db.operations.addJobSteps({ ...assigned(attempt), steps: [approval] });
  await db.operations.suspendAttempt({ ...assigned(attempt), ...quietly });
  const answer = (by: string) =>
    db.operations.answerApproval({ jobId, stepId: approval.stepId, answer: { approved: true, by } });
  const given = await answer("ann");
  assert.ok(given.outcome === "done" && given.isResumed);
  assert.equal((await answer("bob")).outcome, "refused");
  const [kept] = await db.operations.jobSteps({ jobId, all: false });
  assert.deepEqual([kept?.answer, kept?.addressedTo], [{ approved: true, by: "ann" }, ["ann"]]);
});

const quietly = { reason: "waits", exception: null, endedAt: Date.now() };

let sequence = 0;

function step(name: string): NewJobStep {
  sequence += 1;
  return {
    stepId: newId(),
    sequence,
    kind: "step",
    name,
    branch: "",
    startedAt: 1_000,
    endedAt: 2_000,
    until: null,
    event: null,
    message: null,
    addressedTo: null,
    result: null,
    sealed: new Uint8Array([1]),
  };
}

function assigned({ jobId, attempt, workerId }: { jobId: string; attempt: number; workerId: string }) {
  return { jobId, attempt, workerId };
}
