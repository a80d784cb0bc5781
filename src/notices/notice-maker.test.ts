import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TestWorker } from "../jobs/testing.ts";
import { acceptJob, addRunbook } from "../store/testing/accept-jobs.ts";
import { storeTest, temporaryStore } from "../store/testing/temporary-store.ts";
import { backOff } from "./back-off.ts";
import { NoticeMaker } from "./notice-maker.ts";
import { startNoticeService } from "./testing/notice-service.ts";
import { startWebHook } from "./testing/receivers.ts";

const ann = { changedBy: "ann" };

test("many failures of one runbook are one notice at once and one for all that came meanwhile", async (test) => {
  const hook = await startWebHook(test);
  const service = await startNoticeService(test);
  await service.addRunbook("Deploy");
  await service.addRunbook("Backup");
  const target = { kind: "web-hook", url: hook.url } as const;
  await service.notices.createRule({ name: "ops", target, throttle: 3_600_000, ...ann });
  const first = await service.fail("Deploy");
  await service.untilNotices(1, "delivered");
  const others = [await service.fail("Deploy"), await service.fail("Deploy"), await service.fail("Deploy")];
  await service.fail("Backup");
  await service.untilNotices(2, "delivered");
  const [held = assert.fail(), ...more] = await service.untilNotices(1, "waiting");
  assert.deepEqual(more, []);
  while ((await service.notices.getNotice(held.noticeId)).occurrences < 3) {
    await sleep(5);
  }
  const notice = await service.notices.getNotice(held.noticeId);
  assert.deepEqual([notice.facts.job?.jobId, ...notice.facts.otherJobs], others);
  assert.match(notice.text, /\(3 times since the last notice\)$/);
  assert.equal(notice.attempts, 0);
  assert.deepEqual(
    hook.posted.map(({ body }) => body.job.runbookName),
    ["Deploy", "Backup"],
  );
  assert.equal(hook.posted[0]?.body.job.jobId, first);
});

test("a rule tells of its runbook, its group and its tag only", async (test) => {
  const service = await startNoticeService(test);
  await service.addRunbook("Deploy", { tags: ["night"] });
  await service.addRunbook("Backup");
  const target = { kind: "web-hook", url: "http://127.0.0.1:1/" } as const;
  const events = ["job-failed"] as ["job-failed"];
  const rule = (name: string, more: object) => service.notices.createRule({ name, target, events, ...more, ...ann });
  await rule("runbook", { runbook: "backup" });
  await rule("tag", { tag: "night" });
  await rule("group", { group: "DEFAULT" });
  await rule("elsewhere", { group: "dmz" });
  await rule("off", { enabled: false });
  await service.fail("Deploy");
  await service.fail("Backup");
  const told = (await service.untilNotices(4, "waiting")).map(
    ({ ruleName, facts }) => `${ruleName} ${facts.job?.runbookName}`,
  );
  assert.deepEqual(told.toSorted(), ["group Backup", "group Deploy", "runbook Backup", "tag Deploy"]);
});

test("a job that was not started by its deadline is told of as missed", async (test) => {
  const hook = await startWebHook(test);
  const service = await startNoticeService(test);
  await service.addRunbook("Nightly", { startDeadline: 1 });
  await service.notices.createRule({ name: "ops", target: { kind: "web-hook", url: hook.url }, ...ann });
  const { jobId } = await service.start("Nightly");
  const [notice] = await service.untilNotices(1, "delivered");
  assert.equal(notice?.event, "job-missed");
  assert.equal(notice.facts.job?.jobId, jobId);
  assert.match(notice.text, /was not started by its deadline: not started within/);
});

test("a job that waits or runs longer than a rule says is told of once by that rule", async (test) => {
  const hook = await startWebHook(test);
  const service = await startNoticeService(test);
  await service.addRunbook("Slow");
  const running = await service.start("Slow");
  const { token } = await service.newWorker();
  const worker = await TestWorker.connect(test, service, { token, slots: 1 });
  await worker.next("run-job");
  const waiting = await service.start("Slow");
  await service.notices.createRule({
    name: "late",
    target: { kind: "web-hook", url: hook.url },
    events: ["job-start-late", "job-running-long"],
    startLateAfter: 1_000,
    runningLongAfter: 1_000,
    throttle: 0,
    ...ann,
  });
  const notices = await service.untilNotices(2, "delivered");
  assert.deepEqual(notices.map(({ event, facts }) => `${event} ${facts.job?.jobId}`).toSorted(), [
    `job-running-long ${running.jobId}`,
    `job-start-late ${waiting.jobId}`,
  ]);
  for (let look = 0; look < 20; look += 1) {
    await sleep(10);
  }
  assert.equal((await service.notices.listNotices({ limit: 10 })).items.length, 2, "each is told once");
});

/** A rule for jobs that start late, and notices of them, which nobody delivers. */
async function startLate(test: TestContext) {
  const store = await temporaryStore(test);
  const runbook = await addRunbook(store, "Nightly");
  await store.write.createNoticeRule({
    name: "late",
    enabled: true,
    events: ["job-start-late"],
    runbookId: null,
    group: null,
    tag: null,
    startLateAfter: 0,
    runningLongAfter: null,
    throttle: 0,
    target: { kind: "mail", recipients: ["ops@example.org"] },
    ...ann,
  });
  const maker = new NoticeMaker(store);
  return {
    accept: (idTime: number) => acceptJob(store, runbook, idTime),
    look: () => maker.tellLateJobs(() => false),
    /** Ids of jobs, in the order in which they were told of. */
    told: async () =>
      (await store.read.notices({ limit: 100 })).items.map(({ facts }) => facts.job?.jobId ?? "").toReversed(),
  };
}

storeTest(
  "a job that starts late is told of, once, also behind others whose ids are later: clocks differ",
  async (test) => {
    const { accept, look, told } = await startLate(test);
    const first = await accept(Date.now());
    await look();
    assert.deepEqual(await told(), [first]);
    const behind = await accept(Date.now() - 60_000);
    await look();
    assert.deepEqual(await told(), [first, behind]);
    await Promise.all([look(), look(), look()]);
    assert.deepEqual(await told(), [first, behind]);
  },
);

storeTest("a job is late by the time of its acceptance, whatever the clock says that made its id", async (test) => {
  const { accept, look, told } = await startLate(test);
  const ahead = await accept(Date.now() + 60_000);
  await look();
  assert.deepEqual(await told(), [ahead]);
  const next = await accept(Date.now());
  await look();
  assert.deepEqual(await told(), [ahead, next]);
});

test("a job that runs long is told of, also when its claim is stored behind later ones", async (test) => {
  const hook = await startWebHook(test);
  const service = await startNoticeService(test);
  await service.addRunbook("Slow");
  const { ruleId } = await service.notices.createRule({
    name: "long",
    target: { kind: "web-hook", url: hook.url },
    events: ["job-running-long"],
    runningLongAfter: 1_000,
    ...ann,
  });
  const later = { jobId: ruleId, beganAt: Date.now() + 5_000 };
  const late = { ruleId, event: "job-running-long" as const, jobs: [later] };
  assert.equal(await service.store.write.makeNotices({ events: [], notices: [], late }), true);
  const { jobId } = await service.start("Slow");
  const { token } = await service.newWorker();
  const worker = await TestWorker.connect(test, service, { token, slots: 1 });
  await worker.next("run-job");
  const [notice] = await service.untilNotices(1, "delivered");
  assert.equal(notice?.facts.job?.jobId, jobId);
});

test("a worker that was lost is told of with its group and the reason, and so are its jobs", async (test) => {
  const hook = await startWebHook(test);
  const service = await startNoticeService(test, { leaseDuration: 300 });
  await service.addRunbook("Deploy");
  await service.notices.createRule({ name: "ops", target: { kind: "web-hook", url: hook.url }, ...ann });
  const { token, workerId } = await service.newWorker({ name: "web-1" });
  const worker = await TestWorker.connect(test, service, { token });
  const { jobId } = await service.start("Deploy");
  await worker.next("run-job");
  worker.terminate();
  await service.until(jobId, "Failed");
  const notices = await service.untilNotices(2, "delivered");
  const lost = notices.find(({ event }) => event === "worker-lost");
  assert.deepEqual(lost?.facts.worker, {
    workerId,
    name: "web-1",
    group: "default",
    reason: "worker web-1 was lost (no heartbeat for 0.3 s)",
  });
  assert.equal(notices.find(({ event }) => event === "job-failed")?.facts.job?.jobId, jobId);
});

test("settings that do not fit together are refused, with what is wrong", async (test) => {
  const service = await startNoticeService(test);
  const target = { kind: "web-hook", url: "https://example.org/" } as const;
  const refused = (more: object, pointer: RegExp) =>
    assert.rejects(service.notices.createRule({ name: "ops", target, ...more, ...ann }), (error: Error) => {
      assert.match(JSON.stringify(error), pointer);
      return true;
    });
  await service.addRunbook("Deploy");
  await refused({ events: ["job-start-late"] }, /startLateAfter/);
  await refused({ startLateAfter: 5_000 }, /startLateAfter/);
  await refused({ events: ["job-running-long"], runningLongAfter: 10 }, /runningLongAfter/);
  await refused({ events: ["worker-lost"], runbook: "Deploy" }, /events/);
  await refused({ events: [] }, /events/);
  await refused({ runbook: "absent", events: ["job-failed"] }, /runbook-not-found/);
  await refused({ name: " ops" }, /name/);
  await refused({ target: { kind: "mail", recipients: ["nobody"] } }, /recipients/);
});

test("pauses between attempts grow to an hour", () => {
  const middle = () => 0.5;
  assert.deepEqual(
    [1, 2, 3, 4, 9].map((failures) => backOff(failures, middle)),
    [10_000, 30_000, 90_000, 270_000, 3_600_000],
  );
  assert.ok(backOff(1, () => 0) < backOff(1, () => 0.99));
});
