import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { AuditAnchorResource, AuditEntryResource, AuditFinding } from "../../../src/contract/api/audit.ts";
import { ScriptedWorker } from "../../../src/web/testing/scripted-worker.ts";
import { TestServer } from "../../../src/web/testing/test-server.ts";
import { runsmith } from "../../testing/runsmith.ts";

test("the audit is listed, kept in mind by an anchor, and verified from the command line", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "runsmith-audit-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const server = await TestServer.start();
  t.after(() => server.close());
  const worker = await ScriptedWorker.connect(server);
  const run = async (...args: string[]) => {
    const env = { RUNSMITH_URL: server.url, RUNSMITH_TOKEN: server.token };
    const { code, stdout, stderr } = await runsmith([...args, "--output", "json"], env);
    return { code, stderr, answer: stdout === "" ? null : (JSON.parse(stdout) as unknown) };
  };
  const list = async (...args: string[]) => (await run("get-audit", ...args)).answer as AuditEntryResource[];

  await server.import("restart", "'x'", { publish: true });
  const [published] = await list("--kind", "runbook", "--action", "publish");
  const [imported] = await list("--thing", "RESTART", "--action", "create", "--since", "1h");
  const entry = published ?? imported;
  assert.equal(entry?.by.name, "administrator");
  assert.equal(entry?.by.address, "127.0.0.1");
  assert.match(entry?.by.signedInBy ?? "", /^token [0-9a-f-]{36}$/);
  assert.equal(entry?.thing.name, "restart");
  assert.deepEqual(await list("--by", "nobody"), []);

  const job = await server.call<{ jobId: string }>("POST", "/api/jobs", { body: { runbook: "restart" } });
  await worker.nextJob();
  await server.call("POST", `/api/jobs/${job.body.jobId}/stop`);
  await worker.close();
  const ofJobs = await list("--kind", "job");
  assert.deepEqual(
    ofJobs.map(({ action, thing, by }) => [action, thing.name, thing.id, by.name, by.address]),
    [
      ["stop", "restart", job.body.jobId, "administrator", "127.0.0.1"],
      ["start", "restart", job.body.jobId, "administrator", "127.0.0.1"],
    ],
  );

  const anchorFile = join(folder, "anchor.json");
  const anchor = (await run("get-audit", "--anchor")).answer as AuditAnchorResource;
  writeFileSync(anchorFile, JSON.stringify(anchor));
  const fine = await run("verify-audit", "--anchor", anchorFile);
  assert.equal(fine.code, 0, fine.stderr);
  assert.match(fine.stderr, new RegExp(`^${anchor.sequence} entries were looked at: nothing is wrong`, "m"));

  const database = new DatabaseSync(join(server.dataDirectory, "runsmith.sqlite"));
  database.exec("UPDATE audit_entries SET address = '192.0.2.1' WHERE sequence = 1");
  database.close();
  const broken = await run("verify-audit");
  assert.equal(broken.code, 1);
  assert.equal((broken.answer as AuditFinding[])[0]?.sequence, 1);
  writeFileSync(anchorFile, "nothing");
  assert.equal((await run("verify-audit", "--anchor", anchorFile)).code, 2);
});
