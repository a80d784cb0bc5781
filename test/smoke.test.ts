import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { JobResource } from "../src/contract/api/job.ts";
import type { RunbookResource } from "../src/contract/api/runbook.ts";
import { skipUnless } from "./support/requires.ts";
import type { System } from "./support/system.ts";
import { startSystem } from "./support/system.ts";

const greet = `/**
 * Greets people.
 */
export default async function ({ names, code = "x", loud = false }: {
  /** Whom to greet. */
  names: string[];
  code?: string;
  loud?: boolean;
}) {
  for (const name of names) console.log(loud ? name.toUpperCase() : name);
  console.warn("mind the step");
  console.log("code " + code);
}
`;

const wait = `import { sleep } from "runsmith";
export default async function () {
  console.log("waiting");
  await sleep(600_000);
}
`;

const fail = `export default async function () {
  console.log("before");
  throw new TypeError("no luck");
}
`;

const vault = `import type { Secret } from "runsmith";
export default async function ({ password }: { password: Secret }) {
  console.log("got " + password);
}
`;

const asks = `import { approval, suspend, waitForEvent } from "runsmith";
export default async function () {
  await approval({ message: "Upgrade?", to: ["ops"] });
  await waitForEvent("healthy");
  await suspend("look at it");
}
`;

const hello = `param([Parameter(Mandatory)][string] $Name, [switch] $Loud)
Write-Warning "mind the step"
if ($Loud) { $Name.ToUpper() } else { $Name }
`;

describe("a runbook goes the whole way, from its import to its exit code", skipUnless("bubblewrap"), () => {
  let system: System;

  before(async () => {
    system = await startSystem();
    const folder = join(system.folder, "runbooks");
    await mkdir(folder);
    const scripts = { "greet.ts": greet, "wait.ts": wait, "fail.ts": fail, "vault.ts": vault };
    for (const [name, text] of Object.entries(scripts)) await writeFile(join(folder, name), text);
    const { code, stderr } = await system.run("import-runbook", folder, "--publish", "--tags", "smoke,test");
    assert.equal(code, 0, stderr);
  });

  after(async () => {
    await system[Symbol.asyncDispose]();
  });

  test("the first start prints the administrator's token once, and keeps it for the account alone", async () => {
    const { stat, readFile } = await import("node:fs/promises");
    const file = join(system.dataDirectory, "admin.token");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const token = (await readFile(file, "utf8")).trim();
    const printed = await system.server.printed(/ready/);
    assert.equal(printed.split(token).length, 2);
    assert.ok(printed.includes(file));
    assert.match(printed.trimEnd().split("\n").at(-1) ?? "", /^Runsmith is ready at http:\/\/127\.0\.0\.1:\d+$/);
  });

  test("output comes live on standard output, warnings apart, and the exit code is 0", async () => {
    const ended = await system.run("start-runbook", "greet", "-p", 'names=["ann","bob"]', "-p", "code=007", "--follow");
    // A machine that is busy may be told of as well.
    assert.equal(ended.stderr.replaceAll(/^waiting: .*\n/gm, ""), "WARNING: mind the step\n");
    assert.equal(ended.stdout, "ann\nbob\ncode 007\n");
    assert.equal(ended.code, 0);
  });

  test("a failed job exits with 1 and says why", async () => {
    const ended = await system.run("start-runbook", "fail", "--follow");
    assert.equal(ended.stdout, "before\n");
    assert.match(ended.stderr, /no luck/);
    assert.equal(ended.code, 1);
    assert.equal((await system.run("start-runbook", "fail", "--wait")).code, 1);
  });

  test("a stopped job exits with 3, and following ends with it", async () => {
    const follower = system.start(["start-runbook", "wait", "--follow"]);
    await follower.printed(/waiting/);
    const [job] = await jobsOf(system, "wait");
    assert.equal(job?.status, "Running");
    const stopped = await system.run("stop-job", job?.jobId ?? "", "--wait", "--output", "json");
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.equal((JSON.parse(stopped.stdout) as JobResource).status, "Stopped");
    assert.equal((await follower.ended).code, 3);
    assert.equal((await system.run("stop-job", job?.jobId ?? "")).code, 2);
  });

  test("Ctrl-C detaches a follower with 130, and the job goes on", async () => {
    const follower = system.start(["start-runbook", "wait", "--follow"]);
    await follower.printed(/waiting/);
    follower.process.kill("SIGINT");
    const ended = await follower.ended;
    assert.equal(ended.code, 130);
    const jobId = /get-job-output (\S+) --follow/.exec(ended.stderr)?.[1] ?? "";
    const job: JobResource = JSON.parse((await system.run("get-job", jobId, "--output", "json")).stdout);
    assert.equal(job.status, "Running");
    assert.equal((await system.run("stop-job", jobId, "--force", "--wait")).code, 0);
  });

  test("wrong parameters exit with 2, name every fault by its pointer, and store nothing", async () => {
    const before = await jobsOf(system, "greet");
    const ended = await system.run("start-runbook", "greet", "-p", "names=[1]", "-p", "surplus=1", "--output", "json");
    assert.equal(ended.code, 2);
    const { error } = JSON.parse(ended.stderr) as { error: { type: string; errors: { pointer: string }[] } };
    assert.equal(error.type, "invalid-parameters");
    assert.deepEqual(error.errors.map(({ pointer }) => pointer).sort(), ["/parameters/names/0", "/parameters/surplus"]);
    assert.equal((await jobsOf(system, "greet")).length, before.length);
  });

  test("an unknown runbook and a disabled one exit with 2", async () => {
    assert.equal((await system.run("start-runbook", "nobody")).code, 2);
    assert.equal((await system.run("disable-runbook", "fail")).code, 0);
    assert.equal((await system.run("start-runbook", "fail")).code, 2);
    assert.equal((await system.run("enable-runbook", "fail")).code, 0);
  });

  test("a secret parameter comes from a file, is masked in the output and shown by no command", async () => {
    await writeFile(join(system.folder, "secret.json"), '{"password": "correct horse"}', { mode: 0o600 });
    const file = join(system.folder, "secret.json");
    const ended = await system.run("start-runbook", "vault", "--parameters-file", file, "--follow");
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /^got /);
    const [job] = await jobsOf(system, "vault");
    const shown = [
      ended.stdout,
      (await system.run("get-job", job?.jobId ?? "", "--output", "json")).stdout,
      (await system.run("get-job-output", job?.jobId ?? "", "--stream", "any", "--output", "json")).stdout,
      (await system.run("get-job-output", job?.jobId ?? "", "--stream", "any")).stdout,
    ].join("\n");
    assert.doesNotMatch(shown, /correct horse/);
    const unasked = await system.run("start-runbook", "vault");
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /--parameters-file/);
  });

  test("output is read back as text, by stream, and as records", async () => {
    const [job] = await jobsOf(system, "greet");
    const id = job?.jobId ?? "";
    assert.equal((await system.run("get-job-output", id)).stdout, "ann\nbob\ncode 007\n");
    assert.equal((await system.run("get-job-output", id, "--stream", "warning")).stdout, "mind the step\n");
    const records: { text: string; stream: string }[] = JSON.parse(
      (await system.run("get-job-output", id, "--stream", "any", "--output", "json")).stdout,
    );
    assert.deepEqual(records.map(({ stream, text }) => `${stream} ${text}`).sort(), [
      "Output ann",
      "Output bob",
      "Output code 007",
      "Warning mind the step",
    ]);
    assert.equal((await system.run("get-job-output", id, "--follow")).code, 0);
  });

  test("settings are changed and shown, and a script comes back byte for byte", async () => {
    const set = ["set-runbook", "greet", "--time-limit", "5m", "--grant", "network path:/var/log:rw", "--tags", "a,b"];
    const changed = await system.run(...set, "--logs", "verbose,progress", "--output", "json");
    assert.equal(changed.code, 0, changed.stderr);
    const runbook: RunbookResource = JSON.parse(changed.stdout);
    assert.equal(runbook.timeLimit, 300_000);
    assert.deepEqual(runbook.tags, ["a", "b"]);
    assert.deepEqual(runbook.logs, { verbose: true, debug: false, progress: true });
    assert.equal(runbook.grants.length, 2);
    assert.equal((await system.run("get-runbook-definition", "greet")).stdout, greet);
    assert.equal((await system.run("set-runbook", "greet", "--grant", "none")).code, 0);
  });

  test(
    "a runbook's jobs share hosts once that is set, and each job says what it had",
    skipUnless("bubblewrap"),
    async () => {
      await writeFile(join(system.folder, "shared.ts"), "export default () => performance.timeOrigin;\n");
      assert.equal((await system.run("import-runbook", join(system.folder, "shared.ts"), "--publish")).code, 0);
      const set = async (...options: string[]): Promise<RunbookResource> => {
        const changed = await system.run("set-runbook", "shared", ...options, "--output", "json");
        assert.equal(changed.code, 0, changed.stderr);
        return JSON.parse(changed.stdout) as RunbookResource;
      };
      const run = async (): Promise<JobResource> => {
        const ended = await system.run("start-runbook", "shared", "--wait", "--output", "json");
        assert.equal(ended.code, 0, ended.stderr);
        return JSON.parse(ended.stdout) as JobResource;
      };
      const apart = [await run(), await run()];
      assert.deepEqual(new Set(apart.map(({ isolation }) => isolation)), new Set(["job"]));
      assert.notEqual(apart[0]?.result, apart[1]?.result);

      const shared = await set("--isolation", "runbook", "--share-callers");
      assert.deepEqual([shared.isolation, shared.shareCallers], ["runbook", true]);
      const perStarter = await set("--isolation", "runbook");
      assert.deepEqual([perStarter.isolation, perStarter.shareCallers], ["runbook", false]);
      const together = [await run(), await run()];
      assert.deepEqual(new Set(together.map(({ isolation }) => isolation)), new Set(["runbook"]));
      const shown = await system.run("get-job", together[0]?.jobId ?? "");
      assert.match(shown.stdout, /Isolation\s+runbook/);
      assert.match((await system.run("set-runbook", "--help")).stdout, /the process and its memory/);
    },
  );

  test("several imports are told one by one, and one that fails makes it exit with 2", async () => {
    const folder = join(system.folder, "more");
    await mkdir(folder);
    await writeFile(join(folder, "good.ts"), "export default async function () {}\n");
    await writeFile(join(folder, "broken.ts"), "export default async function ( {\n");
    const ended = await system.run("import-runbook", folder, "--publish", "--output", "json");
    assert.equal(ended.code, 2);
    const results: { name: string; error: { type: string } | null; runbook: RunbookResource | null }[] = JSON.parse(
      ended.stdout,
    );
    assert.deepEqual(
      results.map(({ name, error }) => [name, error === null]),
      [
        ["broken", false],
        ["good", true],
      ],
    );
    assert.match(ended.stderr, /1 of 2 scripts are stored as drafts and were not published/);
    assert.doesNotMatch(ended.stderr, /could not be imported/);
    const started = await system.run("start-runbook", "broken");
    assert.match(started.stderr, /Where its draft has problems, npx runsmith get-runbook "broken" shows them/);
    const again = await system.run("import-runbook", join(folder, "good.ts"));
    assert.equal(again.code, 2);
    assert.match(again.stderr, /--overwrite|overwrite/);
  });

  test("a suspended job exits with 4 and names what it waits for and the next command", async () => {
    const file = join(system.folder, "asks.ts");
    await writeFile(file, asks);
    assert.equal((await system.run("new-group", "ops")).code, 0);
    assert.equal((await system.run("import-runbook", file, "--publish")).code, 0);
    const asked = await system.run("start-runbook", "asks", "--follow");
    assert.equal(asked.code, 4);
    assert.match(asked.stderr, /Suspended: waits for an approval: "Upgrade\?" \(asked of ops\)/);
    const jobId = /npx runsmith approve (\S+) or npx runsmith reject \1/.exec(asked.stderr)?.[1] ?? "";
    assert.equal((await system.run("approve", jobId)).code, 0);
    const healthy = await system.run("get-job-output", jobId, "--follow");
    assert.match(healthy.stderr, /waits for the event "healthy"[\s\S]*send-event \S+ "healthy" --value JSON/);
    assert.equal((await system.run("send-event", jobId, "healthy")).code, 0);
    const held = await system.run("get-job-output", jobId, "--follow");
    assert.match(held.stderr, /suspended by its runbook: look at it[\s\S]*resume-job/);
    assert.equal((await system.run("resume-job", jobId)).code, 0);
    assert.equal((await system.run("get-job-output", jobId, "--follow")).code, 0);
  });

  test("PowerShell goes the same way", skipUnless("pwsh"), async () => {
    const file = join(system.folder, "hello.ps1");
    await writeFile(file, hello);
    const imported = await system.run("import-runbook", file, "--publish");
    assert.equal(imported.code, 0, imported.stderr);
    const ended = await system.run("start-runbook", "hello", "-p", "name=007", "-p", "loud", "--follow");
    assert.equal(ended.stdout, "007\n");
    assert.match(ended.stderr, /WARNING: mind the step/);
    assert.equal(ended.code, 0);
  });

  test("a worker is made, listed, and removed", async () => {
    const tokenFile = join(system.folder, "worker.token");
    const made = await system.run("new-worker", "--group", "other", "--token-file", tokenFile, "--output", "json");
    assert.equal(made.code, 0, made.stderr);
    const { workerId }: { workerId: string } = JSON.parse(made.stdout);
    assert.match((await system.run("get-worker")).stdout, new RegExp(workerId));
    assert.equal((await system.run("remove-worker", workerId)).code, 0);
    assert.doesNotMatch((await system.run("get-worker")).stdout, new RegExp(workerId));
  });

  test("a new administrator's token ends the former one", async () => {
    const { readFile } = await import("node:fs/promises");
    const file = join(system.dataDirectory, "admin.token");
    const former = (await readFile(file, "utf8")).trim();
    const reset = await system.run("reset-admin-token", "--data", system.dataDirectory);
    assert.equal(reset.code, 0, reset.stderr);
    assert.equal(reset.stdout, await readFile(file, "utf8"));
    const answer = await fetch(`${system.url}/api/runbooks`, { headers: { authorization: `Bearer ${former}` } });
    assert.equal(answer.status, 401);
    assert.equal((await system.run("get-job")).code, 0);
  });
});

describe("a script runs without a server as it would with one", skipUnless("bubblewrap"), () => {
  test("its output, its streams and its exit code are the same", async () => {
    const { startCommand } = await import("./support/run-command.ts");
    const { temporaryFolder } = await import("./support/temporary-folder.ts");
    const { checkoutCommand } = await import("./support/system.ts");
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "greet.ts"), greet);
    await writeFile(join(folder.path, "wait.ts"), wait);
    await writeFile(join(folder.path, "fail.ts"), fail);
    const run = (...args: string[]) =>
      startCommand(process.execPath, [checkoutCommand, "run", ...args], { env: process.env, cwd: folder.path });

    const greeted = await run("greet.ts", "-p", 'names=["ann"]', "-p", "loud=true").ended;
    assert.deepEqual([greeted.code, greeted.stdout, greeted.stderr], [0, "ANN\ncode x\n", "WARNING: mind the step\n"]);
    assert.equal((await run("fail.ts").ended).code, 1);
    assert.equal((await run("greet.ts").ended).code, 2);

    const waiting = run("wait.ts");
    await waiting.printed(/waiting/);
    waiting.process.kill("SIGINT");
    assert.equal((await waiting.ended).code, 130);
  });
});

async function jobsOf(system: System, runbook: string): Promise<JobResource[]> {
  const { code, stdout, stderr } = await system.run("get-job", "--runbook", runbook, "--output", "json");
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}
