import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { v7 as newId } from "uuid";
import type { NoticeRuleSettings } from "../contract/api/notice.ts";
import type { NewNotice, StoredNoticeRule } from "./operations/notices.ts";
import type { Store } from "./store.ts";
import type { RunbookDraft } from "./testing/accept-jobs.ts";
import { acceptJob, addRunbook } from "./testing/accept-jobs.ts";
import { storedRows, storeTest, temporaryStore } from "./testing/temporary-store.ts";

const settings: NoticeRuleSettings = {
  enabled: true,
  events: ["job-failed", "job-missed", "worker-lost"],
  runbookId: null,
  group: null,
  tag: null,
  startLateAfter: null,
  runningLongAfter: null,
  throttle: 60_000,
  target: { kind: "mail", recipients: ["ops@example.org"] },
};

const facts = { job: null, worker: null, schedule: null, certificate: null, otherJobs: [] };

function addRule(store: Store, more: Partial<NoticeRuleSettings> & { name?: string } = {}): Promise<StoredNoticeRule> {
  return store.write.createNoticeRule({ ...settings, name: "ops", changedBy: "ann", ...more });
}

function noticeOf(rule: StoredNoticeRule, more: Partial<NewNotice> = {}): NewNotice {
  return {
    noticeId: newId(),
    ruleId: rule.ruleId,
    ruleName: rule.name,
    event: "job-failed",
    aboutId: rule.ruleId,
    happenedAt: 1_700_000_000_000,
    occurrences: 1,
    facts,
    dueIn: 0,
    mergeInto: null,
    ...more,
  };
}

async function make(store: Store, notice: NewNotice): Promise<string> {
  assert.equal(await store.write.makeNotices({ events: [], notices: [notice] }), true);
  return notice.noticeId;
}

const claim = (store: Store, more: { limit?: number; noticeId?: string } = {}) =>
  store.write.claimNotices({ limit: 10, visibleFor: 60_000, ...more });

/** A runbook whose jobs fail soon after they were accepted, by their start deadline. */
async function addFailing(store: Store): Promise<RunbookDraft> {
  const runbook = await addRunbook(store, "failing");
  await store.write.changeRunbook({ runbook: runbook.runbookId, settings: { startDeadline: 1 }, changedBy: "ann" });
  return runbook;
}

/** A job that has failed. */
async function failJob(store: Store, runbook: RunbookDraft): Promise<string> {
  const jobId = await acceptJob(store, runbook);
  for (let look = 0; look < 500; look += 1) {
    await store.write.failOverdueJobs({ limit: 10 });
    if ((await store.read.job({ jobId }))?.status === "Failed") return jobId;
    await sleep(2);
  }
  throw new Error("The job did not fail.");
}

storeTest(
  "a notice rule is made, read by id and by name, changed from the state that was seen, and removed",
  async (t) => {
    const store = await temporaryStore(t);
    const rule = await addRule(store, { runningLongAfter: 5_000, group: "dmz", tag: "night" });
    assert.deepEqual(await store.read.noticeRule({ rule: "OPS" }), rule);
    assert.deepEqual(await store.read.noticeRule({ rule: rule.ruleId.toUpperCase() }), rule);
    await assert.rejects(addRule(store, { name: "Ops" }), { code: "notice-rule-exists", status: 409 });
    await addRule(store, { name: "audit" });
    const first = await store.read.noticeRules({ limit: 1 });
    assert.deepEqual(first, { items: [await store.read.noticeRule({ rule: "audit" })], next: "audit" });
    assert.deepEqual(await store.read.noticeRules({ limit: 1, after: "audit" }), { items: [rule], next: null });

    const change = { ...settings, ruleId: rule.ruleId, changedBy: "bob", throttle: 0 };
    const changed = await store.write.changeNoticeRule({ ...change, expectedRevision: 1 });
    assert.deepEqual(changed, { ...changed, ...settings, throttle: 0, revision: 2, modifiedBy: "bob" });
    await assert.rejects(store.write.changeNoticeRule({ ...change, expectedRevision: 1 }), {
      code: "revision-mismatch",
    });
    await assert.rejects(store.write.removeNoticeRule({ rule: "ops", expectedRevision: 1 }), {
      code: "revision-mismatch",
    });
    await store.write.removeNoticeRule({ rule: "ops", expectedRevision: 2 });
    assert.equal(await store.read.noticeRule({ rule: "ops" }), null);
    await assert.rejects(store.write.removeNoticeRule({ rule: "ops" }), { code: "notice-rule-not-found", status: 404 });
  },
);

storeTest("what failed is noted with its failure", async (t) => {
  const store = await temporaryStore(t);
  await addRule(store);
  const jobId = await failJob(store, await addFailing(store));
  const [event, ...others] = await store.read.noticeEvents({ limit: 10 });
  assert.deepEqual(others, []);
  assert.equal(event?.event, "job-missed");
  assert.equal(event.subjectId, jobId);
  assert.equal(event.job?.jobId, jobId);
  assert.match(event.job.statusReason ?? "", /not started within/);
  assert.equal((await store.read.noticeWork()).events, true);
});

storeTest("nothing is noted where no rule is enabled", async (t) => {
  const store = await temporaryStore(t);
  await addRule(store, { enabled: false });
  await failJob(store, await addFailing(store));
  assert.deepEqual(await store.read.noticeEvents({ limit: 10 }), []);
  assert.equal((await store.read.noticeWork()).events, false);
});

storeTest("an event becomes notices once, whoever else tries it at the same time", async (t) => {
  const store = await temporaryStore(t);
  const rule = await addRule(store);
  await failJob(store, await addFailing(store));
  const events = await store.read.noticeEvents({ limit: 10 });
  const made = await Promise.all([1, 2, 3].map(() => store.write.makeNotices({ events, notices: [noticeOf(rule)] })));
  assert.deepEqual(made.toSorted(), [false, false, true]);
  assert.equal((await store.read.notices({ limit: 10 })).items.length, 1);
  assert.deepEqual(await store.read.noticeEvents({ limit: 10 }), []);
});

storeTest(
  "a notice whose delivery was not tried yet takes what comes after it; later ones are notices of their own",
  async (t) => {
    const store = await temporaryStore(t);
    const rule = await addRule(store);
    const first = await make(store, noticeOf(rule));
    const otherJobs = [newId()];
    await make(store, noticeOf(rule, { mergeInto: first, occurrences: 3, facts: { ...facts, otherJobs } }));
    const groups = [{ ruleId: rule.ruleId, event: "job-failed" as const, aboutId: rule.ruleId }];
    const [newest] = await store.read.newestNotices({ groups });
    assert.equal(newest?.noticeId, first);
    assert.equal(newest.isOpen, true);
    const notice = await store.read.notice({ noticeId: first });
    assert.equal(notice?.occurrences, 4);
    assert.deepEqual(notice.facts.otherJobs, otherJobs);
    assert.equal((await claim(store)).length, 1);
    const second = await make(store, noticeOf(rule, { mergeInto: first }));
    assert.deepEqual(
      (await store.read.newestNotices({ groups })).map(({ noticeId }) => noticeId),
      [second],
    );
    assert.equal((await store.read.notice({ noticeId: first }))?.occurrences, 4);
  },
);

storeTest(
  "a notice is claimed by one, is tried again after a failure, and is settled by its last attempt only",
  async (t) => {
    const store = await temporaryStore(t);
    const rule = await addRule(store);
    const noticeId = await make(store, noticeOf(rule));
    const claims = await Promise.all([claim(store), claim(store), claim(store)]);
    assert.deepEqual(claims.map(({ length }) => length).toSorted(), [0, 0, 1]);
    const settle = (attempt: number, outcome: "delivered" | "failed", retryIn: number | null) =>
      store.write.settleNotice({ noticeId, attempt, outcome, statusCode: 500, detail: "no", retryIn, ruleRetryIn: 0 });
    await settle(1, "failed", 0);
    const [again] = await claim(store);
    assert.equal(again?.notice.attempts, 2);
    assert.equal(again.rule.failures, 1);
    await settle(1, "delivered", null);
    assert.equal((await store.read.notice({ noticeId }))?.status, "waiting", "a former attempt counts for nothing");
    await settle(2, "delivered", null);
    const notice = await store.read.notice({ noticeId });
    assert.equal(notice?.status, "delivered");
    assert.equal(notice.nextAttemptAt, null);
    assert.equal((await store.read.noticeRule({ rule: "ops" }))?.failures, 0);
    assert.deepEqual(
      (await store.read.noticeDeliveries({ noticeId })).map(({ attempt, outcome, statusCode, detail }) => ({
        attempt,
        outcome,
        statusCode,
        detail,
      })),
      [
        { attempt: 1, outcome: "failed", statusCode: 500, detail: "no" },
        { attempt: 2, outcome: "delivered", statusCode: 500, detail: "no" },
      ],
    );
  },
);

storeTest(
  "a target that fails gets one notice at a time, and none before its next attempt; others are not held up",
  async (t) => {
    const store = await temporaryStore(t);
    const [bad, good] = [await addRule(store, { name: "bad" }), await addRule(store, { name: "good" })];
    const noticeId = await make(store, noticeOf(bad));
    await claim(store);
    const failed = { noticeId, attempt: 1, outcome: "failed" as const, statusCode: null, detail: "no" };
    await store.write.settleNotice({ ...failed, retryIn: 0, ruleRetryIn: 3_600_000 });
    await make(store, noticeOf(bad, { happenedAt: 1_700_000_000_001 }));
    const ofGood = await make(store, noticeOf(good));
    assert.deepEqual(
      (await claim(store)).map(({ notice }) => notice.noticeId),
      [ofGood],
    );
    assert.equal((await claim(store, { noticeId })).length, 1, "what is asked for by its id is not held back");
    await store.write.settleNotice({ ...failed, attempt: 2, retryIn: 0, ruleRetryIn: 0 });
    assert.equal((await claim(store)).length, 1);
  },
);

storeTest("what waits is cancelled when its rule is switched off or removed, and stays as history", async (t) => {
  const store = await temporaryStore(t);
  const rule = await addRule(store);
  const first = await make(store, noticeOf(rule));
  await store.write.changeNoticeRule({
    ...settings,
    enabled: false,
    ruleId: rule.ruleId,
    changedBy: "ann",
    expectedRevision: 1,
  });
  const second = await make(store, noticeOf(rule));
  await store.write.removeNoticeRule({ rule: "ops" });
  for (const noticeId of [first, second]) {
    assert.equal((await store.read.notice({ noticeId }))?.status, "cancelled");
  }
  assert.deepEqual(await claim(store), []);
  const cancelled = await store.read.notices({ status: "cancelled", ruleId: rule.ruleId, limit: 1 });
  assert.deepEqual(
    cancelled.items.map(({ noticeId }) => noticeId),
    [second],
  );
  const rest = await store.read.notices({ ruleId: rule.ruleId, limit: 5, after: cancelled.next ?? "" });
  assert.deepEqual(
    rest.items.map(({ noticeId }) => noticeId),
    [first],
  );
  assert.deepEqual((await store.read.notices({ status: "waiting", limit: 5 })).items, []);
  assert.equal(await store.read.waitingNotices(), 0);
  assert.equal(await store.write.purgeNotices({ before: Date.now() + 60_000, limit: 10 }), 2);
  assert.deepEqual(await storedRows(store, "notices"), []);
});

storeTest("jobs that wait are looked at once by each rule, in order", async (t) => {
  const store = await temporaryStore(t);
  const { ruleId } = await addRule(store, { events: ["job-start-late"], startLateAfter: 1_000 });
  const runbook = await addRunbook(store, "waiting");
  const jobs = [await acceptJob(store, runbook), await acceptJob(store, runbook)];
  const notStarted = (more: { ruleId?: string; longerThan?: number; after?: string } = {}) =>
    store.read.jobsNotStarted({ ruleId, longerThan: -60_000, after: null, limit: 10, ...more });
  assert.deepEqual(await notStarted({ longerThan: 3_600_000 }), []);
  const waiting = await notStarted();
  assert.deepEqual(
    waiting.map(({ jobId }) => jobId),
    jobs,
  );
  assert.deepEqual(
    (await notStarted({ after: jobs[0] ?? "" })).map(({ jobId }) => jobId),
    jobs.slice(1),
  );
  const looked = waiting.map(({ jobId, acceptedAt }) => ({ jobId, beganAt: acceptedAt }));
  const late = { ruleId, event: "job-start-late" as const, jobs: looked.slice(0, 1) };
  const looks = await Promise.all([1, 2, 3].map(() => store.write.makeNotices({ events: [], notices: [], late })));
  assert.deepEqual(looks.toSorted(), [false, false, true], "one is first");
  assert.equal(
    await store.write.makeNotices({ events: [], notices: [], late: { ...late, jobs: looked } }),
    false,
    "another has looked at one of them",
  );
  assert.deepEqual(
    (await notStarted()).map(({ jobId }) => jobId),
    jobs.slice(1),
  );
  const other = await addRule(store, { name: "other", events: ["job-start-late"], startLateAfter: 1_000 });
  assert.equal((await notStarted({ ruleId: other.ruleId })).length, 2);
  assert.deepEqual(await store.read.jobsStillRunning({ ruleId, longerThan: -60_000 }), []);
});

storeTest("of the jobs that a rule has looked at, those are kept that a look might come back to", async (t) => {
  const store = await temporaryStore(t);
  const { ruleId } = await addRule(store, { events: ["job-running-long"], runningLongAfter: 1_000 });
  const kept = async (...times: number[]) => {
    const jobs = times.map((beganAt) => ({ jobId: newId(), beganAt }));
    const late = { ruleId, event: "job-running-long" as const, jobs };
    assert.equal(await store.write.makeNotices({ events: [], notices: [], late }), true);
    return (await storedRows(store, "notice_late_jobs")).length;
  };
  assert.equal(await kept(1_700_000_000_000, 1_700_000_060_000), 2);
  assert.equal(await kept(1_700_000_001_000), 3);
  assert.equal(await kept(1_700_003_600_000), 1);
  await store.write.removeNoticeRule({ rule: ruleId });
  assert.deepEqual(await storedRows(store, "notice_late_jobs"), []);
});
