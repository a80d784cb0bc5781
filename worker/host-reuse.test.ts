import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { AttemptReference, RunJobFrame } from "../src/contract/link/control-frames.ts";
import type { AttemptEnd } from "../src/contract/link/records-frames.ts";
import type { TestWorker } from "./testing/test-worker.ts";
import { startTestWorker } from "./testing/test-worker.ts";

/** Tells processes apart: inside its sandbox every host has the same id. */
const host = "performance.timeOrigin";

describe("a host that may serve one job after another", () => {
  let test: TestWorker;
  before(async () => {
    test = await startTestWorker({ slots: 4, poolMemory: 1024 ** 3 });
  });
  after(() => test.close());

  let keys = 0;
  const newKey = () => `key ${++keys}`;
  const start = (body: string, reuseKey: string | null, changes: Partial<RunJobFrame> = {}): AttemptReference =>
    test.service.run(
      `import * as api from "runsmith";
       import { execFileSync, spawn } from "node:child_process";
       import fs from "node:fs";
       export default async function (given) { ${body} }`,
      { reuseKey, ...changes },
    );
  const end = (attempt: AttemptReference) => test.service.endOf(attempt);
  async function resultOf(body: string, reuseKey: string | null, changes: Partial<RunJobFrame> = {}): Promise<unknown> {
    const ended = await end(start(body, reuseKey, changes));
    assert.equal(ended.outcome, "Completed", JSON.stringify(ended));
    return ended.result;
  }
  const hostOf = (reuseKey: string | null, changes: Partial<RunJobFrame> = {}) =>
    resultOf(`return ${host}`, reuseKey, changes);

  it("serves jobs of one key, each with its own parameters, records and result", async () => {
    const key = newKey();
    const hosts = new Set<unknown>();
    for (let number = 1; number <= 5; number++) {
      const attempt = start(
        `for (let line = 1; line <= 20; line++) console.log(given.name, line, api.job.id); return { ...given, host: ${host} }`,
        key,
        { parameters: { name: `job ${number}` } },
      );
      const { outcome, result } = await end(attempt);
      assert.equal(outcome, "Completed");
      const { name, host: served } = result as { name: string; host: number };
      assert.equal(name, `job ${number}`);
      hosts.add(served);
      assert.deepEqual(
        test.service
          .recordsOf(attempt)
          .slice(0, 20)
          .map(({ number: position, text }) => [position, text]),
        Array.from({ length: 20 }, (_, line) => [line + 1, `job ${number} ${line + 1} ${attempt.jobId}`]),
      );
    }
    assert.equal(hosts.size, 1);
  });

  it("serves no two jobs at once", async () => {
    const key = newKey();
    const body = `const began = Date.now(); await api.sleep(50); return { host: ${host}, began, ended: Date.now() }`;
    const runs = (await Promise.all([1, 2, 3, 4].map(() => resultOf(body, key)))) as Record<string, number>[];
    for (const [index, run] of runs.entries()) {
      const together = runs.slice(index + 1).filter(({ host: other }) => other === run["host"]);
      for (const { began = 0, ended = 0 } of together)
        assert.ok(began >= (run["ended"] ?? 0) || ended <= (run["began"] ?? 0), JSON.stringify(runs));
    }
  });

  it("is not shared between keys, nor with jobs that have none", async () => {
    const [one, other] = [newKey(), newKey()];
    const hosts = [await hostOf(one), await hostOf(other), await hostOf(null), await hostOf(null)];
    assert.equal(new Set(hosts).size, 4);
    assert.deepEqual([await hostOf(one), await hostOf(other)], hosts.slice(0, 2));
  });

  it("is not shared between grants, even under one key", async () => {
    const key = newKey();
    assert.notEqual(await hostOf(key), await hostOf(key, { grants: [{ type: "network" }] }));
  });

  it("never serves a job with a secret parameter, before another or after one", async () => {
    const key = newKey();
    const secret = {
      parameters: { password: "hunter22" },
      parameterSchemas: { password: { type: "string", "x-secret": true } },
    };
    const first = await hostOf(key);
    const withSecret = await hostOf(key, secret);
    assert.notEqual(withSecret, first);
    assert.notEqual(await hostOf(key, secret), withSecret);
    assert.equal(await hostOf(key), first);
  });

  it("is a job's own where the job sees other processes, or the machine's files where private ones are emptied", async () => {
    const key = newKey();
    const folder = mkdtempSync("/tmp/runsmith-host-reuse-test-");
    try {
      chmodSync(folder, 0o777);
      writeFileSync(`${folder}/kept`, "kept");
      const granted = [{ type: "processes" }, { type: "path", path: folder, access: "write" }] as const;
      for (const grant of granted) {
        const changes = { grants: [grant] };
        assert.notEqual(await hostOf(key, changes), await hostOf(key, changes), grant.type);
      }
      assert.deepEqual(readdirSync(folder), ["kept"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("begins each job as if it were the first: globals, modules, environment, folders, console, process", async () => {
    const key = newKey();
    const seen = `({
      host: ${host}, global: globalThis.left, module: counter++, environment: process.env.LEFT, folder: process.cwd(),
      mask: process.umask(), temporary: fs.readdirSync("/tmp"), memory: fs.readdirSync("/dev/shm"),
      listeners: process.listenerCount("SIGUSR1"), exitCode: process.exitCode, fetch: fetch.name, error: Error.stackTraceLimit,
      title: process.left, headers: Headers.name, aborted: api.signal.aborted, attempt: api.job.attempt, console: console.log.length,
    })`;
    const script = (body: string) =>
      `let counter = 0; import fs from "node:fs"; import * as api from "runsmith"; export default async () => { ${body} }`;
    const run = async (body: string, attempt = 1) => {
      const started = test.service.run(script(body), { reuseKey: key, attempt });
      const ended = await end(started);
      assert.equal(ended.outcome, "Completed", JSON.stringify(ended));
      return { result: ended.result as Record<string, unknown>, records: test.service.recordsOf(started) };
    };
    const first = await run(`return ${seen}`);
    await run(`
      globalThis.left = 1; globalThis.fetch = function other() {}; globalThis.Headers = class Other {}; counter = 10; process.env.LEFT = "left"; delete process.env.HOME;
      process.chdir("/usr"); process.umask(0o077); process.on("SIGUSR1", () => {}); process.left = 1; Error.stackTraceLimit = 1;
      fs.mkdirSync("/tmp/left/inner", { recursive: true }); fs.writeFileSync("/tmp/left/inner/file", "x"); fs.chmodSync("/tmp/left", 0);
      fs.symlinkSync("/usr", "/tmp/link"); fs.writeFileSync("/dev/shm/left", "x");
      console.log = () => {}; console.group("left"); console.count("left"); process.stdout.write("open line");`);
    const after = await run(`console.count("left"); return ${seen}`);
    assert.deepEqual(after.result, first.result);
    assert.equal(after.records[0]?.text, "left: 1");
  });

  it("goes on after jobs that use what Node loads on demand", async () => {
    const key = newKey();
    const body = `await fetch("data:,text"); const http = await import("node:http"); http.createServer(); new http.Agent(); return ${host}`;
    assert.equal(await resultOf(body, key), await resultOf(body, key));
  });

  it("takes with it what a job's programs wrote before they ended", async () => {
    const key = newKey();
    for (let round = 0; round < 3; round++) {
      const attempt = start(
        "execFileSync('/bin/sh', ['-c', 'echo from a program; echo and its error >&2'], { stdio: 'inherit' })",
        key,
      );
      assert.equal((await end(attempt)).outcome, "Completed");
      assert.deepEqual(
        test.service
          .recordsOf(attempt)
          .map(({ stream, text }) => `${stream}: ${text}`)
          .toSorted(),
        ["Error: and its error", "Output: from a program"],
      );
    }
  });

  it("goes on after jobs that took long, and can be stopped in each", async () => {
    const key = newKey();
    const long = `await new Promise((resolve) => setTimeout(resolve, 60)); return ${host}`;
    const hosts = [await resultOf(long, key), await resultOf(long, key), await hostOf(key)];
    assert.equal(new Set(hosts).size, 1);
    const attempt = start(
      "console.log('runs'); try { await api.sleep(60_000) } finally { console.log('tidied') }",
      key,
    );
    await test.service.until(() => test.service.recordsOf(attempt).length > 0, "the job");
    test.service.send({ type: "stop-job", ...attempt, reason: "test", force: false });
    assert.equal((await end(attempt)).outcome, "Stopped");
    assert.match(test.service.textOf(attempt), /tidied/);
    assert.notEqual(await hostOf(key), hosts[0]);
  });

  it("that only pretends to be over gets no job of another key", async () => {
    const pretence = '{"type":"ended","outcome":"Completed","kept":true}\\n{"type":"ready","version":"1"}\\n';
    const pretender = start(
      `fs.writeSync(4, '${pretence}'); setInterval(() => {}, 1_000); await api.sleep(60_000)`,
      newKey(),
    );
    assert.equal((await end(pretender)).outcome, "Completed");
    const key = newKey();
    assert.equal(await hostOf(key), await hostOf(key));
    assert.equal(await resultOf("return given.name", newKey(), { parameters: { name: "mine" } }), "mine");
  });

  const completes = (ended: AttemptEnd) => assert.equal(ended.outcome, "Completed", JSON.stringify(ended));
  const fails = (ended: AttemptEnd) => assert.equal(ended.outcome, "Failed", JSON.stringify(ended));
  const lastJobs: Record<string, [body: string, judge: (ended: AttemptEnd) => void, changes?: Partial<RunJobFrame>]> = {
    "that throws": ["throw new Error('x')", fails],
    "that exits": ["process.exit(0)", completes],
    "that chooses an exit code": ["process.exitCode = 3", fails],
    "that kills its process": ["process.kill(process.pid, 'SIGKILL'); await api.sleep(5_000)", fails],
    "that reaches its time limit": [
      "await new Promise((resolve) => setTimeout(resolve, 60_000))",
      fails,
      { timeLimit: 50, stopGrace: 0 },
    ],
    "that leaves a timer": ["setInterval(() => {}, 1_000)", completes],
    "that leaves a timer which holds nothing up": ["setTimeout(() => {}, 60_000).unref()", completes],
    "that leaves a program": ["spawn('/bin/sleep', ['60'], { stdio: 'ignore', detached: true }).unref()", completes],
    "that leaves a program without a parent": [
      "execFileSync('/bin/sh', ['-c', 'sleep 60 > /dev/null 2>&1 &'])",
      completes,
    ],
    "that leaves a file open": ["fs.openSync('/usr/bin/env')", completes],
    "that rejects a promise after its end": [
      "void Promise.resolve().then(() => Promise.reject(new Error('late')))",
      completes,
    ],
    "that changes a built-in object": ["Array.prototype.map = () => []", completes],
    "that adds to a built-in object": [
      "Object.defineProperty(Object.prototype, 'left', { value: 1, enumerable: false })",
      completes,
    ],
    "that changes a module of Node's": ["fs.readFileSync = () => 'x'", completes],
    "that changes a class of the Web": ["Headers.prototype.get = () => 'x'", completes],
    "that changes what a setter of Node's takes": [
      "const http = process.getBuiltinModule('node:http'); http.globalAgent = new http.Agent({ maxSockets: 1 })",
      completes,
    ],
    "that changes what is behind a getter of Node's": [
      "process.getBuiltinModule('node:http').globalAgent.maxSockets = 1",
      completes,
    ],
    "that changes how values are shown": [
      "process.getBuiltinModule('node:util').inspect.defaultOptions.depth = 0",
      completes,
    ],
    "that changes how many listeners are too many": [
      "process.getBuiltinModule('node:events').setMaxListeners(3)",
      completes,
    ],
    "that catches errors of the whole process": ["process.setUncaughtExceptionCaptureCallback(() => {})", completes],
    "that sets what streams hold": ["(await import('node:stream')).setDefaultHighWaterMark(false, 10)", completes],
    "that starts a thread": [
      "const { Worker } = process.getBuiltinModule('node:worker_threads'); await new Promise((over) => new Worker('1', { eval: true }).on('exit', over))",
      completes,
    ],
    "that has something called back when memory is tidied": [
      "new FinalizationRegistry(() => {}).register({}, 1)",
      completes,
    ],
  };
  for (const [what, [body, judge, changes]] of Object.entries(lastJobs)) {
    it(`ends with a job ${what}`, async () => {
      const key = newKey();
      const first = await hostOf(key);
      const attempt = start(body, key, changes);
      judge(await end(attempt));
      const next = await hostOf(key);
      assert.notEqual(next, first);
      assert.equal(await hostOf(key), next);
    });
  }
});
