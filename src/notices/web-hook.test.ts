import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startNoticeService, startNotices, temporaryFolder } from "./testing/notice-service.ts";
import { startWebHook } from "./testing/receivers.ts";
import { webHookAddress } from "./web-hook.ts";

const ann = { changedBy: "ann" };

test("a failed job is posted once, with an id, a time and a signature that the receiver can check", async (test) => {
  const folder = temporaryFolder(test);
  writeFileSync(join(folder, "ops"), "a secret of some length\n");
  const hook = await startWebHook(test);
  const service = await startNoticeService(test, { secretsFolder: folder });
  const runbookId = await service.addRunbook("Deploy");
  const target = { kind: "web-hook", url: hook.url, signingSecret: "ops" } as const;
  const rule = await service.notices.createRule({ name: "ops", target, ...ann });
  const jobId = await service.fail("Deploy", "no route\nto host");
  const [notice] = await service.untilNotices(1, "delivered");
  assert.equal(hook.posted.length, 1);
  const [{ headers, body, text } = assert.fail()] = hook.posted;
  assert.equal(body.id, notice?.noticeId);
  assert.equal(body.event, "job-failed");
  assert.equal(body.text, `Job ${jobId} of Deploy failed: Error: no route to host.`);
  assert.equal(body.occurrences, 1);
  assert.deepEqual(body.rule, { ruleId: rule.ruleId, name: "ops" });
  assert.equal(body.installationId, service.store.installationId);
  assert.equal(body.job.jobId, jobId);
  assert.equal(body.job.runbookId, runbookId);
  assert.equal(body.job.status, "Failed");
  assert.equal(body.worker, null);
  assert.equal(headers["content-type"], "application/json");
  assert.equal(headers["webhook-id"], notice?.noticeId);
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${text}`;
  const expected = createHmac("sha256", "a secret of some length").update(signed).digest("base64");
  assert.equal(headers["webhook-signature"], `v1,${expected}`);
  assert.deepEqual(
    (await service.notices.listDeliveries(notice?.noticeId ?? "")).items.map(({ attempt, outcome, statusCode }) => ({
      attempt,
      outcome,
      statusCode,
    })),
    [{ attempt: 1, outcome: "delivered", statusCode: 204 }],
  );
});

test("a receiver that fails gets the same notice, under the same id, until it has taken it", async (test) => {
  const hook = await startWebHook(test);
  hook.answer = (request) => [500, 302, 200][request] ?? 200;
  const service = await startNoticeService(test);
  await service.addRunbook("Deploy");
  await service.notices.createRule({ name: "ops", target: { kind: "web-hook", url: hook.url }, ...ann });
  await service.fail("Deploy");
  const [notice] = await service.untilNotices(1, "delivered");
  assert.equal(notice?.attempts, 3);
  assert.deepEqual(
    hook.posted.map(({ body }) => body.id),
    Array(3).fill(notice.noticeId),
  );
  const { items } = await service.notices.listDeliveries(notice.noticeId);
  assert.deepEqual(
    items.map(({ statusCode }) => statusCode),
    [500, 302, 200],
  );
  assert.match(items[1]?.detail ?? "", /redirect/, "a redirect is not followed");
  assert.equal((await service.notices.getRule("ops")).failures, 0);
});

test("a delivery that a stop of the service broke off is done again after the next start, under the same id", async (test) => {
  const hook = await startWebHook(test);
  hook.answer = (request) => (request === 0 ? null : 200);
  const service = await startNoticeService(test);
  await service.addRunbook("Deploy");
  await service.notices.createRule({ name: "ops", target: { kind: "web-hook", url: hook.url }, ...ann });
  await service.fail("Deploy");
  while (hook.posted.length === 0) {
    await sleep(5);
  }
  await service.notices.stop();
  const next = startNotices(service);
  const [notice] = await service.untilNotices(1, "delivered");
  await next.stop();
  assert.deepEqual(
    hook.posted.map(({ body }) => body.id),
    [notice?.noticeId, notice?.noticeId],
  );
});

test("several services over one database deliver a notice once", async (test) => {
  const hook = await startWebHook(test);
  const service = await startNoticeService(test);
  await service.addRunbook("Deploy");
  const target = { kind: "web-hook", url: hook.url } as const;
  await service.notices.createRule({ name: "ops", target, throttle: 0, ...ann });
  const others = [startNotices(service), startNotices(service)];
  const jobIds: string[] = [];
  for (let n = 0; n < 12; n += 1) {
    jobIds.push(await service.fail("Deploy"));
  }
  await service.untilNotices(12, "delivered");
  await Promise.all(others.map((other) => other.stop()));
  assert.deepEqual(hook.posted.map(({ body }) => body.job.jobId).toSorted(), jobIds.toSorted());
});

test("an address without encryption, with a password in it, or none at all is refused", () => {
  for (const text of ["http://example.org/x", "ftp://example.org", "example.org", "https://me:you@example.org/", ""]) {
    assert.throws(() => webHookAddress(text, false), { code: "invalid-web-hook" }, text);
  }
  for (const text of ["https://example.org/x", "http://127.0.0.1:81/", "http://[::1]/", "http://localhost/"]) {
    assert.equal(webHookAddress(text, false).href, text);
  }
  assert.equal(webHookAddress("http://example.org/x", true).href, "http://example.org/x");
  assert.throws(() => webHookAddress("http://127.0.0.1.example.org/", false), { code: "invalid-web-hook" });
});

test("secrets are named, never given: the database holds no address or key of theirs, and no path leads out of their folder", async (test) => {
  const folder = temporaryFolder(test);
  const hook = await startWebHook(test);
  writeFileSync(join(folder, "address"), hook.url);
  writeFileSync(join(folder, "short"), "short");
  const service = await startNoticeService(test, { secretsFolder: join(folder) });
  const create = (target: object) =>
    service.notices.createRule({ name: "ops", target: { kind: "web-hook", ...target } as never, ...ann });
  await assert.rejects(create({ secretUrl: "../address" }), { code: "notice-secret-invalid" });
  await assert.rejects(create({ secretUrl: "absent" }), { code: "notice-secret-not-found" });
  await assert.rejects(create({ secretUrl: "address", url: hook.url }), { code: "invalid-notice-rule" });
  await assert.rejects(create({}), { code: "invalid-notice-rule" });
  const rule = await create({ secretUrl: "address" });
  assert.ok(!JSON.stringify(await service.store.read.noticeRule({ rule: rule.ruleId })).includes("127.0.0.1"));
  assert.equal((await service.notices.testRule("ops")).status, "delivered");
  await service.notices.changeRule({
    rule: "ops",
    target: { kind: "web-hook", url: hook.url, signingSecret: "short" },
    ...ann,
  });
  const failed = await service.notices.testRule("ops");
  assert.equal(failed.status, "given-up");
  assert.match(failed.reason ?? "", /less than 16 bytes/);
});

test("a test is delivered at once, once, and also when the rule is switched off", async (test) => {
  const hook = await startWebHook(test);
  const service = await startNoticeService(test);
  const target = { kind: "web-hook", url: hook.url } as const;
  await service.notices.createRule({ name: "ops", target, enabled: false, ...ann });
  const notice = await service.notices.testRule("OPS");
  assert.equal(notice.status, "delivered");
  assert.equal(hook.posted[0]?.body.text, "This is a test of the notice rule ops.");
  hook.answer = () => 503;
  const failed = await service.notices.testRule("ops");
  assert.equal(failed.status, "given-up");
  assert.equal(failed.reason, "The address answered with status 503.");
  assert.equal(hook.posted.length, 2);
});
