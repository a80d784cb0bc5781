import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobResource } from "../src/contract/api/job.ts";
import type { JobStepResource } from "../src/contract/api/job-step.ts";
import { Installation } from "./support/installation.ts";
import { skipUnless } from "./support/requires.ts";

const typeScript = `import { approval, step, suspend, waitForEvent, sleepUntil } from "runsmith";
export default async function () {
  const done: string[] = [];
  for (const name of ["one", "two", "three"]) {
    done.push(await step(name, async () => { console.log("does " + name); await new Promise((resolve) => setTimeout(resolve, 300)); return name; }));
  }
  await suspend("look at it");
  const { version } = await waitForEvent<{ version: string }>("built");
  const { approved, by, reason } = await approval({ message: "Deploy " + version + "?" });
  await sleepUntil(Date.now() + 500);
  console.log("the end " + JSON.stringify({ done, version, approved, by, reason }));
}
`;

const powerShell = `$done = foreach ($name in 'one', 'two', 'three') {
    Invoke-RunbookStep $name { Write-Host "does $name"; Start-Sleep -Milliseconds 300; $name }
}
Suspend-Runbook 'look at it'
$version = (Wait-RunbookEvent built).version
$answer = Request-RunbookApproval "Deploy $($version)?"
Wait-RunbookUntil (Get-Date).AddSeconds(0.5)
$result = @{ done = $done; version = $version; approved = $answer.Approved; by = $answer.By; reason = $answer.Reason }
"the end $(ConvertTo-Json $result -Compress)"
`;

const outlives =
  "outlives killed workers and a restart of everything: what it has done is not done again, and waits end as they should";

test(`a TypeScript job ${outlives}`, { ...skipUnless("bubblewrap"), timeout: 240_000 }, () =>
  tellStory("durable.ts", typeScript),
);

test(`a PowerShell job ${outlives}`, { ...skipUnless("bubblewrap", "pwsh"), timeout: 240_000 }, () =>
  tellStory("durable.ps1", powerShell),
);

async function tellStory(file: string, script: string): Promise<void> {
  await using installation = await Installation.start();
  const worker = await installation.startWorker();
  await writeFile(join(installation.folder, file), script);
  const command = async (...args: string[]) => {
    const { code, stdout, stderr } = await installation.run(args).ended;
    assert.ok(code === 0 || code === 4, `${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  await command("import-runbook", join(installation.folder, file), "--publish");
  const { jobId } = JSON.parse(await command("start-runbook", "durable", "--output", "json")) as JobResource;
  const job = async (id: string) =>
    JSON.parse(await command("get-job", id, "--output", "json")) as JobResource & { steps?: JobStepResource[] };
  const until = async (holds: (current: Awaited<ReturnType<typeof job>>) => boolean, id = jobId) => {
    for (;;) {
      const current = await job(id);
      if (holds(current)) return current;
      assert.ok(!["Failed", "Stopped"].includes(current.status), JSON.stringify(current));
      await sleep(100);
    }
  };
  await until(({ steps = [] }) => steps.some(({ name }) => name === "one"));
  await worker.kill();
  await worker.start();
  const suspended = await until(({ status }) => status === "Suspended");
  assert.deepEqual(
    suspended.steps?.map(({ kind, name, result }) => [kind, name, result]),
    [
      ["step", "one", "one"],
      ["step", "two", "two"],
      ["step", "three", "three"],
      ["suspend", "look at it", null],
    ],
  );
  assert.equal(suspended.workerId, null);

  await worker.kill();
  await installation.killServer();
  await installation.restartServer();
  await worker.start();
  await command("resume-job", jobId);
  await until(({ status, steps = [] }) => status === "Suspended" && steps.some(({ kind }) => kind === "event"));
  await command("send-event", jobId, "built", "--value", '{"version":"1.2"}');
  await until(({ status, steps = [] }) => status === "Suspended" && steps.some(({ kind }) => kind === "approval"));
  assert.match(await command("get-approval", jobId), /Deploy 1\.2\?/);
  assert.match(await command("get-approval"), new RegExp(`${jobId}.*Deploy 1\\.2\\?`));
  await command("approve", jobId, "--reason", "as agreed");
  await until(({ status }) => status === "Completed");
  const lines = (await command("get-job-output", jobId, "--stream", "any"))
    .split("\n")
    .filter((line) => /does|the end/.test(line));
  const { by, ...result } = JSON.parse(lines.at(-1)?.replace("the end ", "") ?? "") as { by: string };
  assert.deepEqual(result, { done: ["one", "two", "three"], version: "1.2", approved: true, reason: "as agreed" });
  assert.notEqual(by, "");
  const done = lines.slice(0, -1);
  assert.deepEqual([...new Set(done)], ["does one", "does two", "does three"]);
  assert.ok(done.length <= 4 && done[1] !== "does one", `only what was under way is done again: ${done}`);

  const again = await command("restart-job", jobId, "--from", "three", "--output", "json");
  const { jobId: newer, retryOf } = JSON.parse(again) as JobResource;
  assert.equal(retryOf, jobId);
  const { steps = [] } = await until(({ status }) => status === "Suspended", newer);
  assert.deepEqual(
    steps.map(({ name }) => name),
    ["one", "two", "three", "look at it"],
  );
  const said = await command("get-job-output", newer, "--stream", "any");
  assert.deepEqual(said.match(/^does \w+$/gm), ["does three"]);
  const log = await readFile(join(installation.dataDirectory, "runsmith.sqlite"));
  assert.equal(log.includes('"version":"1.2"'), false, "what an event holds is sealed");
}
