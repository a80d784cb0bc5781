import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { JobResource } from "../src/contract/api/job.ts";
import type { RunbookResource } from "../src/contract/api/runbook.ts";
import { skipUnless } from "./support/requires.ts";
import { type System, startSystem } from "./support/system.ts";

const examples = join(import.meta.dirname, "..", "docs", "examples", "workflows");

describe("every example of a workflow runs as it is written, without grants", skipUnless("bubblewrap", "pwsh"), () => {
  let system: System;

  before(async () => {
    system = await startSystem();
    const files = (await readdir(examples)).map((name) => join(examples, name));
    const imported = await system.run("import-runbook", ...files, "--publish", "--output", "json");
    assert.equal(imported.code, 0, imported.stderr);
    const results: { runbook: RunbookResource }[] = JSON.parse(imported.stdout);
    assert.deepEqual(
      results.map(({ runbook }) => [runbook.kind, runbook.published?.problems, runbook.attempts]),
      files.map(() => ["PowerShellWorkflow", [], 3]),
    );
    assert.ok(results.length >= 4);
  });

  after(() => system[Symbol.asyncDispose]());

  const follow = async (...args: string[]) => {
    const { code, stdout, stderr } = await system.run("start-runbook", ...args, "--follow");
    return { code, told: `${stdout}\n${stderr}` };
  };

  test("services are restarted one after the other, with checkpoints", { timeout: 240_000 }, async () => {
    const { code, told } = await follow("Restart-Tier");
    assert.equal(code, 0, told);
    assert.match(told, /restart database\n(.*\n)*restart application\n(.*\n)*restart web\n(.*\n)*3 of 3 services/);
  });

  test("many hosts are looked at side by side", { timeout: 240_000 }, async () => {
    const { code, told } = await follow("Test-HostPort", "-p", "Port=1");
    assert.equal(code, 0, told);
    assert.match(told, /127\.0\.0\.2 +1 +False/);
    assert.match(told, /3 of 3 hosts do not answer at port 1/);
  });

  test("a release waits for somebody's consent, and goes on from there", { timeout: 240_000 }, async () => {
    const { code, told } = await follow("Publish-Release", "-p", 'Version="2.1"');
    assert.equal(code, 4, told);
    assert.match(told, /Release 2\.1 is prepared: 12 files/);
    const listed = await system.run("get-job", "--output", "json");
    const [job] = (JSON.parse(listed.stdout) as JobResource[]).filter(({ status }) => status === "Suspended");
    assert.equal((await system.run("resume-job", job?.jobId ?? "")).code, 0);
    const output = await system.run("get-job-output", job?.jobId ?? "", "--follow");
    assert.match(
      output.stdout,
      /Rolled out to canary\.\nRolled out to europe\.\nRolled out to everywhere\.\nRelease 2\.1 is out/,
    );
  });

  test("one workflow calls another, and batches have checkpoints", { timeout: 240_000 }, async () => {
    const inventory = await follow("Get-Inventory");
    assert.equal(inventory.code, 0, inventory.told);
    assert.match(inventory.told, /alpha +(small|large) +\d+ [\s\S]*beta +(small|large)/);
    const batches = await follow("Copy-InBatch");
    assert.equal(batches.code, 0, batches.told);
    assert.match(batches.told, /5 of 12\n(.*\n)*10 of 12\n(.*\n)*12 of 12/);
  });
});
