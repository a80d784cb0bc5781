import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import type { JobsPage } from "./operations/jobs.ts";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

storeTest("lists page by key, newest first", async (t) => {
  const db = await openJobsDatabase(t);
  const [a, b] = [await db.addRunbook({ name: "Alpha" }), await db.addRunbook()];
  const jobs = [await db.start(a), await db.start(b), await db.start(a), await db.start(b)];
  const [j0, j1, j2, j3] = jobs;
  const list = async (of: Omit<JobsPage, "bytes">) => {
    const { items, next } = await db.operations.jobs({ bytes: 1_000_000, ...of });
    return { ids: items.map(({ jobId }) => jobId), next };
  };
  assert.deepEqual(await list({ limit: 3 }), { ids: [j3, j2, j1], next: j1 });
  assert.deepEqual(await list({ limit: 3, after: j1 ?? "" }), { ids: [j0], next: null });
  assert.deepEqual(await list({ limit: 3, runbook: "alpha" }), { ids: [j2, j0], next: null });
  assert.deepEqual(await list({ limit: 1, runbook: b.runbookId, statuses: ["New"] }), { ids: [j3], next: j3 });
  assert.deepEqual(await list({ limit: 9, runbook: b.runbookId, statuses: ["Failed"] }), { ids: [], next: null });
  assert.deepEqual((await list({ limit: 9, statuses: ["New"] })).ids.length, 4);
  assert.deepEqual(await list({ limit: 9, runbook: "none" }), { ids: [], next: null });
});

storeTest("every filter of a list finds what it names and nothing else, alone and together with others", async (t) => {
  const db = await openJobsDatabase(t);
  const [a, b] = [await db.addRunbook({ name: "Alpha" }), await db.addRunbook({ runOn: ["group:dmz"] })];
  await db.changeRunbook({ tags: ["night"] }, b.runbookId);
  const ann = async (of: typeof a) => {
    const accepted = await db.accept(of, { startedBy: "Ann", jobId: idAt(db.time) });
    return accepted.outcome === "accepted" ? accepted.job.jobId : assert.fail();
  };
  const early = await ann(a);
  db.time += 60_000;
  const later = await db.accept(b, { startedBy: "bob", jobId: idAt(db.time) });
  const dmz = later.outcome === "accepted" ? later.job.jobId : assert.fail();
  const worker = await db.addWorker();
  assert.equal((await db.claim(worker))[0]?.jobId, early);
  const middle = db.time;
  db.time += 60_000;
  const last = await ann(a);
  const ids = async (of: Partial<JobsPage>) =>
    (await db.operations.jobs({ bytes: 1_000_000, limit: 9, ...of })).items.map(({ jobId }) => jobId);
  assert.deepEqual(await ids({ statuses: ["New", "Activating"] }), [last, dmz, early], "several states, in one order");
  assert.deepEqual(await ids({ statuses: [] }), []);
  assert.deepEqual(await ids({ since: middle }), [last, dmz]);
  assert.deepEqual(await ids({ until: middle }), [early]);
  assert.deepEqual(await ids({ since: middle, until: middle + 1 }), [dmz]);
  assert.deepEqual(await ids({ workerGroup: "dmz" }), [dmz]);
  assert.deepEqual(await ids({ tag: "night" }), [dmz]);
  assert.deepEqual(await ids({ startedBy: "ann" }), [last, early]);
  assert.deepEqual(await ids({ worker: worker.workerId }), [early]);
  assert.deepEqual(await ids({ worker: worker.workerId, statuses: ["Activating"] }), [early]);
  assert.deepEqual(await ids({ worker: "nobody" }), []);
  assert.deepEqual(await ids({ startedBy: "ANN", runbook: "alpha", statuses: ["New"], until: middle }), []);
  assert.deepEqual(await ids({ startedBy: "ANN", runbook: "alpha", statuses: ["New"], since: middle }), [last]);
});

storeTest("a page of jobs ends at its bytes, holds at least one job, and pages miss none", async (t) => {
  const db = await openJobsDatabase(t);
  const runbook = await db.addRunbook();
  const jobs: string[] = [];
  for (let i = 0; i < 40; i += 1) {
    const accepted = await db.accept(runbook, { parameters: { text: "x".repeat(10_000) } });
    jobs.unshift(accepted.outcome === "accepted" ? accepted.job.jobId : assert.fail());
  }
  const found: string[] = [];
  const sizes: number[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page = await db.operations.jobs({ limit: 100, bytes: 100_000, ...(after !== undefined && { after }) });
    found.push(...page.items.map(({ jobId }) => jobId));
    sizes.push(page.items.length);
    after = page.next;
  }
  assert.deepEqual(found, jobs);
  assert.deepEqual(sizes, [10, 10, 10, 10]);
  assert.equal((await db.operations.jobs({ limit: 100, bytes: 1 })).items.length, 1);
});

storeTest(
  "a list shows the jobs of the runbooks that may be shown, with any filter, and pages miss none",
  async (t) => {
    const db = await openJobsDatabase(t);
    const names = ["Alpha", "Beta", "Gamma", "Delta"];
    const runbooks: Awaited<ReturnType<typeof db.addRunbook>>[] = [];
    for (const name of names) runbooks.push(await db.addRunbook({ name }));
    const [alpha, beta, gamma, delta] = runbooks.map(({ runbookId }) => runbookId);
    const folderId = idAt(db.time);
    await db.changeRunbook({ folderId }, beta);
    await db.changeRunbook({ folderId: idAt(db.time) }, gamma);
    const started: { jobId: string; runbookId: string }[] = [];
    for (let round = 0; round < 30; round += 1) {
      for (const runbook of runbooks) started.unshift({ jobId: await db.start(runbook), runbookId: runbook.runbookId });
    }
    const worker = await db.addWorker();
    const claimed = await db.claim(worker, 4);
    const visibleTo = { folderIds: [folderId], runbookIds: [alpha ?? "", idAt(db.time)] };
    const list = async (of: Partial<JobsPage>) => {
      const found: string[] = [];
      for (let after: string | null | undefined; after !== null; ) {
        const page = await db.operations.jobs({
          ...{ limit: 7, bytes: 1_000_000, visibleTo },
          ...(after !== undefined && { after }),
          ...of,
        });
        found.push(...page.items.map(({ jobId }) => jobId));
        after = page.next;
      }
      return found;
    };
    const jobsOf = (...ids: (string | undefined)[]) =>
      started.filter(({ runbookId }) => ids.includes(runbookId)).map(({ jobId }) => jobId);
    const seen = jobsOf(alpha, beta);
    assert.deepEqual(await list({}), seen);
    assert.deepEqual(await list({ statuses: ["New", "Activating"] }), seen);
    assert.deepEqual(await list({ statuses: ["New", "Activating", "Completed"] }), seen);
    assert.deepEqual(await list({ statuses: ["Completed"] }), []);
    assert.deepEqual(await list({ runbook: "beta" }), jobsOf(beta));
    assert.deepEqual(await list({ runbook: delta ?? "" }), []);
    assert.deepEqual(await list({ runbook: "Delta", statuses: ["New"] }), []);
    const onWorker = claimed.map(({ jobId }) => jobId).filter((jobId) => seen.includes(jobId));
    assert.ok(onWorker.length > 0 && onWorker.length < claimed.length);
    for (const filter of [{}, { statuses: ["Activating" as const] }]) {
      assert.deepEqual(new Set(await list({ worker: worker.workerId, ...filter })), new Set(onWorker));
    }
    assert.deepEqual(await list({ visibleTo: { folderIds: [], runbookIds: [] } }), []);
    assert.deepEqual(await list({ visibleTo: { folderIds: [folderId], runbookIds: [beta ?? ""] } }), jobsOf(beta));
  },
);

function idAt(time: number): string {
  return newId({ msecs: time });
}
