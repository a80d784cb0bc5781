import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { JobResource } from "../src/contract/api/job.ts";
import { skipUnless } from "./support/requires.ts";
import { type RunningCommand, startCommand } from "./support/run-command.ts";
import { checkoutCommand } from "./support/system.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const lines = 80;
const counter = `import { sleep } from "runsmith";
export default async function () {
  for (let line = 1; line <= ${lines}; line++) {
    console.log("line " + line);
    await sleep(50);
  }
}
`;

test("a job and its follower outlive a killed server: no line is lost, none comes twice", {
  ...skipUnless("bubblewrap"),
  timeout: 120_000,
}, async () => {
  await using folder = await temporaryFolder();
  await using stack = new AsyncDisposableStack();
  const runtime = join(folder.path, "run");
  await mkdir(runtime, { mode: 0o700 });
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
  const start = (...args: string[]) =>
    startCommand(process.execPath, [checkoutCommand, ...args], { env, cwd: folder.path });
  const kept = (command: RunningCommand) => {
    stack.defer(async () => {
      command.process.kill("SIGKILL");
      await command.ended;
    });
    return command;
  };
  const port = String(await freePort());
  // Longer than any restart of the server takes on a busy machine: the worker keeps its job meanwhile.
  const serve = ["server", "--port", port, "--data", join(folder.path, "data"), "--lease", "60s"];
  serve.push("--master-key-folder", join(folder.path, "keys"));

  const server = kept(start(...serve));
  await server.printed(/is ready/);
  const tokenFile = join(folder.path, "worker.token");
  const made = await start("new-worker", "--token-file", tokenFile).ended;
  assert.equal(made.code, 0, made.stderr);
  const worker = kept(start("worker", "--server", `http://127.0.0.1:${port}`, "--token-file", tokenFile));
  await worker.printed(/is connected to/);
  await writeFile(join(folder.path, "count.ts"), counter);
  assert.equal((await start("import-runbook", "count.ts", "--publish").ended).code, 0);

  const follower = kept(start("start-runbook", "count", "--follow"));
  await follower.printed(/line 10\n/);
  server.process.kill("SIGKILL");
  await server.ended;
  const next = kept(start(...serve));
  await next.printed(/is ready/);

  const followed = await follower.ended;
  const expected = Array.from({ length: lines }, (_, index) => `line ${index + 1}\n`).join("");
  assert.equal(followed.stdout, expected);
  assert.equal(followed.code, 0, followed.stderr);
  const [job]: JobResource[] = JSON.parse((await start("get-job", "--output", "json").ended).stdout);
  assert.equal(job?.status, "Completed");
  assert.equal(job?.attempt, 1);
  assert.equal((await start("get-job-output", job?.jobId ?? "").ended).stdout, expected);

  worker.process.kill("SIGTERM");
  assert.equal((await worker.ended).code, 0);
  next.process.kill("SIGTERM");
  assert.equal((await next.ended).code, 0);
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
