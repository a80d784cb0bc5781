import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import type { JobsDatabase, TestRunbook } from "./testing/jobs-database.ts";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

async function startChild(db: JobsDatabase, runbook: TestRunbook, jobId: string, stopsWithParent = false) {
  const parent = { jobId, callId: newId(), stopsWithParent };
  const accepted = await db.accept(runbook, { parent });
  assert.ok(accepted.outcome === "accepted");
  return { childId: accepted.job.jobId, callId: parent.callId };
}

storeTest("a job is found by the call that started it, and with the others that its parent started", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  const parentId = await db.start(runbook);
  const one = await startChild(db, runbook, parentId);
  const two = await startChild(db, runbook, parentId);
  const { operations } = db;
  assert.equal((await operations.jobOfCall({ parentJobId: parentId, callId: two.callId }))?.jobId, two.childId);
  assert.equal(await operations.jobOfCall({ parentJobId: one.childId, callId: two.callId }), null);
  const children = await operations.childJobs({ parentJobId: parentId, limit: 10 });
  assert.deepEqual(
    children.map(({ jobId, parentJobId }) => [jobId, parentJobId]),
    [
      [one.childId, parentId],
      [two.childId, parentId],
    ],
  );
  const rest = await operations.childJobs({ parentJobId: parentId, after: one.childId, limit: 10 });
  assert.deepEqual(
    rest.map(({ jobId }) => jobId),
    [two.childId],
  );
  const chain = await operations.jobAncestors({ jobId: one.childId, limit: 16 });
  assert.deepEqual(
    chain.map(({ jobId }) => jobId),
    [one.childId, parentId],
  );
});

storeTest("what is to be stopped with a job is found by that job, and what was left behind page by page", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  const parentId = await db.start(runbook);
  const bound = await startChild(db, runbook, parentId, true);
  const second = await startChild(db, runbook, parentId, true);
  await startChild(db, runbook, parentId);
  const otherId = await db.start(runbook);
  const ofOther = await startChild(db, runbook, otherId, true);
  const { operations } = db;
  const boundTo = (parentJobIds: string[], limit = 10, after?: string) =>
    operations.boundChildren({ parentJobIds, after, force: false, limit });
  assert.deepEqual(await operations.childrenLeftBehind({ limit: 10 }), { jobIds: [], next: null });
  assert.deepEqual(await boundTo([parentId], 1), [bound.childId]);
  assert.deepEqual(await boundTo([parentId], 1, bound.childId), [second.childId]);
  assert.deepEqual(await boundTo([parentId, otherId]), [bound.childId, second.childId, ofOther.childId]);
  await operations.stopJob({ jobId: parentId, requestedBy: "tester", force: false });
  const left = await operations.childrenLeftBehind({ limit: 2 });
  assert.deepEqual(left, { jobIds: [bound.childId, second.childId], next: second.childId });
  const rest = await operations.childrenLeftBehind({ after: second.childId, limit: 2 });
  assert.deepEqual(rest, { jobIds: [], next: null });
  for (const { childId } of [bound, second]) {
    await operations.stopJob({ jobId: childId, requestedBy: "tester", force: false });
  }
  assert.deepEqual(await boundTo([parentId]), []);
  assert.deepEqual(await operations.childrenLeftBehind({ limit: 10 }), { jobIds: [], next: null });
});

storeTest("a job keeps the versions that it began with, and a pinned one need not be published any more", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  const first = { name: "Child", versionId: newId() };
  const accepted = await db.accept({ ...runbook, versionId: newId() }, { isPinned: true, children: [first] });
  assert.ok(accepted.outcome === "accepted");
  const { jobId } = accepted.job;
  const { operations } = db;
  assert.deepEqual(await operations.pinChild({ jobId, name: "CHILD", versionId: newId() }), first);
  const second = { name: "Other", versionId: newId() };
  assert.deepEqual(await operations.pinChild({ jobId, ...second }), second);
  assert.deepEqual(await operations.pinnedChildren({ jobId }), [first, second]);
  assert.deepEqual(await operations.publishedChildren({ names: ["Child"] }), []);
});

storeTest("a job that another waits for goes before those of the waiting one's priority", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  const worker = await db.addWorker();
  const parentId = await db.start(runbook);
  const [parent] = await db.claim(worker);
  assert.equal(parent?.jobId, parentId);
  await db.start(runbook);
  const { childId } = await startChild(db, runbook, parentId);
  await db.operations.hurryJob({ jobId: childId, waitingJobId: parentId, highest: 100 });
  const [next] = await db.claim(worker);
  assert.equal(next?.jobId, childId);
  assert.equal((await db.job(childId)).priority, 1);
});

const forced = { requestedBy: "test", force: true };

async function startOf(db: JobsDatabase, parentJobId: string | null, priority = 0): Promise<string> {
  const runbook = await db.addRunbook();
  const parent = parentJobId === null ? null : { jobId: parentJobId, callId: newId(), stopsWithParent: true };
  const accepted = await db.accept(runbook, { parent, priority });
  return accepted.outcome === "accepted" ? accepted.job.jobId : assert.fail(accepted.outcome);
}

storeTest(
  "a job that is waited for goes before the one that waits, and never above the highest priority",
  async (t) => {
    const db = await openJobsDatabase(t);
    for (const [priority, hurried] of [
      [3, 4],
      [9, 10],
      [10, 10],
    ] as const) {
      const waitingJobId = await startOf(db, null, priority);
      const jobId = await startOf(db, waitingJobId, 0);
      await db.operations.hurryJob({ jobId, waitingJobId, highest: 10 });
      assert.equal((await db.job(jobId)).priority, hurried);
      await db.operations.hurryJob({ jobId, waitingJobId, highest: 10 });
      assert.equal((await db.job(jobId)).priority, hurried);
    }
  },
);

storeTest(
  "a forced stop reaches children that were asked to stop already, and those that it reached not again",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker();
    const parentJobId = await startOf(db, null);
    const child = await startOf(db, parentJobId);
    await db.claim(worker, 2);
    const ofParent = (force: boolean) =>
      db.operations.boundChildren({ parentJobIds: [parentJobId], after: undefined, force, limit: 10 });
    assert.deepEqual(await ofParent(false), [child]);
    await db.operations.stopJob({ jobId: child, requestedBy: "test", force: false });
    assert.deepEqual(await ofParent(false), []);
    assert.deepEqual(await ofParent(true), [child]);
    await db.operations.stopJob({ jobId: child, ...forced });
    assert.deepEqual(await ofParent(true), []);
  },
);

storeTest("an acceptance for another principal than the runbook's jobs act as is none", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  const starterId = newId();
  const outcome = async (more: Parameters<JobsDatabase["accept"]>[1]) => (await db.accept(runbook, more)).outcome;
  assert.equal(await outcome({ isPinned: true, runAs: null }), "accepted");
  assert.equal(await outcome({ isPinned: true, runAs: starterId }), "changed");
  assert.equal(await outcome({ isPinned: true, draft: true, starterId, runAs: starterId }), "accepted");
  assert.equal(await outcome({ isPinned: true, draft: true, starterId, runAs: null }), "changed");
});

storeTest("only the current attempt of a job starts others", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  const worker = await db.addWorker();
  const jobId = await db.start(runbook);
  const [current] = await db.claim(worker);
  assert.ok(current !== undefined);
  const outcome = async (attempt: number, workerId: string) => {
    const askedBy = { jobId, attempt, workerId };
    const parent = { jobId, callId: newId(), stopsWithParent: false, askedBy };
    return (await db.accept(runbook, { parent })).outcome;
  };
  assert.equal(await outcome(current.attempt, worker.workerId), "accepted");
  assert.equal(await outcome(current.attempt + 1, worker.workerId), "attempt-over");
  assert.equal(await outcome(current.attempt, newId()), "attempt-over");
  assert.equal((await db.operations.childJobs({ parentJobId: jobId, limit: 10 })).length, 1);
});
