import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { v7 as newId } from "uuid";
import { acceptJob, addRunbook } from "./testing/accept-jobs.ts";
import { storedRows, storeTest, temporaryStore } from "./testing/temporary-store.ts";

const nothing = { folderIds: [], runbookIds: [] };

storeTest(
  "runbooks are listed that are in the folders, or are the ones, that may be shown, page by page",
  async (t) => {
    const store = await temporaryStore(t);
    const { folderId } = await store.write.createFolder({ name: "Ops", description: "", createdBy: "root" });
    const runbooks = [];
    for (const name of ["a", "b", "c", "d", "e"]) runbooks.push(await addRunbook(store, name));
    for (const runbook of ["b", "d"])
      await store.write.changeRunbook({ runbook, settings: {}, folderId, changedBy: "x" });
    const visibleTo = {
      folderIds: [folderId],
      runbookIds: [runbooks[0]?.runbookId ?? "", runbooks[3]?.runbookId ?? ""],
    };
    const names = async (of: Partial<Parameters<typeof store.read.runbooks>[0]>) => {
      const { items, next } = await store.read.runbooks({ limit: 10, ...of });
      return { names: items.map(({ name }) => name), next };
    };
    assert.deepEqual(await names({ visibleTo }), { names: ["a", "b", "d"], next: null });
    assert.deepEqual(await names({ visibleTo, limit: 2 }), { names: ["a", "b"], next: "b" });
    assert.deepEqual(await names({ visibleTo, limit: 2, after: "b" }), { names: ["d"], next: null });
    assert.deepEqual((await names({ visibleTo: nothing })).names, []);
    assert.deepEqual((await names({ folderId })).names, ["b", "d"]);
    assert.deepEqual((await names({ folderId, visibleTo: nothing })).names, []);
    assert.deepEqual((await names({ runAs: newId() })).names, []);
  },
);

storeTest("workers and worker groups are listed of the groups that may be shown", async (t) => {
  const store = await temporaryStore(t);
  for (const [name, group] of [
    ["one", "DMZ"],
    ["two", "dmz"],
    ["three", "inside"],
  ] as const) {
    await store.write.createWorker({ name, group, tokenHash: randomBytes(32), tokenPurpose: "worker" });
  }
  const workers = await store.read.workers({ groups: ["dmz"], limit: 10 });
  assert.deepEqual(
    workers.items.map(({ name }) => name),
    ["one", "two"],
  );
  assert.deepEqual((await store.read.workers({ groups: [], limit: 10 })).items, []);
  const groups = await store.read.workerGroups({ names: ["inside", "none"], limit: 10 });
  assert.deepEqual(
    groups.items.map(({ name, workers: count }) => [name, count]),
    [["inside", 1]],
  );
  assert.deepEqual((await store.read.workerGroups({ names: [], limit: 10 })).items, []);
});

storeTest("notices are listed that are about runbooks and workers that may be shown", async (t) => {
  const store = await temporaryStore(t);
  const { folderId } = await store.write.createFolder({ name: "Ops", description: "", createdBy: "root" });
  const [inside, named, other] = [
    await addRunbook(store, "inside"),
    await addRunbook(store, "named"),
    await addRunbook(store, "other"),
  ];
  await store.write.changeRunbook({ runbook: "inside", settings: {}, folderId, changedBy: "x" });
  const token = { tokenHash: randomBytes(32), tokenPurpose: "worker" };
  const { workerId } = await store.write.createWorker({ name: "one", group: "DMZ", ...token });
  const { ruleId } = await store.write.createNoticeRule({
    ...{ name: "ops", enabled: true, events: ["job-failed"], runbookId: null, group: null, tag: null, throttle: 1_000 },
    ...{ startLateAfter: null, runningLongAfter: null, changedBy: "root" },
    target: { kind: "mail", recipients: ["ops@example.org"] },
  });
  const about = new Map<string, string>();
  for (const aboutId of [inside.runbookId, named.runbookId, other.runbookId, workerId, ruleId]) {
    const noticeId = newId();
    about.set(noticeId, aboutId);
    const facts = { job: null, worker: null, schedule: null, certificate: null, otherJobs: [] };
    const notice = { noticeId, ruleId, ruleName: "ops", event: "job-failed" as const, aboutId, happenedAt: 1, facts };
    await store.write.makeNotices({ events: [], notices: [{ ...notice, occurrences: 1, dueIn: 0, mergeInto: null }] });
  }
  const listed = async (of: Partial<Parameters<typeof store.read.notices>[0]>) => {
    const found: string[] = [];
    for (let after: string | null | undefined; after !== null; ) {
      const page = await store.read.notices({ limit: 2, ...(after !== undefined && { after }), ...of });
      found.push(...page.items.map(({ noticeId }) => about.get(noticeId) ?? "none"));
      after = page.next;
    }
    return found;
  };
  const visibleTo = { folderIds: [folderId], runbookIds: [named.runbookId], workerGroups: ["dmz"] };
  const visible = [workerId, named.runbookId, inside.runbookId];
  assert.equal((await listed({})).length, 5);
  for (const more of [{}, { ruleId }, { status: "waiting" as const }, { ruleId, status: "waiting" as const }]) {
    assert.deepEqual(await listed({ visibleTo, ...more }), visible);
  }
  assert.deepEqual(await listed({ visibleTo: { ...nothing, workerGroups: [] } }), []);
});

storeTest(
  "a job acts as its runbook's principal, of a draft as its starter, and is accepted only while that can be",
  async (t) => {
    const store = await temporaryStore(t);
    const { folderId } = await store.write.createFolder({ name: "Ops", description: "", createdBy: "root" });
    const principal = { kind: "service-principal" as const, roles: [] };
    const { principalId } = await store.write.createPrincipal({ ...principal, name: "web" });
    const starter = await store.write.createPrincipal({ ...principal, name: "tester" });
    const runbook = await addRunbook(store, "acts");
    const standing = async (jobId: string) => (await store.read.jobStanding({ jobId }))?.runAs;
    assert.equal(await standing(await acceptJob(store, runbook)), null, "nobody in particular tests the draft");
    const published = await store.write.publishRunbook({ runbook: "acts", runAs: principalId, changedBy: "root" });
    assert.deepEqual(published.runAs, { principalId, kind: "service-principal", name: "web", enabled: true });
    const accept = async (more: { folderId?: string | null } = {}) => {
      const jobId = newId();
      const job = {
        ...runbook,
        jobId,
        versionNumber: 1,
        draft: false,
        parameters: {},
        secretNames: [],
        idempotency: null,
      };
      const starterId = starter.principalId;
      const { outcome } = await store.write.acceptJob({ ...job, startedBy: "tester", starterId, ...more });
      return { outcome, jobId };
    };
    const accepted = await accept();
    assert.equal(accepted.outcome, "accepted");
    assert.equal(await standing(accepted.jobId), principalId);
    assert.equal((await accept({ folderId: null })).outcome, "accepted");
    await store.write.changeRunbook({ runbook: "acts", settings: {}, folderId, changedBy: "root" });
    assert.equal((await accept({ folderId: null })).outcome, "changed", "it is in another folder by now");
    assert.equal((await accept({ folderId })).outcome, "accepted");
    const before = (await store.read.runbook({ runbook: "acts" }))?.revision ?? 0;
    await store.write.changePrincipal({ principalId, enabled: false });
    assert.equal((await accept()).outcome, "changed");
    const after = await store.read.runbookToStart({ runbook: "acts", draft: false });
    assert.equal(after?.runAs?.enabled, false);
    assert.equal((await store.read.runbook({ runbook: "acts" }))?.revision, before + 1);
    await store.write.changePrincipal({ principalId, enabled: true });
    assert.equal((await accept()).outcome, "accepted");
    await store.write.deletePrincipal({ principalId });
    assert.equal((await accept()).outcome, "changed");
    const gone = await store.read.runbook({ runbook: "acts" });
    assert.deepEqual(gone?.runAs, { principalId, kind: null, name: null, enabled: false });
    assert.deepEqual(
      (await store.read.runbooks({ runAs: principalId, limit: 1 })).items.map(({ name }) => name),
      ["acts"],
    );
    assert.ok((await storedRows(store, "jobs")).length > 0);
  },
);
