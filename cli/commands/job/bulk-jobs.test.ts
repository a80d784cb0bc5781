import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { JobResource } from "../../../src/contract/api/job.ts";
import type { JobOutcome } from "../../../src/contract/api/job-filter.ts";
import { ScriptedWorker } from "../../../src/web/testing/scripted-worker.ts";
import { TestServer } from "../../../src/web/testing/test-server.ts";
import { runsmith } from "../../testing/runsmith.ts";

describe("many jobs at once, from the command line", () => {
  let server: TestServer;
  let failed: JobResource[];

  before(async () => {
    server = await TestServer.start();
    const worker = await ScriptedWorker.connect(server);
    await server.import("deploy", "param()", { publish: true, tags: ["night"] });
    failed = [];
    for (let n = 0; n < 3; n += 1) {
      failed.unshift((await start()).body);
      await worker.append(await worker.nextJob(), [], "Failed");
    }
    await worker.close();
  });
  after(() => server.close());

  const start = () => server.call<JobResource>("POST", "/api/jobs", { body: { runbook: "deploy" } });
  const run = (...args: string[]) => runsmith(args, { RUNSMITH_URL: server.url, RUNSMITH_TOKEN: server.token });
  const outcomes = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args, "--output", "json");
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as JobOutcome[];
  };

  test("lists take every filter, several states at once, and times as how long ago", async () => {
    const filter = ["--runbook", "deploy", "--status", "failed,Stopped", "--since", "1h", "--tag", "night"];
    const { stdout } = await run("get-job", ...filter, "--output", "name");
    assert.deepEqual(
      stdout.trim().split("\n"),
      failed.map(({ jobId }) => jobId),
    );
    assert.equal((await run("get-job", ...filter, "--older-than", "1h", "--output", "name")).stdout, "");
    assert.equal((await run("get-job", "--since", "soon")).code, 2);
  });

  test("a filter needs a word of consent where nobody can be asked, and nothing is done without it", async () => {
    const { code, stderr } = await run("retry-job", "--runbook", "deploy");
    assert.equal(code, 2);
    assert.match(stderr, /Retry 3 jobs\? There is no terminal to ask\./);
    assert.match(stderr, /--yes/);
    const { code: unnamed, stderr: remedy } = await run("stop-job");
    assert.equal(unnamed, 2);
    assert.match(remedy, /--all/);
  });

  test("a dry run tells what would be done; the same with --yes does it, and tells it of each job", async () => {
    const dry = await outcomes("retry-job", "--runbook", "deploy", "--dry-run");
    assert.deepEqual(
      dry.map(({ jobId, outcome }) => `${jobId} ${outcome}`),
      failed.map(({ jobId }) => `${jobId} would-retry`),
    );
    const retried = await outcomes("retry-job", "--runbook", "deploy", "--yes");
    assert.deepEqual(
      retried.map(({ outcome }) => outcome),
      ["retried", "retried", "retried"],
    );
    const stopped = await outcomes("stop-job", "--status", "New", "--started-by", "administrator", "--yes");
    assert.deepEqual(
      stopped.map(({ jobId }) => jobId),
      retried.map(({ newJobId }) => newJobId),
    );
    assert.ok(stopped.every(({ outcome }) => outcome === "stopped"));
  });

  test("one named job is retried and printed as a job that names the former one", async () => {
    const jobId = failed[0]?.jobId ?? "";
    const { code, stdout } = await run("retry-job", jobId, "--output", "json");
    assert.equal(code, 0);
    assert.equal((JSON.parse(stdout) as JobResource).retryOf, jobId);
    assert.equal((await outcomes("stop-job", "--all", "--yes")).length, 1);
  });

  test("a job that is not found among several is told, and the exit code says so", async () => {
    const unknown = "01890000-0000-7000-8000-000000000001";
    const { code, stdout } = await run("stop-job", unknown, failed[0]?.jobId ?? "");
    assert.equal(code, 1);
    assert.match(stdout, /not-found/);
    assert.match(stdout, /ended/);
  });
});
