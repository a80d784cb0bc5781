import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { NoticeDeliveryResource, NoticeResource, NoticeRuleResource } from "../../../src/contract/api/notice.ts";
import { startMailServer, startWebHook } from "../../../src/notices/testing/receivers.ts";
import { ScriptedWorker } from "../../../src/web/testing/scripted-worker.ts";
import { TestServer } from "../../../src/web/testing/test-server.ts";
import { runsmith } from "../../testing/runsmith.ts";

test("notice rules are made, tested, followed, changed and removed from the command line", async (test) => {
  const folder = mkdtempSync(join(tmpdir(), "runsmith-notices-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const mailServer = await startMailServer(test, { disabledCommands: ["AUTH"] });
  const hook = await startWebHook(test);
  writeFileSync(join(folder, "ops"), "a secret of some length");
  writeFileSync(
    join(folder, "mail.yaml"),
    `host: 127.0.0.1\nport: ${mailServer.port}\nsecurity: none\nfrom: rs@example.org\n`,
  );
  const server = await TestServer.start({
    mailSettingsFile: join(folder, "mail.yaml"),
    noticeSecretsDirectory: folder,
  });
  test.after(() => server.close());
  const run = async (...args: string[]) => {
    const env = { RUNSMITH_URL: server.url, RUNSMITH_TOKEN: server.token };
    const { code, stdout, stderr } = await runsmith([...args, "--output", "json"], env);
    return { code, stderr, answer: stdout === "" ? null : JSON.parse(stdout) };
  };

  const made = await run(
    "new-notice-rule",
    "ops",
    "--web-hook",
    hook.url,
    "--signing-secret",
    "ops",
    "--throttle",
    "1h",
  );
  assert.equal(made.code, 0, made.stderr);
  const rule = made.answer as NoticeRuleResource;
  assert.deepEqual(rule.events, ["job-failed", "job-missed", "schedule-missed", "worker-lost", "certificate-expiring"]);
  assert.equal(rule.throttle, 3_600_000);
  assert.equal((await run("new-notice-rule", "OPS", "--mail", "a@example.org")).code, 2);
  assert.equal((await run("new-notice-rule", "mails", "--mail", "a@example.org,b@example.org")).code, 0);

  assert.equal((await run("test-notice-rule", "mails")).code, 0);
  assert.deepEqual(mailServer.mails[0]?.to, ["a@example.org", "b@example.org"]);
  hook.answer = () => 404;
  const failing = await run("test-notice-rule", "ops");
  assert.equal(failing.code, 1);
  assert.equal((failing.answer as NoticeResource).reason, "The address answered with status 404.");
  hook.answer = () => 200;

  assert.equal((await run("set-notice-rule", "mails", "--disable")).code, 0);
  const worker = await ScriptedWorker.connect(server);
  await server.import("deploy", "param()", { publish: true });
  await server.call("POST", "/api/jobs", { body: { runbook: "deploy" } });
  const job = await worker.nextJob();
  await worker.append(job, [], "Failed");
  await worker.close();
  while (hook.posted.length < 2) {
    await sleep(5);
  }
  assert.equal(hook.posted[1]?.body.job.jobId, job.jobId);

  const metrics = await server.call<string>("GET", "/metrics");
  assert.match(metrics.body, /runsmith_notice_deliveries_total\{target="web-hook",outcome="failed"\} 1/);
  assert.match(metrics.body, /runsmith_notice_deliveries_total\{target="mail",outcome="delivered"\} 1/);
  assert.match(metrics.body, /runsmith_notices_waiting \d/);

  const notices = (await run("get-notice", "--rule", "ops", "--limit", "9")).answer as NoticeResource[];
  const notice = notices.find(({ event }) => event === "job-failed");
  assert.equal(notice?.noticeId, hook.posted[1]?.body.id);
  assert.equal(((await run("get-notice", notice?.noticeId ?? "")).answer as NoticeResource).event, "job-failed");
  const deliveries = (await run("get-notice-delivery", notice?.noticeId ?? "")).answer as NoticeDeliveryResource[];
  assert.deepEqual(
    deliveries.map(({ attempt, statusCode }) => ({ attempt, statusCode })),
    [{ attempt: 1, statusCode: 200 }],
  );

  const rules = (await run("get-notice-rule")).answer as NoticeRuleResource[];
  assert.deepEqual(
    rules.map(({ name, enabled }) => `${name} ${enabled}`),
    ["mails false", "ops true"],
  );
  assert.equal((await run("remove-notice-rule", "ops")).code, 0);
  assert.equal((await run("get-notice-rule", "ops")).code, 2);
  assert.equal((await run("set-notice-rule", "mails", "--throttle", "none", "--enable")).answer.throttle, 0);
});

test("a change of a rule from a state that is not the current one is refused", async (test) => {
  const server = await TestServer.start();
  test.after(() => server.close());
  const target = { kind: "web-hook", url: "https://example.org/hook" };
  const made = await server.call<NoticeRuleResource>("POST", "/api/notice-rules", { body: { name: "ops", target } });
  assert.equal(made.status, 201);
  assert.equal(made.headers.get("etag"), '"1"');
  const patch = (etag: string) =>
    server.call("PATCH", "/api/notice-rules/ops", {
      body: { tag: "night", events: ["job-failed"] },
      headers: { "if-match": etag },
    });
  assert.equal((await patch('"1"')).status, 200);
  assert.equal((await patch('"1"')).status, 412);
  assert.equal(
    (await server.call("POST", "/api/notice-rules", { body: { name: "x", target: { kind: "fax" } } })).status,
    400,
  );
});
